"""Money goes back: by itself when small, after a second pair of eyes when larger, not at all past policy or budget."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from proofdesk.flows.approve import ApprovalDecided, decide_approval
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.people import save_person
from proofdesk.flows.replay import Replayed, replay_ticket
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction
from tests.database import fresh_database
from tests.stories.conftest import prove_books
from tests.stories.desk import TENANT, Desk, open_desk
from tests.stories.orders import refundable_order

pytestmark = pytest.mark.asyncio(loop_scope="module")
SMALL, LARGE = 5_000, 40_000


def refunded(desk: Desk, order: Any) -> int:
    """What was refunded on `order` by us, beyond what it came with."""
    ours = [refund for refund in desk.office.world.refunds.values() if refund.order_id == order.id]
    return sum(refund.amount_minor for refund in ours if refund.reason != "seeded")


async def ask(desk: Desk, order: Any, customer: Any) -> UUID:
    return await desk.write(customer.email, f"I want a refund for order {order.id}")


async def open_approval(desk: Desk, ticket_id: UUID) -> UUID:
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        rows = await t.open_approvals(conn, tenant=TENANT, now=desk.house.shell.clock.now(), limit=100)
    return next(row.approval_id for row in rows if row.ticket_id == ticket_id)


async def approver(desk: Desk) -> str:
    await save_person(desk.house.shell, TENANT, "ada", ["approver"], by="test")
    return "ada"


async def assert_replays(desk: Desk, ticket_id: UUID) -> None:
    answer = await replay_ticket(desk.house.shell, TENANT, ticket_id)
    assert isinstance(answer, Replayed)
    assert answer.agrees, [each for each in answer.decisions if each.outcome != "agrees"]


async def test_a_small_refund_runs_by_itself(shared_desk: Desk) -> None:
    order, customer = refundable_order(shared_desk, most=SMALL)
    amount = order.refundable_minor
    ticket_id = await ask(shared_desk, order, customer)
    assert (await shared_desk.ticket(ticket_id)).status == "solved"
    assert refunded(shared_desk, order) == amount
    assert await shared_desk.billed(ticket_id) == [(1, 99)]
    await assert_replays(shared_desk, ticket_id)


async def test_a_larger_one_waits_for_a_second_person(shared_desk: Desk) -> None:
    order, customer = refundable_order(shared_desk, SMALL + 1, 15_000)
    amount = order.refundable_minor
    ticket_id = await ask(shared_desk, order, customer)
    assert (await shared_desk.ticket(ticket_id)).status == "waiting_approval"
    assert refunded(shared_desk, order) == 0
    decided = await decide_approval(
        shared_desk.house.shell, TENANT, await open_approval(shared_desk, ticket_id), "approved",
        await approver(shared_desk),
    )  # fmt: skip
    assert isinstance(decided, ApprovalDecided)
    await shared_desk.settle(ticket_id)
    assert (await shared_desk.ticket(ticket_id)).status == "solved"
    assert refunded(shared_desk, order) == amount
    assert "approval.used" in await shared_desk.kinds(ticket_id)
    assert await shared_desk.billed(ticket_id) == [(1, 0)]
    await assert_replays(shared_desk, ticket_id)


async def test_a_rejected_one_goes_to_a_person(shared_desk: Desk) -> None:
    order, customer = refundable_order(shared_desk, SMALL + 1, LARGE)
    ticket_id = await ask(shared_desk, order, customer)
    await decide_approval(
        shared_desk.house.shell, TENANT, await open_approval(shared_desk, ticket_id), "rejected",
        await approver(shared_desk),
    )  # fmt: skip
    await shared_desk.settle(ticket_id)
    assert (await shared_desk.handoff(ticket_id))[1] == "approval_refused"
    assert refunded(shared_desk, order) == 0
    await assert_replays(shared_desk, ticket_id)


async def test_one_that_nobody_decides_on_goes_to_a_person(shared_desk: Desk) -> None:
    order, customer = refundable_order(shared_desk, SMALL + 1, LARGE)
    ticket_id = await ask(shared_desk, order, customer)
    shared_desk.pass_time(timedelta(hours=25))
    await shared_desk.settle(ticket_id)
    assert (await shared_desk.handoff(ticket_id))[1] == "approval_expired"
    assert refunded(shared_desk, order) == 0


async def test_past_what_policy_permits_nobody_is_asked(shared_desk: Desk) -> None:
    order, customer = refundable_order(shared_desk, LARGE + 1)
    ticket_id = await ask(shared_desk, order, customer)
    assert (await shared_desk.handoff(ticket_id))[1] == "policy_denied"
    assert refunded(shared_desk, order) == 0
    kinds = await shared_desk.kinds(ticket_id)
    assert "approval.requested" not in kinds
    assert "effect.intent" not in kinds
    await assert_replays(shared_desk, ticket_id)


def generous(root: Path) -> None:
    """Every refund runs by itself; only the budget limits them."""
    policy = root / "policy.cedar"
    policy.write_text(policy.read_text().replace("context.amount_minor <= 5000 ", "context.amount_minor <= 500000 "))
    settings = root / "tenant.yaml"
    settings.write_text(settings.read_text().replace("EUR: 50000", "EUR: 120000"))


@pytest.mark.asyncio(loop_scope="function")
async def test_twenty_refunds_at_once_never_pass_the_budget(database_template: Endpoint, tmp_path: Path) -> None:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path, change=generous) as desk:
            shell = desk.house.shell
            runtime = await shell.tenants.get(TENANT)
            orders = [refundable_order(desk, 5_001, 60_000) for _ in range(20)]
            amounts = {order.id: order.refundable_minor for order, _ in orders}
            assert sum(amounts.values()) > 120_000

            async def one(number: int, order: Any, customer: Any) -> UUID:
                text = f"I want a refund for order {order.id}"
                incoming = Incoming(
                    channel="api", delivery_id=f"r{number}", sender=customer.email, verified=True, text=text
                )
                received = await receive(shell, runtime, incoming)
                assert isinstance(received, Received)
                await desk.advance(received.ticket_id)
                return received.ticket_id

            tickets = await asyncio.gather(*(one(n, order, customer) for n, (order, customer) in enumerate(orders)))
            for ticket_id in tickets:
                await desk.settle(ticket_id)
            paid = sum(refunded(desk, order) for order, _ in orders)
            async with tenant_transaction(shell.pool, TENANT) as conn:
                cursor = await conn.execute("select currency, limit_minor, reserved_minor, spent_minor from budget")
                budgets = await cursor.fetchall()
            assert budgets == [{"currency": "EUR", "limit_minor": 120_000, "reserved_minor": 0, "spent_minor": paid}]
            assert 0 < paid <= 120_000
            for ticket_id, (order, _) in zip(tickets, orders, strict=True):
                if (await desk.ticket(ticket_id)).status == "handed_off":
                    assert (await desk.handoff(ticket_id))[1] == "budget_exhausted"
                    assert refunded(desk, order) == 0
                    assert amounts[order.id] > 120_000 - paid
                else:
                    assert refunded(desk, order) == amounts[order.id]
            await prove_books(desk, tmp_path)
