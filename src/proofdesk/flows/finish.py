"""The end of a ticket: the reply, the claim that it is resolved, its proof, and the window for disputing it."""

from datetime import timedelta

from proofdesk.core.issue import Receipt, RequestState, issue_events
from proofdesk.core.resolution import EventType, ResolutionEvent
from proofdesk.flows.context import Desk
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.settle import settle_issue
from proofdesk.flows.state import After
from proofdesk.flows.state import RequestState as Progress
from proofdesk.flows.talk import composed, send
from proofdesk.flows.transition import Transition


async def finish(desk: Desk, tr: Transition) -> None:
    """Every request has ended: say so, claim the resolution, and let the verification window run."""
    state = tr.state
    parts = [text for request in state.requests for text in request.replies]
    reply = composed(desk, parts, state.language)
    if reply is None:
        await hand_off(desk, tr, "reply_blocked")
        return
    events = proof_events(state.requests, desk, assisted=state.assisted)
    tr.decided("resolution", {"requests": [(r.request.id, r.status, r.run.acted) for r in state.requests]}, events)
    tr.leaf("ticket.solved", {"outcomes": [r.status for r in state.requests]})
    contract = desk.runtime.settings.contract
    tr.also(
        lambda conn: settle_issue(
            conn,
            desk.runtime.tenant,
            contract,
            issue_id=desk.ticket.issue_id,
            ticket_id=desk.ticket.ticket_id,
            events=events,
            now=desk.now,
        )
    )
    after = After(status="solved", step="window", wait_s=float(contract.reversal_window_s) + 1)
    send(desk, tr, reply.text, after)


def proof_events(requests: tuple[Progress, ...], desk: Desk, *, assisted: bool) -> tuple[EventType, ...]:
    """What has happened to the issue now: proposed, and verified when every request's acts were read back.

    A refusal and an answer are information: only the requester can confirm them.
    """
    states = [
        RequestState(
            id=r.request.id,
            kind="action" if r.status == "done" else "information",
            effect_ids=r.run.acted,
            receipts=tuple(Receipt(effect_id=step, at=desk.now) for step in r.run.acted),
        )
        for r in requests
    ]
    proposed = ResolutionEvent(type="proposed", ts=desk.now)
    found = [event.type for event in issue_events(states, [proposed])]
    return (*(("approved",) if assisted else ()), *found)


def close_after_window(desk: Desk, tr: Transition) -> None:
    """The reversal window has passed without a word: nothing can be taken back any more."""
    contract = desk.runtime.settings.contract
    tr.leaf("ticket.closed", {"issue_id": str(desk.ticket.issue_id)})
    tr.also(
        lambda conn: settle_issue(
            conn,
            desk.runtime.tenant,
            contract,
            issue_id=desk.ticket.issue_id,
            ticket_id=desk.ticket.ticket_id,
            events=(),
            now=desk.now + timedelta(seconds=1),
        )
    )
    tr.status = "closed"
    tr.due_at = None
