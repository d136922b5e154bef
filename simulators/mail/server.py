"""The two servers over one state, started and ended together."""

import asyncio
import ssl
from email import message_from_bytes
from email.utils import getaddresses
from types import TracebackType

from aiosmtpd.smtp import SMTP

from simulators.mail.imap_server import MAX_LINE, ImapSession
from simulators.mail.mailbox import Fault, Mailbox, MailState, StoredMail
from simulators.mail.smtp_server import smtp_factory

HOST = "127.0.0.1"


class MailSimulator:
    """Every address has a mailbox and the same password; the IMAP user name is the address.

    `tls` makes SMTP offer STARTTLS, `imap_tls` makes IMAP speak TLS. Port 0 takes any free one.
    """

    def __init__(
        self,
        *,
        password: str = "simulator-password",
        smtp_port: int = 0,
        imap_port: int = 0,
        tls: ssl.SSLContext | None = None,
        imap_tls: ssl.SSLContext | None = None,
        slow_s: float = 1.0,
    ) -> None:
        self.host = HOST
        self.password = password
        self.smtp_port = smtp_port
        self.imap_port = imap_port
        self._tls = tls
        self._imap_tls = imap_tls
        self._slow_s = slow_s
        self._connections: set[SMTP] = set()
        self._sessions: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "MailSimulator":
        self._state = MailState(self.password, self._slow_s)
        loop = asyncio.get_running_loop()
        factory = smtp_factory(self._state, self._tls, self._connections)
        self._smtp = await loop.create_server(factory, HOST, self.smtp_port)
        self._imap = await asyncio.start_server(
            self._serve_imap, HOST, self.imap_port, limit=MAX_LINE, ssl=self._imap_tls
        )
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]
        self.imap_port = self._imap.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._smtp.close()
        self._imap.close()
        for connection in self._connections:
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await asyncio.sleep(0)  # aborted transports close their sockets in the next turn of the loop
        await self._smtp.wait_closed()
        await self._imap.wait_closed()

    def deliver(self, raw: bytes, to: str = "") -> tuple[StoredMail, ...]:
        """Put a mail into the mailbox of `to`, or of each address in its To and Cc; ValueError if there is none."""
        addresses = [to] if to else _recipients(raw)
        if not addresses:
            raise ValueError("the mail names no recipient in To or Cc: pass `to`")
        return tuple(self._state.deliver(address, raw) for address in addresses)

    def mailbox(self, address: str) -> Mailbox:
        return self._state.box(address)

    def addresses(self) -> tuple[str, ...]:
        return tuple(sorted(self._state.boxes))

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        """Let `fault` happen at its next `times` occasions."""
        self._state.fail_next(fault, times)

    def reset_uid_validity(self, address: str) -> None:
        self._state.box(address).reset_uid_validity()

    async def wait_for_mails(self, address: str, count: int, timeout_s: float = 10.0) -> tuple[StoredMail, ...]:
        """The mails of `address` once there are `count`; TimeoutError if that takes longer."""
        box = self._state.box(address)
        await asyncio.wait_for(self._state.wait_for(lambda: len(box.mails) >= count), timeout_s)
        return tuple(box.mails)

    async def _serve_imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)
        await ImapSession(self._state, reader, writer).run()


def _recipients(raw: bytes) -> list[str]:
    mail = message_from_bytes(raw)
    headers = [str(value) for name in ("to", "cc") for value in mail.get_all(name, [])]
    return list(dict.fromkeys(address for _, address in getaddresses(headers) if "@" in address))
