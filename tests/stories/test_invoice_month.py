"""The invoice of a month reads the issues near that month, and says what the fold of all events says."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from proofdesk.core.contract import Contract, Price
from proofdesk.core.invoice import preview_invoice
from proofdesk.flows.clock import Clock, iso
from proofdesk.flows.contracts import load_versions
from proofdesk.flows.ids import new_id
from proofdesk.flows.invoice import Invoice, preview
from proofdesk.flows.settle import add_leaf
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import Connection, tenant_transaction
from tests.database import fresh_database
from tests.stories.desk import TENANT, Desk, open_desk

MONTHS = [f"2025-{number:02}" for number in range(1, 13)]
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
LATER = ("customer_contact", "csat_negative", "action_rolled_back", "dispute_opened", "qa_fail")


async def event(conn: Connection, issue: UUID, ticket: UUID, kind: str, at: datetime) -> None:
    body = {"issue_id": str(issue), "ticket_id": str(ticket), "event": kind, "at": iso(at)}
    leaf_no = await add_leaf(conn, TENANT, at, "resolution.event", body, ticket)
    await conn.execute(
        "insert into resolution_event (tenant, issue_id, event, at, ticket_id, leaf_no)"
        " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
        (TENANT, issue, kind, at, ticket, leaf_no),
    )


async def fill(desk: Desk, seed: int, count: int) -> None:
    """Issues of a year with early and late reversals, disputes years of windows later, and edges of months."""
    draw = random.Random(seed)
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        for _ in range(count):
            issue, ticket = new_id(), new_id()
            at = FIRST + timedelta(seconds=draw.randrange(365 * 86_400))
            if draw.random() < 0.2:
                month = draw.choice(MONTHS)
                at = datetime(2025, int(month[5:]), 1, tzinfo=UTC) - timedelta(microseconds=draw.choice((0, 1)))
            await conn.execute(
                "insert into issue (tenant, issue_id, subject_ref, opened_at, last_contact_at)"
                " values (%s, %s, %s, %s, %s)",
                (TENANT, issue, new_id(), at, at),
            )
            await event(conn, issue, ticket, "proposed", at)
            if draw.random() < 0.85:
                at += timedelta(hours=draw.choice((0, 1, 30)))
                await event(conn, issue, ticket, "system_state_verified", at)
            for _ in range(draw.choice((0, 0, 1, 2))):
                at += timedelta(days=draw.choice((0.5, 5, 13, 14, 40)))
                kind = draw.choice(LATER)
                await event(conn, issue, ticket, kind, at)
                if kind == "dispute_opened":
                    at += timedelta(days=draw.choice((1, 20, 70)))
                    await event(conn, issue, ticket, "dispute_upheld", at)
    await desk.drain_ledger()


async def unbounded(desk: Desk, month: str, as_of: datetime) -> tuple[Any, Any, int]:
    """Lines, credits and total by the fold of every event of the tenant."""
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        versions = await load_versions(conn, TENANT)
        cursor = await conn.execute(
            "select e.issue_id, e.event, e.at, s.seq from resolution_event e join leaf_seq s on s.leaf_no = e.leaf_no"
            " order by e.issue_id, e.event, e.at"
        )
        rows = [row for row in await cursor.fetchall() if row["at"] <= as_of]
    assert versions is not None
    rated = [
        versions.rate(str(issue), [(r["event"], r["at"], r["seq"]) for r in events], as_of)[1]
        for issue, events in groupby(rows, lambda row: row["issue_id"])
    ]
    made = preview_invoice(rated, versions.at(as_of), month, versions=versions.dated)
    return made.lines, made.credits, made.total_minor


def terms(mode: Any) -> Contract:
    return Contract(
        id="bounded",
        version=1,
        currency="EUR",
        valid_from=FIRST,
        prices=(
            Price(kind="resolution", unit_price=Decimal("0.99")),
            Price(kind="approval_assisted", unit_price=Decimal(0)),
        ),
        mode=mode,
        cap_minor=99 * 12 + 50,
    )


@pytest.mark.parametrize("mode", ["accrue", "settle"])
async def test_the_bounded_invoice_is_the_unbounded_one(database_template: Endpoint, tmp_path: Path, mode: str) -> None:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path) as desk:
            contract = terms(mode)
            async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
                await t.add_contract(
                    conn, tenant=TENANT, contract_id=contract.id, version=1, terms=msgspec.to_builtins(contract),
                    rule_hash="b" * 64, now=FIRST - timedelta(days=1),
                )  # fmt: skip
            await fill(desk, 7, 250)
            later = datetime(2026, 6, 1, tzinfo=UTC)
            shell = msgspec.structs.replace(desk.house.shell, clock=Clock(wall=later.timestamp))
            credits = 0
            for month in MONTHS:
                made = await preview(shell, TENANT, month)
                assert isinstance(made, Invoice), made
                assert (made.lines, made.credits, made.total_minor) == await unbounded(desk, month, later)
                assert made.lines and made.unnumbered_events == 0
                credits += len(made.credits)
            assert credits >= 5, "early and late reversals are among them"
            desk.tampered = True
