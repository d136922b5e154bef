"""The example of docs/reference/records.md is real: it loads, and maps a whole public world exactly."""

import json
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest

from proofdesk.connectors.backoffice.records import RecordsMapping
from proofdesk.ports import Capability
from tests.connectors.running import ROOT

SHARED = ROOT / os.environ.get("PROOFDESK_SHARED", "../shared")
TAKES = {
    "users.find_by_email": ("email",),
    "users.find_by_name_zip": ("first_name", "last_name", "zip"),
    "users.read": ("user_id",),
    "orders.read": ("order_id",),
    "products.read": ("product_id",),
}


def documented(tmp_path: Path) -> RecordsMapping:
    page = (ROOT / "docs" / "reference" / "records.md").read_text("utf-8")
    found = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert found is not None
    (tmp_path / "records.yaml").write_text(found[1])
    capabilities = {
        name: Capability(
            name=name,
            connector="shop",
            operation=name,
            scope="x:read",
            writes=False,
            input_schema={"properties": {arg: {} for arg in args}, "required": list(args)},
        )
        for name, args in TAKES.items()
    }
    return RecordsMapping.load(tmp_path / "records.yaml", capabilities)


def test_the_documented_example_loads(tmp_path: Path) -> None:
    assert documented(tmp_path).minor_digits == 2


def test_it_maps_a_public_world_to_the_last_cent(tmp_path: Path) -> None:
    path = SHARED / "data" / "retail_world" / "db.json"
    if not path.exists():
        pytest.skip("needs data/retail_world/db.json of the shared folder (PROOFDESK_SHARED)")
    world = json.loads(path.read_bytes())
    mapping = documented(tmp_path)
    orders = 0
    for user_id, user in world["users"].items():
        mine = [world["orders"][order_id] for order_id in user["orders"]]
        products = {item["product_id"] for order in mine for item in order["items"]}
        records = mapping.from_answers(
            {
                "requester_id": user_id,
                "user": {**user, "user_id": user_id},
                "orders": mine,
                "products": [world["products"][product_id] for product_id in sorted(products)],
            }
        )
        expected = [Decimal(str(item["price"])) for order in mine for item in order["items"]]
        prices = [line.price_minor for order in records.orders for line in order.lines]
        assert prices == [int(price * 100) for price in expected]
        assert {method.id for method in records.requester.methods} == set(user["payment_methods"])
        orders += len(records.orders)
    assert orders == len(world["orders"])
