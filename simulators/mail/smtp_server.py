"""The SMTP half: takes mail for any address into its mailbox, or fails as asked."""

import asyncio
import ssl
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulators.mail.mailbox import MailState

MAX_BYTES = 26 * 1024 * 1024


def smtp_factory(state: MailState, tls: ssl.SSLContext | None, opened: set[SMTP]) -> Any:
    """What asyncio's create_server needs; each connection is added to `opened` so that it can be ended."""
    loop = asyncio.get_running_loop()

    def make() -> SMTP:
        connection = SMTP(
            _Handler(state),
            data_size_limit=MAX_BYTES,
            hostname="mail.simulator.invalid",
            ident="proofdesk mail simulator",
            tls_context=tls,
            auth_require_tls=False,
            authenticator=_authenticator(state),
            loop=loop,
        )
        opened.add(connection)
        return connection

    return make


def _authenticator(state: MailState) -> Any:
    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == state.password.encode()
        return AuthResult(success=right, handled=False)

    return check


class _Handler:
    def __init__(self, state: MailState) -> None:
        self._state = state

    async def handle_MAIL(  # noqa: N802 - aiosmtpd finds hooks by this name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._state.take("drop_before_data"):
            _abort(server)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._state.take("permanent"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._state.take("temporary", "drop_after_data", "duplicate", "slow")
        if fault == "temporary":
            return "451 4.3.0 try again later"
        content = envelope.original_content or b""
        raw = f"Return-Path: <{envelope.mail_from or ''}>\r\n".encode() + content
        for address in envelope.rcpt_tos:
            for _ in range(2 if fault == "duplicate" else 1):
                self._state.deliver(address, raw)
        if fault == "slow":
            await asyncio.sleep(self._state.slow_s)
        if fault == "drop_after_data":
            _abort(server)
        return "250 OK"


def _abort(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
