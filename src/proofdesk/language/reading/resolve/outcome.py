"""What resolving a step comes to: effects, a failure that an alternative may stand in for, or a doubt."""

from typing import Literal

import msgspec

from proofdesk.core.reading import DoubtKind

FailureKind = Literal["not_possible", "part", "pay", "change", "goods"]


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """It cannot be done, whatever is answered."""

    kind: FailureKind
    why: str


class Unclear(msgspec.Struct, frozen=True, kw_only=True):
    """It cannot be told what is meant."""

    kind: DoubtKind
    slot: str
    question: str
    options: tuple[str, ...] = ()


class Effect(msgspec.Struct, kw_only=True):
    """One request of a procedure on one order (or the account), ready to be shown and confirmed."""

    procedure: str
    order: str = ""
    lines: list[int] = []
    changes: list[tuple[int, str]] = []
    """Position of the line, id of the variant it becomes."""
    method: str = ""
    method_rule: str = ""
    address: dict[str, str] | None = None
    address_shown: str = ""
    enums: dict[str, str] = {}
    start: int = 0
    end: int = 0
