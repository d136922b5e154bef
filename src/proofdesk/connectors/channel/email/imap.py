"""New mail in by IMAP (RFC 3501): a polling reader with a UID cursor.

aioimaplib is kept on a short lead: a lost connection does not end its pending commands, so each one races the
loss; it recurses once per response line, so sizes are asked for in batches; it believes any literal length, so
received bytes are budgeted; at debug level it logs mails and, if they hold quotes, passwords, so its loggers
are raised; user and mailbox names are not quoted, so that is done here. After any fault the connection is dropped.
"""

import asyncio
import contextlib
import logging
import re
import ssl
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal

import msgspec
from aioimaplib import aioimaplib

from proofdesk.connectors.channel.email.message import MAX_MESSAGE_BYTES
from proofdesk.ports import ConnectorError

logging.getLogger("aioimaplib").setLevel(logging.WARNING)

SIZES_PER_COMMAND = 100
"""Responses to one size query; each line is one level of recursion in the library."""
MAX_UIDS = 100_000
_OVERHEAD_BYTES = 4_000_000
_PATIENT_ROUNDS = 20
"""A command may take this many timeouts as long as bytes arrive in each."""
_DROP_S = 2.0
_BUSY = (b"[UNAVAILABLE]", b"[INUSE]", b"[LIMIT]", b"[SERVERBUG]")

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d{1,10})\b", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,12})\b", re.IGNORECASE)


class ImapSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which mailbox to read. `poll_s`: pause between polls, for the caller that polls. Times in seconds.

    `overlap`: UIDs before the cursor that each poll lists again, because servers may make mail visible out of
    order; the inbox table drops what it knows already.
    """

    host: str
    port: int
    username: str
    mailbox: str = "INBOX"
    security: Literal["plain", "tls"] = "tls"
    ca_file: str = ""
    timeout_s: float = 30.0
    poll_s: float = 1.0
    max_per_poll: int = 50
    max_message_bytes: int = MAX_MESSAGE_BYTES
    overlap: int = 20


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Everything up to `last_uid` was handed over. `recent`: UIDs within the overlap handed over already."""

    uid_validity: int = 0
    last_uid: int = 0
    recent: tuple[int, ...] = ()


class FetchedMail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail as stored on the server. `raw` is empty for one larger than the limit: only `size` (bytes) is known."""

    uid: int
    uid_validity: int
    size: int
    raw: bytes = b""
    too_large: bool = False


class ImapReader:
    """Reads one mailbox, never changes it (BODY.PEEK). One connection, opened when needed; use from one task."""

    def __init__(self, settings: ImapSettings, password: str) -> None:
        """Raises ValueError where the settings would send the password unprotected."""
        if settings.security == "plain" and settings.host not in _LOOPBACK:
            raise ValueError(f"imap security: plain is for loopback only, {settings.host!r} needs tls")
        self._settings = settings
        self._password = password
        self._client: _Client | None = None

    def __repr__(self) -> str:
        return f"ImapReader({self._settings.host}:{self._settings.port})"

    async def fetch_new(self, cursor: Cursor) -> tuple[tuple[FetchedMail, ...], Cursor]:
        """Mails not yet handed over, oldest first, at most `max_per_poll`, and the cursor for the next call.

        Store the mails and the cursor in one transaction. When UIDVALIDITY changed, the whole mailbox is read
        again: recognise known mails by Message-ID. Raises ConnectorError; the next call connects anew.
        """
        try:
            client = await self._connected()
            validity = await self._select(client)
            if cursor.uid_validity != validity:
                cursor = Cursor(uid_validity=validity)
            uids = await self._waiting_uids(client, cursor)
            mails = await self._fetch(client, validity, uids)
        except BaseException:
            await self.close()
            raise
        return mails, _moved(cursor, uids, self._settings.overlap)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.drop()

    async def _connected(self) -> "_Client":
        if self._client is not None and self._client.lost.is_set():
            await self.close()
        if self._client is None:
            self._client = _Client(self._settings)
            await self._client.open(self._settings.username, self._password)
        return self._client

    async def _select(self, client: "_Client") -> int:
        lines = await client.run(lambda imap: imap.select(_quoted(self._settings.mailbox)), "SELECT")
        found = _UIDVALIDITY.search(b"\n".join(lines))
        if found is None:
            raise ConnectorError("the IMAP server gives no UIDVALIDITY for this mailbox", permanent=True)
        return int(found[1])

    async def _waiting_uids(self, client: "_Client", cursor: Cursor) -> tuple[int, ...]:
        start = max(1, cursor.last_uid + 1 - self._settings.overlap)
        lines = await client.run(lambda imap: imap.uid_search("UID", f"{start}:*", charset=None), "UID SEARCH")
        words = b" ".join(line for line in lines[:-1] if isinstance(line, bytes)).split()
        uids = sorted({int(word) for word in words if word.isdigit()})
        if len(uids) > MAX_UIDS:
            uids = uids[:MAX_UIDS]
        # "n:*" always matches the newest mail, even one before n (RFC 3501 section 6.4.8).
        known = set(cursor.recent)
        return tuple(uid for uid in uids if uid >= start and uid not in known)[: self._settings.max_per_poll]

    async def _fetch(self, client: "_Client", validity: int, uids: Sequence[int]) -> tuple[FetchedMail, ...]:
        sizes: dict[int, int] = {}
        for at in range(0, len(uids), SIZES_PER_COMMAND):
            wanted = ",".join(map(str, uids[at : at + SIZES_PER_COMMAND]))
            for line in await client.run(_fetching(wanted, "(UID RFC822.SIZE)"), "UID FETCH"):
                uid, size = _UID.search(bytes(line)), _SIZE.search(bytes(line))
                if uid is not None and size is not None:
                    sizes[int(uid[1])] = int(size[1])
        mails = []
        for uid_wanted in uids:
            if uid_wanted not in sizes:
                continue  # expunged between the search and the fetch: it is gone for every reader
            mails.append(await self._one(client, validity, uid_wanted, sizes[uid_wanted]))
        return tuple(mail for mail in mails if mail is not None)

    async def _one(self, client: "_Client", validity: int, uid: int, size: int) -> FetchedMail | None:
        if size > self._settings.max_message_bytes:
            return FetchedMail(uid=uid, uid_validity=validity, size=size, too_large=True)
        lines = await client.run(_fetching(str(uid), "(UID BODY.PEEK[])"), "UID FETCH", budget=size + _OVERHEAD_BYTES)
        bodies = [bytes(line) for line in lines if isinstance(line, bytearray)]
        if not bodies:
            return None
        return FetchedMail(uid=uid, uid_validity=validity, size=len(bodies[0]), raw=bodies[0])


def _moved(cursor: Cursor, uids: Sequence[int], overlap: int) -> Cursor:
    last = max((cursor.last_uid, *uids))
    recent = sorted(uid for uid in {*cursor.recent, *uids} if uid > last - overlap)
    return Cursor(uid_validity=cursor.uid_validity, last_uid=last, recent=tuple(recent))


def _fetching(uids: str, parts: str) -> "_Command":
    return lambda imap: imap.uid("FETCH", uids, parts)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Client:
    """One connection; every command ends in lines, or in a ConnectorError without the command's arguments."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        tls = ssl.create_default_context(cafile=settings.ca_file or None) if settings.security == "tls" else None
        patience = settings.timeout_s * (_PATIENT_ROUNDS + 1)  # this class gives up first
        self._imap = _BoundedImap(settings.host, settings.port, timeout=patience, ssl_context=tls)

    @property
    def lost(self) -> asyncio.Event:
        return self._imap.protocol.lost

    async def open(self, username: str, password: str) -> None:
        await self._race(self._imap.wait_hello_from_server(), "connect")
        response = await self._race(self._imap.login(_quoted(username), password), "LOGIN")
        if response.result != "OK":
            busy = any(code in b" ".join(map(bytes, response.lines)).upper() for code in _BUSY)
            raise ConnectorError("the IMAP server refused the login: check user name and password", permanent=not busy)

    async def run(self, command: "_Command", name: str, *, budget: int = _OVERHEAD_BYTES) -> list[bytes | bytearray]:
        """The response lines; a literal is a bytearray. `budget`: the most bytes the server may send for it."""
        self._imap.protocol.budget = budget
        response = await self._race(command(self._imap), name)
        if response.result != "OK":
            raise ConnectorError(f"the IMAP server answered {response.result} to {name}", permanent=name == "SELECT")
        return list(response.lines)

    async def drop(self) -> None:
        """Close without goodbye: LOGOUT could hang on the fault that led here, and an IMAP server does not need it."""
        await self._imap.drop()

    async def _race(self, command: Coroutine[Any, Any, Any], name: str) -> Any:
        task = asyncio.ensure_future(command)
        lost = asyncio.ensure_future(self.lost.wait())
        try:
            await self._wait_while_bytes_come(task, lost)
            if task.done():
                return task.result()
        except ssl.SSLCertVerificationError as fault:
            reason = f"the IMAP server's certificate is not trusted: {fault.verify_message}"
            raise ConnectorError(reason, permanent=True) from None
        except (aioimaplib.AioImapException, OSError, TimeoutError, ValueError) as fault:
            raise ConnectorError(f"IMAP {name} failed ({type(fault).__name__})", permanent=False) from None
        finally:
            for waiting in (task, lost):
                waiting.cancel()
            await asyncio.gather(task, lost, return_exceptions=True)
        if self._imap.protocol.budget < 0:
            raise ConnectorError(f"the IMAP server sent more for {name} than it announced", permanent=False)
        what = "the connection was lost" if self.lost.is_set() else f"no answer in {self._settings.timeout_s:g} s"
        raise ConnectorError(f"IMAP {name} failed: {what}", permanent=False)

    async def _wait_while_bytes_come(self, task: "asyncio.Future[Any]", lost: "asyncio.Future[Any]") -> None:
        protocol = self._imap.protocol
        for _ in range(_PATIENT_ROUNDS):
            before = protocol.budget
            done, _ = await asyncio.wait(
                {task, lost}, timeout=self._settings.timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if done or protocol.budget == before:
                return


class _BoundedProtocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.budget = _OVERHEAD_BYTES
        self.lost = asyncio.Event()

    def data_received(self, d: bytes) -> None:
        self.budget -= len(d)
        if self.budget < 0:
            self.transport.abort()
            return
        try:
            super().data_received(d)
        except (aioimaplib.AioImapException, RecursionError, ValueError, AttributeError):
            self.transport.abort()  # the library lost its place in the stream: nothing after this can be trusted

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        super().connection_lost(exc)


class _BoundedImap(aioimaplib.IMAP4):  # type: ignore[misc]
    def create_client(
        self, host: str, port: int, _loop: Any, _conn_lost_cb: Any = None, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        running = asyncio.get_running_loop()
        self.protocol = _BoundedProtocol(running)
        connection = running.create_connection(lambda: self.protocol, host, port, ssl=ssl_context)
        self._client_task = running.create_task(connection)

    async def drop(self) -> None:
        tasks = [self._client_task, *self.protocol.tasks]
        if self.protocol.transport is not None:
            self.protocol.transport.abort()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.protocol.lost.wait(), _DROP_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_Command = Callable[[_BoundedImap], Coroutine[Any, Any, Any]]
