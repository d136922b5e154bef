import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from simulators.retail_world.world import Base, World, WriteRefused, normalised
from simulators.retail_world.writes import WRITES, write
from tests.connectors.retail_world.small import OTHER, tables

SHARED = Path(os.environ.get("PROOFDESK_SHARED", Path(__file__).parents[4] / "shared")) / "data" / "retail_world"


@pytest.fixture
def world() -> World:
    return World(Base(tables()))


def plain_hash(world: World) -> str:
    """The hash by its definition, over the whole state."""
    state = {table: {key: world.get(table, key) for key in rows} for table, rows in world.base.tables.items()}
    text = json.dumps(normalised(state), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def test_cancel_refunds_each_payment(world: World) -> None:
    order = write(world, "cancel_pending_order", {"order_id": "#A1", "reason": "no longer needed"})
    assert order["status"] == "cancelled"
    assert order["payment_history"][1] == {
        "transaction_type": "refund",
        "amount": 32.5,
        "payment_method_id": "card_1",
    }
    assert world.writes == {"cancel_pending_order": 1}


def test_modify_changes_one_of_two_equal_lines_and_moves_the_balance(world: World) -> None:
    arguments = {"order_id": "#A1", "item_ids": ["v1"], "new_item_ids": ["v2"], "payment_method_id": "gift_1"}
    order = write(world, "modify_pending_order_items", arguments)
    assert [line["item_id"] for line in order["items"]] == ["v2", "v2", "v1"]
    assert world.get("users", "ada_1")["payment_methods"]["gift_1"]["balance"] == 17.5
    assert order["status"] == "pending (item modified)"


def test_payment_moves_to_another_method(world: World) -> None:
    with pytest.raises(WriteRefused, match="does not cover"):
        write(world, "modify_pending_order_payment", {"order_id": "#A1", "payment_method_id": "gift_1"})
    assert world.diff() == {}


def test_return_and_exchange_sort_their_lists(world: World) -> None:
    arguments: dict[str, Any] = {"order_id": "#A2", "item_ids": ["v2", "v1"], "payment_method_id": "gift_1"}
    assert write(world.fork(), "return_delivered_order_items", arguments)["return_items"] == ["v1", "v2"]
    order = write(world, "exchange_delivered_order_items", arguments | {"new_item_ids": ["v1", "v2"]})
    assert order["exchange_new_items"] == ["v1", "v2"]
    assert order["exchange_price_difference"] == 0


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("cancel_pending_order", {"order_id": "#A1", "reason": "bored"}, "reason_not_accepted"),
        ("cancel_pending_order", {"order_id": "#A3", "reason": "no longer needed"}, "wrong_status"),
        ("cancel_pending_order", {"order_id": "#A9", "reason": "no longer needed"}, "order_not_found"),
        (
            "return_delivered_order_items",
            {"order_id": "#A2", "item_ids": ["v1"], "payment_method_id": "card_1"},
            "refund_method_not_allowed",
        ),
        (
            "return_delivered_order_items",
            {"order_id": "#A2", "item_ids": ["v1", "v1"], "payment_method_id": "gift_1"},
            "item_not_in_order",
        ),
        (
            "exchange_delivered_order_items",
            {"order_id": "#A2", "item_ids": ["v1"], "new_item_ids": ["v4"], "payment_method_id": "gift_1"},
            "new_item_not_available",
        ),
        (
            "exchange_delivered_order_items",
            {"order_id": "#A2", "item_ids": ["v1"], "new_item_ids": ["v3"], "payment_method_id": "gift_1"},
            "insufficient_balance",
        ),
        (
            "modify_pending_order_items",
            {"order_id": "#A1", "item_ids": ["v1"], "new_item_ids": [], "payment_method_id": "card_1"},
            "lengths_differ",
        ),
        ("modify_pending_order_payment", {"order_id": "#A1", "payment_method_id": "card_1"}, "same_payment_method"),
        ("modify_pending_order_payment", {"order_id": "#A1", "payment_method_id": "x"}, "payment_method_not_found"),
        ("modify_user_address", {"user_id": "bo_2", **OTHER}, "user_not_found"),
    ],
)
def test_a_refusal_changes_nothing(world: World, name: str, arguments: dict[str, Any], code: str) -> None:
    before = world.state_sha256()
    with pytest.raises(WriteRefused) as refused:
        write(world, name, arguments)
    assert refused.value.code == code
    assert world.state_sha256() == before
    assert world.refusals == {name: 1}


def test_hash_difference_and_reset(world: World) -> None:
    fresh = world.state_sha256()
    assert fresh == plain_hash(world)
    write(world, "modify_user_address", {"user_id": "ada_1", **OTHER})
    assert world.state_sha256() == plain_hash(world) != fresh
    assert world.diff() == {
        "users/ada_1/address/address1": "1 Mill",
        "users/ada_1/address/city": "Dunmere",
        "users/ada_1/address/state": "DM",
        "users/ada_1/address/zip": "80808",
    }
    world.reset()
    assert world.state_sha256() == fresh
    assert (world.diff(), world.writes) == ({}, {})


def test_a_fork_leaves_its_world_alone(world: World) -> None:
    write(world.fork(), "cancel_pending_order", {"order_id": "#A1", "reason": "no longer needed"})
    assert world.diff() == {}


@pytest.mark.parametrize("file", ["tickets_train.jsonl", "tickets_dev.jsonl", "tau2_tasks_train.jsonl"])
def test_every_row_of_the_development_files_ends_in_its_state(file: str) -> None:
    if not SHARED.exists():
        pytest.skip(f"needs the shared folder with {SHARED.name} (set PROOFDESK_SHARED)")
    base = Base(json.loads((SHARED / "db.json").read_text(encoding="utf-8")))
    for row in map(json.loads, (SHARED / file).read_text(encoding="utf-8").splitlines()):
        world, refused = World(base), []
        for place, action in enumerate(row["actions"]):
            if action["name"] in WRITES:
                try:
                    write(world, action["name"], action["arguments"])
                except WriteRefused:
                    refused.append(place)
        assert world.state_sha256() == row["final_db_sha256"], row["id"]
        assert refused == [one["action"] for one in row["refused"]], row["id"]
