"""What a procedure tells the shell to do next, and what the shell reports back. Both closed unions.

The interpreter (`core/procedure.py`) is a pure function: `next_step(procedure, run, facts, evaluate)` gives a
directive; the shell carries it out and hands the outcome to `resume(procedure, run, outcome)`.
"""

from typing import Any

import msgspec

from proofdesk.core.reading import Provenance, SlotValue
from proofdesk.core.records import Requester


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One procedure under way on one ticket. Plain data: stored as JSON between transitions."""

    procedure: str
    version: int
    procedure_hash: str
    at: int = 0
    """Index of the next instruction of the compiled procedure."""
    phase: str = ""
    """Where inside an instruction ("" | "acted" | "read"), or of its undoing (see core/compensation.py)."""
    vars: dict[str, Any] = {}
    acted: tuple[str, ...] = ()
    """Ids of the act steps carried out and read back so far, oldest first (what compensation undoes)."""
    trail: tuple[str, ...] = ()
    """The path taken, step id by step id, for people."""
    confirmed: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What expressions of a procedure may look at, besides its own variables."""

    slots: dict[str, SlotValue]
    requester: Requester | None
    authenticated_by: str = ""
    now: str = ""
    """ISO 8601 UTC instant at which this step is decided."""
    language: str = "en"


class Authenticate(msgspec.Struct, frozen=True, kw_only=True, tag="authenticate"):
    methods: tuple[str, ...]


class Lookup(msgspec.Struct, frozen=True, kw_only=True, tag="lookup"):
    step: str
    capability: str
    args: dict[str, Any]
    save_as: str


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    slot: str
    question: str
    options: tuple[str, ...] = ()


class Confirm(msgspec.Struct, frozen=True, kw_only=True, tag="confirm"):
    """Show every change and price; go on only when the requester says yes."""

    step: str
    summary: str


class Act(msgspec.Struct, frozen=True, kw_only=True, tag="act"):
    step: str
    capability: str
    args: dict[str, Any]
    arg_provenance: dict[str, Provenance]
    amount_minor: int = 0
    currency: str = ""
    read_back: str = ""
    """Capability that will prove it; empty only for capabilities that write nothing."""


class ReadBack(msgspec.Struct, frozen=True, kw_only=True, tag="read_back"):
    """Read with read-only rights what the act of `step`, or its undoing, should have changed."""

    step: str
    capability: str
    args: dict[str, Any]


class Compensate(msgspec.Struct, frozen=True, kw_only=True, tag="compensate"):
    """Undo an act of this run that succeeded, because a later one cannot."""

    step: str
    capability: str
    args: dict[str, Any]


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag="reply"):
    step: str
    text: str


class Refuse(msgspec.Struct, frozen=True, kw_only=True, tag="refuse"):
    """A rule of the company says no; the requester is told the reason. Nothing was or will be written."""

    step: str
    reason: str
    text: str


class Escalate(msgspec.Struct, frozen=True, kw_only=True, tag="escalate"):
    step: str
    reason: str
    note: str = ""


class Close(msgspec.Struct, frozen=True, kw_only=True, tag="close"):
    step: str
    outcome: str
    """"resolved" (acts read back) or "informed" (a question answered from records)."""


Directive = Authenticate | Lookup | Ask | Confirm | Act | ReadBack | Compensate | Reply | Refuse | Escalate | Close


class LookedUp(msgspec.Struct, frozen=True, kw_only=True, tag="looked_up"):
    value: Any


class LookupRefused(msgspec.Struct, frozen=True, kw_only=True, tag="lookup_refused"):
    code: str
    message: str


class Confirmed(msgspec.Struct, frozen=True, kw_only=True, tag="confirmed"):
    yes: bool


class Acted(msgspec.Struct, frozen=True, kw_only=True, tag="acted"):
    value: Any


class ActFailed(msgspec.Struct, frozen=True, kw_only=True, tag="act_failed"):
    """Refused by the back office, denied by policy, or given up: nothing of this act stands."""

    code: str
    message: str


class Read(msgspec.Struct, frozen=True, kw_only=True, tag="read"):
    value: Any


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """The reply was handed over."""


Outcome = LookedUp | LookupRefused | Confirmed | Acted | ActFailed | Read | Done
