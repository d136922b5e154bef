"""`ticket send`, `ticket list`, `ticket show` and `handoffs`."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
import typer

from proofdesk.cli.house import in_house, parse_id, tenant_of_ticket, the_tenant
from proofdesk.cli.output import fail, print_json, say, table
from proofdesk.cli.people import Tenant
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.cli.ticket_page import TicketPage
    from proofdesk.flows.intake import Received
    from proofdesk.store.rows import HandoffRow, TicketRow

MAX_ROWS = 1_000
MAX_WAIT_S = 300
POLL_S = 0.25
MOVING = ("new", "open")
app = typer.Typer(no_args_is_help=True)


@app.command()
def send(  # noqa: PLR0917 - options, passed by name
    text: Annotated[str, typer.Option(help="What the requester writes.")],
    sender: Annotated[str, typer.Option("--from", help="The requester's address.")] = "",
    tenant: Tenant = None,
    subject: Annotated[str, typer.Option(help="Subject line.")] = "",
    ticket: Annotated[str, typer.Option(help="Answer in this ticket instead of opening one.")] = "",
    verified: Annotated[
        bool, typer.Option("--verified", help="You vouch that the message comes from this address (a test aid).")
    ] = False,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, max=MAX_WAIT_S, help="Seconds to wait for the answer.")
    ] = 20,
    home: Home = None,
    json: Json = False,
) -> None:
    """Send a message as a requester would and show what proofdesk does with it."""
    ticket_id = parse_id(ticket, "ticket") if ticket else None

    from proofdesk.cli.ticket_page import read_page, show_page

    async def work(house: "House", alone: bool) -> "TicketPage":
        name = await tenant_of_ticket(house, ticket_id) if ticket_id else await the_tenant(house, tenant)
        message = {"sender": sender, "verified": verified, "subject": subject, "text": text, "ticket_id": ticket_id}
        received = await _receive(house, name, message)
        if alone:
            await _advance_here(house, name, received.ticket_id)
        else:
            await _wait(house, name, received.ticket_id, wait_s)
        return await read_page(house, name, received.ticket_id)

    page = in_house(work, home)
    if json:
        print_json(page)
        return
    show_page(page, brief=True)
    if page.ticket.status in MOVING:
        say("It is still under way. Is a worker running? Start one with `proofdesk up` or `proofdesk worker`.")
    say(f"More: proofdesk ticket show {page.ticket.ticket_id}")


async def _receive(house: "House", tenant: str, message: dict[str, Any]) -> "Received":
    from proofdesk.flows.ids import new_id
    from proofdesk.flows.intake import Incoming, Rejected, receive

    runtime = await house.shell.tenants.get(tenant)
    if message["ticket_id"] is not None and not message["sender"]:
        message["sender"] = (await _load(house, tenant, message["ticket_id"])).sender
    incoming = Incoming(channel="api", delivery_id=f"console-{new_id()}", **message)
    received = await receive(house.shell, runtime, incoming)
    if isinstance(received, Rejected):
        fail(f"the message was rejected: {received.reason}")
    return received


async def _load(house: "House", tenant: str, ticket_id: UUID) -> "TicketRow":
    from proofdesk.store import tables as t
    from proofdesk.store.pool import tenant_transaction

    async with tenant_transaction(house.shell.pool, tenant) as conn:
        row = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    assert row is not None, "tickets are never deleted"
    return row


async def _advance_here(house: "House", tenant: str, ticket_id: UUID) -> None:
    """Nobody else uses this database, so no worker will come: this command does a worker's share for its ticket."""
    from proofdesk.flows.resolve import advance

    await advance(house.shell, tenant, ticket_id)


async def _wait(house: "House", tenant: str, ticket_id: UUID, wait_s: float) -> None:
    """Until the ticket rests (waits for somebody, is solved or handed off) or the time is up."""
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        if (await _load(house, tenant, ticket_id)).status not in MOVING:
            return
        await asyncio.sleep(POLL_S)


@app.command("list")
def list_tickets(
    tenant: Tenant = None,
    status: Annotated[str, typer.Option(help="Only this status, for example waiting_requester.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=MAX_ROWS)] = 50,
    home: Home = None,
    json: Json = False,
) -> None:
    """The newest tickets first."""

    async def work(house: "House", _: bool) -> "list[TicketRow]":
        from proofdesk.store import tables as t
        from proofdesk.store.pool import tenant_transaction

        name = await the_tenant(house, tenant)
        async with tenant_transaction(house.shell.pool, name) as conn:
            return await t.recent_tickets(conn, tenant=name, status=status, limit=limit, offset=0)

    rows = in_house(work, home)
    if json:
        lines = [
            {"ticket_id": row.ticket_id, "status": row.status, "created_at": row.created_at, "subject": row.subject}
            for row in rows
        ]
        print_json({"tickets": lines})
    elif rows:
        cells: list[tuple[object, ...]] = [
            (row.ticket_id, row.status, f"{row.created_at:%Y-%m-%d %H:%M:%S}", row.sender, row.subject) for row in rows
        ]
        table("Tickets", ("ticket", "status", "arrived (UTC)", "from", "subject"), cells)
    else:
        say("No tickets." if not status else f"No tickets with status {status}.")


@app.command()
def show(
    ticket: Annotated[str, typer.Argument(metavar="ID")],
    home: Home = None,
    json: Json = False,
) -> None:
    """One ticket: how it was read, what was decided and why, what was done and read back, what was said."""
    from proofdesk.cli.ticket_page import read_page, show_page

    ticket_id = parse_id(ticket, "ticket")

    async def work(house: "House", _: bool) -> "TicketPage":
        return await read_page(house, await tenant_of_ticket(house, ticket_id), ticket_id)

    page = in_house(work, home)
    if json:
        print_json(page)
    else:
        show_page(page)


def handoffs(
    tenant: Tenant = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_ROWS)] = 50,
    packets: Annotated[bool, typer.Option("--packets", help="With the whole context packet of each.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Tickets that wait for a person, the oldest first."""

    async def work(house: "House", _: bool) -> "list[HandoffRow]":
        from proofdesk.store import tables as t
        from proofdesk.store.pool import tenant_transaction

        name = await the_tenant(house, tenant)
        async with tenant_transaction(house.shell.pool, name) as conn:
            return await t.open_handoffs(conn, tenant=name, limit=limit)

    rows = in_house(work, home)
    if json:
        print_json({"handoffs": [msgspec.to_builtins(row) for row in rows]})
        return
    if not rows:
        say("Nobody waits for a person.")
        return
    cells: list[tuple[object, ...]] = [
        (row.ticket_id, row.queue, row.reason, f"{row.created_at:%Y-%m-%d %H:%M}", row.accepted_by or "")
        for row in rows
    ]
    table("Handoffs", ("ticket", "queue", "reason", "since (UTC)", "taken by"), cells)
    for row in rows if packets else ():
        say(f"\n{row.ticket_id}\n{row.packet_text}")
