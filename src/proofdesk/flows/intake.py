"""A message comes in: once, whatever the channel repeats; threaded to its ticket; personal data sealed in the ledger.

A repeated delivery id gives the same answer again. Nothing here decides about the request itself.
"""

import asyncio
import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from proofdesk.core.address import mailbox_key
from proofdesk.core.resolution import EventType
from proofdesk.core.thanks import is_thanks
from proofdesk.flows.context import Shell
from proofdesk.flows.crash import crash_point
from proofdesk.flows.ids import new_id
from proofdesk.flows.rollout import record_outcome
from proofdesk.flows.settle import settle_issue
from proofdesk.flows.state import State
from proofdesk.flows.tenancy import Runtime, sla_due
from proofdesk.flows.transition import Decided, append_decisions, append_leaves, seal_decision
from proofdesk.language.pii import without_secrets
from proofdesk.ledger.canonical import make_leaf
from proofdesk.ledger.shred import keyed_hash, seal
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.rows import InboxRow, TicketRow

MAX_TEXT_CHARS = 100_000
MAX_SUBJECT_CHARS = 300
MASK_AT_ONCE_CHARS = 4_000
"""More than this is masked in a thread: it costs about a millisecond per thousand characters."""


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A message as its channel understood it. `delivery_id` is unique within the channel; `verified`: the channel
    proves the sender. `ticket_id`: the ticket it belongs to, where the channel knows it."""

    channel: str
    delivery_id: str
    sender: str
    verified: bool = False
    subject: str = ""
    text: str
    message_ref: str = ""
    ticket_id: UUID | None = None
    found_by_reference: bool = False
    """`ticket_id` was found by message ids the mail itself names: whether it may speak there is judged here."""
    names_ours: bool = False
    """It names the id of a message we sent in that ticket, which only its receiver knows."""
    silent: str = ""
    """Why no machine may answer this message: it is kept, a ticket it opens goes to a person without a word."""
    for_person: str = ""
    """Why a person must read it; empty: a machine may."""
    language: str = ""
    """What it is written in, where only the channel can tell."""
    brought_by: str = ""
    """The login whose key handed it to us; empty where nobody's did."""
    decisions: tuple[Decided, ...] = ()
    """What its channel decided about it."""
    by_machine: bool = False
    """Sent by a machine: it is kept with the ticket it belongs to, but answers nothing and opens nothing."""


class Received(msgspec.Struct, frozen=True, kw_only=True, tag="received"):
    ticket_id: UUID
    new: bool
    duplicate: bool = False


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag="rejected"):
    reason: str
    ignored: bool = False
    """Nobody's fault: a machine's message that belongs to no ticket."""


async def receive(shell: Shell, runtime: Runtime, incoming: Incoming) -> Received | Rejected:
    """Store one message and make its ticket due. One transaction; the answer is only given after its commit."""
    if not incoming.text.strip():
        return Rejected(reason="the message has no text")
    if len(incoming.text) > MAX_TEXT_CHARS:
        return Rejected(reason=f"the text has more than {MAX_TEXT_CHARS} characters")
    incoming = await _keepable(incoming)
    try:
        return await _store(shell, runtime, incoming)
    except _DeliveredMeanwhile:
        # The same delivery came twice at one moment and the other was first: it is there now.
        return await _store(shell, runtime, incoming)


async def _keepable(incoming: Incoming) -> Incoming:
    """Card numbers, their codes, keys and passwords are masked before anything is stored: nothing can leak later."""
    if len(incoming.text) <= MASK_AT_ONCE_CHARS:
        text = without_secrets(incoming.text)
    else:
        text = await asyncio.to_thread(without_secrets, incoming.text)
    subject = without_secrets(incoming.subject[:MAX_SUBJECT_CHARS])
    return msgspec.structs.replace(incoming, text=text, subject=subject)


class _DeliveredMeanwhile(Exception):
    """Another transaction stored this delivery id; everything of ours is rolled back."""


async def _store(shell: Shell, runtime: Runtime, incoming: Incoming) -> Received | Rejected:
    now, tenant = shell.clock.now(), runtime.tenant
    delivery_id = shell.subjects.delivery_hmac(tenant, incoming.channel, incoming.delivery_id)
    async with tenant_transaction(shell.pool, tenant) as conn:
        seen = await t.inbox_of(conn, tenant=tenant, channel=incoming.channel, delivery_id=delivery_id)
        if seen is not None:
            return await _again(shell, conn, tenant, seen, incoming.text)
        ticket = await _thread(conn, tenant, incoming)
        if incoming.ticket_id is not None and ticket is None and not incoming.found_by_reference:
            return Rejected(reason="there is no such ticket")
        if ticket is None and incoming.by_machine:
            return Rejected(reason=incoming.silent, ignored=True)
        if ticket is None:
            ticket_id, subject_ref, key = await _open_ticket(shell, conn, runtime, incoming, now)
        else:
            ticket_id, subject_ref = ticket.ticket_id, ticket.subject_ref
            known = await shell.subjects.key_in(conn, tenant, ticket.subject_ref)
            if known is None:
                return Rejected(reason="the data of this ticket was erased; please write to us anew")
            key = known
            if not incoming.by_machine:
                await _wake(conn, runtime, ticket, incoming, now)
        added = await t.inbox_add(
            conn,
            tenant=tenant,
            inbox_id=new_id(),
            channel=incoming.channel,
            delivery_id=delivery_id,
            now=now,
            raw_hmac=_fingerprint(key, incoming.text),
            outcome="ticket" if ticket is None else "reply",
            reason=incoming.silent,
            ticket_id=ticket_id,
            sender_hmac=shell.subjects.address_hmac(tenant, incoming.sender) if incoming.by_machine else None,
            brought_by=incoming.brought_by,
            place="",
        )
        if not added:
            raise _DeliveredMeanwhile
        await _keep(conn, tenant, incoming, ticket_id, now)
        body: dict[str, Any] = {"ticket_id": str(ticket_id), "channel": incoming.channel, "new": ticket is None}
        sealed = seal(key, incoming.text.encode())
        leaf = make_leaf(tenant, now, "message.received", body, subject_ref=str(subject_ref), ciphertext=sealed)
        first = 0 if ticket is None else (await t.first_ordinal(conn, tenant=tenant, ticket_id=ticket_id)).n
        # Counted downwards: a transition that is under way counts upwards, and must not be disturbed.
        decided = [seal_decision(key, first - n, each) for n, each in enumerate(incoming.decisions, 1)]
        await append_decisions(conn, tenant, decided, ticket_id, now)
        said = {"ticket_id": str(ticket_id)}
        leaves = [leaf, *(make_leaf(tenant, now, "decision", said | each.leaf_body()) for each in decided)]
        await append_leaves(conn, tenant, leaves, ticket_id)
        crash_point("intake_before_commit")
    crash_point("intake_after_commit")
    return Received(ticket_id=ticket_id, new=ticket is None)


async def _keep(conn: Connection, tenant: str, incoming: Incoming, ticket_id: UUID, now: datetime) -> None:
    await t.add_message(
        conn,
        tenant=tenant,
        message_id=new_id(),
        ticket_id=ticket_id,
        at=now,
        direction="in",
        author="system" if incoming.by_machine else "requester",
        public=True,
        text=incoming.text,
        channel_ref=incoming.message_ref,
    )


def _fingerprint(key: bytes, text: str) -> bytes:
    return keyed_hash(key, hashlib.sha256(text.encode()).digest())


async def _again(shell: Shell, conn: Connection, tenant: str, seen: InboxRow, text: str) -> Received | Rejected:
    if seen.ticket_id is None or seen.subject_ref is None:
        return Rejected(reason="this message was rejected before")
    key = await shell.subjects.key_in(conn, tenant, seen.subject_ref)
    if key is None:
        return Rejected(reason="this delivery id was used before, by somebody whose data was erased since")
    if seen.raw_hmac != _fingerprint(key, text):
        return Rejected(reason="this delivery id was used for another message")
    return Received(ticket_id=seen.ticket_id, new=False, duplicate=True)


async def _thread(conn: Connection, tenant: str, incoming: Incoming) -> TicketRow | None:
    if incoming.ticket_id is None:
        return None
    ticket = await t.lock_ticket(conn, tenant=tenant, ticket_id=incoming.ticket_id)
    if ticket is None or not incoming.found_by_reference:
        return ticket
    return ticket if may_speak(ticket, incoming) else None


def may_speak(ticket: TicketRow, incoming: Incoming) -> bool:
    """Whether a mail that names this ticket's messages is taken for its requester's; else it opens a ticket of its own.

    Sender line and the requester's own Message-IDs can be copied. What was proven once is not given away to a mail
    that proves less: where the sender was proven by the channel, only proven mails count; elsewhere mails that
    answer one of ours, and, as long as nothing was proven or is being proven, mails that answer the requester's own.
    Those prove nothing, so nothing follows from them alone (`State.unproven`).
    """
    if mailbox_key(ticket.sender) != mailbox_key(incoming.sender):
        return False
    if incoming.verified or ticket.sender_verified:
        return incoming.verified
    return incoming.names_ours or _nothing_proven(msgspec.convert(ticket.state, State))


def _nothing_proven(state: State) -> bool:
    return not state.authenticated_by and not state.confirmed_address and state.code is None


def _joined_unproven(incoming: Incoming) -> bool:
    """It is in this ticket on the word of its sender line and of an id that others may have seen."""
    return incoming.found_by_reference and not incoming.verified and not incoming.names_ours


async def _open_ticket(
    shell: Shell, conn: Connection, runtime: Runtime, incoming: Incoming, now: datetime
) -> tuple[UUID, UUID, bytes]:
    tenant, ticket_id, issue_id = runtime.tenant, new_id(), new_id()
    subject_ref, key = await shell.subjects.ensure(conn, tenant, incoming.sender or str(ticket_id), now)
    await t.insert_issue(conn, tenant=tenant, issue_id=issue_id, subject_ref=subject_ref, now=now)
    await t.insert_ticket(
        conn,
        tenant=tenant,
        ticket_id=ticket_id,
        issue_id=issue_id,
        subject_ref=subject_ref,
        channel=incoming.channel,
        sender=incoming.sender,
        sender_verified=incoming.verified,
        subject=incoming.subject[:MAX_SUBJECT_CHARS],
        state=msgspec.to_builtins(_opening(incoming)),
        priority=2,
        now=now,
    )
    first_due, solve_due = sla_due(runtime.settings, "standard", now)
    for kind, due in (("first_response", first_due), ("resolution", solve_due)):
        await t.start_timer(conn, tenant=tenant, ticket_id=ticket_id, kind=kind, started_at=now, due_at=due)
    return ticket_id, subject_ref, key


def _opening(incoming: Incoming) -> State:
    state = State(silent=incoming.silent, for_person=incoming.for_person)
    return msgspec.structs.replace(state, language=incoming.language) if incoming.language else state


async def _wake(conn: Connection, runtime: Runtime, ticket: TicketRow, incoming: Incoming, now: datetime) -> None:
    """An answer, a new contact after solving, or more to read for the person who has it."""
    tenant = runtime.tenant
    if _joined_unproven(incoming):
        ticket = msgspec.structs.replace(ticket, state={**ticket.state, "unproven": True})
    if incoming.for_person:
        ticket = msgspec.structs.replace(ticket, state={**ticket.state, "for_person": incoming.for_person})
    await t.touch_issue(conn, tenant=tenant, issue_id=ticket.issue_id, now=now)
    if ticket.status in ("solved", "closed"):
        if is_thanks(incoming.text):
            return
        event: EventType = "customer_contact"
        await settle_issue(
            conn,
            tenant,
            issue_id=ticket.issue_id,
            ticket_id=ticket.ticket_id,
            events=(event,),
            now=now,
        )
        state = msgspec.convert(ticket.state, State)
        await record_outcome(conn, tenant, ticket.ticket_id, state, "reopened", now)
        await _go_on(conn, tenant, ticket, msgspec.to_builtins(_reopened(ticket)), now)
    elif ticket.status == "waiting_requester":
        await _go_on(conn, tenant, ticket, ticket.state, now)
    elif ticket.status in ("new", "open", "waiting_approval"):
        # Takes the version from whoever is at work on it: nothing is begun on what may be out of date.
        await _go_on(conn, tenant, ticket, {**ticket.state, "news": True}, now)


def _reopened(ticket: TicketRow) -> State:
    """A solved ticket the requester comes back to goes to a person: our claim that it was resolved was wrong."""
    state = msgspec.convert(ticket.state, State)
    return msgspec.structs.replace(state, step="reopened", waiting_for="")


async def _go_on(conn: Connection, tenant: str, ticket: TicketRow, state: dict[str, Any], now: datetime) -> None:
    await t.wake(conn, tenant=tenant, ticket_id=ticket.ticket_id, version=ticket.version, state=state, now=now)
