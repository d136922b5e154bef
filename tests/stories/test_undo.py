"""A later act fails: the earlier one is undone and read back, its budget returned, and the person told the truth."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from examples.backoffice.faults import Fault, Kind
from proofdesk.flows.replay import Replayed, replay_ticket
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction
from tests.database import fresh_database
from tests.stories.conftest import prove_books
from tests.stories.desk import TENANT, Desk, open_desk
from tests.stories.orders import take_order

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALWAYS = 1_000
DEPOT = "1 Depot Road"
KEYED = "idempotency: A, idempotency_header: Idempotency-Key"
ADDRESS = (
    '{{line1: "{}", line2: "", city: "=order.address.city", region: "=order.address.region", '
    'postcode: "=order.address.postcode", country: "=order.address.country"}}'
)
PROCEDURE = """procedure: fetch_back
version: 1
title: Call an order back and refund it
kind: action
understand:
  examples: [call my order back, please call back the order, fetch my order back]
  acts: [call back, fetch back]
slots:
  order: {{type: order, ask: "Which order?"}}
authenticate: [verified_sender]
steps:
  - lookup: {{capability: orders.read, args: {{order_id: "=slots.order"}}, as: order}}
  - id: reroute
    act:
      capability: orders.change_address
      args: {{order_id: "=slots.order", address: {there}}}
      amount: {{minor: "=order.paid_minor", currency: "=order.currency"}}
      read_back:
        capability: orders.read
        args: {{order_id: "=slots.order"}}
        expect: read.address.line1 == '{depot}'
      compensate: {{capability: orders.change_address, args: {{order_id: "=slots.order", address: {back}}}}}
  - id: refund
    act:
      capability: refunds.create
      args: {{order_id: "=slots.order", amount_minor: 1, currency: "=order.currency", reason: called_back}}
      read_back: {{capability: refunds.read, args: {{refund_id: "=answer.id"}}, expect: read.amount_minor == 1}}
  - reply: "Order {{order.id}} is called back."
  - close: resolved
"""


def tenant(root: Path, *, key: bool, back: str) -> None:
    """One more procedure, whose second act the back office always refuses, and a budget for its first."""
    text = PROCEDURE.format(there=ADDRESS.format(DEPOT), back=ADDRESS.format(back), depot=DEPOT)
    (root / "procedures/fetch_back.yaml").write_text(text)
    with (root / "policy.cedar").open("a", encoding="utf-8") as file:
        file.write('\n@id("reroute")\npermit (principal, action == Action::"orders.change_address", resource);\n')
    settings = root / "tenant.yaml"
    more = "\n  - {scope: reroutes, capabilities: [orders.change_address], limits_minor: {EUR: 900000}}"
    settings.write_text(settings.read_text().replace("\nsignature:", f"{more}\nsignature:"))
    connector = root / "connector.yaml"
    lines = connector.read_text().replace("retries: 2", "retries: 0").splitlines()
    place = next(n for n, line in enumerate(lines) if "orders.change_address:" in line)
    lines[place] = lines[place] if key else lines[place].replace(KEYED, "idempotency: D")
    connector.write_text("\n".join(lines))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["keyed", "keyless"])
async def undo_desk(
    request: pytest.FixtureRequest, database_template: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    home = tmp_path_factory.mktemp("undo")
    key, back = request.param == "keyed", "=order.address.line1"
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, home, change=lambda root: tenant(root, key=key, back=back)) as desk:
            yield desk
            await prove_books(desk, home)


def order_of(desk: Desk) -> tuple[Any, Any]:
    return take_order(desk, lambda order, _: order.status == "pending" and order.currency == "EUR" and order.paid_minor)


async def call_back(desk: Desk, order: Any, customer: Any, *faults: Fault) -> UUID:
    await desk.set_faults(*faults)
    ticket_id = await desk.write(customer.email, f"please call my order {order.id} back")
    assert (await desk.settle(ticket_id)).status == "handed_off"
    await desk.set_faults()
    return ticket_id


async def effects(desk: Desk, ticket_id: UUID) -> dict[str, str]:
    """State of the rerouting and of its undoing."""
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        rows = await t.effects_of_ticket(conn, tenant=TENANT, ticket_id=ticket_id)
    return {row.kind: row.state for row in rows if row.capability == "orders.change_address"}


async def told(desk: Desk, ticket_id: UUID) -> tuple[str, str]:
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        row = await t.handoff_of(conn, tenant=TENANT, ticket_id=ticket_id)
    assert row is not None
    return row.reason, row.packet_text


async def spent(desk: Desk) -> int:
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        cursor = await conn.execute("select coalesce(sum(reserved_minor + spent_minor), 0)::int as n from budget")
        row = await cursor.fetchone()
    assert row is not None
    return int(row["n"])


async def assert_replays(desk: Desk, ticket_id: UUID) -> None:
    answer = await replay_ticket(desk.house.shell, TENANT, ticket_id)
    assert isinstance(answer, Replayed) and answer.agrees, answer


@pytest.mark.parametrize("fault", ["none", "error_after_commit", "lost_answer", "wrong_answer"])
async def test_what_was_undone_is_seen_undone_and_its_budget_returned(undo_desk: Desk, fault: Kind | str) -> None:
    order, customer = order_of(undo_desk)
    street, before, calls = order.address.line1, await spent(undo_desk), len(undo_desk.counted.writes)
    made = len(undo_desk.writes())
    times = ALWAYS if fault == "error_after_commit" else 1
    faults = () if fault == "none" else (Fault(operation="changeOrderAddress", kind=fault, skip=1, times=times),)  # type: ignore[arg-type]
    ticket_id = await call_back(undo_desk, order, customer, *faults)
    assert undo_desk.office.world.orders[order.id].address.line1 == street
    assert await effects(undo_desk, ticket_id) == {"action": "compensated", "compensation": "confirmed"}
    assert len(undo_desk.writes()) == made + 2, "one act and one undoing, nothing twice"
    assert await spent(undo_desk) == before
    reason, text = await told(undo_desk, ticket_id)
    assert reason == "refused_by_system"
    assert "compensated; read-back: done, undone and seen undone" in text
    assert "undone and seen undone: reroute" in text
    kinds = await undo_desk.kinds(ticket_id)
    assert kinds.count("effect.compensated") == kinds.count("compensation.confirmed") == 1
    if await keyless(undo_desk):
        assert rerouted(undo_desk, calls) == 2
    await assert_replays(undo_desk, ticket_id)


def rerouted(desk: Desk, calls: int) -> int:
    """Calls that change an address, since `calls` calls."""
    return sum(path.endswith("/address") for path in desk.counted.writes[calls:])


async def keyless(desk: Desk) -> bool:
    runtime = await desk.house.shell.tenants.get(TENANT)
    return runtime.back_office.capabilities()["orders.change_address"].idempotency == "D"


async def test_an_undoing_nobody_can_see_goes_to_a_person_as_unknown(undo_desk: Desk) -> None:
    order, customer = order_of(undo_desk)
    before, calls = await spent(undo_desk), len(undo_desk.counted.writes)
    lost = Fault(operation="changeOrderAddress", kind="error_before", skip=1, times=ALWAYS)
    ticket_id = await call_back(undo_desk, order, customer, lost)
    assert undo_desk.office.world.orders[order.id].address.line1 == DEPOT
    assert await effects(undo_desk, ticket_id) == {"action": "confirmed", "compensation": "uncertain"}
    assert await spent(undo_desk) == before + order.paid_minor
    reason, text = await told(undo_desk, ticket_id)
    assert reason == "effect_uncertain"
    assert "confirmed; read-back: read back; unknown whether undone" in text
    if await keyless(undo_desk):
        assert rerouted(undo_desk, calls) == 2, "what may have been undone is not tried again"
    await assert_replays(undo_desk, ticket_id)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_yes_that_changed_nothing_is_not_believed(database_template: Endpoint, tmp_path: Path) -> None:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path, change=lambda root: tenant(root, key=True, back=DEPOT)) as desk:
            order, customer = order_of(desk)
            ticket_id = await call_back(desk, order, customer)
            assert await effects(desk, ticket_id) == {"action": "confirmed", "compensation": "uncertain"}
            assert await spent(desk) == order.paid_minor
            reason, text = await told(desk, ticket_id)
            assert reason == "compensation_failed"
            assert "confirmed; read-back: read back and confirmed; not undone" in text
            assert "not undone: reroute" in text
            await assert_replays(desk, ticket_id)
            await prove_books(desk, tmp_path)
