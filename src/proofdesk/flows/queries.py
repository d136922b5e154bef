"""What people look at: tickets with everything that happened to them, handoffs, approvals, the tenant's totals."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from proofdesk.core.issue_type import IssueType
from proofdesk.core.ticket import Status
from proofdesk.core.tone import Tone
from proofdesk.flows.state import RequestState, State
from proofdesk.flows.waiting import HandoffView, handoff_view
from proofdesk.store import tables as t
from proofdesk.store.pool import Pool, tenant_transaction
from proofdesk.store.rows import DecisionRow, EffectRow, MessageRow, TicketRow


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: Any
    shown: str
    provenance: str


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the requester wants: `path` lists the procedure's steps taken, `replies` what it said."""

    id: str
    procedure: str
    version: int
    status: str
    summary: str
    reason: str
    slots: list[SlotView]
    path: list[str]
    replies: list[str]


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    ordinal: int
    at: datetime
    kind: str
    facts_hmac: str
    output_hmac: str


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    message_id: UUID
    at: datetime
    direction: Literal["in", "out"]
    author: Literal["requester", "worker", "agent", "system"]
    text: str


class EffectView(msgspec.Struct, frozen=True, kw_only=True):
    """A change outside. `receipt` is its read-back; without one it is not confirmed."""

    effect_key: str
    kind: Literal["action", "compensation", "reply"]
    capability: str
    args: dict[str, Any]
    amount_minor: int
    currency: str
    state: str
    attempts: int
    receipt: Any


class TimerView(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    started_at: datetime
    due_at: datetime
    met_at: datetime | None


class BilledView(msgspec.Struct, frozen=True, kw_only=True):
    """`sign` 1 charges, -1 credits."""

    sign: int
    kind: str
    grade: str
    price_minor: int
    currency: str
    at: datetime


class TicketLine(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    status: Status
    waiting_for: str
    subject: str
    sender: str
    channel: str
    priority: int
    created_at: datetime
    due_at: datetime | None


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    issue_id: UUID
    status: Status
    waiting_for: str
    subject: str
    sender: str
    sender_verified: bool
    authenticated_by: str
    channel: str
    priority: int
    language: str
    signals: list[str]
    issue_type: IssueType | None
    """What kind of matter it is and the phrases that say so. Null until the ticket was read."""
    tone: Tone | None
    """How the requester sounds; each estimate says whether it is calibrated. Null until the ticket was read."""
    severity: int | None
    """1 critical, 2 high, 3 normal, 4 low; null until the ticket was read."""
    priority_reasons: list[str]
    confidence_ppm: int
    created_at: datetime
    due_at: datetime | None
    reading: dict[str, Any] | None
    requests: list[RequestView]
    decisions: list[DecisionView]
    messages: list[MessageView]
    effects: list[EffectView]
    timers: list[TimerView]
    handoff: HandoffView | None
    billing: list[BilledView]


class TicketStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the requester may see: the status and the public messages."""

    ticket_id: UUID
    status: Status
    waiting_for: str
    messages: list[MessageView]


class LeafView(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` is null until the sequencer has numbered the leaf. `canonical` are its hashed bytes, JSON by RFC 8785."""

    seq: int | None
    ts: str
    kind: str
    canonical: str
    leaf_hash: str


async def list_tickets(
    pool: Pool, tenant: str, *, status: Status | Literal[""], limit: int, offset: int
) -> list[TicketLine]:
    """Newest first."""
    async with tenant_transaction(pool, tenant) as conn:
        rows = await t.recent_tickets(conn, tenant=tenant, status=status, limit=limit, offset=offset)
    return [_line(row) for row in rows]


async def ticket_view(pool: Pool, tenant: str, ticket_id: UUID) -> TicketView | None:
    async with tenant_transaction(pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        if ticket is None:
            return None
        messages = await t.messages(conn, tenant=tenant, ticket_id=ticket_id)
        decisions = await t.decisions(conn, tenant=tenant, ticket_id=ticket_id)
        effects = await t.effects_of_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        timers = await t.timers(conn, tenant=tenant, ticket_id=ticket_id)
        handoff = await t.handoff_of(conn, tenant=tenant, ticket_id=ticket_id)
        billed = await t.billed_of_issue(conn, tenant=tenant, issue_id=ticket.issue_id)
    state = msgspec.convert(ticket.state, State)
    return TicketView(
        ticket_id=ticket.ticket_id,
        issue_id=ticket.issue_id,
        status=_status(ticket),
        waiting_for=state.waiting_for,
        subject=ticket.subject,
        sender=ticket.sender,
        sender_verified=ticket.sender_verified,
        authenticated_by=state.authenticated_by,
        channel=ticket.channel,
        priority=ticket.priority,
        language=state.language,
        signals=list(state.signals),
        issue_type=state.issue_type,
        tone=state.tone,
        severity=state.prioritised.priority.severity if state.prioritised else None,
        priority_reasons=list(state.prioritised.reasons) if state.prioritised else [],
        confidence_ppm=state.confidence_ppm,
        created_at=ticket.created_at,
        due_at=ticket.due_at,
        reading=None if state.reading is None else msgspec.to_builtins(state.reading),
        requests=[_request(each) for each in state.requests],
        decisions=[_decision(row) for row in decisions],
        messages=[_message(row) for row in messages],
        effects=[_effect(row) for row in effects],
        timers=[msgspec.convert(row, TimerView, from_attributes=True) for row in timers],
        handoff=None if handoff is None else handoff_view(handoff),
        billing=[msgspec.convert(row, BilledView, from_attributes=True) for row in billed],
    )


async def ticket_status(pool: Pool, tenant: str, ticket_id: UUID) -> TicketStatus | None:
    async with tenant_transaction(pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        if ticket is None:
            return None
        messages = await t.messages(conn, tenant=tenant, ticket_id=ticket_id)
    return TicketStatus(
        ticket_id=ticket_id,
        status=_status(ticket),
        waiting_for=str(ticket.state.get("waiting_for", "")),
        messages=[_message(row) for row in messages if row.public],
    )


async def channel_of(pool: Pool, tenant: str, ticket_id: UUID) -> str | None:
    """The channel the ticket came in by; None when there is no such ticket."""
    async with tenant_transaction(pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    return ticket.channel if ticket else None


async def ticket_leaves(pool: Pool, tenant: str, ticket_id: UUID) -> list[LeafView] | None:
    """The ticket's ledger, oldest first; None when there is no such ticket."""
    async with tenant_transaction(pool, tenant) as conn:
        if await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id) is None:
            return None
        rows = await t.leaves_of_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    return [
        LeafView(seq=row.seq, ts=row.ts, kind=row.kind, canonical=row.canon.decode(), leaf_hash=row.leaf_hash.hex())
        for row in rows
    ]


def _line(row: TicketRow) -> TicketLine:
    return TicketLine(
        ticket_id=row.ticket_id,
        status=_status(row),
        waiting_for=str(row.state.get("waiting_for", "")),
        subject=row.subject,
        sender=row.sender,
        channel=row.channel,
        priority=row.priority,
        created_at=row.created_at,
        due_at=row.due_at,
    )


def _status(row: TicketRow) -> Status:
    return msgspec.convert(row.status, Status)  # type: ignore[no-any-return]  # a Literal is a type here


def _request(each: RequestState) -> RequestView:
    return RequestView(
        id=each.request.id,
        procedure=each.run.procedure,
        version=each.run.version,
        status=each.status,
        summary=each.summary,
        reason=each.reason,
        slots=[
            SlotView(name=name, value=slot.value, shown=slot.shown, provenance=slot.provenance)
            for name, slot in sorted(each.request.slots.items())
        ],
        path=list(each.run.trail),
        replies=list(each.replies),
    )


def _decision(row: DecisionRow) -> DecisionView:
    return DecisionView(
        ordinal=row.ordinal,
        at=row.at,
        kind=row.kind,
        facts_hmac=row.facts_hash.hex(),
        output_hmac=row.output_hash.hex(),
    )


def _message(row: MessageRow) -> MessageView:
    return msgspec.convert(row, MessageView, from_attributes=True)


def _effect(row: EffectRow) -> EffectView:
    """A reply's arguments stay hidden: its text is among the messages, except for a one-time code, a secret."""
    view = msgspec.convert(row, EffectView, from_attributes=True)
    return view if view.kind != "reply" else msgspec.structs.replace(view, args={})
