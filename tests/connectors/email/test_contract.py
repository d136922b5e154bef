"""What any mail server must let us do. The simulator and a real Postfix with Dovecot pass the same tests."""

import pytest

from proofdesk.connectors.channel.email.imap import Cursor
from proofdesk.connectors.channel.email.message import InboundMessage
from proofdesk.connectors.channel.email.parse import parse_mail
from proofdesk.connectors.channel.email.thread import OwnId, read_message_id
from proofdesk.ports import ConnectorError, OutgoingMessage
from tests.connectors.email.endpoint import Endpoint, drained, fetched


def customer_mail(endpoint: Endpoint, number: int, body: str = "Where is my order?") -> bytes:
    headers = f"From: Ada <{endpoint.customer}>\r\nTo: {endpoint.desk}\r\nMessage-ID: <m{number}@example.com>\r\n"
    return f"{headers}Subject: order {number}\r\n\r\n{body}\r\n".encode()


def reply(endpoint: Endpoint, **changes: object) -> OutgoingMessage:
    fields = {"key": "k1", "to": endpoint.customer, "subject": "Re: order", "text": "It is on its way.\n", **changes}
    return OutgoingMessage(**fields)  # type: ignore[arg-type]


def read(raw: bytes) -> InboundMessage:
    message = parse_mail(raw)
    assert isinstance(message, InboundMessage), message
    return message


async def test_a_question_comes_in_and_its_answer_goes_back(endpoint: Endpoint) -> None:
    desk, customer = endpoint.reader(endpoint.desk), endpoint.reader(endpoint.customer)
    at_desk, at_customer = await drained(desk), await drained(customer)
    await endpoint.submit(customer_mail(endpoint, 1), endpoint.desk)
    (mail,), _ = await fetched(desk, at_desk, 1)
    question = read(mail.raw)
    assert (question.subject, question.text.strip(), mail.size) == ("order 1", "Where is my order?", len(mail.raw))

    sent = await endpoint.channel().send(
        reply(endpoint, in_reply_to=question.message_id, references=(question.message_id,))
    )
    (mail,), _ = await fetched(customer, at_customer, 1)
    answer = read(mail.raw)
    assert answer.message_id == sent
    assert read_message_id(sent, "shop.example") == OwnId(key="k1", tenant="t1")
    assert (answer.in_reply_to, answer.references) == ("<m1@example.com>", ("<m1@example.com>",))
    assert answer.auto_submitted
    assert (answer.from_addr, answer.text.strip()) == (endpoint.desk, "It is on its way.")
    await desk.close()
    await customer.close()


async def test_text_arrives_as_it_was_written(endpoint: Endpoint) -> None:
    customer = endpoint.reader(endpoint.customer)
    cursor = await drained(customer)
    text = ".\n..dots\nFrom here\nGrüße, 日本語 😀 € = =3D\n" + "long " * 400 + "\n\ttab  \nend"
    await endpoint.channel().send(reply(endpoint, subject="Ihre Bestellung – größer € 日本語", text=text))
    (mail,), _ = await fetched(customer, cursor, 1)
    message = read(mail.raw)
    assert message.text.rstrip("\n") == text
    assert message.subject == "Ihre Bestellung – größer € 日本語"
    await customer.close()


async def test_a_repeat_is_recognisable(endpoint: Endpoint) -> None:
    customer = endpoint.reader(endpoint.customer)
    cursor = await drained(customer)
    first, second = [await endpoint.channel().send(reply(endpoint)) for _ in range(2)]
    mails, _ = await fetched(customer, cursor, 2)
    assert {read(mail.raw).message_id for mail in mails} == {first, second} == {first}
    await customer.close()


async def test_each_mail_is_handed_over_once_and_in_pages(endpoint: Endpoint) -> None:
    desk = endpoint.reader(endpoint.desk, max_per_poll=2)
    cursor = await drained(desk)
    for number in range(5):
        await endpoint.submit(customer_mail(endpoint, number), endpoint.desk)
    mails, cursor = await fetched(desk, cursor, 5)
    assert sorted(read(mail.raw).subject for mail in mails) == [f"order {number}" for number in range(5)]
    assert len({mail.uid for mail in mails}) == 5
    assert await desk.fetch_new(cursor) == ((), cursor)
    await desk.close()
    await endpoint.submit(customer_mail(endpoint, 7), endpoint.desk)
    (mail,), _ = await fetched(desk, cursor, 1)
    assert read(mail.raw).subject == "order 7"
    await desk.close()


async def test_a_mail_over_the_limit_is_announced_without_its_body(endpoint: Endpoint) -> None:
    desk = endpoint.reader(endpoint.desk, max_message_bytes=5_000)
    cursor = await drained(desk)
    await endpoint.submit(customer_mail(endpoint, 1, "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 100), endpoint.desk)
    (mail,), _ = await fetched(desk, cursor, 1)
    assert mail.too_large
    assert (mail.raw, mail.size > 5_000) == (b"", True)
    await desk.close()


async def test_a_large_mail_arrives_whole(endpoint: Endpoint) -> None:
    desk = endpoint.reader(endpoint.desk)
    cursor = await drained(desk)
    body = "".join(f"line {number} ({{12}}\r\n" for number in range(100_000))
    await endpoint.submit(customer_mail(endpoint, 1, body), endpoint.desk)
    (mail,), _ = await fetched(desk, cursor, 1)
    assert mail.raw.endswith(body.encode() + b"\r\n")
    assert read(mail.raw).text_truncated
    await desk.close()


async def test_another_uid_validity_reads_the_mailbox_again(endpoint: Endpoint) -> None:
    desk = endpoint.reader(endpoint.desk)
    cursor = await drained(desk)
    await endpoint.submit(customer_mail(endpoint, 1), endpoint.desk)
    (mail,), cursor = await fetched(desk, cursor, 1)
    elsewhere = Cursor(uid_validity=cursor.uid_validity + 1, last_uid=cursor.last_uid + 1_000)
    again, _ = await fetched(desk, elsewhere, 1)
    assert again[0].uid_validity == mail.uid_validity
    assert again[0].uid <= mail.uid
    await desk.close()


async def test_a_wrong_password_is_permanent_and_not_repeated_in_the_error(endpoint: Endpoint) -> None:
    reader = endpoint.reader(endpoint.desk, "not-the-password")
    with pytest.raises(ConnectorError, match="refused the login") as caught:
        await reader.fetch_new(Cursor())
    assert caught.value.permanent
    assert "not-the-password" not in f"{caught.value}{reader!r}{caught.value.__cause__}"
