"""Who writes, and what they are told: questions, proofs of identity, and answers that only count when confirmed."""

import pytest

from proofdesk.flows.confirm import Said, confirm_solved
from proofdesk.flows.understand import READ_AT_ONCE_CHARS
from tests.stories.desk import TENANT, Desk
from tests.stories.orders import pending_order, refundable_order, take_order

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_answer_is_billed_only_when_the_requester_confirms_it(shared_desk: Desk) -> None:
    order, customer = take_order(shared_desk, lambda o, _: o.status == "shipped")
    ticket_id = await shared_desk.write(customer.email, f"status of order {order.id} please")
    assert (await shared_desk.ticket(ticket_id)).status == "solved", await shared_desk.replies(ticket_id)
    assert f"Order {order.id} is shipped." in (await shared_desk.replies(ticket_id))[-1]
    assert await shared_desk.billed(ticket_id) == []
    said = await confirm_solved(shared_desk.house.shell, TENANT, ticket_id)
    assert isinstance(said, Said)
    assert await shared_desk.billed(ticket_id) == [(1, 99)]
    again = await confirm_solved(shared_desk.house.shell, TENANT, ticket_id)
    assert isinstance(again, Said)
    assert await shared_desk.billed(ticket_id) == [(1, 99)]


async def test_order_and_postcode_prove_who_writes(shared_desk: Desk) -> None:
    order, _ = take_order(
        shared_desk,
        lambda o, c: (
            0 < o.refundable_minor <= 5_000
            and (o.status, o.currency, o.address.postcode) == ("delivered", "EUR", c.address.postcode)
        ),
    )
    text = f"I want a refund for order {order.id}. My postcode is {order.address.postcode}."
    ticket_id = await shared_desk.write("somewhere@else.example", text, verified=False)
    ticket = await shared_desk.settle(ticket_id)
    assert ticket.status == "solved", await shared_desk.replies(ticket_id)
    assert ticket.state["authenticated_by"] == "order_postcode"


async def test_a_wrong_postcode_proves_nothing(shared_desk: Desk) -> None:
    order, _ = refundable_order(shared_desk)
    text = f"I want a refund for order {order.id}. My postcode is 00000."
    ticket_id = await shared_desk.write("somewhere@else.example", text, verified=False)
    ticket = await shared_desk.settle(ticket_id)
    assert ticket.status in ("waiting_requester", "handed_off")
    assert ticket.state["requester"] is None
    assert order.refundable_minor > 0


async def test_an_unknown_sender_is_asked_and_then_handed_over(shared_desk: Desk) -> None:
    order, _ = pending_order(shared_desk)
    ticket_id = await shared_desk.write("stranger@nowhere.example", "please cancel my order")
    for _ in range(3):
        ticket = await shared_desk.settle(ticket_id)
        if ticket.status == "handed_off":
            break
        assert ticket.status == "waiting_requester"
        await shared_desk.write("stranger@nowhere.example", "I do not have anything else.", ticket=ticket_id)
    await shared_desk.settle(ticket_id)
    assert (await shared_desk.handoff(ticket_id))[1] == "unauthenticated"
    assert len(await shared_desk.replies(ticket_id)) == 4
    assert shared_desk.office.world.orders[order.id].status == "pending"


async def test_whoever_never_answers_is_handed_over(shared_desk: Desk) -> None:
    ticket_id = await shared_desk.write("silent@nowhere.example", "please cancel my order")
    assert (await shared_desk.ticket(ticket_id)).status == "waiting_requester"
    for _ in range(3):
        shared_desk.wall.shift_s += 73 * 3600
        await shared_desk.advance(ticket_id)
    assert (await shared_desk.handoff(ticket_id))[1] == "no_answer"


async def test_a_long_message_is_read_beside_the_loop_to_the_same_end(shared_desk: Desk) -> None:
    order, customer = pending_order(shared_desk)
    whole = f"please cancel my order {order.id}\n" + "Thank you very much for your help.\n" * 200
    assert len(whole) > READ_AT_ONCE_CHARS
    ticket_id = await shared_desk.write(customer.email, whole)
    row = await shared_desk.ticket(ticket_id)
    assert (row.status, row.state["waiting_for"]) == ("waiting_requester", "confirm")
    assert shared_desk.office.world.orders[order.id].status == "pending"
