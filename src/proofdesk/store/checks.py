"""Rows and queries of the self-check, bound as in `tables`."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from proofdesk.store import sql


class SizeRow(msgspec.Struct, frozen=True, kw_only=True):
    size: int


class ScannedLeaf(msgspec.Struct, frozen=True, kw_only=True):
    leaf_no: int
    seq: int | None
    ts: str
    kind: str
    canon: bytes
    leaf_hash: bytes
    ticket_id: UUID | None


class Numbering(msgspec.Struct, frozen=True, kw_only=True):
    numbered: int
    next_seq: int
    tree_size: int
    checkpointed: int


class EffectState(msgspec.Struct, frozen=True, kw_only=True):
    effect_key: str
    kind: str
    state: str
    ticket_id: UUID
    status: str


class Off(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    detail: str


class IssueEvent(msgspec.Struct, frozen=True, kw_only=True):
    issue_id: UUID
    event: str
    at: datetime
    leaf_no: int


class IssueBilled(msgspec.Struct, frozen=True, kw_only=True):
    issue_id: UUID
    sign: int
    kind: str
    grade: str
    price_minor: int
    currency: str
    at: datetime
    contract_id: str
    contract_version: int
    leaf_no: int


class IssueRef(msgspec.Struct, frozen=True, kw_only=True):
    issue_id: UUID


class ContractTerms(msgspec.Struct, frozen=True, kw_only=True):
    contract_id: str
    version: int
    terms: dict[str, Any]
    rule_hash: str


class DecisionCount(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    n: int
    first: int
    last: int


class InboxCount(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID | None
    n: int
    known: int


tree_size = sql.optional("check.sql", "tree_size", SizeRow)
leaves = sql.many("check.sql", "leaves", ScannedLeaf)
numbering = sql.one("check.sql", "numbering", Numbering)
effects = sql.many("check.sql", "effects", EffectState)
tickets_without_due = sql.many("check.sql", "tickets_without_due", Off)
budgets_off = sql.many("check.sql", "budgets_off", Off)
reservations_off = sql.many("check.sql", "reservations_off", Off)
events = sql.many("check.sql", "events", IssueEvent)
billed = sql.many("check.sql", "billed", IssueBilled)
issues_with_work = sql.many("check.sql", "issues_with_work", IssueRef)
contracts = sql.many("check.sql", "contracts", ContractTerms)
decisions_of_tickets = sql.many("check.sql", "decisions_of_tickets", DecisionCount)
inbox_of_tickets = sql.many("check.sql", "inbox_of_tickets", InboxCount)
