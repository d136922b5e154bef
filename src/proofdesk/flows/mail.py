"""E-mail in: what the reader fetched becomes messages, once each. Mail is stored before the cursor moves, so a crash
between the two only brings mails that are recognised.

Nothing is dropped without a trace: what cannot be read or must not be answered is set aside with why (`set_aside`).
"""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

import msgspec
import psycopg

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
    made_by_machine,
    read_message_id,
    referenced_ids,
)
from proofdesk.core.address import mailbox_key
from proofdesk.flows.attachments import WHY_A_PERSON, only_files
from proofdesk.flows.context import Shell
from proofdesk.flows.folder import from_env, host_port
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.mail_judgement import (
    AnsweringFacts,
    SenderFacts,
    ThreadingFacts,
    head_of,
    judge_answering,
    judge_sender,
    judge_threading,
)
from proofdesk.flows.set_aside import CHANNEL, NotTaken, failed, note
from proofdesk.flows.tenancy import Email, Runtime
from proofdesk.flows.transition import Decided
from proofdesk.store import tables as t
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.pool import tenant_transaction

MAIL_LIMIT_S = 30.0
"""One mail may take this long to be taken in; a few milliseconds are usual."""
IN_THREAD_BYTES = 200_000
"""Larger mails are parsed in a thread: the event loop must not wait for them."""


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """One poll: where to go on, and how many mails became messages, were known already, or were not taken."""

    cursor: Cursor
    received: int = 0
    duplicates: int = 0
    not_taken: int = 0
    failing: int = 0
    """Kept from being taken in by a fault of ours; the cursor stays where it is until they are in or set aside."""


class MailReader(Protocol):
    async def fetch_new(self, cursor: Cursor) -> tuple[tuple[FetchedMail, ...], Cursor]: ...


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
    """Take in what is new since `cursor`. Raises ConnectorError, StoreUnavailable; then the same mails come again.

    So they do while one of them fails by a fault of ours; the others are taken in all the same and then recognised.
    """
    mails, moved = await reader.fetch_new(cursor)
    counts = {"received": 0, "duplicates": 0, "not_taken": 0, "failing": 0}
    for mail in mails:
        counts[await _take_or_set_aside(shell, runtime, mail)] += 1
    if counts["failing"]:
        return Polled(cursor=cursor, **counts)
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


async def _take_or_set_aside(shell: Shell, runtime: Runtime, mail: FetchedMail) -> str:
    try:
        async with asyncio.timeout(MAIL_LIMIT_S):
            return await _take(shell, runtime, mail)
    except (StoreUnavailable, psycopg.OperationalError):
        raise  # no fault of the mail: all of them come again
    except Exception as error:  # noqa: BLE001 - one mail must not stop the mails behind it, whatever is wrong with it
        aside = await failed(shell, runtime.tenant, mail, _raw_id(mail), error)
        return "not_taken" if aside else "failing"


async def _take(shell: Shell, runtime: Runtime, mail: FetchedMail) -> str:
    if mail.too_large:
        refused = NotTaken(outcome="rejected", reason=f"the mail has {mail.size} bytes, more than are read")
        return await _noted(shell, runtime, mail, f"uid {mail.uid_validity} {mail.uid}", refused)
    message = await _parsed(runtime, mail.raw)
    if isinstance(message, RejectedMail):
        refused = NotTaken(outcome="rejected", reason=message.reason)
        return await _noted(shell, runtime, mail, _raw_id(mail), refused)
    delivery_id = delivery_id_of(message)
    guard = await _guard_facts(shell, runtime, message)
    answering = judge_answering(guard)
    machine = bool(made_by_machine(message))
    if isinstance(answering, Ignored):
        ignored = NotTaken(outcome="ignored", reason=answering.reason, sender=message.from_addr, by_machine=machine)
        return await _noted(shell, runtime, mail, delivery_id, ignored)
    incoming = await _incoming(shell, runtime, message, delivery_id)
    silent = answering.reason if isinstance(answering, Silent) else ""
    decided = Decided(kind="answering", facts=guard, output=answering)
    incoming = msgspec.structs.replace(
        incoming, silent=silent, by_machine=machine, decisions=(decided, *incoming.decisions)
    )
    received = await receive(shell, runtime, incoming)
    if isinstance(received, Received):
        return "duplicates" if received.duplicate else "received"
    outcome = "ignored" if received.ignored else "rejected"
    refused = NotTaken(outcome=outcome, reason=received.reason, sender=message.from_addr, by_machine=machine)
    return await _noted(shell, runtime, mail, delivery_id, refused)


async def _noted(shell: Shell, runtime: Runtime, mail: FetchedMail, delivery_id: str, not_taken: NotTaken) -> str:
    written = await note(shell, runtime.tenant, mail, delivery_id, not_taken)
    return "not_taken" if written else "duplicates"


def _raw_id(mail: FetchedMail) -> str:
    """The id of a mail that nothing else can be read out of."""
    return hashlib.sha256(mail.raw).hexdigest()


async def _parsed(runtime: Runtime, raw: bytes) -> InboundMessage | RejectedMail:
    authserv = runtime.settings.email.trusted_authserv if runtime.settings.email else ""
    if len(raw) <= IN_THREAD_BYTES:
        return parse_mail(raw, trusted_authserv_id=authserv)
    return await asyncio.to_thread(parse_mail, raw, trusted_authserv_id=authserv)


async def _guard_facts(shell: Shell, runtime: Runtime, message: InboundMessage) -> AnsweringFacts:
    limits = LoopLimits()
    since = shell.clock.now() - timedelta(seconds=limits.window_s)
    sender = shell.subjects.address_hmac(runtime.tenant, message.from_addr)
    async with tenant_transaction(shell.pool, runtime.tenant) as conn:
        machine = await t.mails_of_machine(conn, tenant=runtime.tenant, sender_hmac=sender, since=since)
        replies = await t.replies_to(conn, tenant=runtime.tenant, address=message.from_addr, since=since)
    return AnsweringFacts(
        mail=head_of(message), domain=domain_of(runtime), auto_mails=machine.n, replies=replies.n, limits=limits
    )


async def _incoming(shell: Shell, runtime: Runtime, message: InboundMessage, delivery_id: str) -> Incoming:
    """The mail as a message: quotations off, threaded to the ticket it answers if its sender has a part in it."""
    refs = {_ref_of(runtime, wanted): wanted for wanted in referenced_ids(message)}
    async with tenant_transaction(shell.pool, runtime.tenant) as conn:
        known = await t.messages_of_refs(conn, tenant=runtime.tenant, refs=list(refs)) if refs else []
    threading = ThreadingFacts(
        mail=head_of(message),
        known=tuple(
            KnownMessage(message_id=refs[row.channel_ref], issue_id=str(row.ticket_id), participants=(row.sender,))
            for row in known
        ),
    )
    issue = judge_threading(threading)
    proof = SenderFacts(address=message.from_addr, results=message.authentication_results)
    verified = judge_sender(proof)
    found = {str(row.ticket_id): row.ticket_id for row in known}
    ticket_id = found[issue.issue_id] if isinstance(issue, Belongs) else None
    ours = {ref for ref, wanted in refs.items() if ref != wanted}
    own = strip_reply(message.text).text
    files_only = not own.strip() and bool(message.attachments)
    # Its own words tell no language: the subject and what it quotes may.
    language = runtime.language_of(f"{message.subject}\n{message.text}") if files_only else ""
    text = only_files(message, language) if files_only else own if own.strip() else message.subject
    return Incoming(
        channel=CHANNEL,
        delivery_id=delivery_id,
        sender=message.from_addr,
        verified=verified,
        subject=message.subject,
        text=text,
        for_person=WHY_A_PERSON if files_only else "",
        language=language,
        message_ref=message.message_id,
        ticket_id=ticket_id,
        found_by_reference=True,
        decisions=(
            Decided(kind="threading", facts=threading, output=issue),
            Decided(kind="sender", facts=proof, output=verified),
        ),
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
