"""Proves the books: effects, budgets, decisions, inbox and bills against the ledger, and each against itself.

Reads only. An empty list means that everything adds up; a running worker may leave leaves that are not numbered yet.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import cast
from uuid import UUID

import msgspec

from proofdesk.core.contract import Contract, terms_of
from proofdesk.core.rating import Rated, rate_issue
from proofdesk.core.resolution import EventType, ResolutionEvent, fold_resolution
from proofdesk.flows.ledger_scan import Finding, Scan, scan_ledger
from proofdesk.store import checks
from proofdesk.store import tables as t
from proofdesk.store.checks import IssueBilled, IssueEvent
from proofdesk.store.pool import Connection, Pool, tenant_transaction

__all__ = ["Finding", "self_check"]

Line = tuple[str, str, int, str, datetime]
"""kind, grade, price in minor units, currency, instant."""


async def self_check(pool: Pool, tenant: str, now: datetime) -> list[Finding]:
    """What does not add up for `tenant` at product time `now`. Raises StoreUnavailable."""
    scan = await scan_ledger(pool, tenant)
    async with tenant_transaction(pool, tenant) as conn:
        await _numbering(conn, tenant, scan)
        if (halt := await t.ledger_halt(conn, tenant=tenant)) is not None:
            scan.find("witness", tenant, f"its tickets do nothing since {halt.at.isoformat()}: {halt.reason}")
        await _effects(conn, tenant, scan)
        for row in await checks.tickets_without_due(conn, tenant=tenant):
            scan.find("ticket_due", row.subject, f"it is {row.detail} without a due time: nobody would come back")
        for row in await checks.budgets_off(conn, tenant=tenant):
            scan.find("budget_sum", row.subject, row.detail)
        for row in await checks.reservations_off(conn, tenant=tenant):
            scan.find("reservation_state", row.subject, row.detail)
        await _decisions(conn, tenant, scan)
        await _inbox(conn, tenant, scan)
        await _billing(conn, tenant, scan, now)
    return scan.findings


async def _numbering(conn: Connection, tenant: str, scan: Scan) -> None:
    found = await checks.numbering(conn, tenant=tenant)
    if found.numbered != found.next_seq:
        scan.find("leaf_seq", tenant, f"{found.numbered} leaves are numbered, the next number is {found.next_seq}")
    if found.tree_size != found.next_seq:
        scan.find("tree_size", tenant, f"the tree has {found.tree_size} leaves, the next number is {found.next_seq}")
    if found.checkpointed > found.next_seq:
        scan.find("checkpoint", tenant, f"one covers {found.checkpointed} leaves, only {found.next_seq} are there")


async def _effects(conn: Connection, tenant: str, scan: Scan) -> None:
    after, confirmed = "", set()
    while page := await checks.effects(conn, tenant=tenant, after_key=after):
        for effect in page:
            key = effect.effect_key
            if scan.intents[key] != 1:
                scan.find("effect_intent", key, f"{scan.intents[key]} intent leaves, exactly one is right")
            if effect.state in ("confirmed", "compensated"):
                confirmed.add(key)
                if scan.confirmations[key] != 1:
                    scan.find("effect_confirmed", key, f"{scan.confirmations[key]} confirmation leaves, one is right")
            if effect.state in ("intent", "sent") and effect.status == "closed":
                scan.find("effect_open", key, f"it is still {effect.state}, its ticket {effect.ticket_id} is closed")
        after = page[-1].effect_key
    for key in scan.confirmations.keys() - confirmed:
        scan.find("effect_confirmed", key, "the ledger says confirmed, the effect is not")


async def _decisions(conn: Connection, tenant: str, scan: Scan) -> None:
    left = dict(scan.decisions)
    for row in await checks.decisions_of_tickets(conn, tenant=tenant):
        if row.first > 0 or row.last < -1 or row.last - row.first != row.n - 1:
            scan.find("decision_ordinals", row.ticket_id, f"{row.n} decisions numbered {row.first} to {row.last}")
        recorded = left.pop(str(row.ticket_id), 0)
        if recorded != row.n:
            scan.find("decision_leaves", row.ticket_id, f"{row.n} decisions are stored, the ledger has {recorded}")
    for ticket_id, recorded in left.items():
        scan.find("decision_leaves", ticket_id, f"no decision is stored, the ledger has {recorded}")


async def _inbox(conn: Connection, tenant: str, scan: Scan) -> None:
    for row in await checks.inbox_of_tickets(conn, tenant=tenant):
        if row.known != row.n:
            scan.find("inbox_ticket", row.ticket_id, f"{row.n - row.known} messages without their ticket")
        recorded = scan.received[str(row.ticket_id)]
        if recorded != row.n:
            scan.find("inbox_leaf", row.ticket_id, f"{row.n} messages came in, the ledger has {recorded}")


async def _billing(conn: Connection, tenant: str, scan: Scan, now: datetime) -> None:
    contracts = {
        (row.contract_id, row.version): msgspec.convert(row.terms, Contract)
        for row in await checks.contracts(conn, tenant=tenant)
    }
    working = {row.issue_id for row in await checks.issues_with_work(conn, tenant=tenant)}
    billed: dict[UUID, list[IssueBilled]] = {}
    for line in await checks.billed(conn, tenant=tenant):
        billed.setdefault(line.issue_id, []).append(line)
    events = await checks.events(conn, tenant=tenant)
    seen = set(billed)
    for event in events:
        if scan.events.get(event.leaf_no) != (str(event.issue_id), event.event):
            scan.find("event_leaf", event.issue_id, f"{event.event} names leaf_no {event.leaf_no}, which is another")
    for issue_id, group in groupby(events, key=lambda each: each.issue_id):
        lines = billed.pop(issue_id, [])
        booked_under = [contracts[(line.contract_id, line.contract_version)] for line in lines]
        versions = booked_under or list(contracts.values())[-1:]
        rated = _rated(issue_id, list(group), versions[0], now) if versions else Rated()
        _compare(scan, issue_id, lines, rated, may_wait=issue_id in working)
        _leaves_of(scan, issue_id, lines)
    for issue_id, lines in billed.items():
        scan.find("billing_fold", issue_id, f"{len(lines)} billing lines without any event of the issue")
    known = {str(issue_id) for issue_id in seen}
    for issue_id_text in (scan.charges.keys() | scan.credits.keys()) - known:
        scan.find("billing_leaf", issue_id_text, "the ledger has a billing leaf, the books have no line")


def _rated(issue_id: UUID, rows: Sequence[IssueEvent], contract: Contract, now: datetime) -> Rated:
    history = [ResolutionEvent(type=cast(EventType, row.event), ts=row.at, leaf_seq=row.leaf_no) for row in rows]
    return rate_issue(str(issue_id), fold_resolution(history, terms_of(contract), now), contract)


def _compare(scan: Scan, issue_id: UUID, lines: Sequence[IssueBilled], rated: Rated, *, may_wait: bool) -> None:
    """The lines in the books against those the events come to. What time alone brings (the end of a window) is
    booked when the ticket is due again: until then it may be missing."""
    wanted: dict[int, Line] = {}
    if rated.charge is not None:
        charge = rated.charge
        wanted[1] = (charge.kind, charge.grade, charge.price_minor, charge.currency, charge.at)
        if rated.reversal is not None:
            wanted[-1] = (rated.reversal.reason, charge.grade, charge.price_minor, charge.currency, rated.reversal.at)
    for line in lines:
        booked = (line.kind, line.grade, line.price_minor, line.currency, line.at)
        right = wanted.pop(line.sign, None)
        if right is None:
            scan.find("billing_fold", issue_id, f"a {_word(line.sign)} is booked that the events do not come to")
        elif right != booked:
            scan.find("billing_fold", issue_id, f"booked {_text(booked)}, the events say {_text(right)}")
    for sign, right in wanted.items():
        if not may_wait:
            scan.find("billing_fold", issue_id, f"a {_word(sign)} of {_text(right)} is not booked")


def _leaves_of(scan: Scan, issue_id: UUID, lines: Sequence[IssueBilled]) -> None:
    for sign, counted in ((1, scan.charges), (-1, scan.credits)):
        booked = sum(1 for line in lines if line.sign == sign)
        if counted[str(issue_id)] != booked:
            detail = f"{booked} {_word(sign)} booked, {counted[str(issue_id)]} in the ledger"
            scan.find("billing_leaf", issue_id, detail)
    for line in lines:
        if scan.events.get(line.leaf_no, ("", ""))[0] != str(issue_id):
            detail = f"the {_word(line.sign)} rests on leaf_no {line.leaf_no}, which is no event of the issue"
            scan.find("billing_leaf", issue_id, detail)
        if line.sign == 1 and scan.charged_minor.get(str(issue_id)) not in (None, line.price_minor):
            scan.find("billing_leaf", issue_id, f"booked {line.price_minor}, in the ledger another price")


def _word(sign: int) -> str:
    return "charge" if sign == 1 else "credit"


def _text(line: Line) -> str:
    kind, grade, price_minor, currency, at = line
    return f"{kind}/{grade} {price_minor} {currency} at {at.isoformat()}"
