"""The shape of tickets.jsonl. `gold` is what the company's rules ask for, not what any software happens to do."""

from pathlib import Path
from typing import Any, Literal

import msgspec

Outcome = Literal["resolved", "informed", "refused", "asked", "escalated"]


class Effect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change that must happen in the back office. `args`: those that matter; `*` in a text stands for anything."""

    capability: str
    args: dict[str, Any]


class Gold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    outcome: Outcome
    reason: str = ""
    """Why it is refused or escalated; compared only for escalations."""
    effects: list[Effect] = []
    procedures: list[str] = []
    approval: bool = False
    """The policy wants a second person's approval first; waiting for it is correct as well."""
    also: list[Outcome] = []
    """Other outcomes an honest reviewer would accept; the effects stay the same."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    channel: Literal["api", "email"]
    sender: str
    verified: bool
    """The channel vouches for the sender."""
    subject: str
    text: str
    later: list[str] = []
    """What the requester answers to questions, in order. A confirmation is answered with `confirm`."""
    confirm: Literal["yes", "no"] = "yes"
    gold: Gold


def load(path: Path) -> list[Ticket]:
    """The tickets of a JSON Lines file. Raises msgspec.ValidationError."""
    return [msgspec.json.decode(line, type=Ticket) for line in path.read_bytes().splitlines() if line.strip()]
