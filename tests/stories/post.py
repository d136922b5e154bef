"""A desk with a mail server in front of it: mails arrive, the loop reads them, answers lie in mailboxes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from uuid import UUID

import psycopg

from proofdesk.engine.mail import MailPoller
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import ADAPTERS, tenant_transaction
from simulators.mail import MailSimulator
from tests.database import fresh_database
from tests.stories.conftest import prove_books
from tests.stories.desk import TENANT, Desk, open_desk

SUPPORT = "help@larkfield.example"
EMAIL = """
email:
  address: help@larkfield.example
  imap: "env:MAIL_IMAP"
  smtp: "env:MAIL_SMTP"
  user: help@larkfield.example
  password: "env:MAIL_PASSWORD"
  imap_security: plain
  smtp_security: plain
  smtp_login: false
  trusted_authserv: mx.larkfield.example
"""


class Post:
    """The desk, its mail server and the loop that reads it."""

    def __init__(self, desk: Desk, mail: MailSimulator, poller: MailPoller) -> None:
        self.desk, self.mail, self.poller = desk, mail, poller
        self._sent = 0

    async def arrives(self, sender: str, text: str, *, proven: bool = True, **headers: str) -> str:
        """A mail is in the support mailbox and the mailbox is polled; gives its Message-ID."""
        self._sent += 1
        message_id = headers.pop("message_id", f"<m{self._sent}@mail.example>")
        domain = sender.rpartition("@")[2]
        lines = [f"Authentication-Results: mx.larkfield.example; dmarc=pass header.from={domain}"] if proven else []
        lines += [f"From: {sender}", f"To: {SUPPORT}", f"Message-ID: {message_id}", "Subject: my order"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.mail.deliver(("\r\n".join(lines) + "\r\n\r\n" + text + "\r\n").encode(), SUPPORT)
        await self.poll()
        return message_id

    async def poll(self) -> None:
        """One turn of the mail loop, then every ticket as far as it goes, product time passing over retries."""
        async with await psycopg.AsyncConnection.connect(
            self.desk.house.endpoint.conninfo("engine"), autocommit=True, context=ADAPTERS
        ) as conn:
            await self.poller.turn(conn)  # type: ignore[arg-type]
        for _ in range(4):
            for ticket_id in await self.tickets():
                await self.desk.advance(ticket_id)
            self.desk.wall.shift_s += 5.0

    async def tickets(self) -> list[UUID]:
        async with tenant_transaction(self.desk.house.shell.pool, TENANT) as conn:
            rows = await t.recent_tickets(conn, tenant=TENANT, status="", limit=100, offset=0)
        return [row.ticket_id for row in rows]

    async def inbox(self) -> list[tuple[str, str]]:
        async with tenant_transaction(self.desk.house.shell.pool, TENANT) as conn:
            cursor = await conn.execute("select outcome, reason from inbox where channel = 'email' order by inbox_id")
            return [(row["outcome"], row["reason"]) for row in await cursor.fetchall()]

    def letters(self, address: str) -> list[Message]:
        return [message_from_bytes(stored.raw) for stored in self.mail.mailbox(address).mails]


def body(letter: Message) -> str:
    content = letter.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


@asynccontextmanager
async def open_post(
    database_template: Endpoint, folder: Path, *, change: Callable[[Path], None] | None = None
) -> AsyncIterator[Post]:
    """A desk of its own with its mail server; its books are proven at the end."""
    async with MailSimulator() as mail:
        env = {
            "MAIL_IMAP": f"127.0.0.1:{mail.imap_port}",
            "MAIL_SMTP": f"127.0.0.1:{mail.smtp_port}",
            "MAIL_PASSWORD": mail.password,
        }
        with fresh_database(database_template) as endpoint:
            async with open_desk(endpoint, folder, env=env, tenant_extra=EMAIL, change=change) as desk:
                poller = MailPoller(desk.house.shell, desk.house.env, every_s=1.0)
                yield Post(desk, mail, poller)
                await poller.close()
                await prove_books(desk, folder)
