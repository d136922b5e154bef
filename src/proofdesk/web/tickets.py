"""Tickets: in, looked at, confirmed, rated."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from proofdesk.core.ticket import Status
from proofdesk.flows import confirm, queries
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.redacted import RedactedTicket, RestoredText, redacted_ticket, restore_text
from proofdesk.web.access import roles
from proofdesk.web.body import StrictRequest
from proofdesk.web.faults import ApiError, refused
from proofdesk.web.shapes import Leaves, NewMessage, NewRating, NewTicket, Redacted, TicketCreated, Tickets
from proofdesk.web.state import web_of

CHANNEL = "api"
VOUCH = frozenset({"requester_api", "administrator"})
"""Whose `verified: true` is believed: systems that know their logged-in user."""
WRITERS = roles("requester_api", "agent", "administrator")
REQUESTER = roles("requester_api", "administrator")
"""Who may say what the requester says: answers, confirmations, ratings."""
READERS = roles("agent", "approver", "manager", "auditor", "administrator")
MAX_PAGE = 200
MAX_OFFSET = 100_000
NOT_FOUND = ApiError(404, "not_found", "there is no such ticket", field="ticket_id")

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Tickets on a page")]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_OFFSET, description="Tickets to skip, newest first")]


@post("/tickets", opt=WRITERS, summary="Create a ticket", tags=["tickets"])
async def create_ticket(request: StrictRequest, data: JSONBody[NewTicket]) -> Response[TicketCreated]:
    """201 for a new ticket. The same `delivery_id` and text again: 200 and the same ticket; another text: 409."""
    caller = request.user
    if data.verified and not caller.roles & VOUCH:
        raise ApiError(403, "forbidden", "this key may not vouch for the sender", field="verified")
    received = await _receive(
        request,
        Incoming(
            channel=CHANNEL,
            delivery_id=data.delivery_id,
            sender=data.sender,
            verified=data.verified,
            subject=data.subject,
            text=data.text,
            brought_by=caller.login,
        ),
    )
    return Response(TicketCreated(ticket_id=received.ticket_id), status_code=200 if received.duplicate else 201)


@post("/tickets/{ticket_id:str}/messages", opt=REQUESTER, summary="Add the requester's answer", tags=["tickets"])
async def add_message(
    request: StrictRequest, ticket_id: FromPath[UUID], data: JSONBody[NewMessage]
) -> Response[TicketCreated]:
    """Idempotent on `delivery_id`, which is one namespace for tickets and messages. 409 for a ticket that came in
    another way: its requester answers there, and nobody answers here in their name."""
    web, tenant = web_of(request), request.user.tenant
    channel = await queries.channel_of(web.shell.pool, tenant, ticket_id)
    if channel is None:
        raise NOT_FOUND
    if channel != CHANNEL:
        raise ApiError(409, "conflict", f"the requester of this ticket answers by {channel}", field="ticket_id")
    received = await _receive(
        request,
        Incoming(
            channel=CHANNEL,
            delivery_id=data.delivery_id,
            sender="",
            text=data.text,
            ticket_id=ticket_id,
            brought_by=request.user.login,
        ),
    )
    if str(received.ticket_id) != str(ticket_id):
        raise ApiError(409, "conflict", "this delivery id was used for another ticket", field="delivery_id")
    return Response(TicketCreated(ticket_id=received.ticket_id), status_code=200 if received.duplicate else 201)


async def _receive(request: StrictRequest, incoming: Incoming) -> Received:
    shell = web_of(request).shell
    received = await receive(shell, await shell.tenants.get(request.user.tenant), incoming)
    if not isinstance(received, Received):
        field = "delivery_id" if incoming.ticket_id is None else ""
        raise ApiError(409, "conflict", received.reason, field=field)
    return received


@get("/tickets", opt=READERS, summary="List tickets, newest first", tags=["tickets"])
async def list_tickets(
    request: StrictRequest, status: FromQuery[Status | Literal[""]] = "", limit: Limit = 50, offset: Offset = 0
) -> Tickets:
    items = await queries.list_tickets(
        web_of(request).shell.pool, request.user.tenant, status=status, limit=limit + 1, offset=offset
    )
    more = len(items) > limit and offset + limit <= MAX_OFFSET
    return Tickets(items=items[:limit], next_offset=offset + limit if more else None)


@get("/tickets/{ticket_id:str}", opt=READERS, summary="A ticket with all that happened to it", tags=["tickets"])
async def get_ticket(request: StrictRequest, ticket_id: FromPath[UUID]) -> queries.TicketView:
    found = await queries.ticket_view(web_of(request).shell.pool, request.user.tenant, ticket_id)
    if found is None:
        raise NOT_FOUND
    return found


@get(
    "/tickets/{ticket_id:str}/status",
    opt=roles("requester_api", "agent", "approver", "manager", "auditor", "administrator"),
    summary="What the requester may see of a ticket",
    tags=["tickets"],
)
async def get_status(request: StrictRequest, ticket_id: FromPath[UUID]) -> queries.TicketStatus:
    found = await queries.ticket_status(web_of(request).shell.pool, request.user.tenant, ticket_id)
    if found is None:
        raise NOT_FOUND
    return found


@get(
    "/tickets/{ticket_id:str}/redacted",
    opt=READERS,
    summary="A ticket's texts with tokens for personal data",
    tags=["tickets", "personal data"],
)
async def get_redacted(request: StrictRequest, ticket_id: FromPath[UUID]) -> RedactedTicket:
    """The only copy for prompts, training or articles. 409 once the requester was erased."""
    found = await redacted_ticket(web_of(request).shell, request.user.tenant, ticket_id)
    if isinstance(found, Refusal):
        raise refused(found)
    return found


@post(
    "/tickets/{ticket_id:str}/restore",
    opt=roles("agent", "administrator"),
    status_code=200,
    summary="Put a ticket's personal data back into a redacted text",
    tags=["tickets", "personal data"],
)
async def post_restore(request: StrictRequest, ticket_id: FromPath[UUID], data: JSONBody[Redacted]) -> RestoredText:
    """Recorded in the ledger. 400 for a token the requester never had; 409 once they were erased."""
    found = await restore_text(web_of(request).shell, request.user.tenant, ticket_id, data.text, by=request.user.login)
    if isinstance(found, Refusal):
        raise refused(found)
    return found


@get(
    "/tickets/{ticket_id:str}/ledger",
    opt=roles("agent", "manager", "finance", "auditor", "administrator"),
    summary="The ticket's ledger",
    tags=["tickets", "ledger"],
)
async def get_ticket_ledger(request: StrictRequest, ticket_id: FromPath[UUID]) -> Leaves:
    found = await queries.ticket_leaves(web_of(request).shell.pool, request.user.tenant, ticket_id)
    if found is None:
        raise NOT_FOUND
    return Leaves(items=found)


@post(
    "/tickets/{ticket_id:str}/confirm",
    opt=REQUESTER,
    status_code=200,
    summary="The requester confirms that the ticket is solved",
    tags=["tickets"],
)
async def confirm_ticket(request: StrictRequest, ticket_id: FromPath[UUID]) -> confirm.Said:
    said = await confirm.confirm_solved(web_of(request).shell, request.user.tenant, ticket_id)
    if isinstance(said, Refusal):
        raise refused(said)
    return said


@post(
    "/tickets/{ticket_id:str}/rating",
    opt=REQUESTER,
    status_code=200,
    summary="The requester's rating, 1 to 5",
    tags=["tickets"],
)
async def rate_ticket(request: StrictRequest, ticket_id: FromPath[UUID], data: JSONBody[NewRating]) -> confirm.Said:
    """1 and 2 take back what was charged for the ticket's issue."""
    said = await confirm.rate(web_of(request).shell, request.user.tenant, ticket_id, data.score)
    if isinstance(said, Refusal):
        raise refused(said)
    return said


HANDLERS = (
    create_ticket,
    add_message,
    list_tickets,
    get_ticket,
    get_status,
    get_redacted,
    post_restore,
    get_ticket_ledger,
    confirm_ticket,
    rate_ticket,
)
