"""The invoice of a month, recomputed from the resolution events of every issue, never from what was booked.

Only events whose leaf has its number count: a line without a provable leaf does not exist yet. Contract versions are
those in force by the ledger: the terms at an issue's first event, the price at its proof (as the verifier has it).
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import msgspec

from proofdesk.core.invoice import ChargeConflict, InvoiceCredit, InvoiceLine, preview_invoice
from proofdesk.core.rating import Rated
from proofdesk.flows.clock import iso
from proofdesk.flows.context import Shell
from proofdesk.flows.contracts import Versions, load_versions
from proofdesk.flows.outcome import Refusal
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.rows import IssueEventRow

MONTH_PATTERN = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"
PAGE = 5_000
_FIRST = UUID(int=0)
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """What `proofdesk invoice preview --json` prints and `proofdesk-verify invoice` recomputes. Minor units."""

    tenant: str
    month: str
    as_of: str
    lines: tuple[InvoiceLine, ...]
    credits: tuple[InvoiceCredit, ...]
    total_minor: int
    currency: str
    rule_hash: str
    unnumbered_events: int
    """Events left out because the sequencer has not numbered their leaf yet (normally 0)."""


async def preview(shell: Shell, tenant: str, month: str) -> Invoice | Refusal:
    """The invoice of `month` ("2026-03", UTC) as it stands now."""
    if not re.fullmatch(MONTH_PATTERN, month, re.ASCII):
        return Refusal(code="invalid", message="a month is written 2026-03", field="month")
    as_of = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        in_force = await load_versions(conn, tenant)
        rows = await _events(conn, tenant)
    if in_force is None:
        return Refusal(code="conflict", message="the tenant has no contract yet: load its configuration first")
    numbered = [row for row in rows if row.seq is not None and row.at <= as_of]
    rated = [_rate(str(issue), list(events), in_force, as_of) for issue, events in groupby(numbered, _issue)]
    contract = in_force.at(min(as_of, _month_end(month)))
    try:
        made = preview_invoice(rated, contract, month, versions=in_force.dated)
    except ChargeConflict as error:
        return Refusal(code="conflict", message=str(error))
    return Invoice(
        tenant=tenant,
        month=month,
        as_of=iso(as_of),
        lines=made.lines,
        credits=made.credits,
        total_minor=made.total_minor,
        currency=made.currency,
        rule_hash=made.rule_hash,
        unnumbered_events=sum(1 for row in rows if row.seq is None),
    )


def _rate(issue_id: str, rows: list[IssueEventRow], versions: Versions, as_of: datetime) -> Rated:
    return versions.rate(issue_id, [(row.event, row.at, row.seq or 0) for row in rows], as_of)[1]


async def _events(conn: Connection, tenant: str) -> list[IssueEventRow]:
    """Every resolution event of the tenant, by issue and time, page by page."""
    found: list[IssueEventRow] = []
    after = IssueEventRow(issue_id=_FIRST, event="", at=_EPOCH, seq=None)
    while True:
        page = await t.all_events(
            conn, tenant=tenant, after_issue=after.issue_id, after_event=after.event, after_at=after.at, limit=PAGE
        )
        found.extend(page)
        if len(page) < PAGE:
            return found
        after = page[-1]


def _issue(row: IssueEventRow) -> UUID:
    return row.issue_id


def _month_end(month: str) -> datetime:
    """The last microsecond of the UTC month."""
    year, number = int(month[:4]), int(month[5:])
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC) - timedelta(microseconds=1)
