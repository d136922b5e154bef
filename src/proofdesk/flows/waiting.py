"""What waits for people: handed-off tickets, approvals, mails set aside. Read by the API and the command line."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from proofdesk.store import tables as t
from proofdesk.store.pool import Pool, tenant_transaction
from proofdesk.store.rows import HandoffRow

MAX_OPEN = 500
"""Open handoffs or approvals shown at once, oldest first."""


class HandoffView(msgspec.Struct, frozen=True, kw_only=True):
    handoff_id: UUID
    ticket_id: UUID
    queue: str
    reason: str
    packet_text: str
    sla_due_at: datetime | None
    created_at: datetime
    accepted_by: str | None
    closed_at: datetime | None


class ApprovalView(msgspec.Struct, frozen=True, kw_only=True):
    approval_id: UUID
    ticket_id: UUID
    capability: str
    args: dict[str, Any]
    amount_minor: int
    currency: str
    action_hash: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime


class MailView(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that became no ticket. `place`: where it lies in its mailbox; `kept`: it can be read here as well."""

    inbox_id: UUID
    channel: str
    received_at: datetime
    outcome: Literal["rejected", "ignored"]
    reason: str
    place: str
    size_bytes: int
    kept: bool


async def mails_not_taken(
    pool: Pool, tenant: str, outcome: Literal["rejected", "ignored"], limit: int = MAX_OPEN
) -> list[MailView]:
    """Newest first."""
    async with tenant_transaction(pool, tenant) as conn:
        rows = await t.mails_not_taken(conn, tenant=tenant, outcome=outcome, limit=limit)
    return [msgspec.convert(row, MailView, from_attributes=True) for row in rows]


async def open_handoffs(pool: Pool, tenant: str) -> list[HandoffView]:
    async with tenant_transaction(pool, tenant) as conn:
        return [handoff_view(row) for row in await t.open_handoffs(conn, tenant=tenant, limit=MAX_OPEN)]


async def open_approvals(pool: Pool, tenant: str, now: datetime) -> list[ApprovalView]:
    """Those a ticket still waits for at product time `now`."""
    async with tenant_transaction(pool, tenant) as conn:
        rows = await t.open_approvals(conn, tenant=tenant, now=now, limit=MAX_OPEN)
    return [msgspec.convert(row, ApprovalView, from_attributes=True) for row in rows]


def handoff_view(row: HandoffRow) -> HandoffView:
    return msgspec.convert(row, HandoffView, from_attributes=True)
