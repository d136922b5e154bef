"""No mail without a list or a person: files without words, mails nobody can read, mails our own faults keep out."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from proofdesk.engine.mail import MailPoller
from proofdesk.flows.erase import Erased, erase_subject, find_subject
from proofdesk.flows.mail import load_cursor
from proofdesk.flows.set_aside import MAX_ATTEMPTS, MAX_KEPT_BYTES, read_raw
from proofdesk.flows.subjects import Subjects
from proofdesk.flows.tenancy import Runtime
from proofdesk.flows.totals import summary
from proofdesk.flows.waiting import MailView, mails_not_taken
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction
from tests.stories.desk import TENANT
from tests.stories.orders import pending_order
from tests.stories.post import SUPPORT, Post, body, open_post

BAD = "bad@example.com"
BROKEN = "aardvark"
"""A tenant before ours in every order."""


@pytest_asyncio.fixture
async def post(database_template: Endpoint, tmp_path: Path) -> AsyncIterator[Post]:
    async with open_post(database_template, tmp_path) as running:
        yield running


def with_files(sender: str, subject: str, *names: str, text: str = "", **headers: str) -> bytes:
    domain = sender.rpartition("@")[2]
    lines = [f"Authentication-Results: mx.larkfield.example; dmarc=pass header.from={domain}"]
    lines += [f"From: {sender}", f"To: {SUPPORT}", f"Subject: {subject}", f"Message-ID: <{subject[:4]}@x.example>"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ['Content-Type: multipart/mixed; boundary="B"', "", "--B", "Content-Type: text/plain", "", text]
    for name in names:
        lines += ["--B", "Content-Type: image/jpeg", f'Content-Disposition: attachment; filename="{name}"']
        lines += ["Content-Transfer-Encoding: base64", "", base64.b64encode(b"picture").decode()]
    return "\r\n".join([*lines, "--B--", ""]).encode()


async def rejected(post: Post) -> list[MailView]:
    return await mails_not_taken(post.desk.house.shell.pool, TENANT, "rejected")


async def said(post: Post, ticket_id: UUID) -> list[str]:
    async with tenant_transaction(post.desk.house.shell.pool, TENANT) as conn:
        rows = await t.messages(conn, tenant=TENANT, ticket_id=ticket_id)
    return [row.text for row in rows if row.direction == "in"]


@pytest.mark.parametrize(
    ("subject", "stands", "told"),
    [
        ("The parcel that arrived is broken", "[No text. Attached: front.jpg, back.jpg]", "A colleague"),
        ("Das Paket ist leider kaputt angekommen", "[Kein Text. Im Anhang: front.jpg, back.jpg]", "Kollegin"),
    ],
)
async def test_files_without_words_open_a_ticket_for_a_person(post: Post, subject: str, stands: str, told: str) -> None:
    _, customer = pending_order(post.desk)
    post.mail.deliver(with_files(customer.email, subject, "front.jpg", "back.jpg"), SUPPORT)
    await post.poll()
    (ticket_id,) = await post.tickets()
    assert await said(post, ticket_id) == [stands]
    assert (await post.desk.ticket(ticket_id)).status == "handed_off"
    assert (await post.desk.handoff(ticket_id))[1] == "unread_content"
    (letter,) = post.letters(customer.email)
    assert told in body(letter)


async def test_files_without_words_in_a_thread_bring_a_person(post: Post) -> None:
    order, customer = pending_order(post.desk)
    await post.arrives(customer.email, f"please cancel my order {order.id}")
    (question,) = post.letters(customer.email)
    answer = with_files(customer.email, "Re: my order", "yes.jpg", In_Reply_To=str(question["Message-ID"]))
    post.mail.deliver(answer, SUPPORT)
    await post.poll()
    (ticket_id,) = await post.tickets()
    assert (await post.desk.ticket(ticket_id)).status == "handed_off"
    assert post.desk.office.world.orders[order.id].status == "pending"


async def test_words_with_a_file_go_their_usual_way(post: Post) -> None:
    order, customer = pending_order(post.desk)
    text = f"please cancel my order {order.id}"
    post.mail.deliver(with_files(customer.email, "my order", "a.jpg", text=text), SUPPORT)
    await post.poll()
    (ticket_id,) = await post.tickets()
    assert (await post.desk.ticket(ticket_id)).status == "waiting_requester"


async def test_a_mail_nobody_can_read_is_listed_counted_and_kept(post: Post) -> None:
    shell = post.desk.house.shell
    await post.arrives("a@example.com, b@example.com", "Hello")
    await post.arrives("robot@example.com", "Away", Auto_Submitted="auto-replied")
    (mail,) = await rejected(post)
    assert (mail.reason, mail.kept) == ("From names 2 senders; one is expected", True)
    assert mail.place.startswith("uid 1,")
    raw = await read_raw(shell, TENANT, mail.inbox_id)
    assert raw is not None and b"b@example.com" in raw and len(raw) == mail.size_bytes
    totals = await summary(shell, TENANT)
    assert (totals.mails_rejected, totals.mails_ignored) == (1, 1)
    subject = await find_subject(shell, TENANT, f"mail {mail.inbox_id}")
    assert subject is not None
    assert isinstance(await erase_subject(shell, TENANT, subject, requested_by="test"), Erased)
    assert await read_raw(shell, TENANT, mail.inbox_id) is None
    assert [each.kept for each in await rejected(post)] == [False]


async def test_of_a_large_refused_mail_the_beginning_is_kept(post: Post) -> None:
    await post.arrives("a@example.com, b@example.com", "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 30_000)
    (mail,) = await rejected(post)
    raw = await read_raw(post.desk.house.shell, TENANT, mail.inbox_id)
    assert raw is not None and len(raw) == MAX_KEPT_BYTES < mail.size_bytes


class Failing(Subjects):
    """Cannot deal with one sender: a fault of our own, found by one mail."""

    def __init__(self, inner: Subjects) -> None:
        self.__dict__ = inner.__dict__
        self.calls = 0

    def address_hmac(self, tenant: str, address: str) -> bytes:
        if address == BAD:
            self.calls += 1
            raise KeyError(f"what a secret: {address}")
        return super().address_hmac(tenant, address)


async def test_one_mail_we_fail_on_stops_no_other_and_is_set_aside(post: Post, capsys: Any) -> None:
    order, customer = pending_order(post.desk)
    failing = Failing(post.desk.house.shell.subjects)
    shell = msgspec.structs.replace(post.desk.house.shell, subjects=failing)
    good, post.poller = post.poller, MailPoller(shell, post.desk.house.env, every_s=1.0)
    await post.arrives(BAD, "This one is poison.")
    await post.arrives(customer.email, f"please cancel my order {order.id}")
    assert len(await post.tickets()) == 1, "the mail behind it does not wait"
    assert (await load_cursor(shell, TENANT)).last_uid == 0
    assert await rejected(post) == []
    for _ in range(MAX_ATTEMPTS):
        await post.poll()
    assert failing.calls == MAX_ATTEMPTS
    assert (await load_cursor(shell, TENANT)).last_uid == 2
    (mail,) = await rejected(post)
    assert mail.reason.startswith(f"a fault on our side, {MAX_ATTEMPTS} times: KeyError at ")
    assert b"poison" in (await read_raw(shell, TENANT, mail.inbox_id) or b"")
    assert len(await post.tickets()) == 1
    printed = "".join(capsys.readouterr())
    assert "a mail was not taken in" in printed
    assert BAD not in printed
    await post.poller.close()
    post.poller = good


class OneBroken:
    """The tenants of a process in which one cannot be loaded, by a fault nobody foresaw."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.asked = 0

    async def get(self, tenant: str) -> Runtime:
        if tenant == BROKEN:
            self.asked += 1
            raise ZeroDivisionError
        found: Runtime = await self._inner.get(tenant)
        return found

    async def rules(self, tenant: str, kind: Any, rule_hash: str) -> Any:
        return await self._inner.rules(tenant, kind, rule_hash)


async def test_one_tenant_whose_mailbox_fails_stops_no_other(post: Post) -> None:
    order, customer = pending_order(post.desk)
    async with tenant_transaction(post.desk.house.shell.pool, BROKEN) as conn:
        await t.create_tenant(conn, tenant=BROKEN, name=BROKEN, now=datetime(2026, 11, 22, tzinfo=UTC))
    tenants = OneBroken(post.desk.house.shell.tenants)
    shell = msgspec.structs.replace(post.desk.house.shell, tenants=tenants)
    good, post.poller = post.poller, MailPoller(shell, post.desk.house.env, every_s=1.0)
    await post.arrives(customer.email, f"please cancel my order {order.id}")
    assert tenants.asked == 1
    assert len(await post.tickets()) == 1
    await post.poller.close()
    post.poller = good
