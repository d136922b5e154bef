"""Replies out by SMTP (RFC 5321): the e-mail side of the Channel port.

Idempotency class C: SMTP has no idempotency key, but the Message-ID is derived from the outgoing key, so a
repeat after an unknown outcome is recognisable as the same message by every program that threads mail.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from typing import Literal

import aiosmtplib
import msgspec

from proofdesk.connectors.channel.email.message import MAX_REFERENCES, MAX_SUBJECT_CHARS, MAX_TEXT_BYTES
from proofdesk.connectors.channel.email.thread import message_id_of
from proofdesk.ports import ConnectorError, OutgoingMessage

Security = Literal["plain", "starttls", "tls"]

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,900}>")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TRANSIENT_LOGIN = (421, 454)


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where and as whom to send. `domain`: the right side of our Message-IDs. Times in seconds.

    `ca_file`: certificates to trust instead of the system's, for a server with a private authority.
    """

    host: str
    port: int
    sender: str
    domain: str
    tenant: str
    sender_name: str = ""
    username: str = ""
    security: Security = "starttls"
    ca_file: str = ""
    timeout_s: float = 30.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SmtpChannel:
    """`ports.Channel` over one SMTP server; each message has a connection of its own."""

    name = "email"

    def __init__(self, settings: SmtpSettings, password: str = "", clock: Callable[[], datetime] = _utc_now) -> None:
        """Raises ValueError where the settings would send a password or mail unprotected, or make no sense."""
        if settings.security == "plain" and settings.host not in _LOOPBACK:
            raise ValueError(f"smtp security: plain is for loopback only, {settings.host!r} needs starttls or tls")
        if not _ADDRESS.fullmatch(settings.sender):
            raise ValueError(f"smtp sender: not an e-mail address: {settings.sender!r}")
        if _breaks_line(settings.sender_name):
            raise ValueError("smtp sender_name: line breaks and control characters are not allowed")
        message_id_of("check", settings.tenant, settings.domain)
        self._settings = settings
        self._password = password
        self._clock = clock

    def __repr__(self) -> str:
        return f"SmtpChannel({self._settings.host}:{self._settings.port})"

    async def send(self, message: OutgoingMessage) -> str:
        """Hand `message` to the server and give its Message-ID.

        Raises ConnectorError: permanent for a 5xx reply or a message that cannot be sent as it is; not permanent
        for a 4xx reply or no connection; uncertain when the connection ended after the text was on its way.
        """
        mail, message_id = self.compose(message)
        async with self._connection() as client:
            try:
                await client.mail(self._settings.sender)
                await client.rcpt(message.to)
            except aiosmtplib.SMTPResponseException as refusal:
                raise _refused(refusal) from None
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
                raise _unreachable(fault) from None
            await self._transfer(client, mail)
        return message_id

    def compose(self, message: OutgoingMessage) -> tuple[bytes, str]:
        """The mail as it goes on the wire, and its Message-ID. A repeat differs only in its Date."""
        _check(message)
        settings = self._settings
        message_id = message_id_of(message.key, settings.tenant, settings.domain)
        mail = EmailMessage(policy=WIRE)
        local, _, domain = settings.sender.rpartition("@")
        mail["From"] = _from_field(settings.sender_name, local, domain)
        mail["To"] = message.to
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(self._clock())
        mail["Message-ID"] = message_id
        references = [*message.references, message.in_reply_to] if message.in_reply_to else list(message.references)
        kept = list(dict.fromkeys(references))
        if message.in_reply_to:
            mail["In-Reply-To"] = message.in_reply_to
            mail["Auto-Submitted"] = "auto-replied"
        else:
            mail["Auto-Submitted"] = "auto-generated"
        if kept:
            mail["References"] = " ".join(
                kept if len(kept) <= MAX_REFERENCES else kept[:1] + kept[1 - MAX_REFERENCES :]
            )
        mail.set_content(
            message.text, charset="utf-8", cte="base64" if _needs_base64(message.text) else "quoted-printable"
        )
        return mail.as_bytes(), message_id

    async def _transfer(self, client: aiosmtplib.SMTP, mail: bytes) -> None:
        try:
            await client.data(mail)
        except aiosmtplib.SMTPResponseException as refusal:
            raise _refused(refusal) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
            # From DATA on, the server may have taken the message although its answer never came (RFC 1047).
            raise ConnectorError(
                f"the SMTP server gave no answer to the message ({type(fault).__name__}): it may have been sent",
                permanent=False,
                uncertain=True,
            ) from None

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname="proofdesk",
            timeout=settings.timeout_s,
            use_tls=settings.security == "tls",
            start_tls=False,  # done in _open, where its absence can be told from a lost connection
            tls_context=_tls(settings),
        )
        try:
            await self._open(client)
            yield client
            # A lost goodbye changes nothing: the message was answered before.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await asyncio.wait_for(client.quit(), min(settings.timeout_s, 5.0))
        finally:
            client.close()

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
            if self._settings.security == "starttls":
                await self._start_tls(client)
            if self._settings.username:
                await client.login(self._settings.username, self._password)
        except aiosmtplib.SMTPAuthenticationError as refusal:
            raise ConnectorError(
                f"the SMTP server refused the login with code {refusal.code}: check user name and password",
                permanent=refusal.code not in _TRANSIENT_LOGIN and refusal.code >= 500,
            ) from None
        except aiosmtplib.SMTPResponseException as refusal:
            raise _refused(refusal) from None
        except aiosmtplib.SMTPNotSupported:
            raise ConnectorError(
                "the SMTP server does not offer the login that the settings ask for", permanent=True
            ) from None
        except ssl.SSLCertVerificationError as fault:
            raise ConnectorError(
                f"the SMTP server's certificate is not trusted: {fault.verify_message}", permanent=True
            ) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
            raise _unreachable(fault) from None

    async def _start_tls(self, client: aiosmtplib.SMTP) -> None:
        await client.ehlo()
        if not client.supports_extension("starttls"):
            raise ConnectorError("the SMTP server does not offer STARTTLS, which the settings ask for", permanent=True)
        await client.starttls(tls_context=_tls(self._settings))


def _check(message: OutgoingMessage) -> None:
    """Refuse what could add headers or recipients. Nothing is repaired silently: the writer of it must know."""
    wrong = ""
    if not _ADDRESS.fullmatch(message.to):
        wrong = "to: not one e-mail address"
    elif _breaks_line(message.subject):
        wrong = "subject: line breaks and control characters are not allowed"
    elif len(message.subject) > MAX_SUBJECT_CHARS:
        wrong = f"subject: more than {MAX_SUBJECT_CHARS} characters"
    elif message.in_reply_to and not _ID.fullmatch(message.in_reply_to):
        wrong = "in_reply_to: not a message id"
    elif not all(_ID.fullmatch(reference) for reference in message.references):
        wrong = "references: not all are message ids"
    elif not message.text.strip() or "\x00" in message.text:
        wrong = "text: empty, or holds a null character"
    elif len(message.text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        wrong = f"text: more than {MAX_TEXT_BYTES} bytes"
    elif any("\ud800" <= char <= "\udfff" for char in message.text + message.subject):
        wrong = "text or subject: holds a character that no encoding has"
    if wrong:
        raise ConnectorError(f"the message cannot be sent by e-mail: {wrong}", permanent=True)


def _breaks_line(text: str) -> bool:
    return any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u2028\u2029" for char in text)


def _needs_base64(text: str) -> bool:
    """Quoted-printable triples each byte beyond ASCII; base64 is shorter from one in six on."""
    return sum(not char.isascii() for char in text) * 6 > len(text)


def _from_field(name: str, local: str, domain: str) -> str:
    if not name:
        return f"{local}@{domain}"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{local}@{domain}>'


def _tls(settings: SmtpSettings) -> ssl.SSLContext | None:
    if settings.security == "plain":
        return None
    return ssl.create_default_context(cafile=settings.ca_file or None)


def _refused(refusal: aiosmtplib.SMTPResponseException) -> ConnectorError:
    """The server's own words stay out: they repeat the recipient's address, and errors are logged."""
    permanent = 500 <= refusal.code < 600
    kind = "permanently" if permanent else "for now"
    return ConnectorError(f"the SMTP server refused the message {kind} with code {refusal.code}", permanent=permanent)


def _unreachable(fault: Exception) -> ConnectorError:
    return ConnectorError(f"the SMTP server cannot be reached ({type(fault).__name__})", permanent=False)
