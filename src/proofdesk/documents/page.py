"""Templates: escaped always, strict about names, with numbers as people write them."""

from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

NONE: Final = "–"


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("proofdesk.documents"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found.filters |= {"share": share, "count": count, "minutes": minutes, "money": money, "number": number}
    return found


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


def share(value: float | None, digits: int = 1) -> str:
    """0.5556 -> 55.6 %."""
    return NONE if value is None else f"{100 * value:.{digits}f} %"


def count(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}".replace(",", "\u202f")


def number(value: float | None, digits: int = 2) -> str:
    return NONE if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def money(value: float | None, currency: str, digits: int = 0) -> str:
    return NONE if value is None else f"{number(value, digits)}\u00a0{currency}"


def minutes(value: float | None) -> str:
    """Minutes in the unit a person would choose."""
    if value is None:
        return NONE
    if value < 1:
        return f"{value * 60:.0f} s"
    if value < 120:
        return f"{value:.0f} min" if value >= 10 else f"{value:.1f} min"
    return f"{value / 60:.1f} h" if value < 72 * 60 else f"{value / 1440:.1f} d"
