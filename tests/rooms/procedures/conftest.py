import pathlib

import pytest

from proofdesk.ports import Capability

ORDER = {
    "type": "object",
    "required": ["id", "user_id", "status", "total_minor", "fee_minor", "currency"],
    "properties": {
        "id": {"type": "string"},
        "user_id": {"type": "string"},
        "status": {"type": "string"},
        "total_minor": {"type": "integer"},
        "fee_minor": {"type": "integer"},
        "currency": {"type": "string"},
        "note": {"type": "string"},
        "address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
    },
}
BY_ID = {"type": "object", "required": ["order_id"], "properties": {"order_id": {"type": "string"}}}
CANCEL = {
    "type": "object",
    "required": ["order_id", "reason"],
    "properties": {
        "order_id": {"type": "string"},
        "reason": {"type": "string", "enum": ["no longer needed", "ordered by mistake"]},
        "count": {"type": "integer"},
    },
}


def _capability(name: str, writes: bool, input_schema: dict, output_schema: dict) -> Capability:
    return Capability(
        name=name,
        connector="shop",
        operation=name,
        scope=name,
        writes=writes,
        input_schema=input_schema,
        output_schema=output_schema,
    )


@pytest.fixture(scope="session")
def capabilities() -> dict[str, Capability]:
    every = [
        _capability("orders.read", False, BY_ID, ORDER),
        _capability("orders.cancel", True, CANCEL, ORDER),
        _capability("orders.reopen", True, BY_ID, ORDER),
    ]
    return {c.name: c for c in every}


@pytest.fixture(scope="session")
def cancel_text() -> str:
    return pathlib.Path(__file__).with_name("cancel_order.yaml").read_text(encoding="utf-8")
