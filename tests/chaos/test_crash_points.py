"""A worker dies at every named point of a ticket's journey; the next one brings everything to its end, once."""

import asyncio
import re
import signal
import time
from pathlib import Path
from uuid import UUID

import pytest

import proofdesk
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from tests.chaos.desk import APPROVER, Chaos
from tests.chaos.fork_server import TENANT

SOURCE = Path(proofdesk.__file__).parent
CALL = re.compile(r"(?<!def )\bcrash_point\((.*?)\)")
DEATH_LIMIT_S = 30.0
APPROVALS = 2
"""For each death, so many of them need one."""
TICKETS = 5
"""For each death, beside those: every kind of ticket is in one round of the bench's mix, which is ten."""


def crash_points() -> list[str]:
    """Every name in the source: a new point is tested as soon as it is written."""
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for given in CALL.findall(path.read_text(encoding="utf-8")):
            assert re.fullmatch(r'"[a-z_]+"', given), f"{path}: name the crash point as a literal, not {given}"
            found.add(given.strip('"'))
    return sorted(found)


def test_the_journey_has_its_points() -> None:
    assert {"before_commit", "mid_commit", "after_commit", "before_call", "after_call", "after_read_back"} <= set(
        crash_points()
    )


@pytest.mark.parametrize("point", [name for name in crash_points() if not name.startswith(("intake_", "approval_"))])
async def test_a_worker_dies_there(chaos: Chaos, point: str) -> None:
    for nth in (1, 4):
        # New ones each time: those the last worker held come back only when their leases have run out.
        await chaos.send(APPROVALS, dear=True)
        await chaos.send(TICKETS)
        doomed = chaos.worker(PROOFDESK_CRASH_AT=f"{point}:{nth}")
        deadline = time.monotonic() + DEATH_LIMIT_S
        while doomed.poll() is None:
            assert time.monotonic() < deadline, f"no worker came to {point}"
            await chaos.open()
            await asyncio.sleep(0.05)
        assert doomed.returncode == -signal.SIGKILL
    chaos.worker()
    await chaos.finish()
    assert await chaos.one("select count(*) from approval") >= 2 * APPROVALS
    await chaos.prove(interruptions=2)


@pytest.mark.parametrize("point", ["mid_commit", "after_commit"])
async def test_a_worker_dies_while_it_asks_for_an_approval_and_while_it_uses_it(chaos: Chaos, point: str) -> None:
    chaos.approves = False
    ticket_id = await send_one_that_needs_approval(chaos)
    await dies(chaos, f"{point}:1")
    assert await chaos.one("select count(*) from approval") == (1 if point == "after_commit" else 0)
    healthy = chaos.worker()
    await until(chaos, ticket_id, "waiting_approval")
    healthy.end()
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
    ticket_id = await send_one_that_needs_approval(chaos)
    chaos.worker()
    await until(chaos, ticket_id, "waiting_approval")
    async with tenant_transaction(chaos.house.shell.pool, TENANT) as conn:
        (approval,) = await t.open_approvals(conn, tenant=TENANT, now=chaos.house.shell.clock.now(), limit=10)
    decider = chaos.start("decider", str(approval.approval_id), APPROVER, PROOFDESK_CRASH_AT=point)
    assert await asyncio.to_thread(decider.wait, DEATH_LIMIT_S) == -signal.SIGKILL
    decider.end()
    decided = await chaos.one("select count(*) from approval where verdict = 'approved'")
    assert decided == (1 if point == "approval_after_commit" else 0)
    chaos.approves = True  # whoever got no answer says yes again
    await chaos.finish()
    await chaos.prove()


async def send_one_that_needs_approval(chaos: Chaos) -> UUID:
    (ticket,) = chaos.next_tickets(1, dear=True)
    return await chaos.send_one(ticket, "dear")


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
    taker = chaos.start("taker", ticket.sender, ticket.text, "d-crash", PROOFDESK_CRASH_AT=point)
    assert await asyncio.to_thread(taker.wait, DEATH_LIMIT_S) == -signal.SIGKILL
    taker.end()
    there = await chaos.one("select count(*) from ticket")
    assert there == (1 if point == "intake_after_commit" else 0)
    # No answer was given, so the sender delivers again.
    first = await chaos.send_one(ticket, "d-crash")
    assert await chaos.send_one(ticket, "d-crash") == first
    assert await chaos.one("select count(*) from ticket") == 1
    chaos.worker()
    await chaos.finish()
    await chaos.prove()
