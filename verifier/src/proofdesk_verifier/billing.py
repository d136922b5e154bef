"""When one issue is charged and when the charge is taken back: the contract's rules as a fold over its events.

Written from the published rules (metrics specification section 2, example E03), not from the product's code. An issue
is charged at most once. Events count by their own time; at one instant a proposal comes first, then people, then
proofs, so the customer wins a tie. Repeated events and their order in the ledger do not matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

HUMAN: Final = frozenset({"human_takeover", "human_reply", "human_requested"})
PROOFS: Final = {"customer_confirmed": "confirmed", "system_state_verified": "state_verified"}
REVERSING: Final = frozenset({"reopened", "customer_contact", "csat_negative", "qa_fail", "action_rolled_back"})
ENDS: Final = frozenset({"deflected", "abandoned"})
DISPUTES: Final = frozenset({"dispute_opened", "dispute_rejected", "dispute_upheld"})
EVENTS: Final = HUMAN | PROOFS.keys() | REVERSING | ENDS | DISPUTES | {"proposed", "approved"}


@dataclass(frozen=True)
class Event:
    name: str
    at: datetime
    seq: int
    silence_eligible: bool = True
    """On `proposed`: whether silence may bill at all; the product says no for actions."""


@dataclass(frozen=True)
class Terms:
    silence_bills: bool
    silence_window: timedelta
    reversal_window: timedelta


@dataclass
class Outcome:
    """Where an issue stands. `proof` and `reversal` are the deciding events; silence is proven by its proposal."""

    state: str = "open"
    billed_at: datetime | None = None
    settles_at: datetime | None = None
    grade: str = ""
    assisted: bool = False
    proof: Event | None = None
    reversal: Event | None = None
    disputed_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Final, or disputed only after it had become final."""
        late = self.disputed_at is not None and self.settles_at is not None and self.disputed_at > self.settles_at
        return self.state == "final" or (self.state in {"disputed", "reversed"} and late)


def fold_issue(events: Iterable[Event], terms: Terms, as_of: datetime) -> Outcome:
    """The outcome of one issue from its events up to and including `as_of`."""
    fold = _Fold(terms)
    for event in _ordered(events):
        if event.at > as_of:
            break
        fold.pass_time(event.at)
        fold.take(event)
    fold.pass_time(as_of)
    out = fold.out
    if out.state == "billable" and out.settles_at is not None and as_of > out.settles_at:
        out.state = "final"
    return out


def _ordered(events: Iterable[Event]) -> list[Event]:
    seen: dict[tuple[str, datetime, bool], Event] = {}
    for event in sorted(events, key=lambda item: (item.at, _rank(item.name), item.name, item.seq)):
        seen.setdefault((event.name, event.at, event.silence_eligible), event)
    # Of two proposals at one instant the one that must not bill by silence comes last and holds.
    return sorted(seen.values(), key=lambda e: (e.at, _rank(e.name), e.name, not e.silence_eligible, e.seq))


def _rank(name: str) -> int:
    if name == "proposed":
        return 0
    if name in HUMAN or name in {"customer_contact", "approved"}:
        return 1
    return 2 if name in PROOFS else 3


class _Fold:
    def __init__(self, terms: Terms) -> None:
        self.out = Outcome()
        self._terms = terms
        self._silence: Event | None = None
        self._person_came = False

    def pass_time(self, now: datetime) -> None:
        """Bill by silence when the window ended before `now` with nothing in it."""
        proposal = self._silence
        if proposal is not None and now > proposal.at + self._terms.silence_window:
            self._bill(proposal, proposal.at + self._terms.silence_window, "silent")

    def take(self, event: Event) -> None:
        self._silence = None
        state = self.out.state
        if state in {"open", "proposed", "void"}:
            self._before_billing(event)
        elif state in {"billable", "disputed"}:
            self._after_billing(event)

    def _before_billing(self, event: Event) -> None:
        out = self.out
        if event.name in ENDS:
            out.state = event.name
        elif event.name in HUMAN:
            out.state, self._person_came = "void", True
        elif event.name == "approved":
            out.assisted = True
        elif event.name == "proposed" and not self._person_came:
            out.state = "proposed"
            self._silence = event if self._terms.silence_bills and event.silence_eligible else None
        elif out.state == "proposed" and event.name == "customer_contact":
            out.state = "void"
        elif out.state == "proposed" and event.name in PROOFS:
            self._bill(event, event.at, PROOFS[event.name])

    def _bill(self, proof: Event, at: datetime, grade: str) -> None:
        out = self.out
        out.state, out.billed_at, out.grade, out.proof = "billable", at, grade, proof
        out.settles_at = at + self._terms.reversal_window
        self._silence = None

    def _after_billing(self, event: Event) -> None:
        out = self.out
        in_window = out.settles_at is not None and event.at <= out.settles_at
        upheld = event.name == "dispute_upheld" and out.state == "disputed"
        if upheld or (event.name in REVERSING and in_window):
            out.state, out.reversal = "reversed", event
        elif event.name == "dispute_opened" and out.state == "billable":
            out.state, out.disputed_at = "disputed", event.at
        elif event.name == "dispute_rejected" and out.state == "disputed":
            out.state = "billable"
