"""E-mail in: what the reader fetched becomes messages, once each. Mail is stored before the cursor moves, so a crash
between the two only brings mails that are recognised.

Nothing is dropped without a trace: what cannot be read or must not be answered has its row in the inbox, with why.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

import msgspec

from proofdesk.connectors.channel.email.headers import sender_is_proven
from proofdesk.connectors.channel.email.imap import Cursor, FetchedMail, ImapReader, ImapSettings
from proofdesk.connectors.channel.email.message import InboundMessage, RejectedMail
from proofdesk.connectors.channel.email.parse import parse_mail
from proofdesk.connectors.channel.email.strip import strip_reply
from proofdesk.connectors.channel.email.thread import (
    Belongs,
    Ignored,
    KnownMessage,
    LoopLimits,
    Silent,
    decide_answering,
    decide_issue,
    made_by_machine,
    read_message_id,
    referenced_ids,
)
from proofdesk.core.address import mailbox_key
from proofdesk.flows.context import Shell
from proofdesk.flows.folder import from_env, host_port
from proofdesk.flows.ids import new_id
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.tenancy import Email, Runtime
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction

CHANNEL = "email"
IN_THREAD_BYTES = 200_000
"""Larger mails are parsed in a thread: the event loop must not wait for them."""
MAX_REASON_CHARS = 300


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """One poll: where to go on, and how many mails became messages, were known already, or were not taken."""

    cursor: Cursor
    received: int = 0
    duplicates: int = 0
    not_taken: int = 0


class MailReader(Protocol):
    async def fetch_new(self, cursor: Cursor) -> tuple[tuple[FetchedMail, ...], Cursor]: ...


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    outcome: str
    reason: str
    by_machine: bool = False


def reader_of(email: Email, env: Mapping[str, str]) -> ImapReader | None:
    """The reader of a tenant's mailbox, None where it has none. Raises TenantFolderError, ValueError."""
    if not email.imap:
        return None
    host, port = host_port(from_env(email.imap, env), "tenant.yaml: email.imap")
    settings = ImapSettings(
        host=host,
        port=port,
        username=from_env(email.user, env) or email.address,
        mailbox=email.mailbox,
        security=email.imap_security,
    )
    return ImapReader(settings, from_env(email.password, env))


async def load_cursor(shell: Shell, tenant: str) -> Cursor:
    async with tenant_transaction(shell.pool, tenant) as conn:
        row = await t.channel_cursor(conn, tenant=tenant, channel=CHANNEL)
    return msgspec.convert(row.cursor, Cursor) if row else Cursor()


async def poll_mailbox(shell: Shell, runtime: Runtime, reader: MailReader, cursor: Cursor) -> Polled:
    """Take in what is new since `cursor`. Raises ConnectorError, StoreUnavailable; then the same mails come again."""
    mails, moved = await reader.fetch_new(cursor)
    counts = {"received": 0, "duplicates": 0, "not_taken": 0}
    for mail in mails:
        counts[await _take(shell, runtime, mail)] += 1
    if moved != cursor:
        async with tenant_transaction(shell.pool, runtime.tenant) as conn:
            await t.set_channel_cursor(
                conn,
                tenant=runtime.tenant,
                channel=CHANNEL,
                cursor=msgspec.to_builtins(moved),
                now=shell.clock.now(),
            )
    return Polled(cursor=moved, **counts)


async def _take(shell: Shell, runtime: Runtime, mail: FetchedMail) -> str:
    if mail.too_large:
        outcome = _Outcome(outcome="rejected", reason=f"the mail has {mail.size} bytes, more than are read")
        return await _note(shell, runtime, f"uid {mail.uid_validity} {mail.uid}", outcome, "")
    message = await _parsed(runtime, mail.raw)
    if isinstance(message, RejectedMail):
        outcome = _Outcome(outcome="rejected", reason=message.reason)
        return await _note(shell, runtime, hashlib.sha256(mail.raw).hexdigest(), outcome, "")
    delivery_id = delivery_id_of(message)
    answering = await _answering(shell, runtime, message)
    machine = made_by_machine(message)
    if isinstance(answering, Ignored):
        outcome = _Outcome(outcome="ignored", reason=answering.reason, by_machine=bool(machine))
        return await _note(shell, runtime, delivery_id, outcome, message.from_addr)
    incoming = await _incoming(shell, runtime, message, delivery_id)
    silent = answering.reason if isinstance(answering, Silent) else ""
    received = await receive(shell, runtime, msgspec.structs.replace(incoming, silent=silent, by_machine=bool(machine)))
    if isinstance(received, Received):
        return "duplicates" if received.duplicate else "received"
    outcome = _Outcome(
        outcome="ignored" if received.ignored else "rejected", reason=received.reason, by_machine=bool(machine)
    )
    return await _note(shell, runtime, delivery_id, outcome, message.from_addr)


async def _parsed(runtime: Runtime, raw: bytes) -> InboundMessage | RejectedMail:
    authserv = runtime.settings.email.trusted_authserv if runtime.settings.email else ""
    if len(raw) <= IN_THREAD_BYTES:
        return parse_mail(raw, trusted_authserv_id=authserv)
    return await asyncio.to_thread(parse_mail, raw, trusted_authserv_id=authserv)


async def _answering(shell: Shell, runtime: Runtime, message: InboundMessage) -> object:
    limits = LoopLimits()
    since = shell.clock.now() - timedelta(seconds=limits.window_s)
    sender = shell.subjects.address_hmac(runtime.tenant, message.from_addr)
    async with tenant_transaction(shell.pool, runtime.tenant) as conn:
        machine = await t.mails_of_machine(conn, tenant=runtime.tenant, sender_hmac=sender, since=since)
        replies = await t.replies_to(conn, tenant=runtime.tenant, address=message.from_addr, since=since)
    return decide_answering(message, domain_of(runtime), auto_mails=machine.n, replies=replies.n, limits=limits)


async def _incoming(shell: Shell, runtime: Runtime, message: InboundMessage, delivery_id: str) -> Incoming:
    """The mail as a message: quotations off, threaded to the ticket it answers if its sender has a part in it."""
    refs = {_ref_of(runtime, wanted): wanted for wanted in referenced_ids(message)}
    async with tenant_transaction(shell.pool, runtime.tenant) as conn:
        known = await t.messages_of_refs(conn, tenant=runtime.tenant, refs=list(refs)) if refs else []
    issue = decide_issue(
        message,
        [
            KnownMessage(message_id=refs[row.channel_ref], issue_id=str(row.ticket_id), participants=(row.sender,))
            for row in known
        ],
    )
    found = {str(row.ticket_id): row.ticket_id for row in known}
    ticket_id = found[issue.issue_id] if isinstance(issue, Belongs) else None
    ours = {ref for ref, wanted in refs.items() if ref != wanted}
    own = strip_reply(message.text).text
    return Incoming(
        channel=CHANNEL,
        delivery_id=delivery_id,
        sender=message.from_addr,
        verified=sender_is_proven(message.from_addr, message.authentication_results),
        subject=message.subject,
        text=own if own.strip() else message.subject,
        message_ref=message.message_id,
        ticket_id=ticket_id,
        found_by_reference=True,
        names_ours=any(row.ticket_id == ticket_id and row.channel_ref in ours for row in known),
    )


def _ref_of(runtime: Runtime, message_id: str) -> str:
    """What we stored a message under: our own by their key, others by their Message-ID."""
    own = read_message_id(message_id, domain_of(runtime))
    return own.key if own is not None and own.tenant == runtime.tenant else message_id


def domain_of(runtime: Runtime) -> str:
    return runtime.settings.email.address.partition("@")[2] if runtime.settings.email else ""


def delivery_id_of(message: InboundMessage) -> str:
    """The same mail delivered twice has one id. Sender and text are in it, because a Message-ID proves nothing:
    another mail that carries a known one must not be taken for a repeat and lost."""
    parts = "\0".join((message.message_id, mailbox_key(message.from_addr), message.text))
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()


async def _note(shell: Shell, runtime: Runtime, delivery_id: str, outcome: _Outcome, sender: str) -> str:
    """The inbox row of a mail that became no message."""
    counted = shell.subjects.address_hmac(runtime.tenant, sender) if outcome.by_machine and sender else None
    async with tenant_transaction(shell.pool, runtime.tenant) as conn:
        written = await t.inbox_add(
            conn,
            tenant=runtime.tenant,
            inbox_id=new_id(),
            channel=CHANNEL,
            delivery_id=shell.subjects.delivery_hmac(runtime.tenant, CHANNEL, delivery_id),
            now=shell.clock.now(),
            raw_hmac=None,
            outcome=outcome.outcome,
            reason=outcome.reason[:MAX_REASON_CHARS],
            ticket_id=None,
            sender_hmac=counted,
            brought_by="",
        )
    return "not_taken" if written else "duplicates"
