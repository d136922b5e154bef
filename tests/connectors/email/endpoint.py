"""A mail server under test: our simulator, or a real one named by PROOFDESK_REAL_MAIL.

PROOFDESK_REAL_MAIL holds JSON: {"smtp_port", "imap_port", "password", "desk", "customer"}, all on 127.0.0.1
(scripts/real_mail.sh prints it). `desk` and `customer` are addresses with mailboxes and that password.
"""

import asyncio
import itertools

import aiosmtplib
import msgspec

from proofdesk.connectors.channel.email.imap import Cursor, FetchedMail, ImapReader, ImapSettings
from proofdesk.connectors.channel.email.smtp import SmtpChannel, SmtpSettings

HOST = "127.0.0.1"
MAX_DRAINS = 1_000


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    smtp_port: int
    imap_port: int
    password: str
    desk: str = "help@shop.example"
    customer: str = "ada@example.com"

    def channel(self, **changes: object) -> SmtpChannel:
        settings = SmtpSettings(
            host=HOST, port=self.smtp_port, sender=self.desk, domain="shop.example", tenant="t1", security="plain",
            timeout_s=10.0,
        )  # fmt: skip
        return SmtpChannel(msgspec.structs.replace(settings, **changes), self.password)

    def reader(self, address: str, password: str = "", **changes: object) -> ImapReader:
        settings = ImapSettings(host=HOST, port=self.imap_port, username=address, security="plain", timeout_s=10.0)
        return ImapReader(msgspec.structs.replace(settings, **changes), password or self.password)

    async def submit(self, raw: bytes, to: str) -> None:
        """Send a mail as its customer's mail program would."""
        async with aiosmtplib.SMTP(hostname=HOST, port=self.smtp_port, start_tls=False) as client:
            await client.sendmail(self.customer, [to], raw)


async def drained(reader: ImapReader) -> Cursor:
    """The cursor after everything that lies in the mailbox now."""
    cursor = Cursor()
    for _ in range(MAX_DRAINS):
        mails, cursor = await reader.fetch_new(cursor)
        if not mails:
            return cursor
    raise AssertionError("the mailbox never ran dry")


async def fetched(reader: ImapReader, cursor: Cursor, count: int) -> tuple[list[FetchedMail], Cursor]:
    """The next `count` mails, polling until they are there (a real server delivers a little later)."""
    mails: list[FetchedMail] = []
    for attempt in itertools.count():
        more, cursor = await reader.fetch_new(cursor)
        mails.extend(more)
        if len(mails) >= count:
            return mails, cursor
        assert attempt < 200, f"only {len(mails)} of {count} mails arrived"
        await asyncio.sleep(0.05)
    raise AssertionError
