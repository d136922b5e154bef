"""A ticket from its first message to its bill: the requester agrees, the order is cancelled, read back and charged."""

from datetime import timedelta
from typing import Any

from proofdesk.flows.settle import rated_issue
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from tests.stories.desk import TENANT, Desk


def pending_order(desk: Desk) -> tuple[Any, Any]:
    world = desk.office.world
    order = next(o for o in world.orders.values() if o.status == "pending")
    return order, world.customers[order.customer_id]


async def test_a_cancellation_is_confirmed_carried_out_read_back_and_charged(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"Hello, please cancel my order {order.id}. Thanks")
    assert (await desk.ticket(ticket_id)).status == "waiting_requester"
    assert desk.office.world.orders[order.id].status == "pending"
    await desk.write(customer.email, "yes", ticket=ticket_id)
    ticket = await desk.ticket(ticket_id)
    assert ticket.status == "solved"
    assert desk.office.world.orders[order.id].status == "cancelled"
    assert "is cancelled" in (await desk.replies(ticket_id))[-1]
    kinds = await desk.kinds(ticket_id)
    assert kinds.index("policy.verdict") < kinds.index("effect.intent") < kinds.index("effect.confirmed")
    assert "billing.charged" in kinds
    desk.pass_time(timedelta(days=15))
    await desk.advance(ticket_id)
    assert (await desk.ticket(ticket_id)).status == "closed"


async def test_no_means_nothing_is_written(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.write(customer.email, "no, leave it", ticket=ticket_id)
    assert desk.office.world.orders[order.id].status == "pending"
    assert "effect.intent" not in await desk.kinds(ticket_id)


async def test_coming_back_after_solving_takes_the_charge_back(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.write(customer.email, "yes please", ticket=ticket_id)
    await desk.write(customer.email, "thank you!", ticket=ticket_id)
    assert (await desk.ticket(ticket_id)).status == "solved"
    await desk.write(customer.email, "wait, it still shows as pending on my side", ticket=ticket_id)
    ticket = await desk.ticket(ticket_id)
    assert ticket.status == "handed_off"
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        resolution, _, _ = await rated_issue(conn, TENANT, issue_id=ticket.issue_id, now=desk.house.shell.clock.now())
        billed = await t.billed_of_issue(conn, tenant=TENANT, issue_id=ticket.issue_id)
    assert resolution.state == "reversed"
    assert [(row.sign, row.price_minor) for row in billed] == [(1, 99), (-1, 99)]


async def test_a_legal_threat_goes_to_the_legal_queue_untouched(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"Cancel order {order.id} or my lawyer will sue you.")
    ticket = await desk.ticket(ticket_id)
    assert ticket.status == "handed_off"
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        handoff = await t.handoff_of(conn, tenant=TENANT, ticket_id=ticket_id)
    assert handoff is not None
    assert (handoff.queue, handoff.reason) == ("legal", "legal_threat")
    assert order.id in handoff.packet_text
    assert desk.office.world.orders[order.id].status == "pending"


async def test_who_writes_again_before_we_act_is_read_again(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        ticket = await t.load_ticket(conn, tenant=TENANT, ticket_id=ticket_id)
    assert ticket is not None
    assert ticket.status == "waiting_requester"
    await desk.say(customer.email, "yes", ticket_id)
    await desk.say(customer.email, "no, stop, do not cancel it!", ticket_id)
    await desk.advance(ticket_id)
    assert desk.office.world.orders[order.id].status == "pending"
    assert "effect.intent" not in await desk.kinds(ticket_id)


async def test_a_message_during_the_first_reading_is_not_an_answer(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.say(customer.email, f"please cancel my order {order.id}")
    await desk.say(customer.email, "stop, do not cancel it", ticket_id)
    await desk.advance(ticket_id)
    await desk.advance(ticket_id)
    assert desk.office.world.orders[order.id].status == "pending"
    assert "effect.intent" not in await desk.kinds(ticket_id)


async def test_asking_back_is_not_agreeing(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.write(customer.email, "Is this correct?", ticket=ticket_id)
    assert desk.office.world.orders[order.id].status == "pending"


async def test_a_threat_is_worked_before_the_rest(desk: Desk) -> None:
    _, customer = pending_order(desk)
    plain = await desk.write(customer.email, "please cancel something of mine")
    grave = await desk.write(customer.email, "My lawyer will sue you.")
    assert (await desk.ticket(grave)).priority > (await desk.ticket(plain)).priority
