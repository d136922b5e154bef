"""Resolution events of an issue, and what they come to: charged once, credited once, proven by a leaf each."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from proofdesk.core.contract import Contract, rule_hash
from proofdesk.core.rating import Charge, Rated, Reversal
from proofdesk.core.resolution import EventType, Resolution
from proofdesk.flows.clock import iso
from proofdesk.flows.contracts import load_versions
from proofdesk.ledger.canonical import make_leaf
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection


async def settle_issue(
    conn: Connection,
    tenant: str,
    *,
    issue_id: UUID,
    ticket_id: UUID,
    events: Sequence[EventType],
    now: datetime,
) -> Resolution:
    """Record `events` at `now`, fold the whole issue and bill or credit what follows. In the caller's transaction."""
    async with conn.pipeline():
        for event in events:
            body: dict[str, object] = {
                "issue_id": str(issue_id),
                "ticket_id": str(ticket_id),
                "event": event,
                "at": iso(now),
            }
            if event == "proposed":
                # Silence proves nothing by itself; an information answer becomes eligible only with a passed
                # quality check.
                body["silence_eligible"] = False
            leaf = make_leaf(tenant, now, "resolution.event", body)
            await t.add_event.later(
                conn,
                tenant=tenant,
                issue_id=issue_id,
                event=event,
                at=now,
                ticket_id=ticket_id,
                ts=leaf.ts,
                kind=leaf.kind,
                canon=leaf.canonical,
                leaf_hash=leaf.leaf_hash,
            )
        resolution, rated, contract = await rated_issue(conn, tenant, issue_id=issue_id, now=now)
        if rated.charge is not None:
            await _book(conn, tenant, contract, issue_id, ticket_id, now, rated.charge, None)
        if rated.reversal is not None and rated.charge is not None:
            await _book(conn, tenant, contract, issue_id, ticket_id, now, rated.charge, rated.reversal)
    return resolution


async def rated_issue(
    conn: Connection, tenant: str, *, issue_id: UUID, now: datetime
) -> tuple[Resolution, Rated, Contract]:
    """The issue folded and priced by the contract versions in force when it happened."""
    versions = await load_versions(conn, tenant)
    if versions is None:
        raise RuntimeError(f"tenant {tenant} has tickets and no contract")
    rows = await t.events_of_issue(conn, tenant=tenant, issue_id=issue_id)
    return versions.rate(str(issue_id), [(row.event, row.at, row.leaf_no) for row in rows], now)


async def add_leaf(
    conn: Connection, tenant: str, now: datetime, kind: str, body: dict[str, object], ticket_id: UUID | None
) -> int:
    """One leaf whose number is needed at once; gives its leaf_no (its seq comes from the sequencer)."""
    leaf = make_leaf(tenant, now, kind, body)
    row = await t.append_leaf(
        conn,
        tenant=tenant,
        ts=leaf.ts,
        kind=leaf.kind,
        canon=leaf.canonical,
        leaf_hash=leaf.leaf_hash,
        ticket_id=ticket_id,
        subject_ref=None,
        ciphertext=None,
    )
    return row.leaf_no


async def _book(  # noqa: PLR0913, PLR0917 - one row, every column named
    conn: Connection,
    tenant: str,
    contract: Contract,
    issue_id: UUID,
    ticket_id: UUID,
    now: datetime,
    charge: Charge,
    reversal: Reversal | None,
) -> None:
    """Insert behind the charge key; only the one that got in writes the billing leaf."""
    entry = charge if reversal is None else reversal
    body: dict[str, object] = {
        "issue_id": str(issue_id),
        "kind": charge.kind,
        "grade": charge.grade,
        "price_minor": charge.price_minor,
        "currency": charge.currency,
        "at": iso(entry.at),
        "contract_id": contract.id,
        "contract_version": contract.version,
        "rule_hash": rule_hash(contract),
    }
    if reversal is not None:
        body["reason"] = reversal.reason
    leaf = make_leaf(tenant, now, "billing.charged" if reversal is None else "billing.credited", body)
    await t.charge.later(
        conn,
        tenant=tenant,
        issue_id=issue_id,
        sign=1 if reversal is None else -1,
        kind=charge.kind if reversal is None else reversal.reason,
        grade=charge.grade,
        price_minor=charge.price_minor,
        currency=charge.currency,
        at=entry.at,
        contract_id=contract.id,
        contract_version=contract.version,
        leaf_no=entry.leaf_seq,
        leaf_ts=leaf.ts,
        leaf_kind=leaf.kind,
        canon=leaf.canonical,
        leaf_hash=leaf.leaf_hash,
        ticket_id=ticket_id,
    )
