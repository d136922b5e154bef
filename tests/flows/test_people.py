"""People, keys, approvals, confirmations and the invoice, called as the command line calls them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from proofdesk.flows import approve, confirm, handed, invoice, people
from proofdesk.flows.ids import new_id
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.state import State
from proofdesk.store import tables as t
from proofdesk.store.pool import Pool, connection, tenant_transaction
from tests.rooms.web.support import OneTenant, Server, make_shell


@pytest.fixture
async def office(app_pool: Pool) -> AsyncIterator[Server]:
    tenants = OneTenant()
    yield Server(make_shell(app_pool, tenants), tenants, cast(Any, None), cast(Any, None))


async def test_only_the_hash_of_a_secret_is_kept(office: Server, engine_pool: Pool) -> None:
    tenant = await office.tenant()
    await people.save_person(office.shell, tenant, "ada", ["agent", "approver"], by="test")
    issued = await people.issue_key(office.shell, tenant, "ada", by="test")
    assert isinstance(issued, people.IssuedKey)
    parsed = people.parse_key(issued.key)
    assert parsed is not None and parsed[0] == issued.prefix
    async with connection(engine_pool) as conn:
        row = await t.find_api_key(conn, prefix=issued.prefix)
    assert row is not None and row.secret_hash == hashlib.sha256(parsed[1].encode()).digest()
    assert (row.tenant, row.login, set(row.roles)) == (tenant, "ada", {"agent", "approver"})
    assert issued.key not in repr(issued) and parsed[1] not in repr(issued)
    async with tenant_transaction(office.shell.pool, tenant) as conn:
        cursor = await conn.execute("select canon from leaf where tenant = %s", (tenant,))
        assert all(parsed[1].encode() not in leaf["canon"] for leaf in await cursor.fetchall())


@pytest.mark.parametrize(
    ("login", "roles", "field"),
    [("", ["agent"], "login"), ("Ada", [], "login"), ("a" * 128, [], "login"), ("ada", ["boss"], "roles")],
)
async def test_a_person_needs_a_login_and_known_roles(office: Server, login: str, roles: list[Any], field: str) -> None:
    tenant = await office.tenant()
    saved = await people.save_person(office.shell, tenant, login, roles, by="test")
    assert isinstance(saved, Refusal) and (saved.code, saved.field) == ("invalid", field)
    assert await people.list_people(office.shell, tenant) == []


async def test_a_key_needs_a_person_and_is_revoked_once(office: Server) -> None:
    tenant, other = await office.tenant(), await office.tenant()
    missing = await people.issue_key(office.shell, tenant, "nobody", by="test")
    assert isinstance(missing, Refusal) and missing.code == "not_found"
    await people.save_person(office.shell, tenant, "ada", [], by="test")
    issued = await people.issue_key(office.shell, tenant, "ada", by="test")
    assert isinstance(issued, people.IssuedKey)
    elsewhere = await people.revoke_key(office.shell, other, issued.prefix, by="test")
    assert isinstance(elsewhere, Refusal)
    assert isinstance(await people.revoke_key(office.shell, tenant, issued.prefix, by="test"), people.Revoked)
    assert isinstance(await people.revoke_key(office.shell, tenant, issued.prefix, by="test"), Refusal)
    assert await office.kinds(tenant, None) == ["contract.version", "person.saved", "key.issued", "key.revoked"]


async def test_saving_again_replaces_the_roles(office: Server) -> None:
    tenant = await office.tenant()
    await people.save_person(office.shell, tenant, "ada", ["manager", "agent"], by="test")
    await people.save_person(office.shell, tenant, "ada", ["finance", "finance"], by="test")
    assert await people.list_people(office.shell, tenant) == [people.Person(login="ada", roles=("finance",))]


async def test_only_an_approver_decides(office: Server) -> None:
    tenant = await office.tenant()
    await people.save_person(office.shell, tenant, "ada", ["agent"], by="test")
    ticket_id, approval_id = await office.waiting_approval(tenant)
    for login in ("ada", "nobody"):
        decided = await approve.decide_approval(office.shell, tenant, approval_id, "approved", login)
        assert isinstance(decided, Refusal) and decided.code == "forbidden"
    missing = await approve.decide_approval(office.shell, tenant, new_id(), "approved", "ada")
    assert isinstance(missing, Refusal) and missing.code == "not_found"
    async with tenant_transaction(office.shell.pool, tenant) as conn:
        row = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    assert row is not None and row.status == "waiting_approval"
    assert "approval.decided" not in await office.kinds(tenant, ticket_id)


async def test_of_two_verdicts_at_once_one_counts(office: Server) -> None:
    tenant = await office.tenant()
    for login in ("ada", "bob"):
        await people.save_person(office.shell, tenant, login, ["approver"], by="test")
    ticket_id, approval_id = await office.waiting_approval(tenant)
    results = await asyncio.gather(
        approve.decide_approval(office.shell, tenant, approval_id, "approved", "ada"),
        approve.decide_approval(office.shell, tenant, approval_id, "rejected", "bob"),
    )
    assert sorted(type(result).__name__ for result in results) == ["ApprovalDecided", "Refusal"]
    assert (await office.kinds(tenant, ticket_id)).count("approval.decided") == 1


async def test_confirmations_at_once_charge_once(office: Server) -> None:
    tenant = await office.tenant()
    ticket_id = await office.solved(tenant)
    results = await asyncio.gather(*(confirm.confirm_solved(office.shell, tenant, ticket_id) for _ in range(5)))
    assert {getattr(result, "resolution", None) for result in results} == {"billable"}
    assert (await office.kinds(tenant, ticket_id)).count("billing.charged") == 1


async def test_a_rating_out_of_range_is_refused(office: Server) -> None:
    tenant = await office.tenant()
    ticket_id = await office.solved(tenant)
    for score in (0, 6):
        refused = await confirm.rate(office.shell, tenant, ticket_id, score)
        assert isinstance(refused, Refusal) and refused.field == "score"


async def test_a_solved_ticket_a_person_answered_goes_back_to_a_new_handoff(office: Server) -> None:
    tenant = await office.tenant()
    ticket_id, handoff_id = await office.handed_off(tenant)
    await handed.accept_handoff(office.shell, tenant, handoff_id, "ada")
    replied = await handed.reply(office.shell, tenant, ticket_id, "Done.", "ada", solved=True)
    assert isinstance(replied, handed.Replied)
    back = Incoming(channel="api", delivery_id="again", sender="", text="It is not!", ticket_id=ticket_id)
    assert isinstance(await receive(office.shell, await office.tenants.get(tenant), back), Received)
    async with tenant_transaction(office.shell.pool, tenant) as conn:
        row = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    assert row is not None and (row.status, row.state["step"]) == ("open", "reopened")
    await office.put(tenant, ticket_id, "handed_off", State(step="window"))
    refused = await handed.reply(office.shell, tenant, ticket_id, "Sorry.", "ada", solved=False)
    assert isinstance(refused, Refusal) and "accept" in refused.message


async def test_the_same_words_may_be_said_again_once_the_requester_wrote(office: Server) -> None:
    tenant = await office.tenant()
    ticket_id, handoff_id = await office.handed_off(tenant)
    await handed.accept_handoff(office.shell, tenant, handoff_id, "ada")
    await handed.reply(office.shell, tenant, ticket_id, "Please wait.", "ada", solved=False)
    answer = Incoming(channel="api", delivery_id="more", sender="", text="I wait.", ticket_id=ticket_id)
    await receive(office.shell, await office.tenants.get(tenant), answer)
    again = await handed.reply(office.shell, tenant, ticket_id, "Please wait.", "ada", solved=False)
    assert isinstance(again, handed.Replied) and not again.duplicate
    async with tenant_transaction(office.shell.pool, tenant) as conn:
        rows = await t.messages(conn, tenant=tenant, ticket_id=ticket_id)
    assert [row.text for row in rows if row.author == "agent"] == ["Please wait.", "Please wait."]


@pytest.mark.parametrize("month", ["", "2026", "2026-00", "2026-13", "2026-1", "26-01", "2026-01 ", "２０２６-01"])
async def test_a_month_has_one_form(office: Server, month: str) -> None:
    refused = await invoice.preview(office.shell, await office.tenant(), month)
    assert isinstance(refused, Refusal) and refused.field == "month"


async def test_december_ends_with_the_year(office: Server) -> None:
    made = await invoice.preview(office.shell, await office.tenant(), "2026-12")
    assert isinstance(made, invoice.Invoice)
    assert (made.lines, made.credits, made.total_minor, made.currency) == ((), (), 0, "EUR")


async def test_another_month_has_other_lines(office: Server, engine_pool: Pool) -> None:
    from bench.processes import temporary_home

    tenant = await office.tenant()
    ticket_id = await office.solved(tenant, verified=True)
    with temporary_home() as witness:
        await office.number(engine_pool, witness)
    now = office.shell.clock.now()
    here = await invoice.preview(office.shell, tenant, now.strftime("%Y-%m"))
    before = (datetime(now.year, now.month, 1, tzinfo=UTC) - timedelta(days=1)).strftime("%Y-%m")
    there = await invoice.preview(office.shell, tenant, before)
    assert isinstance(here, invoice.Invoice) and isinstance(there, invoice.Invoice)
    async with tenant_transaction(office.shell.pool, tenant) as conn:
        row = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        assert row is not None
        leaves = {leaf.leaf_no: leaf for leaf in await t.leaves_of_ticket(conn, tenant=tenant, ticket_id=ticket_id)}
        events = await t.events_of_issue(conn, tenant=tenant, issue_id=row.issue_id)
    proof = next(event for event in events if event.event == "system_state_verified")
    assert [(line.issue_id, line.leaf_seq) for line in here.lines] == [
        (str(UUID(str(row.issue_id))), leaves[proof.leaf_no].seq)
    ]
    assert there.lines == ()


async def test_a_tenant_without_a_contract_has_no_invoice(office: Server) -> None:
    tenant = f"t{new_id().hex[-12:]}"
    refused = await invoice.preview(office.shell, tenant, "2026-01")
    assert isinstance(refused, Refusal) and refused.code == "conflict"
