"""First-contact resolution, on tickets and on issues, where recent weeks never look better than they are.

A ticket enters a rate only once its look-back window has passed (`solved + window <= as_of`). Tickets of one
requester and intent form an issue while the next one comes within the window of the last one's solution.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import msgspec

from proofdesk.core.metrics.rate import Rate, rate


class SolvedTicket(msgspec.Struct, frozen=True, kw_only=True):
    """What the export says of one ticket. `owners` counts the agents it was assigned to."""

    id: str
    requester: str
    intent: str
    created: datetime
    solved: datetime | None
    public_agent_replies: int
    owners: int
    reopened: datetime | None = None


class FirstContact(msgspec.Struct, frozen=True, kw_only=True):
    one_touch: Rate
    fcr_ticket: Rate
    fcr_issue: Rate
    recontact_free: Rate
    fcr_ticket_ids: tuple[str, ...]
    spam: int
    open: int
    immature: int


def first_contact(
    tickets: Iterable[SolvedTicket],
    as_of: datetime,
    window: timedelta,
    *,
    spam_intents: frozenset[str] = frozenset({"spam"}),
) -> FirstContact:
    genuine = sorted(tickets, key=lambda t: (t.requester, t.intent, t.created, t.id))
    spam = sum(t.intent in spam_intents for t in genuine)
    genuine = [t for t in genuine if t.intent not in spam_intents]
    unsolved = sum(t.solved is None for t in genuine)
    mature = [t for t in genuine if t.solved is not None and t.solved + window <= as_of]
    immature = len(genuine) - unsolved - len(mature)
    alone = _without_recontact(genuine, window)
    touched = [t for t in mature if _one_touch(t)]
    free = [t for t in mature if t.id in alone and not _reopened(t, window)]
    first = [t for t in free if _one_touch(t)]
    issues = _issues(mature, window)
    left_out = spam + unsolved

    def of(part: int, whole: int) -> Rate:
        return rate(part, whole, excluded=left_out, immature=immature)

    return FirstContact(
        one_touch=of(len(touched), len(mature)), fcr_ticket=of(len(first), len(mature)),
        fcr_issue=of(sum(_first_contact_issue(issue, window) for issue in issues), len(issues)),
        recontact_free=of(len(free), len(mature)), fcr_ticket_ids=tuple(sorted(t.id for t in first)),
        spam=spam, open=unsolved, immature=immature,
    )  # fmt: skip


def _one_touch(ticket: SolvedTicket) -> bool:
    return ticket.public_agent_replies <= 1 and ticket.owners == 1


def _reopened(ticket: SolvedTicket, window: timedelta) -> bool:
    assert ticket.solved is not None
    return ticket.reopened is not None and ticket.solved < ticket.reopened <= ticket.solved + window


def _without_recontact(ordered: Sequence[SolvedTicket], window: timedelta) -> set[str]:
    """Ids of solved tickets after which the requester did not write about the same intent within the window."""
    found = set()
    for _, group in groupby(ordered, key=lambda t: (t.requester, t.intent)):
        matter = list(group)
        for ticket in matter:
            solved = ticket.solved
            if solved is not None and not any(solved < other.created <= solved + window for other in matter):
                found.add(ticket.id)
    return found


def _issues(mature: Sequence[SolvedTicket], window: timedelta) -> list[list[SolvedTicket]]:
    """Chains of mature tickets; `mature` is ordered by requester, intent and creation."""
    issues: list[list[SolvedTicket]] = []
    for ticket in mature:
        last = issues[-1][-1] if issues else None
        if (
            last is not None
            and (last.requester, last.intent) == (ticket.requester, ticket.intent)
            and last.solved is not None
            and ticket.created <= last.solved + window
        ):
            issues[-1].append(ticket)
        else:
            issues.append([ticket])
    return issues


def _first_contact_issue(issue: Sequence[SolvedTicket], window: timedelta) -> bool:
    return len(issue) == 1 and _one_touch(issue[0]) and not _reopened(issue[0], window)
