"""A small invented world in the shape of the retail world's file."""

from typing import Any

ADDRESS = {"address1": "7 Quay Row", "address2": "", "city": "Larkton", "country": "LK", "state": "LT", "zip": "70707"}
OTHER = {"address1": "1 Mill", "address2": "", "city": "Dunmere", "country": "LK", "state": "DM", "zip": "80808"}


def _order(order_id: str, status: str, items: list[str], method: str) -> dict[str, Any]:
    lines = [
        {"name": "Lamp", "product_id": "p1", "item_id": i, "price": PRICES[i], "options": {"color": i}} for i in items
    ]
    paid = round(sum(PRICES[i] for i in items), 2)
    return {
        "order_id": order_id,
        "user_id": "ada_1",
        "address": dict(ADDRESS),
        "items": lines,
        "fulfillments": [],
        "status": status,
        "payment_history": [{"transaction_type": "payment", "amount": paid, "payment_method_id": method}],
    }


PRICES = {"v1": 10.0, "v2": 12.5, "v3": 90.0, "v4": 9.0}


def tables() -> dict[str, Any]:
    variants = {
        i: {"item_id": i, "options": {"color": i}, "available": i != "v4", "price": price}
        for i, price in PRICES.items()
    }
    return {
        "orders": {
            "#A1": _order("#A1", "pending", ["v1", "v2", "v1"], "card_1"),
            "#A2": _order("#A2", "delivered", ["v1", "v2"], "gift_1"),
            "#A3": _order("#A3", "processed", ["v1"], "card_1"),
        },
        "products": {"p1": {"name": "Lamp", "product_id": "p1", "variants": variants}},
        "users": {
            "ada_1": {
                "name": {"first_name": "Ada", "last_name": "Quill"},
                "address": dict(ADDRESS),
                "email": "Ada@quill.example",
                "payment_methods": {
                    "card_1": {"source": "credit_card", "brand": "visa", "last_four": "4411", "id": "card_1"},
                    "gift_1": {"source": "gift_card", "balance": 20, "id": "gift_1"},
                },
                "orders": ["#A1", "#A2", "#A3"],
            }
        },
    }
