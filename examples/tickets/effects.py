"""Gold effects as the back office sees them: their words in its log of writes, and carrying them out on a world."""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
import yaml

from examples.backoffice import service as _registers_the_operations
from examples.backoffice.api import OPERATIONS, Call, Operation
from examples.backoffice.world import World, Write
from examples.tickets.ticket import Effect

CONNECTOR = Path(__file__).parents[1] / "larkfield" / "connector.yaml"
BackOffice = _registers_the_operations.BackOffice


def operations() -> dict[str, str]:
    """Capability -> operation id, from Larkfield's connector."""
    listed = yaml.safe_load(CONNECTOR.read_text(encoding="utf-8"))["capabilities"]
    return {name: entry["operation"] for name, entry in listed.items()}


_OPERATIONS = operations()


def business(effect: Effect) -> str:
    """The back office's own words for this effect; may hold `*` where the effect leaves something open."""
    op, call = _call(effect, World(today="2026-01-01"))
    assert op.business is not None, f"{effect.capability} writes nothing"
    return op.business(call)


def matches(effect: Effect, write: str) -> bool:
    """Whether the line `write` of the log is this effect. Brackets do not occur in the log's words."""
    return fnmatchcase(write, business(effect))


def carry_out(effect: Effect, world: World) -> None:
    """Do it, by the back office's own rules. Raises examples.backoffice.world.No where they do not permit it."""
    op, call = _call(effect, world)
    invoice = call.path.get("invoice_id", "")
    if "*" in invoice:
        call.path["invoice_id"] = [key for key in world.invoices if fnmatchcase(key, invoice)][-1]
    assert op.business is not None, f"{effect.capability} writes nothing"
    words = op.business(call)
    op.handle(call)
    world.writes.append(Write(seq=len(world.writes) + 1, operation=op.id, key="gold", business=words))


def _call(effect: Effect, world: World) -> tuple[Operation, Call]:
    op = OPERATIONS[_OPERATIONS[effect.capability]]
    names = re.findall(r"\{(\w+)\}", op.path)
    rest: dict[str, Any] = {name: value for name, value in effect.args.items() if name not in names}
    if op.body is not None:
        fields = {field.name for field in msgspec.structs.fields(op.body)}
        for name, plain in (("reason", "other"), ("at", "period_end")):
            if name in fields:
                rest.setdefault(name, plain)
        body = msgspec.convert(rest, op.body)
    else:
        assert not rest, f"{effect.capability} takes no {', '.join(rest)}"
        body = None
    return op, Call(world=world, path={name: str(effect.args[name]) for name in names}, query={}, body=body)
