"""The redacted copy of a ticket: no canary in it, restored by somebody authorised, by nobody after the erasure."""

from typing import Any

import msgspec

from proofdesk.flows.erase import erase_subject, find_subject
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.redacted import RedactedTicket, RestoredText, redacted_ticket, restore_text
from proofdesk.flows.topics import TopicsFound, find_topics
from proofdesk.language.topics import Vectors, find_vectors
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from tests.stories.desk import TENANT, Desk
from tests.stories.orders import pending_order
from tests.stories.test_erase import where_found

IBAN = "DE89370400440532013000"


def canaries(order: Any, customer: Any) -> list[str]:
    """What the records say, and what the message says besides."""
    return [customer.email, customer.family_name, customer.given_name, customer.address.line1, order.id, IBAN]


async def a_ticket(desk: Desk) -> tuple[Any, list[str], Any]:
    """One whose text names its requester in the middle of sentences, where no form gives a name away."""
    order, customer = pending_order(desk)
    text = (
        f"please cancel my order {order.id}. The door plate says {customer.family_name} and {customer.given_name} is "
        f"at {customer.address.line1} all day; write to {customer.email} or pay to {IBAN}"
    )
    ticket_id = await desk.write(customer.email, text)
    return ticket_id, canaries(order, customer), customer


async def copy_of(desk: Desk, ticket_id: Any) -> RedactedTicket:
    copy = await redacted_ticket(desk.house.shell, TENANT, ticket_id)
    assert isinstance(copy, RedactedTicket)
    return copy


async def test_no_canary_is_in_the_copy_and_somebody_authorised_puts_it_back(desk: Desk) -> None:
    ticket_id, hidden, customer = await a_ticket(desk)
    await desk.write(customer.email, "I want to speak to a human", ticket=ticket_id)
    copy = await copy_of(desk, ticket_id)
    said = msgspec.json.encode(copy).decode()
    assert [each for each in hidden if each in said] == []
    assert copy.known > 3
    assert "Context packet" not in copy.packet
    assert "Why it stopped" in copy.packet
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        written = await t.messages(conn, tenant=TENANT, ticket_id=ticket_id)
    for message, row in zip(copy.messages, written, strict=True):
        back = await restore_text(desk.house.shell, TENANT, ticket_id, message.text, by="ada")
        assert back == RestoredText(text=row.text)
    assert (await desk.kinds(ticket_id)).count("data.restored") == len(written)
    assert not [place for place in where_found(desk, hidden) if place.startswith(("pii_token", "leaf"))]


async def test_a_value_keeps_its_token_over_copies_and_tickets(desk: Desk) -> None:
    ticket_id, hidden, customer = await a_ticket(desk)
    first = await copy_of(desk, ticket_id)
    assert await copy_of(desk, ticket_id) == first
    # No records are read for this one: what they said of the same person before is masked all the same.
    other = await desk.write(customer.email, f"my lawyer will hear of this. It is {customer.family_name} who says so")
    second = await copy_of(desk, other)
    assert [each for each in hidden if each in msgspec.json.encode(second).decode()] == []
    asked = f"The door plate says {customer.family_name} and"
    token = first.messages[0].text.partition("The door plate says ")[2].partition(" and")[0]
    assert f"It is {token} who" in second.messages[0].text
    back = await restore_text(desk.house.shell, TENANT, other, f"The door plate says {token} and", by="ada")
    assert back == RestoredText(text=asked)


async def test_a_token_of_somebody_else_puts_nothing_back(desk: Desk) -> None:
    ticket_id, *_ = await a_ticket(desk)
    await copy_of(desk, ticket_id)
    for text in ("Dear ⟦PERSON_99⟧", "a stray ⟦ bracket"):
        refused = await restore_text(desk.house.shell, TENANT, ticket_id, text, by="ada")
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.field) == ("invalid", "text")
    assert "data.restored" not in await desk.kinds(ticket_id)


async def test_nothing_is_put_back_after_the_erasure(desk: Desk) -> None:
    ticket_id, hidden, customer = await a_ticket(desk)
    copy = await copy_of(desk, ticket_id)
    subject = await find_subject(desk.house.shell, TENANT, customer.email)
    assert subject is not None
    await erase_subject(desk.house.shell, TENANT, subject, requested_by="ada")
    for refused in (
        await restore_text(desk.house.shell, TENANT, ticket_id, copy.messages[0].text, by="ada"),
        await redacted_ticket(desk.house.shell, TENANT, ticket_id),
    ):
        assert isinstance(refused, Refusal)
        assert refused.code == "conflict"
    assert where_found(desk, hidden) == []
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        assert await t.tokens_of_subject(conn, tenant=TENANT, subject_ref=subject) == []


async def test_topics_are_found_in_texts_without_personal_data(desk: Desk) -> None:
    _, hidden, _ = await a_ticket(desk)
    read: list[str] = []

    def vectors(texts: Any) -> tuple[Vectors, str]:
        read.extend(texts)
        return find_vectors(texts)

    found = await find_topics(desk.house.shell, TENANT, days=30, by="ada", vectors=vectors)
    assert isinstance(found, TopicsFound)
    assert any("The door plate says" in text for text in read)
    assert [each for each in hidden for text in read if each in text] == []
