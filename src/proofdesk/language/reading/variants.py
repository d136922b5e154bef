"""Chooses the variant a requester means: hard constraints, then everything unmentioned stays as it is."""

from collections.abc import Mapping, Sequence

import msgspec

from proofdesk.core.reading import Doubt
from proofdesk.core.records import Line, Product, Variant

MAX_SHOWN = 6


class Chosen(msgspec.Struct, frozen=True):
    variant: Variant


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """`hard`: option -> acceptable values. `variant_id`: where the message names the variant itself.
    `settled`: question -> option chosen in an answer."""

    hard: Mapping[str, frozenset[str]]
    variant_id: str = ""
    rank: int = 0
    """-1 the cheapest, 1 the dearest of all that fit; what nobody mentioned may change then."""
    settled: Mapping[str, str] = {}


def choose_variant(product: Product, line: Line, wanted: Wanted, slot: str) -> Chosen | Doubt:
    """The one other available variant meant, or the question that would settle it."""
    others = [v for v in product.variants if v.available and v.id != line.id]
    if wanted.variant_id:
        others = [v for v in others if v.id == wanted.variant_id]
        return Chosen(others[0]) if others else _none(line, wanted, slot)
    if wanted.rank:
        return _ranked(line, others, wanted, slot)
    if not wanted.hard:
        return Doubt(kind="missing", slot=slot, question=f"What should the {line.name} ({shown(line.options)}) become?")
    if all(line.options.get(option) in values for option, values in wanted.hard.items()):
        return Doubt(
            kind="identical",
            slot=slot,
            question=f"Your {line.name} already is {shown(line.options)}. What should be different?",
        )
    fitting = [v for v in others if all(v.options.get(o) in values for o, values in wanted.hard.items())]
    keeping = [v for v in fitting if _drift(line, v, wanted) == ()]
    if len(keeping) == 1:
        return Chosen(keeping[0])
    return _settled(line, fitting, keeping, wanted, slot) if fitting else _none(line, wanted, slot)


def _ranked(line: Line, others: Sequence[Variant], wanted: Wanted, slot: str) -> Chosen | Doubt:
    fitting = [v for v in others if all(v.options.get(o) in values for o, values in wanted.hard.items())]
    if not fitting:
        return _none(line, wanted, slot)
    best = min(v.price_minor * -wanted.rank for v in fitting)
    first = [v for v in fitting if v.price_minor * -wanted.rank == best]
    if len(first) == 1 and line.price_minor * -wanted.rank > best:
        return Chosen(first[0])
    question = f"Your {line.name} already costs as much as that. Which one do you want?"
    return Doubt(kind="ambiguous", slot=slot, question=question, options=tuple(shown(v.options) for v in first))


def _settled(
    line: Line, fitting: Sequence[Variant], keeping: Sequence[Variant], wanted: Wanted, slot: str
) -> Chosen | Doubt:
    """What an answer chose among several, or of the one that would change more than was said; else the question."""
    if len(fitting) == 1:
        change = ", ".join(
            f"{o} {line.options.get(o)} → {fitting[0].options.get(o)}" for o in _drift(line, fitting[0], wanted)
        )
        question = (
            f"The only {line.name} that fits is {shown(fitting[0].options)}: it also changes {change}. All right?"
        )
        if wanted.settled.get(question) == "yes":
            return Chosen(fitting[0])
        return Doubt(kind="ambiguous", slot=slot, question=question, options=("yes", "no"))
    choices = {shown(v.options): v for v in (keeping or fitting)[:MAX_SHOWN]}
    question = f"Which {line.name} do you want instead of {shown(line.options)}?"
    if (chosen := choices.get(wanted.settled.get(question, ""))) is not None:
        return Chosen(chosen)
    return Doubt(kind="ambiguous", slot=slot, question=question, options=tuple(choices))


def shown(options: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items())


def products_by_id(products: Sequence[Product]) -> dict[str, Product]:
    return {product.id: product for product in products}


def _drift(line: Line, variant: Variant, wanted: Wanted) -> tuple[str, ...]:
    """Options nobody mentioned that this variant would change."""
    names = dict.fromkeys((*line.options, *variant.options))
    return tuple(o for o in names if o not in wanted.hard and line.options.get(o) != variant.options.get(o))


def _none(line: Line, wanted: Wanted, slot: str) -> Doubt:
    asked = (
        ", ".join(f"{option} {' or '.join(sorted(values))}" for option, values in wanted.hard.items())
        or wanted.variant_id
    )
    return Doubt(
        kind="unsupported",
        slot=slot,
        question=f"No other {line.name} with {asked} is available. What would you like instead?",
    )
