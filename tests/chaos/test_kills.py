"""Whole processes go away, or stand still, or lose what they hold, in the middle of a run."""

import asyncio
import os
import random
import signal
from pathlib import Path

import psycopg
import pytest

from tests.chaos.desk import LEASE_S, Chaos

SEED = 20_261_122


async def _until_done(chaos: Chaos, share: float) -> None:
    """Until that share of all tickets sent so far is done."""
    while len(await chaos.open()) > chaos.sent * (1 - share):
        await asyncio.sleep(0.05)


async def test_workers_are_killed_twenty_times(chaos: Chaos) -> None:
    chance = random.Random(SEED)
    await chaos.send(60)
    workers = [chaos.worker(), chaos.worker()]
    for number in range(20):
        await chaos.send(5)
        done = chaos.sent - len(await chaos.open())
        # Killed at work, not in idleness: after something was brought on, at a moment nobody chose.
        while chaos.sent - len(await chaos.open()) < done + 3 and len(await chaos.open()) > 4:
            await asyncio.sleep(0.02)
        await asyncio.sleep(chance.random() * 0.15)
        worker = workers.pop(0)
        worker.kill()
        assert worker.wait() == -signal.SIGKILL, f"kill {number}"
        workers.append(chaos.worker())
    await chaos.finish()
    await chaos.prove(interruptions=20)


async def test_the_database_is_killed_five_times(chaos: Chaos) -> None:
    workers = [chaos.worker(), chaos.worker()]
    for number in range(5):
        await chaos.send(12)
        await _until_done(chaos, 0.8)
        await chaos.send(10)
        await chaos.kill_database()
        assert [worker.poll() for worker in workers] == [None, None], f"kill {number}: {chaos.complaints()}"
    await chaos.finish()
    await chaos.prove(interruptions=5 * 2)


async def test_a_paused_worker_is_overtaken_and_writes_nothing_late(chaos: Chaos) -> None:
    first = chaos.worker()
    await chaos.send(40)
    await _until_done(chaos, 0.3)
    os.kill(first.pid, signal.SIGSTOP)
    try:
        chaos.worker()
        # The first one's tickets are held by its leases; the second takes them when those have run out. Locks and
        # leadership of a process that stands still end only with its connections, as after a machine's suspension.
        await chaos.cut_off(first.pid)
        await chaos.finish()
    finally:
        os.kill(first.pid, signal.SIGCONT)
    await chaos.send(20)
    await chaos.finish()
    assert first.poll() is None
    await chaos.prove(interruptions=1)


@pytest.mark.parametrize("point", ["before_commit", "before_call"])
async def test_a_paused_worker_that_kept_its_connections_is_stopped_by_version_and_lease(
    chaos: Chaos, point: str
) -> None:
    chaos.worker()
    await chaos.send(1)
    await chaos.finish()  # so it leads by now: feeding and numbering do not stand still with the other one
    # One ticket at a time, so that it stands still outside every transaction and holds no lock of a row.
    paused = chaos.worker(PROOFDESK_PAUSE_AT=point, PROOFDESK_CONCURRENCY="1")
    try:
        while not _stands_still(paused.pid):
            await chaos.send(2)
            await asyncio.sleep(0.1)
        await chaos.finish()
        before = await _written(chaos)
        said = len(chaos.complaints())
    finally:
        os.kill(paused.pid, signal.SIGCONT)
    # It goes on at that very line, with a ticket that another has brought to its end since.
    await asyncio.sleep(3 * float(LEASE_S))
    assert not _stands_still(paused.pid)
    assert await _written(chaos) == before
    assert paused.poll() is None
    # No connection was lost and no registration taken away: the row alone stopped it.
    assert "begins anew" not in chaos.complaints()[said:]
    assert "lost its database" not in chaos.complaints()[said:]
    await chaos.send(4)
    await chaos.finish()
    # Where it stood still between the server's yes to a message and the commit, the other one sent it again.
    await chaos.prove(interruptions=1)


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"


async def _written(chaos: Chaos) -> tuple[int, int, int]:
    """All versions of all tickets, all leaves, all effects tried: whatever is written changes one of them."""
    return (
        await chaos.one("select sum(version) from ticket"),
        await chaos.one("select count(*) from leaf"),
        await chaos.one("select sum(attempts) from effect"),
    )


async def test_the_queue_is_emptied_under_the_workers(chaos: Chaos) -> None:
    chaos.worker()
    for _ in range(3):
        await chaos.send(30)
        await _until_done(chaos, 0.5)
        with psycopg.connect(chaos.house.endpoint.admin_conninfo(), autocommit=True) as conn:
            conn.execute("truncate queue.procrastinate_jobs cascade")
    await chaos.finish()
    await chaos.prove()


async def test_the_leader_is_killed_and_another_feeds_and_numbers(chaos: Chaos) -> None:
    leader = chaos.worker()
    await chaos.send(20)
    await _until_done(chaos, 0.5)
    chaos.worker()
    leader.end()
    await chaos.send(20)
    await chaos.finish()
    await chaos.prove(interruptions=1)


async def test_the_queue_has_no_triggers_that_notify(chaos: Chaos) -> None:
    found = await chaos.one(
        "select count(*) from pg_trigger where tgrelid = 'queue.procrastinate_jobs'::regclass and not tgisinternal"
    )
    assert found == 0
