"""Budgets: each currency by itself, none without an amount, and the limit in force now."""

import tempfile
from pathlib import Path
from uuid import UUID

import pytest

from proofdesk.flows.folder import TenantFolderError
from proofdesk.flows.load_tenant import TenantLoaded, load_tenant
from proofdesk.flows.people import list_people
from proofdesk.flows.replay import Replayed, replay_ticket
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction
from tests.database import fresh_database
from tests.stories.conftest import prove_books
from tests.stories.desk import TENANT, Desk, open_desk, tenant_folder
from tests.stories.orders import refundable_order

pytestmark = pytest.mark.asyncio(loop_scope="module")
LINE = "limits_minor: {EUR: 50000}"
SMALL = 5_000


async def load(desk: Desk, **files: str) -> TenantLoaded:
    """Load the tenant's folder again: in tenant.yaml `limits` instead of the budget's, and more files by stem."""
    env = {"LARKFIELD_URL": desk.url, "LARKFIELD_READ_TOKEN": "read", "LARKFIELD_WRITE_TOKEN": "write"}
    with tempfile.TemporaryDirectory() as folder:
        root = tenant_folder(Path(folder) / "tenant")
        settings = root / "tenant.yaml"
        settings.write_text(settings.read_text().replace(LINE, files.pop("limits", LINE)))
        for stem, text in files.items():
            (root / f"{stem}.yaml").write_text(text)
        loaded = await load_tenant(desk.house.shell, root, loaded_by="test", env=env, encoder=desk.house.encoder)
    await desk.house.shell.tenants.close()  # type: ignore[attr-defined]  # the registry: read the new revision at once
    return loaded


async def refund(desk: Desk, currency: str, least: int = 1) -> tuple[UUID, int]:
    order, customer = refundable_order(desk, least, SMALL, currency)
    amount = order.refundable_minor
    return await desk.write(customer.email, f"I want a refund for order {order.id}"), amount


async def budgets(desk: Desk) -> dict[str, tuple[int, int]]:
    """Currency -> (limit, spent)."""
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        cursor = await conn.execute("select currency, limit_minor, spent_minor from budget")
        return {row["currency"]: (row["limit_minor"], row["spent_minor"]) for row in await cursor.fetchall()}


async def told(desk: Desk, ticket_id: UUID) -> tuple[str, str]:
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        row = await t.handoff_of(conn, tenant=TENANT, ticket_id=ticket_id)
    assert row is not None
    return row.reason, row.packet_text


async def test_each_currency_has_its_own_sum_and_limit(database_template: Endpoint, tmp_path: Path) -> None:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path) as desk:
            await load(desk, limits=f"limits_minor: {{EUR: {SMALL}, GBP: {SMALL}}}")
            spent = {currency: (await refund(desk, currency, SMALL // 2 + 1))[1] for currency in ("EUR", "GBP")}
            assert await budgets(desk) == {currency: (SMALL, spent[currency]) for currency in spent}
            await prove_books(desk, tmp_path)


async def test_a_currency_without_an_amount_goes_to_a_person(database_template: Endpoint, tmp_path: Path) -> None:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path) as desk:
            before = len(desk.writes())
            ticket_id, _ = await refund(desk, "GBP")
            reason, text = await told(desk, ticket_id)
            assert reason == "budget_missing"
            assert "budget refunds.daily states no amount in GBP" in text
            assert len(desk.writes()) == before and await budgets(desk) == {}
            answer = await replay_ticket(desk.house.shell, TENANT, ticket_id)
            assert isinstance(answer, Replayed) and answer.agrees
            await prove_books(desk, tmp_path)


async def test_a_lowered_limit_counts_in_the_running_window(database_template: Endpoint, tmp_path: Path) -> None:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path) as desk:
            first, amount = await refund(desk, "EUR")
            assert (await desk.ticket(first)).status == "solved"
            await load(desk, limits=f"limits_minor: {{EUR: {amount}}}")
            second, _ = await refund(desk, "EUR")
            assert (await told(desk, second))[0] == "budget_exhausted"
            await load(desk, limits=f"limits_minor: {{EUR: {amount + SMALL}}}")
            third, more = await refund(desk, "EUR")
            assert (await desk.ticket(third)).status == "solved"
            assert await budgets(desk) == {"EUR": (amount + SMALL, amount + more)}
            await prove_books(desk, tmp_path)


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        (
            "limit_minor: 50000, currency: EUR",
            "limit_minor: unknown key; known keys: scope, capabilities, limits_minor",
        ),
        ("limits_minor: {EURO: 1}", "limits_minor.EURO: 'EURO' is not an active ISO 4217 code"),
        ("limits_minor: {EUR: -1}", "limits_minor.EUR: must lie between 0 and"),
        ("limits_minor: {EUR: 1.5}", "limits_minor"),
        ("limits_minor: {}", "limits_minor: state an amount for each currency"),
        (f"{LINE}, window_h: 0", "window_h: must lie between 1 and"),
    ],
)
async def test_a_fault_names_file_line_and_field(module_desk: Desk, limits: str, wanted: str) -> None:
    with pytest.raises(TenantFolderError) as caught:
        await load(module_desk, limits=limits)
    assert str(caught.value).startswith("tenant.yaml:16:")
    assert f"budgets[0].{wanted}" in str(caught.value)


async def test_people_of_the_folder_are_loaded(module_desk: Desk) -> None:
    desk = module_desk
    loaded = await load(desk, people="- {login: ada, roles: [approver]}\n- {login: bob, roles: [agent, finance]}\n")
    assert loaded.people == 2
    found = {person.login: person.roles for person in await list_people(desk.house.shell, TENANT)}
    assert found == {"ada": ("approver",), "bob": ("agent", "finance")}
    again = await load(desk, people="- {login: ada, roles: [approver, agent]}\n")
    assert again.people == 1
    found = {person.login: person.roles for person in await list_people(desk.house.shell, TENANT)}
    assert found == {"ada": ("agent", "approver"), "bob": ("agent", "finance")}, "who is not listed is left alone"


@pytest.mark.parametrize(
    ("people", "wanted"),
    [
        ("- {login: ada, roles: [boss]}", "people.yaml:1:"),
        (
            "- {login: ada, roles: [agent]}\n- {login: ada, roles: [finance]}",
            "people.yaml:2:4: [1].login: ada is listed",
        ),
        ("- {login: Ada!, roles: [agent]}", "[0].login: a login matches"),
        ("- {login: ada, roles: []}", "[0].roles: at least one role"),
        ("login: ada", "must be a list"),
    ],
)
async def test_a_fault_in_people_loads_nothing(module_desk: Desk, people: str, wanted: str) -> None:
    desk = module_desk
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        before = await t.load_revision(conn, tenant=TENANT)
    with pytest.raises(TenantFolderError) as caught:
        await load(desk, people=people)
    assert wanted in str(caught.value)
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        assert await t.load_revision(conn, tenant=TENANT) == before
