"""Larkfield's back office: consistent seeds, its rules, keys, versions, and its document."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from examples.backoffice.api import OPERATIONS, document
from examples.backoffice.kinds import kinds
from examples.backoffice.seed import make_world
from examples.backoffice.service import BackOffice
from examples.backoffice.world import World
from proofdesk.connectors.backoffice.openapi import OpenApiConnector
from proofdesk.connectors.backoffice.records import Found, RecordsMapping
from proofdesk.core.reading import Claim
from tests.connectors.running import LARKFIELD, TODAY, larkfield_env, process

READ = {"Authorization": "Bearer r"}
WRITE = {"Authorization": "Bearer w"}


@pytest.fixture
def office() -> BackOffice:
    tokens = {"r": frozenset({"*:read"}), "w": frozenset({"*:write"}), "narrow": frozenset({"orders:write"})}
    return BackOffice(seed=7, today=TODAY, tokens=tokens, faults=[])


def client(office: BackOffice) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=office), base_url="http://larkfield")  # type: ignore[arg-type]


def check_books(world: World) -> None:
    for order in world.orders.values():
        paid = sum(p.amount_minor if p.kind == "payment" else -p.amount_minor for p in order.payments)
        assert order.paid_minor == paid >= 0, order.id
        assert 0 <= order.refundable_minor <= paid
        assert order.total_minor == sum(line.price_minor for line in order.lines)
        assert order.id in world.customers[order.customer_id].order_ids
        refunded = sum(p.amount_minor for p in order.payments if p.kind == "refund")
        assert sum(r.amount_minor for r in world.refunds.values() if r.order_id == order.id) <= refunded
    for customer in world.customers.values():
        assert all(method.balance_minor is None or method.balance_minor >= 0 for method in customer.methods)
        for workspace_id in customer.workspace_ids:
            assert customer.id in {member.customer_id for member in world.workspaces[workspace_id].members}
    for found in world.subscriptions.values():
        assert len(world.workspaces[found.workspace_id].members) <= found.seats


@pytest.mark.parametrize("seed", [1, 7, 2024])
def test_every_seed_is_consistent_and_has_every_kind(seed: int) -> None:
    world = make_world(seed, TODAY)
    check_books(world)
    assert (len(world.customers), len(world.orders), len(world.subscriptions)) == (120, 260, 70)
    assert len({customer.email for customer in world.customers.values()}) == 120
    assert [kind for kind, ids in kinds(world).items() if not ids] == []
    assert msgspec.json.encode(make_world(seed, TODAY)) == msgspec.json.encode(world)


def test_the_committed_document_is_the_one_the_service_gives() -> None:
    assert msgspec.json.decode((LARKFIELD / "openapi.json").read_bytes()) == document()


async def write(http: httpx.AsyncClient, route: str, body: Any, key: str, **headers: str) -> httpx.Response:
    method, path = route.split(" ")
    return await http.request(method, path, json=body, headers={**WRITE, "Idempotency-Key": key, **headers})


async def test_one_key_is_one_change(office: BackOffice) -> None:
    async with client(office) as http:
        body = {"order_id": "LF-20008", "amount_minor": 1, "currency": "USD", "reason": "late"}
        body["currency"] = office.world.orders["LF-20008"].currency
        first = await write(http, "POST /refunds", body, "k1")
        assert first.status_code == 201
        assert (await write(http, "POST /refunds", body, "k1")).content == first.content
        other = await write(http, "POST /refunds", {**body, "amount_minor": 2}, "k1")
        assert (other.status_code, other.json()["code"]) == (409, "key_reused")
        assert office.doubled() == []
        await write(http, "POST /refunds", body, "k2")
        assert office.doubled() == ["refund LF-20008 1"]
    check_books(office.world)


async def test_refunds_never_exceed_what_was_paid(office: BackOffice) -> None:
    order = office.world.orders["LF-20008"]
    async with client(office) as http:
        body = {"order_id": order.id, "amount_minor": order.paid_minor, "currency": order.currency, "reason": "x"}
        assert (await write(http, "POST /refunds", body, "a")).status_code == 201
        refused = await write(http, "POST /refunds", {**body, "amount_minor": 1}, "b")
    assert refused.json()["code"] == "refund_exceeds_paid"
    check_books(office.world)


async def test_a_pending_order_changes_and_is_cancelled(office: BackOffice) -> None:
    order_id = kinds(office.world)["order.pending"][1]
    order = office.world.orders[order_id]
    method_id = next(m.id for m in office.world.customers[order.customer_id].methods if m.kind != "gift_card")
    line = order.lines[0]
    other = next(v for v in office.world.products[line.product_id].variants if v.available and v.id != line.variant_id)
    async with client(office) as http:
        body = {"changes": [{"line_id": line.id, "variant_id": other.id}], "method_id": method_id}
        changed = await write(http, f"POST /orders/{order_id}/change-lines", body, "a", **{"If-Match": '"1"'})
        assert changed.json()["lines"][0]["variant_id"] == other.id
        assert changed.headers["etag"] == '"2"'
        stale = await write(http, f"POST /orders/{order_id}/cancel", {"reason": "other"}, "b", **{"If-Match": '"1"'})
        assert stale.status_code == 412
        done = await write(http, f"POST /orders/{order_id}/cancel", {"reason": "other"}, "c")
        assert (done.json()["status"], done.json()["paid_minor"]) == ("cancelled", 0)
    check_books(office.world)


async def test_returns_and_exchanges_happen_once(office: BackOffice) -> None:
    order = office.world.orders["LF-20008"]
    body = {"line_ids": [order.lines[0].id], "method_id": order.payments[0].method_id, "reason": "damaged"}
    async with client(office) as http:
        made = await write(http, f"POST /orders/{order.id}/returns", body, "a")
        assert made.json()["refund_minor"] == order.lines[0].price_minor
        again = await write(http, f"POST /orders/{order.id}/returns", body, "b")
        assert again.json()["code"] == "wrong_status"
    check_books(office.world)


async def test_subscriptions_and_workspaces_keep_their_rules(office: BackOffice) -> None:
    found = kinds(office.world)
    past_due, active = found["subscription.past_due"][0], found["subscription.active"][1]
    shared = found["workspace.with_several_members"][0]
    members = len(office.world.workspaces[shared].members)
    paying = next(s for s in office.world.subscriptions.values() if s.workspace_id == shared)
    fraud, forgot = (found[f"customer.login.locked_{why}"][0] for why in ("suspected_fraud", "wrong_passwords"))
    async with client(office) as http:
        answers = [
            await write(http, f"POST /subscriptions/{past_due}/plan", {"plan_id": "plan-enterprise"}, "a"),
            await write(http, f"POST /subscriptions/{paying.id}/seats", {"seats": members - 1}, "b"),
            await write(http, f"POST /subscriptions/{active}/cancel", {"at": "period_end"}, "c"),
            await write(http, f"POST /subscriptions/{active}/cancel", {"at": "period_end"}, "d"),
            await write(http, f"DELETE /workspaces/{shared}/members/{paying.customer_id}", None, "e"),
            await write(http, f"POST /customers/{fraud}/login/unlock", None, "f"),
            await write(http, f"POST /customers/{forgot}/login/unlock", None, "g"),
        ]
    codes = [answer.json().get("code") for answer in answers]
    assert codes == ["past_due", "seats_in_use", None, "already_cancelled", "owner_stays", "locked_by_security", None]
    check_books(office.world)


async def test_tokens_open_only_their_scopes(office: BackOffice) -> None:
    async with client(office) as http:
        assert (await http.get("/orders/LF-20001")).status_code == 401
        assert (await http.get("/orders/LF-20001", headers=WRITE)).status_code == 403
        headers = {"Authorization": "Bearer narrow", "Idempotency-Key": "k"}
        narrow = await http.post("/documents/doc-dpa/links", json={"customer_id": "C-1001"}, headers=headers)
        assert narrow.json()["code"] == "scope_missing"
        assert (await http.post("/orders/LF-20001/cancel", json={"reason": "other"}, headers=WRITE)).status_code == 422
        assert (await http.get("/orders/LF-20001", headers=READ)).status_code == 200


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with process("examples.backoffice", "--port", "0", "--today", TODAY, "--seed", "7") as found:
        yield found


async def test_every_operation_is_a_capability_and_every_read_fits_its_schema(url: str) -> None:
    shop = OpenApiConnector.load(LARKFIELD / "connector.yaml", larkfield_env(url))
    used = {found.operation: name for name, found in shop.capabilities().items()}
    assert set(used) == set(OPERATIONS)
    world = make_world(7, TODAY)
    some = {"customer_id": "C-1002", "order_id": "LF-20008", "product_id": "P-101", "account_id": "A-301",
            "subscription_id": "SUB-3002", "workspace_id": "WS-202", "invoice_id": next(iter(world.invoices)),
            "refund_id": next(iter(world.refunds)), "email": world.customers["C-1002"].email,
            "given_name": world.customers["C-1002"].given_name, "family_name": world.customers["C-1002"].family_name,
            "postcode": world.customers["C-1002"].address.postcode}  # fmt: skip
    for name, found in shop.capabilities().items():
        names = found.input_schema["properties"]
        if not found.writes and all(arg in some for arg in names):
            answer = await shop.call(name, {arg: some[arg] for arg in names})
            assert type(answer).__name__ == "Answer", name
    await shop.aclose()


async def test_all_customers_map_to_records(url: str) -> None:
    shop = OpenApiConnector.load(LARKFIELD / "connector.yaml", larkfield_env(url))
    mapping = RecordsMapping.load(LARKFIELD / "records.yaml", shop.capabilities())
    world = make_world(7, TODAY)
    for customer in list(world.customers.values())[::10]:
        records = (await mapping.load_records(shop, customer.id)).records
        assert [order.id for order in records.orders] == customer.order_ids
        assert [found.id for found in records.subscriptions] == customer.subscription_ids
        assert sum(order.total_minor for order in records.orders) == sum(
            world.orders[order_id].total_minor for order_id in customer.order_ids
        )
        name = Claim(kind="name", value=f"{customer.given_name} {customer.family_name}")
        found = await mapping.find(shop, [name, Claim(kind="postcode", value=customer.address.postcode.lower())])
        assert isinstance(found, Found)
        assert (found.requester_id, found.by) == (customer.id, ("name_postcode",))
    await shop.aclose()
