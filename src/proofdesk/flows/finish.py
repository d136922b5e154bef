"""The end of a ticket: the reply, the claim that it is resolved, its proof, and the window for disputing it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

import msgspec

from proofdesk.core.issue import Receipt, RequestState, issue_events
from proofdesk.core.resolution import EventType, ResolutionEvent
from proofdesk.flows.context import Desk
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.rollout import record_outcome
from proofdesk.flows.settle import settle_issue
from proofdesk.flows.state import After, RequestStatus
from proofdesk.flows.talk import composed, send
from proofdesk.flows.transition import Transition


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How one request of the ticket ended. `acted`: its steps that were carried out and read back."""

    id: str
    status: RequestStatus
    acted: tuple[str, ...]


class ResolutionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the claim that the ticket is resolved, complete."""

    requests: tuple[Ended, ...]
    assisted: bool
    at: datetime


async def finish(desk: Desk, tr: Transition) -> None:
    """Every request has ended: say so, claim the resolution, and let the verification window run."""
    state = tr.state
    parts = [text for request in state.requests for text in request.replies]
    reply = composed(desk, parts, state.language)
    if reply is None:
        await hand_off(desk, tr, "reply_blocked")
        return
    facts = ResolutionFacts(
        requests=tuple(Ended(id=r.request.id, status=r.status, acted=r.run.acted) for r in state.requests),
        assisted=state.assisted,
        at=desk.now,
    )
    events = resolution_events(facts)
    tr.decided("resolution", facts, events)
    tr.leaf("ticket.solved", {"outcomes": [r.status for r in state.requests]})
    after = After(status="solved", step="window", wait_s=float(desk.runtime.settings.contract.reversal_window_s) + 1)
    send(desk, tr, reply.text, after)
    if tr.state.step == "send":
        # Nobody has been told yet: the claim waits until the reply has left (`deliver`).
        tr.set(claims=events)
    else:
        claim(desk, tr, events)


def claim(desk: Desk, tr: Transition, events: Sequence[str]) -> None:
    """Record the resolution's events and what they cost, in this transition."""
    tr.also(
        lambda conn: settle_issue(
            conn,
            desk.runtime.tenant,
            issue_id=desk.ticket.issue_id,
            ticket_id=desk.ticket.ticket_id,
            events=cast("Sequence[EventType]", events),
            now=desk.now,
        )
    )


def resolution_events(facts: ResolutionFacts) -> tuple[EventType, ...]:
    """What has happened to the issue now: proposed, and verified when every request's acts were read back. Pure.

    A refusal and an answer are information: only the requester can confirm them.
    """
    states = [
        RequestState(
            id=each.id,
            kind="action" if each.status == "done" else "information",
            effect_ids=each.acted,
            receipts=tuple(Receipt(effect_id=step, at=facts.at) for step in each.acted),
        )
        for each in facts.requests
    ]
    proposed = ResolutionEvent(type="proposed", ts=facts.at)
    found = [event.type for event in issue_events(states, [proposed])]
    return (*(("approved",) if facts.assisted else ()), *found)


def close_after_window(desk: Desk, tr: Transition) -> None:
    """The reversal window has passed without a word: nothing can be taken back any more."""
    tr.leaf("ticket.closed", {"issue_id": str(desk.ticket.issue_id)})
    tr.also(
        lambda conn: settle_issue(
            conn,
            desk.runtime.tenant,
            issue_id=desk.ticket.issue_id,
            ticket_id=desk.ticket.ticket_id,
            events=(),
            now=desk.now + timedelta(seconds=1),
        )
    )
    state, tenant, ticket_id = tr.state, desk.runtime.tenant, desk.ticket.ticket_id
    tr.also(lambda conn: record_outcome(conn, tenant, ticket_id, state, "kept", desk.now))
    tr.status = "closed"
    tr.due_at = None
