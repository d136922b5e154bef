"""One tenant's witness is damaged or refuses: that tenant stops, loudly, and the others go on."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from proofdesk.app import make_sequencer
from proofdesk.engine.drain import drain_ledger
from proofdesk.engine.sequencer import Sequencer, WitnessDiverged, _in_thread, origin_of
from proofdesk.flows.self_check import self_check
from proofdesk.flows.totals import summary
from proofdesk.flows.transition import append_leaves
from proofdesk.ledger.canonical import make_leaf
from proofdesk.ledger.merkle import append, root_of
from proofdesk.ledger.notes import sign_checkpoint
from proofdesk.ledger.witness import CHECKPOINTS, HASHES, Witness, WitnessDamaged, log_folder
from proofdesk.store import tables as t
from proofdesk.store.pool import ADAPTERS, Connection, tenant_transaction
from tests.stories.desk import TENANT, Desk
from tests.stories.orders import pending_order

OTHER = "aardvark"
"""Another tenant, first in every order, so that a stop of one shows in the other whichever is damaged."""


@contextlib.asynccontextmanager
async def engine(desk: Desk) -> AsyncIterator[Connection]:
    conn = await AsyncConnection[DictRow].connect(
        desk.house.endpoint.conninfo("engine"), autocommit=True, row_factory=dict_row, context=ADAPTERS
    )
    async with conn:
        yield conn


@contextlib.asynccontextmanager
async def leading(desk: Desk) -> AsyncIterator[Sequencer]:
    """A sequencer that signs at every turn and looks at a stopped tenant each time."""
    house = desk.house
    sequencer = Sequencer(
        house.keys.log, desk.witness, house.shell.clock, every_s=0.1, checkpoint_every_s=0.0, look_again_s=0.0
    )
    try:
        yield sequencer
    finally:
        sequencer.close()


async def say_something(desk: Desk, tenant: str) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    async with tenant_transaction(desk.house.shell.pool, tenant) as conn:
        await t.create_tenant(conn, tenant=tenant, name=tenant, now=now)
        await append_leaves(conn, tenant, [make_leaf(tenant, now, "test", {"n": 1})], None)


async def signed(desk: Desk, tenant: str) -> int:
    return (await summary(desk.house.shell, tenant)).ledger_size


async def stopped(desk: Desk, tenant: str) -> str:
    return (await summary(desk.house.shell, tenant)).ledger_stopped


def damage(desk: Desk, tenant: str) -> tuple[Path, bytes]:
    """Another first hash in the witness; gives what brings it back."""
    desk.sequencer.close()
    path = log_folder(desk.witness, origin_of(tenant)) / HASHES
    before = path.read_bytes()
    path.write_bytes(bytes([before[0] ^ 1]) + before[1:])
    return path, before


async def due(conn: Connection) -> set[UUID]:
    far = datetime(2040, 1, 1, tzinfo=UTC)
    return {row.ticket_id for row in await t.claim_due(conn, now=far, limit=100, lease_s=0.0)}


async def test_a_damaged_witness_stops_its_tenant_alone(desk: Desk, capfd: Any) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await say_something(desk, OTHER)
    await desk.drain_ledger()
    before, others = await signed(desk, TENANT), await signed(desk, OTHER)
    path, good = damage(desk, TENANT)
    async with engine(desk) as conn, leading(desk) as sequencer:
        await desk.say(customer.email, "yes", ticket=ticket_id)
        await say_something(desk, OTHER)
        await sequencer.turn(conn)
        assert (await signed(desk, TENANT), await signed(desk, OTHER)) == (before, others + 1)
        assert "do not give the root" in await stopped(desk, TENANT)
        assert await stopped(desk, OTHER) == ""
        assert "LEDGER STOPPED" in "".join(capfd.readouterr())
        # Nothing is acted on: neither delivered nor, where it was delivered before, carried out.
        assert ticket_id not in await due(conn)
        await desk.advance(ticket_id)
        assert desk.office.world.orders[order.id].status == "pending"
        found = await self_check(desk.house.shell.pool, TENANT, desk.house.shell.clock.now())
        assert "witness" in {each.check for each in found}
        with pytest.raises(WitnessDamaged):
            await sequencer.drain(conn)
        await sequencer.drain(conn, tenant=OTHER)
        path.write_bytes(good)
        await sequencer.turn(conn)
        assert await stopped(desk, TENANT) == ""
        assert ticket_id in await due(conn)
    await desk.advance(ticket_id)
    assert desk.office.world.orders[order.id].status == "cancelled"


async def test_a_transition_under_way_when_the_ledger_stops_is_not_committed(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.say(customer.email, f"please cancel my order {order.id}")
    await desk.drain_ledger()
    row = await desk.ticket(ticket_id)
    async with engine(desk) as conn:
        await t.halt(conn, tenant=TENANT, reason="for this test", at=datetime(2026, 11, 22, tzinfo=UTC))
        async with tenant_transaction(desk.house.shell.pool, TENANT) as own:
            moved = await t.move(
                own,
                tenant=TENANT,
                ticket_id=ticket_id,
                version=row.version,
                status="open",
                state=row.state,
                priority=2,
                head_start_s=0,
                due_at=row.due_at,
                now=row.created_at,
                lease_s=0.0,
            )
        assert moved == 0
        await t.resume(conn, tenant=TENANT)


async def test_a_ledger_that_is_not_the_witnessed_one_stops(desk: Desk) -> None:
    await say_something(desk, OTHER)
    await desk.drain_ledger()
    desk.sequencer.close()
    key, size = desk.house.keys.log, await signed(desk, OTHER)
    with Witness(desk.witness, origin_of(OTHER), key.public) as witness:
        grown = append(witness._state, [b"x" * 32])
        note = sign_checkpoint(key, origin_of(OTHER), size + 1, root_of(grown))
        witness.append(note, [b"x" * 32])
    async with engine(desk) as conn, leading(desk) as sequencer:
        with pytest.raises(WitnessDiverged, match="older copy"):
            await sequencer.drain(conn)
        await say_something(desk, OTHER)
        with pytest.raises(WitnessDiverged, match="not the witnessed one"):
            await sequencer.drain(conn)
        assert await signed(desk, OTHER) == size
        assert await stopped(desk, OTHER) != ""
        assert await stopped(desk, TENANT) == ""
    answer = await drain_ledger(desk.house.endpoint, lambda: make_sequencer(desk.house), tenant=TENANT)
    assert answer.warning == "", "another tenant's trouble is no warning about this one"
    answer = await drain_ledger(desk.house.endpoint, lambda: make_sequencer(desk.house), tenant=OTHER)
    assert "not the witnessed one" in answer.warning
    desk.tampered = True


async def test_a_witness_that_cannot_be_read_holds_up_neither_the_loop_nor_the_others(desk: Desk) -> None:
    for tenant in (OTHER, "zebra"):
        await say_something(desk, tenant)
    await desk.drain_ledger()
    desk.sequencer.close()
    notes = log_folder(desk.witness, origin_of(OTHER)) / CHECKPOINTS
    good = notes.read_bytes()
    notes.unlink()
    os.mkfifo(notes)
    for tenant in (OTHER, "zebra"):
        await say_something(desk, tenant)
    async with engine(desk) as conn, leading(desk) as sequencer:
        turn = asyncio.create_task(sequencer.turn(conn))
        writer = None
        while writer is None:
            # Opening for writing works once the sequencer's thread waits for a writer; this loop runs meanwhile.
            with contextlib.suppress(OSError):
                writer = os.open(notes, os.O_WRONLY | os.O_NONBLOCK)
            await asyncio.sleep(0.01)
        os.close(writer)
        await turn
        assert (await signed(desk, OTHER), await signed(desk, "zebra")) == (1, 2)
        assert await stopped(desk, OTHER) == "", "a disk that fails is no proof against the ledger"
        notes.unlink()
        notes.write_bytes(good)
        await sequencer.turn(conn)
        assert await signed(desk, OTHER) == 2


async def test_whoever_is_cancelled_waits_for_what_is_being_written() -> None:
    release = threading.Event()
    writing = asyncio.create_task(_in_thread(release.wait))
    await asyncio.sleep(0)
    writing.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not writing.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await writing


@pytest.mark.parametrize(
    "tampering",
    [
        "update tree set size = size + 1 where tenant = %(tenant)s",
        "update tree set size = -1 where tenant = %(tenant)s",
        "update tree set size = size - 2 where tenant = %(tenant)s",
        "update tree set range = '{}' where tenant = %(tenant)s",
        "update tree set range[1] = null where tenant = %(tenant)s",
        "insert into leaf_seq select tenant, seq + 1, (select max(leaf_no) from leaf where tenant = %(tenant)s)"
        " from leaf_seq where tenant = %(tenant)s order by seq desc limit 1",
    ],
)
async def test_a_tree_that_cannot_be_continued_stops_its_tenant_alone(desk: Desk, tampering: str) -> None:
    for _ in range(3):
        await say_something(desk, OTHER)
    await desk.drain_ledger()
    before = await signed(desk, TENANT)
    await say_something(desk, OTHER)
    async with await AsyncConnection.connect(desk.house.endpoint.admin_conninfo(), autocommit=True) as admin:
        await admin.execute(tampering.encode(), {"tenant": OTHER})
    desk.sequencer.close()
    async with engine(desk) as conn, leading(desk) as sequencer:
        await say_something(desk, TENANT)
        for turn in (1, 2):
            await sequencer.turn(conn)
            assert await signed(desk, TENANT) == before + 1
            assert await stopped(desk, OTHER) != "", f"turn {turn}"
            assert await stopped(desk, TENANT) == ""
        with pytest.raises(WitnessDiverged, match=OTHER):
            await sequencer.drain(conn)
        await sequencer.drain(conn, tenant=TENANT)
        assert await stopped(desk, OTHER) != ""
    desk.tampered = True
