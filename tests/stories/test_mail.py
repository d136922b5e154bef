"""A mail comes in, a question and the answers go out; the servers fail on the way and nothing is doubled or lost."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest_asyncio

from proofdesk.connectors.channel.email.imap import Cursor
from proofdesk.connectors.channel.email.strip import strip_reply
from proofdesk.flows.handed import Replied, accept_handoff, reply
from proofdesk.flows.mail import load_cursor
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction
from tests.stories.desk import TENANT
from tests.stories.orders import pending_order, refundable_order
from tests.stories.post import SUPPORT, Post, body, open_post


@pytest_asyncio.fixture
async def post(database_template: Endpoint, tmp_path: Path) -> AsyncIterator[Post]:
    async with open_post(database_template, tmp_path) as running:
        yield running


async def test_a_question_an_answer_in_the_thread_and_a_threaded_reply(post: Post) -> None:
    order, customer = pending_order(post.desk)
    first = await post.arrives(customer.email, f"Hello,\r\nplease cancel my order {order.id}.\r\n")
    (question,) = post.letters(customer.email)
    assert (question["In-Reply-To"], question["Subject"]) == (first, "Re: my order")
    assert "yes or no" in body(question)
    answer = await post.arrives(
        customer.email,
        "yes\r\n\r\nOn Sun, 22 Nov 2026 at 10:00 Larkfield wrote:\r\n> Here is what we will do:\r\n> Cancel order",
        In_Reply_To=str(question["Message-ID"]),
        References=f"{first} {question['Message-ID']}",
    )
    assert post.desk.office.world.orders[order.id].status == "cancelled"
    _, final = post.letters(customer.email)
    assert final["In-Reply-To"] == answer
    assert final["References"].split()[0] == first
    assert "is cancelled" in body(final)
    assert len(await post.tickets()) == 1


async def test_the_server_fails_for_a_while_and_one_reply_goes_out(post: Post) -> None:
    order, customer = pending_order(post.desk)
    post.mail.fail_next("temporary", 2)
    await post.arrives(customer.email, f"please cancel my order {order.id}")
    assert len(post.letters(customer.email)) == 1
    (ticket_id,) = await post.tickets()
    assert (await post.desk.ticket(ticket_id)).status == "waiting_requester"
    assert (await post.desk.kinds(ticket_id)).count("reply.unanswered") == 2


async def test_a_connection_lost_after_data_repeats_under_the_same_message_id(post: Post) -> None:
    order, customer = pending_order(post.desk)
    post.mail.fail_next("drop_after_data")
    await post.arrives(customer.email, f"please cancel my order {order.id}")
    letters = post.letters(customer.email)
    assert len(letters) == 2
    assert len({letter["Message-ID"] for letter in letters}) == 1
    assert len(await post.tickets()) == 1


async def test_the_same_mail_twice_and_a_mailbox_read_again_open_nothing_new(post: Post) -> None:
    order, customer = pending_order(post.desk)
    text = f"please cancel my order {order.id}"
    message_id = await post.arrives(customer.email, text)
    await post.arrives(customer.email, text, message_id=message_id)
    post.mail.reset_uid_validity(SUPPORT)
    await post.poll()
    assert len(await post.tickets()) == 1
    assert await post.inbox() == [("ticket", "")]
    cursor = await load_cursor(post.desk.house.shell, TENANT)
    assert cursor.last_uid == 2
    await post.arrives(customer.email, "Please look at another matter of mine.", message_id=message_id)
    assert len(await post.tickets()) == 2


async def test_the_cursor_moves_only_after_the_mails_are_stored(post: Post) -> None:
    order, customer = pending_order(post.desk)
    post.mail.fail_next("imap_drop")
    await post.arrives(customer.email, f"please cancel my order {order.id}")
    assert await load_cursor(post.desk.house.shell, TENANT) == Cursor()
    assert await post.tickets() == []
    await post.poll()
    assert len(await post.tickets()) == 1


async def test_machines_are_not_answered(post: Post) -> None:
    _, customer = pending_order(post.desk)
    for _ in range(7):
        await post.arrives(customer.email, "I am away until Monday.", Auto_Submitted="auto-replied")
    assert await post.tickets() == []
    assert post.letters(customer.email) == []
    outcomes = await post.inbox()
    assert {outcome for outcome, _ in outcomes} == {"ignored"}
    assert [reason for _, reason in outcomes[4:6]] == [
        "an out-of-office reply",
        "too many automatic mails from this sender",
    ]


async def test_an_out_of_office_reply_in_a_thread_is_kept_and_answers_nothing(post: Post) -> None:
    order, customer = pending_order(post.desk)
    first = await post.arrives(customer.email, f"please cancel my order {order.id}")
    await post.arrives(customer.email, "yes, I am away until Monday.", Auto_Submitted="auto-replied", In_Reply_To=first)
    (ticket_id,) = await post.tickets()
    assert (await post.desk.ticket(ticket_id)).status == "waiting_requester"
    assert post.desk.office.world.orders[order.id].status == "pending"
    await post.arrives(customer.email, "yes", In_Reply_To=first)
    assert post.desk.office.world.orders[order.id].status == "cancelled"


async def test_whoever_asks_for_no_machine_answer_gets_a_person(post: Post) -> None:
    order, customer = pending_order(post.desk)
    await post.arrives(customer.email, f"please cancel my order {order.id}", X_Auto_Response_Suppress="All")
    (ticket_id,) = await post.tickets()
    assert (await post.desk.ticket(ticket_id)).status == "handed_off"
    assert post.letters(customer.email) == []


async def test_a_person_answers_where_no_machine_may(post: Post) -> None:
    order, customer = pending_order(post.desk)
    first = await post.arrives(customer.email, f"please cancel my order {order.id}", X_Auto_Response_Suppress="All")
    (ticket_id,) = await post.tickets()
    shell = post.desk.house.shell
    async with tenant_transaction(shell.pool, TENANT) as conn:
        handoff = await t.handoff_of(conn, tenant=TENANT, ticket_id=ticket_id)
    assert handoff is not None
    await accept_handoff(shell, TENANT, handoff.handoff_id, "ada")
    said = await reply(shell, TENANT, ticket_id, "It is cancelled.", "ada", solved=True)
    assert isinstance(said, Replied)
    await post.poll()
    (letter,) = post.letters(customer.email)
    assert (body(letter).strip(), letter["In-Reply-To"]) == ("It is cancelled.", first)
    assert (await post.desk.ticket(ticket_id)).status == "solved"
    assert await post.desk.replies(ticket_id) == ["It is cancelled."]


async def test_a_stranger_who_names_a_thread_gets_a_ticket_of_their_own(post: Post) -> None:
    order, customer = pending_order(post.desk)
    first = await post.arrives(customer.email, f"please cancel my order {order.id}")
    await post.arrives("mallory@example.com", "yes", In_Reply_To=first)
    assert len(await post.tickets()) == 2
    assert post.desk.office.world.orders[order.id].status == "pending"


async def test_an_unproven_mail_does_not_speak_in_a_proven_ticket(post: Post) -> None:
    order, customer = pending_order(post.desk)
    first = await post.arrives(customer.email, f"please cancel my order {order.id}")
    (question,) = post.letters(customer.email)
    ours = str(question["Message-ID"])
    for number, known in enumerate((first, ours), start=2):
        await post.arrives(customer.email, "yes", proven=False, In_Reply_To=known)
        assert post.desk.office.world.orders[order.id].status == "pending"
        assert len(await post.tickets()) == number
    rows = [await post.desk.ticket(ticket_id) for ticket_id in await post.tickets()]
    assert sorted(row.sender_verified for row in rows) == [False, False, True]
    await post.arrives(customer.email, "yes", In_Reply_To=ours)
    assert post.desk.office.world.orders[order.id].status == "cancelled"
    assert len(await post.tickets()) == 3


async def test_an_unproven_sender_adds_to_their_own_first_mail(post: Post) -> None:
    order, customer = pending_order(post.desk)
    first = await post.arrives(customer.email, f"please cancel my order {order.id}", proven=False)
    proof = f"My order is {order.id}, my postcode is {order.address.postcode}."
    await post.arrives(customer.email, proof, proven=False, In_Reply_To=first)
    (ticket_id,) = await post.tickets()
    row = await post.desk.ticket(ticket_id)
    assert (row.status, row.state["waiting_for"], row.state["unproven"]) == ("waiting_requester", "confirm", True)
    # From here on something is proven, and the id of their own mail is not enough.
    await post.arrives(customer.email, "yes", proven=False, In_Reply_To=first)
    assert len(await post.tickets()) == 2
    assert post.desk.office.world.orders[order.id].status == "pending"
    question = post.letters(customer.email)[1]
    await post.arrives(customer.email, "yes", proven=False, In_Reply_To=str(question["Message-ID"]))
    assert post.desk.office.world.orders[order.id].status == "cancelled"


async def test_what_a_joined_unproven_mail_asks_for_is_not_done_without_a_yes(post: Post) -> None:
    order, customer = refundable_order(post.desk, most=5_000)
    first = await post.arrives(customer.email, "Hello, I have a question about my order.", proven=False)
    before = len(post.desk.writes())
    await post.arrives(customer.email, f"I want a refund for order {order.id}", proven=False, In_Reply_To=first)
    (ticket_id,) = await post.tickets()
    question = post.letters(customer.email)[-1]
    proof = f"My order is {order.id}, my postcode is {order.address.postcode}."
    await post.arrives(customer.email, proof, proven=False, In_Reply_To=str(question["Message-ID"]))
    assert (await post.desk.ticket(ticket_id)).status == "handed_off"
    assert (await post.desk.handoff(ticket_id))[1] == "unauthenticated"
    assert len(post.desk.writes()) == before


async def test_a_failed_policy_outweighs_a_signature_of_the_same_domain(post: Post) -> None:
    order, customer = pending_order(post.desk)
    domain = customer.email.rpartition("@")[2]
    results = f"mx.larkfield.example; dkim=pass header.d={domain}; dmarc=fail header.from={domain}"
    await post.arrives(
        customer.email, f"please cancel my order {order.id}", proven=False, Authentication_Results=results
    )
    (ticket_id,) = await post.tickets()
    assert not (await post.desk.ticket(ticket_id)).sender_verified


async def test_an_unproven_sender_does_not_act(post: Post) -> None:
    order, customer = pending_order(post.desk)
    await post.arrives(customer.email, f"please cancel my order {order.id}", proven=False)
    (letter,) = post.letters(customer.email)
    assert "postcode" in body(letter)
    assert strip_reply(body(letter)).text


async def test_an_unreadable_mail_leaves_a_row_with_its_reason(post: Post) -> None:
    await post.arrives("a@example.com, b@example.com", "Hello")
    assert await post.tickets() == []
    assert await post.inbox() == [("rejected", "From names 2 senders; one is expected")]


def test_the_cursor_survives_the_database() -> None:
    cursor: Any = Cursor(uid_validity=7, last_uid=3, recent=(1, 3))
    assert msgspec.convert(msgspec.to_builtins(cursor), Cursor) == cursor
