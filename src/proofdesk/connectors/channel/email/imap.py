"""New mail in by IMAP (RFC 3501): a polling reader with a UID cursor.

The protocol is spoken by the standard library's imaplib in a worker thread, on a short lead: it believes any literal
length, so received bytes are budgeted; its socket timeout counts silence only, so each command has a deadline too,
after which the socket is shut down under it; it does not quote, so that is done here. After any fault the connection
is dropped.
"""

import asyncio
import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from proofdesk.connectors.channel.email.message import MAX_MESSAGE_BYTES
from proofdesk.ports import ConnectorError

T = TypeVar("T")

SIZES_PER_COMMAND = 100
"""UIDs in one size query: its line stays far below what servers accept."""
MAX_UIDS = 100_000
_OVERHEAD_BYTES = 4_000_000
_PATIENT_ROUNDS = 20
"""A command may take this many timeouts as long as bytes arrive in each."""
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
    """Reads one mailbox, never changes it (EXAMINE, BODY.PEEK). One connection, opened when needed; use from one
    task."""

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

        Store the mails before the cursor. When UIDVALIDITY changed, the whole mailbox is read
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
        if self._client is None:
            self._client = _Client(self._settings)
            await self._client.open(self._settings.username, self._password)
        return self._client

    async def _select(self, client: "_Client") -> int:
        def select(imap: imaplib.IMAP4) -> _Response:
            status, answer = imap.select(_quoted(self._settings.mailbox), readonly=True)
            return status, answer if status != "OK" else imap.response("UIDVALIDITY")[1]

        found = re.match(rb"\d{1,10}", (await client.run(select, "SELECT") or [b""])[-1] or b"")
        if found is None:
            raise ConnectorError("the IMAP server gives no UIDVALIDITY for this mailbox", permanent=True)
        return int(found[0])

    async def _waiting_uids(self, client: "_Client", cursor: Cursor) -> tuple[int, ...]:
        start = max(1, cursor.last_uid + 1 - self._settings.overlap)
        lines = await client.run(lambda imap: imap.uid("SEARCH", "UID", f"{start}:*"), "UID SEARCH")
        words = b" ".join(line for line in lines if isinstance(line, bytes)).split()
        uids = sorted({int(word) for word in words if word.isdigit()})[:MAX_UIDS]
        # "n:*" always matches the newest mail, even one before n (RFC 3501 section 6.4.8).
        known = set(cursor.recent)
        return tuple(uid for uid in uids if uid >= start and uid not in known)[: self._settings.max_per_poll]

    async def _fetch(self, client: "_Client", validity: int, uids: Sequence[int]) -> tuple[FetchedMail, ...]:
        sizes: dict[int, int] = {}
        for at in range(0, len(uids), SIZES_PER_COMMAND):
            wanted = ",".join(map(str, uids[at : at + SIZES_PER_COMMAND]))
            for line in await client.run(_fetching(wanted, "(UID RFC822.SIZE)"), "UID FETCH"):
                text = line if isinstance(line, bytes) else b""
                uid, size = _UID.search(text), _SIZE.search(text)
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
        # A literal comes as a pair: the line that announced it, and its bytes.
        bodies = [bytes(line[1]) for line in lines if isinstance(line, tuple)]
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
    if any(char in text for char in "\r\n\0"):
        raise ValueError("a line break would end the command")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _TooMuch(Exception):
    """The server sends more than was asked for."""


class _Budget:
    """Mixed in before imaplib's classes: every byte read is paid for."""

    budget = _OVERHEAD_BYTES

    def read(self, size: int) -> bytes:
        self._pay(size)
        return super().read(size)  # type: ignore[misc,no-any-return]

    def readline(self) -> bytes:
        line: bytes = super().readline()  # type: ignore[misc]
        self._pay(len(line))
        return line

    def _pay(self, size: int) -> None:
        self.budget -= size
        if self.budget < 0:
            raise _TooMuch


class _Plain(_Budget, imaplib.IMAP4):
    pass


class _Tls(_Budget, imaplib.IMAP4_SSL):
    pass


class _Client:
    """One connection; every command ends in lines, or in a ConnectorError without the command's arguments."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._imap: _Plain | _Tls | None = None

    async def open(self, username: str, password: str) -> None:
        self._imap = await self._in_thread(self._connect, "connect")

        def login(imap: imaplib.IMAP4) -> _Response:
            # Not imap.login: it takes neither characters beyond ASCII nor quotes in the user name.
            words = [_quoted(text).encode() for text in (username, password)]
            status, answer = imap.xatom("LOGIN", *words)  # type: ignore[arg-type]  # bytes go out as they are
            if status == "OK":
                imap.state = "AUTH"
            return status, answer

        status, answer = await self._answer(login, "LOGIN")
        if status != "OK":
            busy = any(code in b" ".join(filter(None, answer)).upper() for code in _BUSY)
            raise ConnectorError("the IMAP server refused the login: check user name and password", permanent=not busy)

    async def run(self, command: "_Command", name: str, *, budget: int = _OVERHEAD_BYTES) -> list[Any]:
        """The response lines; a literal is a pair. `budget`: the most bytes the server may send for it."""
        status, lines = await self._answer(command, name, budget)
        if status != "OK":
            raise ConnectorError(f"the IMAP server answered {status} to {name}", permanent=name == "SELECT")
        return lines

    async def drop(self) -> None:
        """Close without goodbye: LOGOUT could hang on the fault that led here, and an IMAP server does not need it."""
        imap, self._imap = self._imap, None
        if imap is not None:
            await asyncio.to_thread(_shut, imap)

    def _connect(self) -> _Plain | _Tls:
        settings = self._settings
        if settings.security == "plain":
            return _Plain(settings.host, settings.port, timeout=settings.timeout_s)
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        return _Tls(settings.host, settings.port, ssl_context=context, timeout=settings.timeout_s)

    async def _answer(self, command: "_Command", name: str, budget: int = _OVERHEAD_BYTES) -> "_Response":
        imap = self._imap
        if imap is None:
            raise ConnectorError(f"IMAP {name} failed: the connection was lost", permanent=False)
        imap.budget = budget
        return await self._in_thread(lambda: command(imap), name)

    async def _in_thread(self, work: Callable[[], T], name: str) -> T:
        task = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            await asyncio.wait({task}, timeout=self._settings.timeout_s * _PATIENT_ROUNDS)
        finally:
            if not task.done():
                # A thread cannot be cancelled; with its socket shut down, its read ends at once.
                self._break_off()
                await asyncio.wait({task}, timeout=self._settings.timeout_s)
        try:
            return task.result() if task.done() else _never(self._settings)
        except (_TooMuch, imaplib.IMAP4.error, OSError, ValueError) as fault:
            raise _said(fault, name, self._settings) from None

    def _break_off(self) -> None:
        if self._imap is not None:
            with contextlib.suppress(OSError):
                self._imap.socket().shutdown(socket.SHUT_RDWR)


def _never(settings: ImapSettings) -> Any:
    raise TimeoutError(f"no answer in {settings.timeout_s:g} s")


def _said(fault: Exception, name: str, settings: ImapSettings) -> ConnectorError:
    """What happened, without the server's words and the command's arguments: errors are logged."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        reason = f"the IMAP server's certificate is not trusted: {fault.verify_message}"
        return ConnectorError(reason, permanent=True)
    reason = f"IMAP {name} failed ({type(fault).__name__})"
    if isinstance(fault, _TooMuch):
        reason = f"the IMAP server sent more for {name} than it announced"
    elif isinstance(fault, TimeoutError):
        reason = f"IMAP {name} failed: no answer in {settings.timeout_s:g} s"
    elif isinstance(fault, imaplib.IMAP4.abort | ConnectionResetError | BrokenPipeError):
        reason = f"IMAP {name} failed: the connection was lost"
    return ConnectorError(reason, permanent=False)


def _shut(imap: imaplib.IMAP4) -> None:
    with contextlib.suppress(OSError, imaplib.IMAP4.error):
        imap.shutdown()


_Response = tuple[str, list[Any]]
_Command = Callable[[imaplib.IMAP4], _Response]
