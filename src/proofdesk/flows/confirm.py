"""What a requester says about a solved ticket: yes, it is solved; or how good it was."""

from uuid import UUID

import msgspec

from proofdesk.core.resolution import EventType
from proofdesk.flows.context import Shell
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.settle import add_leaf, settle_issue
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.rows import TicketRow

SOLVED = ("solved", "closed")
NEGATIVE_SCORE = 2
"""A rating up to this takes a charge back."""
NO_TICKET = Refusal(code="not_found", message="there is no such ticket", field="ticket_id")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """`resolution`: what the issue's events come to now (core.resolution.State)."""

    ticket_id: UUID
    resolution: str


class _Rating(msgspec.Struct):
    score: int


class _RatingLeaf(msgspec.Struct):
    body: _Rating


async def confirm_solved(shell: Shell, tenant: str, ticket_id: UUID) -> Said | Refusal:
    """The requester confirms. Saying it twice counts once."""
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        ticket = await _solved(conn, tenant, ticket_id, "confirmed")
        if isinstance(ticket, Refusal):
            return ticket
        happened = [row.event for row in await t.events_of_issue(conn, tenant=tenant, issue_id=ticket.issue_id)]
        latest = [event for event in happened if event in ("proposed", "customer_confirmed")]
        new: tuple[EventType, ...] = () if latest[-1:] == ["customer_confirmed"] else ("customer_confirmed",)
        resolution = await settle_issue(
            conn, tenant, issue_id=ticket.issue_id, ticket_id=ticket_id, events=new, now=now
        )
    return Said(ticket_id=ticket_id, resolution=resolution.state)


async def rate(shell: Shell, tenant: str, ticket_id: UUID, score: int) -> Said | Refusal:
    """The requester's rating of a solved ticket, 1 (bad) to 5 (good). One per ticket; the same again is no fault."""
    if not 1 <= score <= 5:
        return Refusal(code="invalid", message="a rating is a whole number from 1 to 5", field="score")
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        ticket = await _solved(conn, tenant, ticket_id, "rated")
        if isinstance(ticket, Refusal):
            return ticket
        before = await _rated(conn, tenant, ticket_id)
        if before not in (None, score):
            return Refusal(code="conflict", message=f"the ticket was rated {before} already", field="score")
        events: tuple[EventType, ...] = ()
        if before is None:
            body: dict[str, object] = {"ticket_id": str(ticket_id), "score": score}
            await add_leaf(conn, tenant, now, "rating.received", body, ticket_id)
            events = ("csat_negative",) if score <= NEGATIVE_SCORE else ()
        resolution = await settle_issue(
            conn, tenant, issue_id=ticket.issue_id, ticket_id=ticket_id, events=events, now=now
        )
    return Said(ticket_id=ticket_id, resolution=resolution.state)


async def _solved(conn: Connection, tenant: str, ticket_id: UUID, what: str) -> TicketRow | Refusal:
    ticket = await t.lock_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    if ticket is None:
        return NO_TICKET
    if ticket.status not in SOLVED:
        return Refusal(code="conflict", message=f"only a solved ticket can be {what}; it is {ticket.status}")
    return ticket


async def _rated(conn: Connection, tenant: str, ticket_id: UUID) -> int | None:
    leaves = await t.leaves_of_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    for leaf in leaves:
        if leaf.kind == "rating.received":
            return msgspec.json.decode(leaf.canon, type=_RatingLeaf).body.score
    return None
