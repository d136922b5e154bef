"""The invoice of a month, recomputed from the resolution events of the issues near it, never from what was booked.

Only events whose leaf has its number count: a line without a provable leaf does not exist yet. Contract versions are
those in force by the ledger: the terms at an issue's first event, the price at its proof (as the verifier has it).
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import msgspec

from proofdesk.core.invoice import ChargeConflict, InvoiceCredit, InvoiceLine, month_of, preview_invoice
from proofdesk.core.rating import Rated
from proofdesk.flows.clock import iso
from proofdesk.flows.context import Shell
from proofdesk.flows.contracts import Versions, load_versions
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.totals import LOOK_BACK_LEAVES
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.rows import IssueEventRow

MONTH_PATTERN = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"
PAGE = 5_000
_FIRST = UUID(int=0)
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


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
        if in_force is None:
            return Refusal(code="conflict", message="the tenant has no contract yet: load its configuration first")
        rated = await _rated_for(conn, tenant, month, in_force, as_of)
        unnumbered = await t.unnumbered_events(conn, tenant=tenant, look_back=LOOK_BACK_LEAVES)
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
        unnumbered_events=unnumbered.n,
    )


def _rate(issue_id: str, rows: list[IssueEventRow], versions: Versions, as_of: datetime) -> Rated:
    return versions.rate(issue_id, [(row.event, row.at, row.seq or 0) for row in rows], as_of)[1]


async def _rated_for(conn: Connection, tenant: str, month: str, versions: Versions, as_of: datetime) -> list[Rated]:
    """Every issue that can have a say in the month, folded over its whole history.

    Those charged or credited in it; and because a credit gives back what the charge came to under its own month's cap,
    also those charged in the months from which something is credited here.
    """
    rated = await _rated_near(conn, tenant, month, versions, as_of)
    charged_in = {
        month_of(each.charge.at)
        for each in rated.values()
        if each.charge is not None and each.reversal is not None and month_of(each.reversal.at) == month
    }
    for other in sorted(charged_in - {month}):
        rated |= await _rated_near(conn, tenant, other, versions, as_of)
    return list(rated.values())


async def _rated_near(
    conn: Connection, tenant: str, month: str, versions: Versions, as_of: datetime
) -> dict[UUID, Rated]:
    """Issues with an event in the month, or so shortly before that silence or settlement may charge them in it."""
    first, last = _month_start(month), _month_end(month)
    longest_s = max(each.silence_window_s + each.reversal_window_s for each in versions.dated)
    since = first - timedelta(seconds=longest_s) if longest_s < (first - _EPOCH).total_seconds() else _EPOCH
    rows: list[IssueEventRow] = []
    after = IssueEventRow(issue_id=_FIRST, event="", at=_EPOCH, seq=None)
    while True:
        place = {"after_issue": after.issue_id, "after_event": after.event, "after_at": after.at}
        page = await t.events_near(conn, tenant=tenant, from_at=since, to_at=last + _TICK, limit=PAGE, **place)
        rows += [row for row in page if row.seq is not None and row.at <= as_of]
        if len(page) < PAGE:
            break
        after = page[-1]
    return {issue: _rate(str(issue), list(events), versions, as_of) for issue, events in groupby(rows, _issue)}


def _issue(row: IssueEventRow) -> UUID:
    return row.issue_id


def _month_start(month: str) -> datetime:
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)


def _month_end(month: str) -> datetime:
    """The last microsecond of the UTC month."""
    year, number = int(month[:4]), int(month[5:])
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC) - _TICK
