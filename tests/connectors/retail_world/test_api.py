from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulators.retail_world.api import RetailApi
from simulators.retail_world.routes import ROUTES
from simulators.retail_world.world import Base, World
from simulators.world.api import MAX_BODY_BYTES
from simulators.world.openapi import openapi_document
from tests.connectors.retail_world.small import OTHER, tables

WRITE = {"Authorization": "Bearer world-write"}
READ = {"Authorization": "Bearer world-read"}
CONTROL = {"Authorization": "Bearer world-control"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=RetailApi(World(Base(tables()))))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://world") as client:
        yield client


async def cancel(client: httpx.AsyncClient, key: str, reason: str = "no longer needed") -> httpx.Response:
    headers = WRITE | {"Idempotency-Key": key}
    return await client.post("/orders/%23A1/cancel", json={"reason": reason}, headers=headers)


async def test_reads(client: httpx.AsyncClient) -> None:
    found = await client.get("/users/by-email", params={"email": "ada@QUILL.example"}, headers=READ)
    assert found.json() == {"user_id": "ada_1"}
    named = await client.get(
        "/users/by-name", params={"first_name": "ada", "last_name": "Quill", "zip": "70707"}, headers=READ
    )
    assert named.json() == {"user_id": "ada_1"}
    assert (await client.get("/users/ada_1", headers=READ)).json()["payment_methods"]["gift_1"]["balance"] == 20
    assert (await client.get("/orders/%23A1", headers=READ)).json()["total_minor"] == 3250
    assert (await client.get("/products", headers=READ)).json() == {"Lamp": "p1"}
    assert (await client.get("/products/p1", headers=READ)).json()["variants"]["v2"]["price"] == 12.5
    assert (await client.get("/items/v3", headers=READ)).json()["available"] is True
    assert (await client.get("/orders/%23A9", headers=READ)).status_code == 404


async def test_tokens_have_scopes(client: httpx.AsyncClient) -> None:
    assert (await client.get("/orders/%23A1")).status_code == 401
    assert (await client.get("/orders/%23A1", headers={"Authorization": "Bearer x"})).status_code == 401
    headers = READ | {"Idempotency-Key": "k"}
    assert (await client.post("/orders/%23A1/cancel", json={"reason": "x"}, headers=headers)).status_code == 403
    assert (await client.get("/control/diff", headers=WRITE)).status_code == 403
    assert (await client.get("/nothing", headers=READ)).status_code == 404


async def test_a_key_is_carried_out_once(client: httpx.AsyncClient) -> None:
    first, again = await cancel(client, "k1"), await cancel(client, "k1")
    assert first.status_code == 200
    assert first.content == again.content
    assert (await cancel(client, "k1", "ordered by mistake")).status_code == 409
    other = await cancel(client, "k2")
    assert (other.status_code, other.json()["code"]) == (422, "wrong_status")
    counted = (await client.get("/control/writes", headers=CONTROL)).json()
    assert counted == {"writes": {"cancel_pending_order": 1}, "refusals": {"cancel_pending_order": 1}}


async def test_a_write_needs_a_key_and_a_fitting_body(client: httpx.AsyncClient) -> None:
    assert (await client.post("/orders/%23A1/cancel", json={"reason": "x"}, headers=WRITE)).status_code == 400
    headers = WRITE | {"Idempotency-Key": "k"}
    for body in (b"{", b"{}", b'{"reason": 1}', b'{"reason": "x", "more": 1}'):
        assert (await client.post("/orders/%23A1/cancel", content=body, headers=headers)).status_code == 400
    large = await client.post("/orders/%23A1/cancel", content=b" " * (MAX_BODY_BYTES + 1), headers=headers)
    assert large.status_code == 413
    assert (await client.get("/control/diff", headers=CONTROL)).json() == {"changed": {}}


async def test_reset_and_difference(client: httpx.AsyncClient) -> None:
    fresh = (await client.get("/control/state_sha256", headers=CONTROL)).json()
    headers = WRITE | {"Idempotency-Key": "k"}
    assert (await client.post("/orders/%23A1/address", json=OTHER, headers=headers)).status_code == 200
    changed = (await client.get("/control/diff", headers=CONTROL)).json()["changed"]
    assert changed["orders/#A1/address/city"] == "Dunmere"
    assert (await client.get("/control/state_sha256", headers=CONTROL)).json() != fresh
    await client.post("/control/reset", headers=CONTROL)
    assert (await client.get("/control/state_sha256", headers=CONTROL)).json() == fresh
    assert (await cancel(client, "k")).status_code == 200


async def test_quotes_refuse_what_the_write_would_and_change_nothing(client: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"item_ids": ["v1"], "new_item_ids": ["v2"], "payment_method_id": "gift_1"}
    quote = await client.post("/orders/%23A1/quote-changes", json=body, headers=READ)
    assert quote.json()["difference_minor"] == 250
    assert quote.json()["words"] == "2.50 USD to pay"
    dear = await client.post("/orders/%23A1/quote-changes", json=body | {"new_item_ids": ["v3"]}, headers=READ)
    assert (dear.status_code, dear.json()["code"]) == (422, "insufficient_balance")
    back = await client.post(
        "/orders/%23A2/quote-return", json={"item_ids": ["v1", "v2"], "payment_method_id": "gift_1"}, headers=READ
    )
    assert back.json()["amount_minor"] == 2250
    assert (await client.get("/control/diff", headers=CONTROL)).json() == {"changed": {}}


async def test_the_document_names_every_operation(client: httpx.AsyncClient) -> None:
    served = (await client.get("/openapi.json")).json()
    assert served == openapi_document("Retail world", ROUTES)
    named = {operation["operationId"] for path in served["paths"].values() for operation in path.values()}
    assert named == {route.operation for route in ROUTES}
    order = served["components"]["schemas"]["Order"]
    assert order["properties"]["status"] == {"type": "string"}
    assert "cancel_reason" not in order["required"]
