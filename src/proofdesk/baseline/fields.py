"""What a ticket export may hold, and by which names the usual systems call it (fields.yaml)."""

from importlib.resources import files
from typing import Any, Final, Literal

import msgspec
import yaml

Kind = Literal["id", "text", "time", "number", "duration", "flag", "score"]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: Kind
    exact: tuple[str, ...]
    loose: tuple[str, ...] = ()


def _load() -> dict[str, Any]:
    return dict(yaml.safe_load(files("proofdesk.baseline").joinpath("fields.yaml").read_text("utf-8")))


def _fields(given: dict[str, Any]) -> tuple[Field, ...]:
    return tuple(msgspec.convert({"name": name, **rest}, Field) for name, rest in given.items())


_FILE: Final = _load()
TICKET_FIELDS: Final = _fields(_FILE["tickets"])
EVENT_FIELDS: Final = _fields(_FILE["events"])
SYSTEMS: Final[dict[str, frozenset[str]]] = {name: frozenset(marks) for name, marks in _FILE["systems"].items()}
