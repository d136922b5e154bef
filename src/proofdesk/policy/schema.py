"""The Cedar schema that ships with the product, completed with one action per capability."""

import re
from collections.abc import Iterable
from importlib.resources import files

MAX_ACTIONS = 2_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")


def schema_text(capabilities: Iterable[str]) -> str:
    """Schema over the given capability names; policies naming another action do not load.

    Raises ValueError for a name that is not letters, digits and `_ . : -`: it would become policy text.
    """
    names = sorted(set(capabilities))
    if len(names) > MAX_ACTIONS:
        raise ValueError(f"more than {MAX_ACTIONS} capabilities")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"capability {name!r}: use letters, digits, and _ . : - only")
    base = files("proofdesk.policy").joinpath("schema.cedarschema").read_text(encoding="utf-8")
    if not names:
        return base
    actions = ", ".join(f'"{name}"' for name in names)
    applies = "{ principal: [Procedure], resource: [Account], context: Proposed }"
    return f"{base}\naction {actions} appliesTo {applies};\n"
