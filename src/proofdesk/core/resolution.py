"""Verified resolution: what one issue is worth, as a pure fold over its events in order of event time.

OPEN -> PROPOSED -> BILLABLE -> FINAL, with the exits VOID, REVERSED, DISPUTED, DEFLECTED and ABANDONED. The last two
are absorbing and never billable. An issue is charged at most once; whatever is attempted after a reversal is free.
The fold ignores the order, repetition and late arrival of events: the same set gives the same result.

Events at one instant: a proposal first, then the customer and people, then proofs. So at a tie the customer wins.
An issue that a person took over before it was verified never bills (`Terms.human_ends_billing`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

State = Literal["open", "proposed", "billable", "final", "void", "reversed", "disputed", "deflected", "abandoned"]
Grade = Literal["confirmed", "state_verified", "silent"]
EventType = Literal[
    "proposed", "customer_contact", "human_takeover", "human_reply", "human_requested", "approved",
    "customer_confirmed", "system_state_verified", "reopened", "csat_negative", "qa_fail", "action_rolled_back",
    "deflected", "abandoned", "dispute_opened", "dispute_rejected", "dispute_upheld",
]  # fmt: skip

HUMAN: Final = frozenset({"human_takeover", "human_reply", "human_requested"})
_PROOF: Final[dict[str, Grade]] = {"customer_confirmed": "confirmed", "system_state_verified": "state_verified"}
_REVERSES: Final = frozenset({"reopened", "customer_contact", "csat_negative", "qa_fail", "action_rolled_back"})
_ENDS: Final[dict[str, State]] = {"deflected": "deflected", "abandoned": "abandoned"}
_RANK: Final = {
    "proposed": 0,
    "customer_contact": 1,
    **dict.fromkeys(HUMAN, 1),
    "approved": 1,
    **dict.fromkeys(_PROOF, 2),
}
_LAST_RANK: Final = 3


class ResolutionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an issue at `ts` (aware datetime), recorded in leaf `leaf_seq`."""

    type: EventType
    ts: datetime
    leaf_seq: int = 0
    silence_eligible: bool = False
    """On `proposed`: only information was given and its quality check passed. Silence never bills anything else."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the contract says about when a resolution counts. Windows in seconds, their ends inclusive."""

    silence_bills: bool = False
    silence_window_s: int = 72 * 3600
    reversal_window_s: int = 14 * 86_400
    human_ends_billing: bool = True


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """An event that decided the outcome. Silence has no event of its own: it points at the proposal's leaf."""

    type: EventType | Literal["silence"]
    at: datetime
    leaf_seq: int = 0


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    state: State = "open"
    proposed_at: datetime | None = None
    """The proposal that is under way or was billed."""
    billed_at: datetime | None = None
    settles_at: datetime | None = None
    """End of the reversal window: a billable issue is final strictly after it."""
    reversed_at: datetime | None = None
    grade: Grade | None = None
    assisted: bool = False
    """A person approved an action before it was verified: priced on its own line."""
    escalated: bool = False
    """A person came in before it was verified: not contained, whatever follows."""
    proof: Evidence | None = None
    reversal: Evidence | None = None
    evidence: tuple[Evidence, ...] = ()
    """Every event that changed the state, oldest first."""


class _Fold(msgspec.Struct, frozen=True, kw_only=True):
    at: Resolution = Resolution()
    silent_at: datetime | None = None
    """When silence would bill the current proposal; None once anything has happened."""
    proposal_leaf: int = 0


def fold_resolution(events: Iterable[ResolutionEvent], terms: Terms, as_of: datetime) -> Resolution:
    """The state of one issue as known at `as_of`; later events are not looked at (metrics, E03)."""
    fold = _Fold()
    for event in _in_order(events):
        if event.ts > as_of:
            break
        fold = _bill_silence(fold, event.ts, terms)
        fold = _step(fold, event, terms)
    return _mature(_bill_silence(fold, as_of, terms).at, as_of)


def is_verified(resolution: Resolution) -> bool:
    """Whether it counts as a verified resolution now."""
    return resolution.state in ("billable", "final")


def is_contained(resolution: Resolution) -> bool:
    """Ended without a person: verified is a subset of this by construction. Never billed as such."""
    ended = resolution.state not in ("open", "void", "reversed")
    return ended and not resolution.escalated


def _in_order(events: Iterable[ResolutionEvent]) -> list[ResolutionEvent]:
    def key(event: ResolutionEvent) -> tuple[datetime, int, str, bool, int]:
        # Of two proposals at one instant the one that must not bill silently comes last and holds.
        return event.ts, _RANK.get(event.type, _LAST_RANK), event.type, not event.silence_eligible, event.leaf_seq

    unique: dict[tuple[object, ...], ResolutionEvent] = {}
    for event in sorted(events, key=key):
        unique.setdefault((event.ts, event.type, event.silence_eligible), event)
    return list(unique.values())


def _bill_silence(fold: _Fold, now: datetime, terms: Terms) -> _Fold:
    if fold.at.state != "proposed" or fold.silent_at is None or now <= fold.silent_at:
        return fold
    proof = Evidence(type="silence", at=fold.silent_at, leaf_seq=fold.proposal_leaf)
    return _bill(fold, proof, "silent", terms)


def _step(fold: _Fold, event: ResolutionEvent, terms: Terms) -> _Fold:
    # An event inside the silence window, whatever it is, is not silence; a new proposal opens its own window below.
    fold = msgspec.structs.replace(fold, silent_at=None)
    now = fold.at
    if now.state in ("open", "void", "proposed"):
        return _before_billing(fold, event, terms)
    if now.state in ("billable", "disputed"):
        return msgspec.structs.replace(fold, at=_after_billing(now, event))
    return fold


def _before_billing(fold: _Fold, event: ResolutionEvent, terms: Terms) -> _Fold:
    now, proof = fold.at, _evidence(event)
    if event.type in _ENDS:
        return _move(fold, event, state=_ENDS[event.type])
    if event.type in HUMAN:
        fold = msgspec.structs.replace(fold, at=msgspec.structs.replace(now, escalated=True))
        return _move(fold, event, state="void") if now.state == "proposed" or terms.human_ends_billing else fold
    if event.type == "approved":
        return _move(fold, event, assisted=True)
    if event.type == "proposed":
        return fold if now.escalated and terms.human_ends_billing else _propose(fold, event, terms)
    if now.state == "proposed" and event.type == "customer_contact":
        return _move(fold, event, state="void")
    if now.state == "proposed" and event.type in _PROOF:
        return _bill(fold, proof, _PROOF[event.type], terms)
    return fold


def _propose(fold: _Fold, event: ResolutionEvent, terms: Terms) -> _Fold:
    silent = event.ts + timedelta(seconds=terms.silence_window_s)
    moved = _move(fold, event, state="proposed", proposed_at=event.ts)
    eligible = terms.silence_bills and event.silence_eligible
    return msgspec.structs.replace(moved, silent_at=silent if eligible else None, proposal_leaf=event.leaf_seq)


def _bill(fold: _Fold, proof: Evidence, grade: Grade, terms: Terms) -> _Fold:
    billed = msgspec.structs.replace(
        fold.at,
        state="billable",
        billed_at=proof.at,
        settles_at=proof.at + timedelta(seconds=terms.reversal_window_s),
        grade=grade,
        proof=proof,
        evidence=(*fold.at.evidence, proof),
    )
    return msgspec.structs.replace(fold, at=billed, silent_at=None)


def _after_billing(now: Resolution, event: ResolutionEvent) -> Resolution:
    in_window = now.settles_at is not None and event.ts <= now.settles_at
    if (event.type in _REVERSES and in_window) or (event.type == "dispute_upheld" and now.state == "disputed"):
        reversal = _evidence(event)
        return msgspec.structs.replace(
            now, state="reversed", reversed_at=event.ts, reversal=reversal, evidence=(*now.evidence, reversal)
        )
    if event.type == "dispute_opened" and now.state == "billable":
        return _with(now, event, "disputed")
    if event.type == "dispute_rejected" and now.state == "disputed":
        return _with(now, event, "billable")
    return now


def _mature(now: Resolution, as_of: datetime) -> Resolution:
    if now.state == "billable" and now.settles_at is not None and as_of > now.settles_at:
        return msgspec.structs.replace(now, state="final")
    return now


def _move(fold: _Fold, event: ResolutionEvent, **changes: object) -> _Fold:
    at = msgspec.structs.replace(fold.at, **changes, evidence=(*fold.at.evidence, _evidence(event)))
    return msgspec.structs.replace(fold, at=at)


def _with(now: Resolution, event: ResolutionEvent, state: State) -> Resolution:
    return msgspec.structs.replace(now, state=state, evidence=(*now.evidence, _evidence(event)))


def _evidence(event: ResolutionEvent) -> Evidence:
    return Evidence(type=event.type, at=event.ts, leaf_seq=event.leaf_seq)
