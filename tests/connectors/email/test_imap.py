import asyncio
import logging
import ssl
import subprocess
from pathlib import Path

import msgspec
import pytest

from proofdesk.connectors.channel.email.imap import Cursor, ImapReader, ImapSettings
from proofdesk.ports import ConnectorError
from simulators.mail import Fault, MailSimulator
from tests.connectors.email.mails import mail as raw_mail

DESK = "help@shop.example"


def reader(mail: MailSimulator, password: str = "", **changes: object) -> ImapReader:
    settings = ImapSettings(host="127.0.0.1", port=mail.imap_port, username=DESK, security="plain", timeout_s=5.0)
    return ImapReader(msgspec.structs.replace(settings, **changes), password or mail.password)


@pytest.mark.parametrize(
    ("fault", "changes", "words"),
    [
        ("imap_drop", {}, "connection was lost"),
        ("imap_slow", {"timeout_s": 0.2}, "no answer in 0.2 s"),
        ("imap_lying_size", {}, "more for UID FETCH than it announced"),
        ("imap_unavailable", {}, "refused the login"),
    ],
)
async def test_after_a_fault_the_next_poll_connects_anew_and_loses_nothing(
    mail: MailSimulator, fault: Fault, changes: dict[str, object], words: str
) -> None:
    mail.deliver(raw_mail(), DESK)
    mail.fail_next(fault)
    desk = reader(mail, **changes)
    with pytest.raises(ConnectorError, match=words) as caught:
        await desk.fetch_new(Cursor())
    assert not caught.value.permanent
    mails, _ = await desk.fetch_new(Cursor())
    assert [fetched.raw for fetched in mails] == [raw_mail()]
    await desk.close()


async def test_a_server_that_ended_between_polls() -> None:
    async with MailSimulator() as first:
        desk = reader(first)
        await desk.fetch_new(Cursor())
        port = first.imap_port
    with pytest.raises(ConnectorError) as caught:
        await desk.fetch_new(Cursor())
    assert not caught.value.permanent
    async with MailSimulator(imap_port=port) as second:
        second.deliver(raw_mail(), DESK)
        assert len((await desk.fetch_new(Cursor()))[0]) == 1
        await desk.close()


async def test_mail_that_becomes_visible_late_is_found_by_the_overlap(mail: MailSimulator) -> None:
    desk = reader(mail, overlap=5)
    for number in range(4):
        mail.deliver(raw_mail(body=str(number)), DESK)
    box = mail.mailbox(DESK)
    late = box.mails.pop(1)
    mails, cursor = await desk.fetch_new(Cursor())
    assert [fetched.uid for fetched in mails] == [1, 3, 4]
    box.mails.insert(1, late)
    mails, cursor = await desk.fetch_new(cursor)
    assert [fetched.uid for fetched in mails] == [2]
    assert cursor.last_uid == 4
    assert (await desk.fetch_new(cursor))[0] == ()
    await desk.close()


async def test_a_reset_mailbox_is_read_again_from_the_start(mail: MailSimulator) -> None:
    desk = reader(mail)
    for _ in range(3):
        mail.deliver(raw_mail(), DESK)
    _, cursor = await desk.fetch_new(Cursor())
    mail.reset_uid_validity(DESK)
    mails, moved = await desk.fetch_new(cursor)
    assert len(mails) == 3
    assert moved.uid_validity == cursor.uid_validity + 1
    await desk.close()


async def test_five_hundred_mails_in_one_poll(mail: MailSimulator) -> None:
    desk = reader(mail, max_per_poll=500)
    for number in range(600):
        mail.deliver(raw_mail(body=str(number)), DESK)
    mails, cursor = await desk.fetch_new(Cursor())
    assert [fetched.uid for fetched in mails] == list(range(1, 501))
    mails, _ = await desk.fetch_new(cursor)
    assert [fetched.uid for fetched in mails] == list(range(501, 601))
    await desk.close()


async def test_reading_changes_nothing(mail: MailSimulator) -> None:
    mail.deliver(raw_mail(), DESK)
    desk = reader(mail)
    await desk.fetch_new(Cursor())
    assert mail.mailbox(DESK).mails[0].flags == set()
    await desk.close()


async def test_odd_bodies_arrive_byte_for_byte(mail: MailSimulator) -> None:
    bodies = [b"", b"(((", b"* 1 FETCH (UID 9\r\nA1 OK done\r\n", b"{5}\r\n", bytes(range(256)), b")\r\n" * 5_000]
    for body in bodies:
        mail.deliver(raw_mail(body=body), DESK)
    mail.deliver(b"", DESK)
    desk = reader(mail)
    mails, _ = await desk.fetch_new(Cursor())
    assert [fetched.raw for fetched in mails] == [*(raw_mail(body=body) for body in bodies), b""]
    await desk.close()


async def test_user_and_password_with_special_characters() -> None:
    async with MailSimulator(password='p" \\w ö}{3}') as mail:
        mail.deliver(raw_mail(), 'odd "user@shop.example')
        desk = reader(mail, username='odd "user@shop.example')
        assert len((await desk.fetch_new(Cursor()))[0]) == 1
        await desk.close()


async def test_no_password_and_no_mail_reaches_the_log(mail: MailSimulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    mail.deliver(raw_mail(body="private words"), DESK)
    desk = reader(mail)
    await desk.fetch_new(Cursor())
    await desk.close()
    ours = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("mail.log"))
    assert mail.password not in ours
    assert "private words" not in ours


async def test_a_password_that_would_end_the_line_is_refused(mail: MailSimulator) -> None:
    with pytest.raises(ConnectorError, match="LOGIN failed"):
        await reader(mail, "a\r\nA1 LOGOUT").fetch_new(Cursor())


async def test_a_mailbox_that_is_not_there(mail: MailSimulator) -> None:
    with pytest.raises(ConnectorError, match="NO to SELECT") as caught:
        await reader(mail, mailbox="Elsewhere").fetch_new(Cursor())
    assert caught.value.permanent


def test_plain_is_for_loopback_only() -> None:
    with pytest.raises(ValueError, match="needs tls"):
        ImapReader(ImapSettings(host="mail.example.com", port=143, username="u", security="plain"), "p")


async def test_tls_checks_the_certificate(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made += ["-keyout", str(key), "-out", str(cert)]
    await asyncio.to_thread(subprocess.run, made, check=True, capture_output=True, timeout=30)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    async with MailSimulator(imap_tls=tls) as mail:
        mail.deliver(raw_mail(), DESK)
        desk = reader(mail, security="tls", ca_file=str(cert))
        assert len((await desk.fetch_new(Cursor()))[0]) == 1
        await desk.close()
        with pytest.raises(ConnectorError, match="certificate is not trusted") as caught:
            await reader(mail, security="tls").fetch_new(Cursor())
        assert caught.value.permanent
