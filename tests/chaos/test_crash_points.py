"""A worker dies at every named point of a ticket's journey; the next one brings everything to its end, once."""

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

import proofdesk
from bench.processes import end, start
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from tests.chaos.desk import APPROVER, TENANT, Chaos, chaos_desk

SOURCE = Path(proofdesk.__file__).parent
CALL = re.compile(r"crash_point\((.*?)\)")
DEATH_LIMIT_S = 30.0
APPROVALS = 4
"""At least so many of them need one."""
TICKETS = 10
"""One round of the bench's mix: every kind of ticket, a confirmation, and four refunds that need an approval."""


def crash_points() -> list[str]:
    """Every name in the source: a new point is tested as soon as it is written."""
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for given in CALL.findall(path.read_text(encoding="utf-8")):
            assert re.fullmatch(r'"[a-z_]+"', given), f"{path}: name the crash point as a literal, not {given}"
            found.add(given.strip('"'))
    return sorted(found)


@pytest_asyncio.fixture
async def chaos() -> AsyncIterator[Chaos]:
    async with chaos_desk() as desk:
        yield desk


def test_the_journey_has_its_points() -> None:
    assert {"before_commit", "mid_commit", "after_commit", "before_call", "after_call", "after_read_back"} <= set(
        crash_points()
    )


@pytest.mark.parametrize("point", [name for name in crash_points() if not name.startswith(("intake_", "approval_"))])
async def test_a_worker_dies_there(chaos: Chaos, point: str) -> None:
    await chaos.send(TICKETS)
    for nth in (1, 4):
        doomed = chaos.worker(PROOFDESK_CRASH_AT=f"{point}:{nth}")
        deadline = time.monotonic() + DEATH_LIMIT_S
        while doomed.poll() is None:
            assert time.monotonic() < deadline, f"no worker came to {point}"
            await chaos.open()
            await asyncio.sleep(0.05)
        assert doomed.returncode == -signal.SIGKILL
    chaos.worker()
    await chaos.finish()
    assert await chaos.one("select count(*) from approval") >= APPROVALS
    await chaos.prove(interruptions=2)


@pytest.mark.parametrize("point", ["mid_commit", "after_commit"])
async def test_a_worker_dies_while_it_asks_for_an_approval_and_while_it_uses_it(chaos: Chaos, point: str) -> None:
    chaos.approves = False
    (ticket_id,) = await send_one_that_needs_approval(chaos)
    await dies(chaos, f"{point}:1")
    assert await chaos.one("select count(*) from approval") == (1 if point == "after_commit" else 0)
    healthy = chaos.worker()
    await until(chaos, ticket_id, "waiting_approval")
    healthy.kill()
    healthy.wait()
    chaos.approves = True
    await chaos.open()  # gives the yes
    await dies(chaos, f"{point}:1")
    used = await chaos.one("select count(*) from approval where used_at is not null")
    assert used == (1 if point == "after_commit" else 0)
    chaos.worker()
    await chaos.finish()
    await chaos.prove()


@pytest.mark.parametrize("point", [name for name in crash_points() if name.startswith("approval_")])
async def test_whoever_decides_dies_there(chaos: Chaos, point: str) -> None:
    chaos.approves = False
    (ticket_id,) = await send_one_that_needs_approval(chaos)
    chaos.worker()
    await until(chaos, ticket_id, "waiting_approval")
    async with tenant_transaction(chaos.house.shell.pool, TENANT) as conn:
        (approval,) = await t.open_approvals(conn, tenant=TENANT, now=chaos.house.shell.clock.now(), limit=10)
    env = {**chaos.env, "PROOFDESK_HOME": str(chaos.home), "PROOFDESK_CRASH_AT": point}
    decider = start("tests.chaos.decider", str(approval.approval_id), APPROVER, env=env)
    assert await asyncio.to_thread(decider.wait, 30) == -signal.SIGKILL
    end(decider)
    decided = await chaos.one("select count(*) from approval where verdict = 'approved'")
    assert decided == (1 if point == "approval_after_commit" else 0)
    chaos.approves = True  # whoever got no answer says yes again
    await chaos.finish()
    await chaos.prove()


async def send_one_that_needs_approval(chaos: Chaos) -> list[UUID]:
    (ticket,) = chaos.next_tickets(1)
    return [await chaos.send_one(ticket, "dear")]


async def dies(chaos: Chaos, point: str) -> None:
    doomed = chaos.worker(PROOFDESK_CRASH_AT=point)
    assert await asyncio.to_thread(doomed.wait, DEATH_LIMIT_S) == -signal.SIGKILL


async def until(chaos: Chaos, ticket_id: UUID, status: str) -> None:
    deadline = time.monotonic() + DEATH_LIMIT_S
    while (await chaos.open()).get(ticket_id) != status:
        assert time.monotonic() < deadline, f"the ticket never was {status}: {chaos.complaints()}"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("point", [name for name in crash_points() if name.startswith("intake_")])
async def test_whoever_takes_in_a_message_dies_there(chaos: Chaos, point: str) -> None:
    (ticket,) = chaos.next_tickets(1)
    taker = start(
        "tests.chaos.taker",
        ticket.sender,
        ticket.text,
        "d-crash",
        env={**chaos.env, "PROOFDESK_HOME": str(chaos.home), "PROOFDESK_CRASH_AT": point},
    )
    assert await asyncio.to_thread(taker.wait, 30) == -signal.SIGKILL
    end(taker)
    there = await chaos.one("select count(*) from ticket")
    assert there == (1 if point == "intake_after_commit" else 0)
    # No answer was given, so the sender delivers again.
    first = await chaos.send_one(ticket, "d-crash")
    assert await chaos.send_one(ticket, "d-crash") == first
    assert await chaos.one("select count(*) from ticket") == 1
    chaos.worker()
    await chaos.finish()
    await chaos.prove()
