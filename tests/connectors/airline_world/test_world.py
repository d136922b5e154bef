import json
import os
from pathlib import Path
from typing import Any

import pytest

from simulators.airline_world.world import Base, World, WriteRefused
from simulators.airline_world.writes import WRITES, write
from tests.connectors.airline_world.small import tables

SHARED = Path(os.environ.get("PROOFDESK_SHARED", Path(__file__).parents[4] / "shared")) / "data" / "airline_world"


@pytest.fixture
def world() -> World:
    return World(Base(tables()))


def methods(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.get("users", "ada_quill_11")["payment_methods"]
    return found


def booking(**changes: Any) -> dict[str, Any]:
    return {
        "user_id": "ada_quill_11", "origin": "SEA", "destination": "DEN", "flight_type": "one_way", "cabin": "economy",
        "flights": [{"flight_number": "ZZ001", "date": "2024-05-20"}],
        "passengers": [{"first_name": "Ada", "last_name": "Quill", "dob": "1990-02-03"}],
        "payment_methods": [{"payment_id": "cert_1", "amount": 100}, {"payment_id": "gift_1", "amount": 30}],
        "total_baggages": 0, "nonfree_baggages": 0, "insurance": "yes",
    } | changes  # fmt: skip


def test_a_booking_takes_seats_money_and_the_certificate(world: World) -> None:
    record = write(world, "book_reservation", booking())
    assert record["reservation_id"] == "HATHAT"
    assert record["flights"] == [
        {"flight_number": "ZZ001", "origin": "SEA", "destination": "DEN", "date": "2024-05-20", "price": 100}
    ]
    assert record["created_at"] == "2024-05-15T15:00:00"
    assert "status" not in record
    assert (methods(world)["gift_1"]["amount"], "cert_1" in methods(world)) == (40, False)
    assert world.get("users", "ada_quill_11")["reservations"][-1] == "HATHAT"
    assert world.on_date("ZZ001", "2024-05-20")["available_seats"]["economy"] == 3
    assert world.diff()["reservations/HATHAT/cabin"] == "economy"


def test_a_cancellation_mirrors_every_payment_and_frees_nothing(world: World) -> None:
    record = write(world, "cancel_reservation", {"reservation_id": "AAAA11"})
    assert record["payment_history"][1] == {"payment_id": "card_1", "amount": -180}
    assert record["status"] == "cancelled"
    assert world.on_date("ZZ001", "2024-05-20")["available_seats"]["economy"] == 4


def test_flights_keep_their_price_only_in_their_cabin(world: World) -> None:
    same = [{"flight_number": "ZZ001", "date": "2024-05-20"}]
    kept = write(
        world.fork(), "update_reservation_flights",
        {"reservation_id": "AAAA11", "cabin": "economy", "flights": same, "payment_id": "card_1"},
    )  # fmt: skip
    assert (kept["flights"][0]["price"], len(kept["payment_history"])) == (90, 1)
    down = write(
        world, "update_reservation_flights",
        {"reservation_id": "AAAA11", "cabin": "basic_economy", "flights": same, "payment_id": "gift_1"},
    )  # fmt: skip
    assert (down["cabin"], down["payment_history"][1]) == ("basic_economy", {"payment_id": "gift_1", "amount": -80})
    assert methods(world)["gift_1"]["amount"] == 150


def test_bags_are_charged_by_what_is_new(world: World) -> None:
    arguments = {"reservation_id": "AAAA11", "total_baggages": 3, "nonfree_baggages": 1, "payment_id": "gift_1"}
    assert write(world, "update_reservation_baggages", arguments)["payment_history"][1]["amount"] == 50
    assert methods(world)["gift_1"]["amount"] == 20
    fewer = write(world, "update_reservation_baggages", arguments | {"nonfree_baggages": 0})
    assert (fewer["nonfree_baggages"], len(fewer["payment_history"])) == (0, 2)


def test_a_certificate_gets_the_first_free_id(world: World) -> None:
    for number in ("certificate_3221322", "certificate_3221323", "certificate_3221324"):
        user = write(world, "send_certificate", {"user_id": "ada_quill_11", "amount": 50})
        assert user["payment_methods"][number] == {"source": "certificate", "amount": 50, "id": number}


FULL = {"reservation_id": "AAAA11", "cabin": "business", "flights": [{"flight_number": "ZZ001", "date": "2024-05-20"}]}


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("book_reservation", booking(user_id="nobody_1"), "user_not_found"),
        ("book_reservation", booking(flights=[{"flight_number": "ZZ009", "date": "2024-05-20"}]), "flight_not_found"),
        (
            "book_reservation",
            booking(flights=[{"flight_number": "ZZ004", "date": "2024-05-20"}]),
            "flight_not_available",
        ),
        ("book_reservation", booking(payment_methods=[{"payment_id": "card_1", "amount": 129}]), "payment_not_exact"),
        (
            "book_reservation",
            booking(payment_methods=[{"payment_id": "gift_1", "amount": 130}]),
            "insufficient_balance",
        ),
        ("cancel_reservation", {"reservation_id": "XXXX99"}, "reservation_not_found"),
        ("update_reservation_flights", FULL | {"payment_id": "card_1"}, "no_seats"),
        (
            "update_reservation_baggages",
            {"reservation_id": "AAAA11", "total_baggages": 9, "nonfree_baggages": 9, "payment_id": "gift_1"},
            "insufficient_balance",
        ),
        (
            "update_reservation_baggages",
            {"reservation_id": "AAAA11", "total_baggages": 1, "nonfree_baggages": 0, "payment_id": "cert_1"},
            "certificate_not_allowed",
        ),
        ("update_reservation_passengers", {"reservation_id": "AAAA11", "passengers": []}, "number_of_passengers"),
        ("send_certificate", {"user_id": "nobody_1", "amount": 1}, "user_not_found"),
    ],
)
def test_a_refusal_changes_nothing(world: World, name: str, arguments: dict[str, Any], code: str) -> None:
    before = world.state_sha256()
    with pytest.raises(WriteRefused) as refused:
        write(world, name, arguments)
    assert refused.value.code == code
    assert (world.state_sha256(), world.diff(), world.refusals) == (before, {}, {name: 1})


def test_every_row_of_the_development_file_ends_in_its_state() -> None:
    if not SHARED.exists():
        pytest.skip(f"needs the shared folder with {SHARED.name} (set PROOFDESK_SHARED)")
    base = Base(json.loads((SHARED / "db.json").read_text(encoding="utf-8")))
    for row in map(json.loads, (SHARED / "tau2_tasks_train.jsonl").read_text(encoding="utf-8").splitlines()):
        world = World(base)
        for action in row["actions"]:
            if action["name"] in WRITES:
                write(world, action["name"], action["arguments"])
        assert world.state_sha256() == row["final_db_sha256"], row["id"]
        assert bool(world.diff()) == row["state_changed"], row["id"]
