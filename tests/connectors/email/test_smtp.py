import asyncio
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.connectors.channel.email.message import MAX_REFERENCES, InboundMessage
from proofdesk.connectors.channel.email.parse import parse_mail
from proofdesk.connectors.channel.email.smtp import SmtpChannel, SmtpSettings
from proofdesk.ports import Channel, ConnectorError, OutgoingMessage
from simulators.mail import Fault, MailSimulator

CUSTOMER = "ada@example.com"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MESSAGE = OutgoingMessage(key="k1", to=CUSTOMER, subject="Re: order", text="Done.")
SETTINGS = SmtpSettings(
    host="127.0.0.1",
    port=1,
    sender="help@shop.example",
    domain="shop.example",
    tenant="t1",
    security="plain",
    timeout_s=5,
)


def channel(mail: MailSimulator, password: str = "", **changes: object) -> SmtpChannel:
    return SmtpChannel(msgspec.structs.replace(SETTINGS, port=mail.smtp_port, **changes), password, lambda: NOON)


async def failure(mail: MailSimulator, **changes: object) -> tuple[bool, bool, int]:
    """(permanent, uncertain, mails that arrived) of a send that fails."""
    with pytest.raises(ConnectorError) as caught:
        await channel(mail, **changes).send(MESSAGE)
    assert CUSTOMER not in str(caught.value)
    return caught.value.permanent, caught.value.uncertain, len(mail.mailbox(CUSTOMER).mails)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("temporary", (False, False, 0)),
        ("permanent", (True, False, 0)),
        ("drop_before_data", (False, False, 0)),
        ("drop_after_data", (False, True, 1)),
    ],
)
async def test_outcomes_of_a_failed_send(mail: MailSimulator, fault: Fault, outcome: tuple[bool, bool, int]) -> None:
    mail.fail_next(fault)
    assert await failure(mail) == outcome
    await channel(mail).send(MESSAGE)
    assert len(mail.mailbox(CUSTOMER).mails) == outcome[2] + 1


async def test_no_answer_in_time_is_uncertain(mail: MailSimulator) -> None:
    mail.fail_next("slow")
    assert await failure(mail, timeout_s=0.2) == (False, True, 1)


async def test_an_uncertain_send_repeated_is_the_same_message(mail: MailSimulator) -> None:
    mail.fail_next("drop_after_data")
    await failure(mail)
    await channel(mail).send(MESSAGE)
    first, second = (stored.raw for stored in mail.mailbox(CUSTOMER).mails)
    assert first == second
    assert parse_mail(first).date == "2026-11-02T12:00:00Z"  # type: ignore[union-attr]


async def test_a_server_that_delivers_twice_delivers_one_message_id(mail: MailSimulator) -> None:
    mail.fail_next("duplicate")
    sent = await channel(mail).send(MESSAGE)
    ids = [parse_mail(stored.raw).message_id for stored in mail.mailbox(CUSTOMER).mails]  # type: ignore[union-attr]
    assert ids == [sent, sent]


async def test_nobody_listening_is_temporary() -> None:
    async with MailSimulator() as gone:
        sender = channel(gone)
    with pytest.raises(ConnectorError, match="cannot be reached") as caught:
        await sender.send(MESSAGE)
    assert (caught.value.permanent, caught.value.uncertain) == (False, False)


async def test_login(mail: MailSimulator) -> None:
    await channel(mail, mail.password, username="desk").send(MESSAGE)
    with pytest.raises(ConnectorError, match="check user name and password") as caught:
        await channel(mail, "wrong-secret", username="desk").send(MESSAGE)
    assert caught.value.permanent
    assert "wrong-secret" not in str(caught.value)


async def test_a_server_without_starttls_gets_no_mail(mail: MailSimulator) -> None:
    assert await failure(mail, security="starttls") == (True, False, 0)


async def test_starttls_checks_the_certificate(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made += ["-keyout", str(key), "-out", str(cert)]
    await asyncio.to_thread(subprocess.run, made, check=True, capture_output=True, timeout=30)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    async with MailSimulator(tls=tls) as mail:
        await channel(mail, security="starttls", ca_file=str(cert)).send(MESSAGE)
        permanent, uncertain, arrived = await failure(mail, security="starttls")
        assert (permanent, uncertain, arrived) == (True, False, 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "x\r\nBcc: eve@x.example"}, "subject"),
        ({"subject": "x\nBcc: eve@x.example"}, "subject"),
        ({"subject": "x\u2028y"}, "subject"),
        ({"subject": "x" * 501}, "subject"),
        ({"to": "a@b.example, eve@x.example"}, "to"),
        ({"to": "a@b.example>\r\nRCPT TO:<eve@x.example"}, "to"),
        ({"to": ""}, "to"),
        ({"in_reply_to": "<a@b>\r\nBcc: eve@x.example"}, "in_reply_to"),
        ({"references": ("<a@b>", "c")}, "references"),
        ({"text": " \n"}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": "é" * 50_001}, "text"),
        ({"text": "\udc80"}, "text"),
    ],
)
def test_what_could_smuggle_headers_or_recipients_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(ConnectorError, match=field) as caught:
        SmtpChannel(SETTINGS).compose(msgspec.structs.replace(MESSAGE, **changes))
    assert caught.value.permanent


@given(subject=st.text(max_size=80), text=st.text(max_size=200), name=st.text(max_size=20))
def test_any_text_is_refused_or_comes_back_as_it_was(subject: str, text: str, name: str) -> None:
    try:
        sender = SmtpChannel(msgspec.structs.replace(SETTINGS, sender_name=name))
        raw, message_id = sender.compose(msgspec.structs.replace(MESSAGE, subject=subject, text=text))
    except (ConnectorError, ValueError):
        return
    message = parse_mail(raw)
    assert isinstance(message, InboundMessage)
    assert (message.message_id, message.from_addr, message.to) == (message_id, "help@shop.example", (CUSTOMER,))
    assert message.subject.split() == "".join(c if c.isprintable() else " " for c in subject).split()
    head = raw.partition(b"\r\n\r\n")[0]
    assert len([line for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]) == 9
    assert head.isascii()


def test_many_references_are_cut_in_the_middle() -> None:
    references = tuple(f"<{number}@x>" for number in range(80))
    raw, _ = SmtpChannel(SETTINGS).compose(
        msgspec.structs.replace(MESSAGE, references=references, in_reply_to="<79@x>")
    )
    message = parse_mail(raw)
    assert isinstance(message, InboundMessage)
    assert len(message.references) == MAX_REFERENCES
    assert (message.references[0], message.references[-1]) == ("<0@x>", "<79@x>")


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "mail.example.com"},
        {"sender": "nobody"},
        {"sender_name": "x\r\nBcc: e@x"},
        {"domain": "a b"},
        {"tenant": ""},
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        SmtpChannel(msgspec.structs.replace(SETTINGS, **changes))


def test_it_is_a_channel() -> None:
    sender: Channel = SmtpChannel(SETTINGS)
    assert sender.name == "email"
