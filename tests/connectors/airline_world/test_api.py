from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulators.airline_world.api import AirlineApi
from simulators.airline_world.routes import ROUTES
from simulators.airline_world.world import Base, World
from tests.connectors.airline_world.small import tables

WRITE = {"Authorization": "Bearer world-write", "Idempotency-Key": "k"}
READ = {"Authorization": "Bearer world-read"}
CONTROL = {"Authorization": "Bearer world-control"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=AirlineApi(World(Base(tables()))))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://world", headers=READ) as client:
        yield client


async def test_a_reservation_shows_the_state_of_its_flights(client: httpx.AsyncClient) -> None:
    found = (await client.get("/users/ada_quill_11/reservations")).json()["reservations"]
    assert [one["status"] for one in found] == ["upcoming", "upcoming", "upcoming", "flown", "upcoming"]
    assert found[2]["flights"][0]["status"] == "cancelled"
    assert found[0]["created_at"] == "2024-05-10T10:00:00-05:00"
    assert found[0]["flights"][0]["options"] == {
        "flight number": "ZZ001", "date": "May 20", "departure": "08:00", "origin": "SEA", "destination": "DEN",
    }  # fmt: skip
    user = (await client.get("/users/ada_quill_11")).json()
    assert user["payment_methods"]["gift_1"] == {"source": "gift_card", "id": "gift_1", "balance_minor": 7000}


async def test_offers_and_searches_hold_what_can_be_booked(client: httpx.AsyncClient) -> None:
    offer = (await client.get("/offers/SEA-DEN-economy")).json()
    assert sorted(offer["flights"]) == [
        "ZZ001@2024-05-20", "ZZ001@2024-05-21", "ZZ002@2024-05-20", "ZZ002@2024-05-21",
    ]  # fmt: skip
    query = {"origin": "SEA", "destination": "JFK", "date": "2024-05-20"}
    assert (await client.get("/flights/direct", params=query)).json() == {"journeys": []}
    journeys = (await client.get("/flights/one-stop", params=query)).json()["journeys"]
    legs = [[leg["segment_id"] for leg in journey["segments"]] for journey in journeys]
    # The late flight arrives after midnight and meets the next day's connection.
    assert legs == [["ZZ001@2024-05-20", "ZZ003@2024-05-20"], ["ZZ002@2024-05-20", "ZZ003@2024-05-21"]]
    assert (await client.get("/offers/nowhere")).status_code == 404
    assert (await client.get("/flights/ZZ004/2024-05-20")).json() == {"status": "cancelled"}


async def test_quotes_change_nothing_and_refuse_what_the_write_would(client: httpx.AsyncClient) -> None:
    quote = await client.post(
        "/reservations/AAAA11/quote-cabin", json={"cabin": "basic_economy", "payment_id": "card_1"}
    )
    assert (quote.json()["charge_minor"], quote.json()["words"]) == (-8000, "80.00 USD back to you")
    full = await client.post("/reservations/AAAA11/quote-cabin", json={"cabin": "business", "payment_id": "card_1"})
    assert (full.status_code, full.json()["code"]) == (422, "no_seats")
    change: dict[str, Any] = {
        "segment_ids": ["ZZ001@2024-05-20"], "new_segment_ids": ["ZZ002@2024-05-21"], "payment_id": "card_1",
    }  # fmt: skip
    moved = (await client.post("/reservations/AAAA11/quote-changes", json=change)).json()
    assert (moved["charge_minor"], moved["flights"]) == (2000, [{"flight_number": "ZZ002", "date": "2024-05-21"}])
    for wrong, code in (("ZZ003@2024-05-21", "other_route"), ("ZZ001@2024-05-15", "flight_not_available")):
        answer = await client.post("/reservations/AAAA11/quote-changes", json=change | {"new_segment_ids": [wrong]})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    booking = {
        "cabin": "economy", "flights": [{"flight_number": "ZZ001", "date": "2024-05-20"}], "nonfree_baggages": 1,
        "passengers": [{"first_name": "Ada", "last_name": "Quill", "dob": "1990-02-03"}], "insurance": "yes",
    }  # fmt: skip
    assert (await client.post("/reservations/quote", json=booking)).json()["charge_minor"] == 18000
    assert (await client.get("/control/diff", headers=CONTROL)).json() == {"changed": {}}


async def test_writes_are_carried_out_once(client: httpx.AsyncClient) -> None:
    assert (await client.post("/reservations/AAAA11/cancel", headers=READ)).status_code == 403
    first = await client.post("/reservations/AAAA11/cancel", headers=WRITE)
    again = await client.post("/reservations/AAAA11/cancel", headers=WRITE)
    assert first.json()["status"] == "cancelled"
    assert first.content == again.content
    assert (await client.get("/control/writes", headers=CONTROL)).json()["writes"] == {"cancel_reservation": 1}


async def test_the_document_names_every_operation(client: httpx.AsyncClient) -> None:
    served = (await client.get("/openapi.json")).json()
    named = {operation["operationId"] for path in served["paths"].values() for operation in path.values()}
    assert named == {route.operation for route in ROUTES}
