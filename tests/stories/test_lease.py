"""A really slow back office, two workers and a lease shorter than the call: nobody is sent after the first worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from examples.backoffice.faults import Fault
from proofdesk.app import engine_pool
from proofdesk.flows.context import Desk as Here
from proofdesk.flows.context import Limits, Shell
from proofdesk.flows.lease import leased
from proofdesk.flows.resolve import advance
from proofdesk.flows.state import State
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import connection, tenant_transaction
from tests.database import fresh_database
from tests.stories.conftest import prove_books
from tests.stories.desk import TENANT, Desk, open_desk
from tests.stories.orders import pending_order

LEASE_S = 0.4
SLOW_S = 1.2
KEYED = "idempotency: A, idempotency_header: Idempotency-Key"


def keyless(root: Path, kind: str, timeout_s: float) -> None:
    """Cancelling knows no key any more and moves no money of ours; the connector repeats nothing itself."""
    path = root / "connector.yaml"
    text = path.read_text().replace("retries: 2", "retries: 0").replace("timeout_s: 10", f"timeout_s: {timeout_s}")
    line = next(line for line in text.splitlines() if line.strip().startswith("orders.cancel:"))
    path.write_text(text.replace(line, line.replace(KEYED, f"idempotency: {kind}").replace("money: true, ", "")))
    procedure = root / "procedures/cancel_order.yaml"
    lines = procedure.read_text().splitlines()
    procedure.write_text("\n".join(line for line in lines if "amount:" not in line))


@asynccontextmanager
async def slow_desk(template: Endpoint, home: Path, kind: str, timeout_s: float) -> AsyncIterator[Desk]:
    with fresh_database(template) as endpoint:
        async with open_desk(endpoint, home, change=lambda root: keyless(root, kind, timeout_s)) as desk:
            yield desk
            await prove_books(desk, home)


async def agreed(desk: Desk) -> tuple[UUID, str]:
    """A ticket whose requester has just said yes, its order, and a back office that has become slow."""
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.set_faults(Fault(operation="cancelOrder", kind="slow", delay_s=SLOW_S))
    await desk.say(customer.email, "yes", ticket_id)
    return ticket_id, order.id


async def work(desk: Desk, shell: Shell, ticket_id: UUID, claims: list[str], name: str) -> None:
    """One worker: claims what is due and free, as the feeder does, and advances it, until the ticket is done."""
    async with AsyncExitStack() as stack:
        pool = await engine_pool(desk.house, stack)
        while (await desk.ticket(ticket_id)).status == "open":
            async with connection(pool) as conn:
                rows = await t.claim_due(conn, now=shell.clock.now(), limit=4, lease_s=LEASE_S)
            for row in rows:
                claims.append(name)
                await advance(shell, row.tenant, row.ticket_id)
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("kind", ["A", "D"])
async def test_a_call_longer_than_the_lease_stays_with_one_worker(
    database_template: Endpoint, tmp_path: Path, kind: str
) -> None:
    async with slow_desk(database_template, tmp_path, kind if kind != "A" else KEYED.partition(": ")[2], 10) as desk:
        shell = msgspec.structs.replace(desk.house.shell, limits=Limits(lease_s=LEASE_S))
        ticket_id, order_id = await agreed(desk)
        claims: list[str] = []
        await asyncio.gather(*(work(desk, shell, ticket_id, claims, name) for name in ("one", "two")))
        assert (await desk.ticket(ticket_id)).status == "solved"
        assert desk.office.world.orders[order_id].status == "cancelled"
        assert desk.counted.writes == [f"/orders/{order_id}/cancel"], "called once"
        assert len(claims) == 1, "nobody else was sent"
        assert (await desk.kinds(ticket_id)).count("effect.confirmed") == 1


@pytest.mark.parametrize("kind", ["C", "D"])
async def test_a_lost_call_without_a_key_is_looked_up_only_when_it_can_have_ended(
    database_template: Endpoint, tmp_path: Path, kind: str
) -> None:
    timeout_s = 0.7
    async with slow_desk(database_template, tmp_path, kind, timeout_s) as desk:
        ticket_id, order_id = await agreed(desk)
        began = desk.house.shell.clock.now()
        await desk.advance(ticket_id)
        row = await desk.ticket(ticket_id)
        assert row.status == "open" and row.due_at is not None
        assert (row.due_at - began).total_seconds() >= timeout_s
        assert desk.office.world.orders[order_id].status == "pending", "it is still at work on it"
        while (await desk.ticket(ticket_id)).status == "open":
            await asyncio.sleep(0.1)
            await desk.advance(ticket_id)
        assert (await desk.ticket(ticket_id)).status == "solved"
        assert desk.counted.writes == [f"/orders/{order_id}/cancel"]
        assert len(desk.writes()) == 1


async def test_after_a_dead_worker_a_keyless_call_is_given_its_time(
    database_template: Endpoint, tmp_path: Path
) -> None:
    async with slow_desk(database_template, tmp_path, "C", 10) as desk:
        ticket_id, order_id = await agreed(desk)
        # The worker dies in the middle of its call: what it intended is committed, and nothing is known of the call.
        dying = asyncio.create_task(desk.advance(ticket_id))
        while not desk.counted.writes:
            await asyncio.sleep(0.02)
        dying.cancel()
        await asyncio.wait([dying])
        began = desk.house.shell.clock.now()
        await desk.advance(ticket_id)
        row = await desk.ticket(ticket_id)
        assert row.due_at is not None and (row.due_at - began).total_seconds() >= 10
        while desk.office.world.orders[order_id].status == "pending":
            await asyncio.sleep(0.05)
        assert (await desk.settle(ticket_id)).status == "solved"
        assert desk.counted.writes == [f"/orders/{order_id}/cancel"]


async def test_renewing_stops_when_the_ticket_is_anothers(database_template: Endpoint, tmp_path: Path) -> None:
    async with slow_desk(database_template, tmp_path, "D", 10) as desk:
        ticket_id, _ = await agreed(desk)
        shell = msgspec.structs.replace(desk.house.shell, limits=Limits(lease_s=0.06))
        row = await desk.ticket(ticket_id)
        runtime = await shell.tenants.get(TENANT)
        stale = msgspec.structs.replace(row, version=row.version - 1)
        leases = []
        for ticket in (stale, row):
            here = Here(shell=shell, runtime=runtime, ticket=ticket, state=State(), key=b"", now=shell.clock.now())
            async with leased(here):
                await asyncio.sleep(0.1)
            async with tenant_transaction(shell.pool, TENANT) as conn:
                cursor = await conn.execute("select lease_until is not null as leased from ticket")
                leases.append((await cursor.fetchall())[0]["leased"])
        assert leases == [False, True]
        await desk.set_faults()
        await desk.settle(ticket_id)
