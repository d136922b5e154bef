"""The life of a ticket as a transition table, and the issue a new ticket belongs to.

`advance` says what an event makes of a status, or why it cannot. Every message keeps its place in the thread
whatever the table says: refusing a transition never loses a message.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

Status = Literal[
    "new", "open", "waiting_requester", "waiting_approval", "waiting_window", "handed_off", "solved", "closed"
]
TicketEvent = Literal[
    "triaged", "asked", "requester_replied", "answer_overdue", "approval_requested", "approval_decided", "effect_sent",
    "effect_settled", "handed_off", "handed_back", "resolved", "thanked", "reopened", "window_passed", "spam_marked",
]  # fmt: skip

STATUSES: Final[tuple[Status, ...]] = (
    "new", "open", "waiting_requester", "waiting_approval", "waiting_window", "handed_off", "solved", "closed",
)  # fmt: skip

_TABLE: Final[dict[Status, dict[TicketEvent, Status]]] = {
    "new": {"triaged": "open", "handed_off": "handed_off", "spam_marked": "closed", "requester_replied": "new"},
    "open": {
        "asked": "waiting_requester", "approval_requested": "waiting_approval", "effect_sent": "waiting_window",
        "handed_off": "handed_off", "resolved": "solved", "spam_marked": "closed", "requester_replied": "open",
        "thanked": "open",
    },
    "waiting_requester": {
        "requester_replied": "open", "answer_overdue": "open", "handed_off": "handed_off",
        "thanked": "waiting_requester", "spam_marked": "closed",
    },
    "waiting_approval": {
        "approval_decided": "open", "requester_replied": "waiting_approval", "handed_off": "handed_off",
        "thanked": "waiting_approval",
    },
    "waiting_window": {
        "effect_settled": "open", "requester_replied": "waiting_window", "handed_off": "handed_off",
        "thanked": "waiting_window",
    },
    "handed_off": {
        "handed_back": "open", "resolved": "solved", "requester_replied": "handed_off", "handed_off": "handed_off",
        "thanked": "handed_off", "spam_marked": "closed",
    },
    "solved": {
        "requester_replied": "open", "reopened": "open", "thanked": "solved", "window_passed": "closed",
        "handed_off": "handed_off",
    },
    "closed": {"reopened": "open", "thanked": "closed"},
}  # fmt: skip


class Illegal(msgspec.Struct, frozen=True, kw_only=True):
    """The event means nothing in this status. `allowed`: the events that would."""

    status: Status
    event: str
    allowed: tuple[str, ...]


class IssueRef(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed of an existing issue to decide whether a new ticket continues it."""

    issue_id: str
    requester_id: str
    matter: str
    """What the issue is about: its intent, or the record it concerns."""
    last_activity_at: datetime
    open: bool = False
    """Whether a ticket of it is unsolved: then no window has begun to run."""


def advance(status: Status, event: TicketEvent) -> Status | Illegal:
    """The status after `event`. A waiting ticket the requester writes to keeps waiting for approvals and effects."""
    following = _TABLE[status]
    return following.get(event) or Illegal(status=status, event=event, allowed=tuple(sorted(following)))


def is_terminal(status: Status) -> bool:
    """Closed opens again only by an explicit reopen."""
    return status == "closed"


def issue_of(
    requester_id: str, matter: str, at: datetime, issues: Iterable[IssueRef], *, reopen_window_s: int
) -> str | None:
    """The issue a new ticket belongs to: same requester, same matter, within the reopen window (inclusive) of its
    last activity, or still open. The most recent one; None opens a new issue. An unknown requester never chains.
    """
    if not requester_id or not matter:
        return None
    window = timedelta(seconds=reopen_window_s)
    same = [
        issue
        for issue in issues
        if issue.requester_id == requester_id
        and issue.matter == matter
        and (issue.open or issue.last_activity_at <= at <= issue.last_activity_at + window)
    ]
    return max(same, key=lambda issue: (issue.last_activity_at, issue.issue_id)).issue_id if same else None
