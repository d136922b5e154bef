"""Typed rows of the named queries in `queries/`. Instants are aware datetimes, money integer minor units."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class TicketRow(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    issue_id: UUID
    subject_ref: UUID
    channel: str
    sender: str
    sender_verified: bool
    subject: str
    status: str
    state: dict[str, Any]
    version: int
    priority: int
    head_start_s: int = 0
    due_at: datetime | None
    created_at: datetime


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    message_id: UUID
    at: datetime
    direction: str
    author: str
    public: bool
    text: str
    channel_ref: str


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    decision_id: UUID
    ordinal: int
    at: datetime
    kind: str
    facts: bytes
    facts_hash: bytes
    output: bytes
    output_hash: bytes


class HandoffRow(msgspec.Struct, frozen=True, kw_only=True):
    handoff_id: UUID
    ticket_id: UUID
    queue: str
    reason: str
    packet_text: str
    sla_due_at: datetime | None
    created_at: datetime
    accepted_by: str | None
    closed_at: datetime | None
    packet: dict[str, Any] = {}


class TimerRow(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    started_at: datetime
    due_at: datetime
    met_at: datetime | None


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    outcome: str
    reason: str
    ticket_id: UUID | None
    subject_ref: UUID | None
    """Whose ticket it became part of."""
    raw_hmac: bytes | None
    """Keyed hash of the text; None where it became no message, and once its sender was erased."""


class RawMail(msgspec.Struct, frozen=True, kw_only=True):
    subject_ref: UUID
    size_bytes: int
    sealed: bytes


class NotTakenRow(msgspec.Struct, frozen=True, kw_only=True):
    inbox_id: UUID
    channel: str
    received_at: datetime
    outcome: str
    reason: str
    place: str
    size_bytes: int
    kept: bool


class NotTakenCounts(msgspec.Struct, frozen=True, kw_only=True):
    rejected: int
    ignored: int


class EffectRow(msgspec.Struct, frozen=True, kw_only=True):
    effect_key: str
    ticket_id: UUID
    kind: str
    capability: str
    args: dict[str, Any]
    args_hash: str
    amount_minor: int
    currency: str
    idempotency: str
    state: str
    attempts: int
    answer: Any
    receipt: Any


class ApprovalRow(msgspec.Struct, frozen=True, kw_only=True):
    approval_id: UUID
    ticket_id: UUID
    action_hash: str
    capability: str
    args: dict[str, Any]
    amount_minor: int
    currency: str
    policy_hash: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    verdict: str | None
    decided_by: str | None
    decided_at: datetime | None
    used_at: datetime | None


class BudgetRow(msgspec.Struct, frozen=True, kw_only=True):
    reserved_minor: int
    spent_minor: int


class LeafRow(msgspec.Struct, frozen=True, kw_only=True):
    leaf_no: int
    seq: int | None
    ts: str
    kind: str
    canon: bytes
    leaf_hash: bytes


class ExportRow(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    ts: str
    kind: str
    canon: bytes
    leaf_hash: bytes
    subject_ref: UUID | None
    ciphertext: bytes | None


class CheckpointRow(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    root: bytes
    note: str
    at: datetime


class SubjectRow(msgspec.Struct, frozen=True, kw_only=True):
    subject_ref: UUID
    wrapped: bytes | None


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    sealed: bytes


class KnownRow(msgspec.Struct, frozen=True, kw_only=True):
    known: list[dict[str, str]]


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    event: str
    at: datetime
    leaf_no: int


class BilledRow(msgspec.Struct, frozen=True, kw_only=True):
    sign: int
    kind: str
    grade: str
    price_minor: int
    currency: str
    at: datetime


class BilledInMonth(msgspec.Struct, frozen=True, kw_only=True):
    issue_id: UUID
    sign: int
    kind: str
    grade: str
    price_minor: int
    currency: str
    at: datetime
    leaf_seq: int | None


class BilledCounts(msgspec.Struct, frozen=True, kw_only=True):
    charged: int
    credited: int


class ContractRow(msgspec.Struct, frozen=True, kw_only=True):
    contract_id: str
    version: int
    terms: dict[str, Any]
    rule_hash: str


class TenantRow(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    name: str


class RevisionRow(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    files: dict[str, str]
    hash: str


class BlobRow(msgspec.Struct, frozen=True, kw_only=True):
    hash: str
    content: bytes


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: int
    source: dict[str, Any]


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    person_id: UUID
    login: str
    roles: list[str]


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    person_id: UUID
    login: str
    roles: list[str]
    secret_hash: bytes


class ClaimedRow(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    tenant: str
    rank: int


class TakenLeaf(msgspec.Struct, frozen=True, kw_only=True):
    leaf_no: int
    tenant: str
    leaf_hash: bytes


class TreeRow(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    range: list[bytes]


class TenantTree(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    size: int
    range: list[bytes]
    checkpointed: int
    halted: bool


class HaltRow(msgspec.Struct, frozen=True, kw_only=True):
    reason: str
    at: datetime


class Count(msgspec.Struct, frozen=True, kw_only=True):
    n: int


class StatusCount(msgspec.Struct, frozen=True, kw_only=True):
    status: str
    n: int


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    reason: str
    n: int


class IssueEventRow(msgspec.Struct, frozen=True, kw_only=True):
    issue_id: UUID
    event: str
    at: datetime
    seq: int | None


class ContractVersionRow(msgspec.Struct, frozen=True, kw_only=True):
    terms: dict[str, Any]
    rule_hash: str
    effective_from: datetime


class TicketRef(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID


class GivenUpReply(msgspec.Struct, frozen=True, kw_only=True):
    effect_key: str
    ticket_id: UUID


class KnownRef(msgspec.Struct, frozen=True, kw_only=True):
    channel_ref: str
    ticket_id: UUID
    sender: str


class LeafNo(msgspec.Struct, frozen=True, kw_only=True):
    leaf_no: int


class SeqRow(msgspec.Struct, frozen=True, kw_only=True):
    seq: int


class CursorRow(msgspec.Struct, frozen=True, kw_only=True):
    cursor: dict[str, Any]


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    content: bytes


class TenantName(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str


class LeafHash(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    leaf_hash: bytes
