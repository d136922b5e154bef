"""One-time codes by mail: only whoever reads the mailbox on record learns one, and nobody can be flooded with them."""

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest_asyncio

from proofdesk.flows.queries import ticket_leaves, ticket_status
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction
from tests.stories.desk import TENANT
from tests.stories.orders import pending_order
from tests.stories.post import Post, body, open_post


def by_code(folder: Path) -> None:
    """The tenant believes the proven sender and one-time codes, nothing else."""
    for name, field in (("tenant.yaml", "authentication"), ("procedures/cancel_order.yaml", "authenticate")):
        file = folder / name
        text, n = re.subn(rf"(?m)^{field}: .*$", f"{field}: [verified_sender, one_time_code]", file.read_text())
        assert n == 1
        file.write_text(text)


@pytest_asyncio.fixture
async def post(database_template: Endpoint, tmp_path: Path) -> AsyncIterator[Post]:
    async with open_post(database_template, tmp_path, change=by_code) as running:
        yield running


def code_in(text: str) -> str:
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None, text
    return found.group()


async def test_nothing_but_the_mail_tells_the_code(post: Post) -> None:
    order, customer = pending_order(post.desk)
    await post.arrives(customer.email, f"please cancel my order {order.id}", proven=False)
    (letter,) = post.letters(customer.email)
    (ticket_id,) = await post.tickets()
    pool = post.desk.house.shell.pool
    status = await ticket_status(pool, TENANT, ticket_id)
    leaves = await ticket_leaves(pool, TENANT, ticket_id)
    assert status is not None and leaves is not None
    assert status.messages[-1].text == "[one-time code sent to the address on record]"
    async with tenant_transaction(pool, TENANT) as conn:
        (effect,) = await t.effects_of_ticket(conn, tenant=TENANT, ticket_id=ticket_id)
    said = str(effect.args["text"])
    assert code_in(said) == code_in(body(letter))
    tried = [said, code_in(said), *(f"{ticket_id}:{ordinal}:{said}" for ordinal in range(20))]
    hashes = {hashlib.sha256(text.encode()).hexdigest() for text in tried}
    hashes.add(hashlib.sha256(msgspec.json.encode(effect.args, order="sorted")).hexdigest())
    shown = msgspec.json.encode(status).decode() + "".join(leaf.canonical for leaf in leaves)
    shown += effect.effect_key + effect.args_hash + str(letter["Message-ID"])
    assert not [digest for digest in hashes if digest[:8] in shown]
    intent = next(leaf.canonical for leaf in leaves if leaf.kind == "reply.intent")
    assert "sha256" not in intent


async def test_the_code_that_came_back_proves_the_requester(post: Post) -> None:
    order, customer = pending_order(post.desk)
    await post.arrives(customer.email, f"please cancel my order {order.id}", proven=False)
    (letter,) = post.letters(customer.email)
    code, own = code_in(body(letter)), str(letter["Message-ID"])
    await post.arrives(customer.email, f"The code is {code}", proven=False, In_Reply_To=own)
    (ticket_id,) = await post.tickets()
    ticket = await post.desk.ticket(ticket_id)
    assert ticket.state["confirmed_address"] == customer.email
    question = post.letters(customer.email)[-1]
    assert "yes or no" in body(question)
    await post.arrives(customer.email, "yes", proven=False, In_Reply_To=str(question["Message-ID"]))
    assert post.desk.office.world.orders[order.id].status == "cancelled"


async def test_whoever_cannot_name_our_mail_does_not_speak_for_the_one_who_sent_the_code_back(post: Post) -> None:
    order, customer = pending_order(post.desk)
    first = await post.arrives(customer.email, f"please cancel my order {order.id}", proven=False)
    (letter,) = post.letters(customer.email)
    said = f"The code is {code_in(body(letter))}"
    await post.arrives(customer.email, said, proven=False, In_Reply_To=str(letter["Message-ID"]))
    question = post.letters(customer.email)[-1]
    forged = "<0123456789abcdef0123456789abcdef01234567.larkfield@proofdesk.larkfield.example>"
    for known in (first, forged):
        await post.arrives(customer.email, "yes", proven=False, In_Reply_To=known)
        assert post.desk.office.world.orders[order.id].status == "pending"
    assert len(await post.tickets()) == 3
    await post.arrives("mallory@example.com", "yes", proven=False, In_Reply_To=str(question["Message-ID"]))
    assert post.desk.office.world.orders[order.id].status == "pending"
    await post.arrives(customer.email, "yes", proven=False, In_Reply_To=str(question["Message-ID"]))
    assert post.desk.office.world.orders[order.id].status == "cancelled"


async def test_codes_to_one_address_are_limited_over_tickets_and_carry_nothing_of_the_mail(post: Post) -> None:
    order, customer = pending_order(post.desk)
    for _ in range(7):
        await post.arrives(customer.email, f"please cancel my order {order.id}", proven=False)
    letters = post.letters(customer.email)
    codes = [letter for letter in letters if letter["Subject"] == "Your code"]
    assert len(codes) == 5
    assert all(letter["In-Reply-To"] is None and letter["References"] is None for letter in codes)
    statuses = [(await post.desk.ticket(ticket_id)).status for ticket_id in await post.tickets()]
    assert sorted(statuses) == ["handed_off"] * 2 + ["waiting_requester"] * 5
