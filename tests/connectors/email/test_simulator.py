"""The simulator beside what the contract asks: commands only it needs, and running as a program."""

import asyncio
import imaplib
import json
import sys
from pathlib import Path

import pytest

from simulators.mail import MailSimulator
from tests.connectors.email.mails import mail as raw_mail

ROOT = Path(__file__).parents[3]


def converse(port: int, password: str) -> dict[str, object]:
    """What the standard library's IMAP client, written by others, makes of our server."""
    with imaplib.IMAP4("127.0.0.1", port, timeout=10) as client:
        client.login("ada@example.com", password)
        appended = client.append("INBOX", "(\\Flagged)", "", raw_mail(body="appended"))[0]
        client.select("INBOX")
        all_seen = client.uid("SEARCH", "UNSEEN")[1]
        flags = client.uid("STORE", "1", "+FLAGS", "(\\Seen)")[1]
        unseen = client.uid("SEARCH", "UNSEEN")[1]
        body = client.uid("FETCH", "2:*", "(UID FLAGS BODY[])")[1][0]
        client.select("INBOX", readonly=True)
        refused = client.uid("STORE", "1", "-FLAGS", "(\\Seen)")[0]
        unknown = "none"
        try:
            client.uid("FETCH", "1", "(ENVELOPE)")
        except imaplib.IMAP4.error as error:
            unknown = str(error)
        return {
            "appended": appended, "all": all_seen, "flags": flags, "unseen": unseen, "body": body, "refused": refused,
            "unknown": unknown,
        }  # fmt: skip


async def test_another_client_understands_it(mail: MailSimulator) -> None:
    mail.deliver(raw_mail(), "ada@example.com")
    said = await asyncio.to_thread(converse, mail.imap_port, mail.password)
    assert said["appended"] == "OK"
    assert said["all"] == [b"1 2"]
    assert said["flags"] == [b"1 (UID 1 FLAGS (\\Seen))"]
    assert said["unseen"] == [b"2"]
    assert said["body"][1] == raw_mail(body="appended")  # type: ignore[index]
    assert said["refused"] == "NO"
    assert "BAD" in str(said["unknown"])
    assert mail.mailbox("ada@example.com").mails[1].flags == {"\\Flagged", "\\Seen"}


async def test_delivery_follows_the_headers_and_can_be_waited_for(mail: MailSimulator) -> None:
    (stored,) = mail.deliver(raw_mail())
    assert mail.addresses() == ("help@shop.example",)
    assert await mail.wait_for_mails("HELP@shop.example", 1) == (stored,)
    with pytest.raises(ValueError, match="pass `to`"):
        mail.deliver(b"From: a@b.example\r\n\r\nhi")


async def test_it_runs_as_a_program() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.mail", "--imap-port", "0", "--smtp-port", "0",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    _, writer = await asyncio.open_connection(ready["host"], ready["imap_port"])
    writer.close()
    await writer.wait_closed()
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 20) == 0
