"""The seven writes of the retail world. Each checks everything first and changes only afterwards."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from simulators.retail_world.world import Record, World, WriteRefused

CANCEL_REASONS = ("no longer needed", "ordered by mistake")
ADDRESS_FIELDS = ("address1", "address2", "city", "state", "country", "zip")


def cancel_pending_order(world: World, *, order_id: str, reason: str) -> Record:
    order = _order_with(world, order_id, "pending")
    if reason not in CANCEL_REASONS:
        raise WriteRefused("reason_not_accepted", f"the reason must be one of: {', '.join(CANCEL_REASONS)}")
    refunds = [
        {"transaction_type": "refund", "amount": paid["amount"], "payment_method_id": paid["payment_method_id"]}
        for paid in order["payment_history"]
    ]
    for refund in refunds:
        if _is_gift_card(_method(world, order["user_id"], refund["payment_method_id"])):
            _move_balance(world, order["user_id"], refund["payment_method_id"], refund["amount"])
    order = world.edit("orders", order_id)
    order["payment_history"].extend(refunds)
    order["status"] = "cancelled"
    order["cancel_reason"] = reason
    return order


def modify_pending_order_items(
    world: World, *, order_id: str, item_ids: Sequence[str], new_item_ids: Sequence[str], payment_method_id: str
) -> Record:
    order = _order_with(world, order_id, "pending")
    difference = _checked_swap(world, order, item_ids, new_item_ids, payment_method_id)
    order = world.edit("orders", order_id)
    order["payment_history"].append(
        {
            "transaction_type": "payment" if difference > 0 else "refund",
            "amount": abs(difference),
            "payment_method_id": payment_method_id,
        }
    )
    if _is_gift_card(_method(world, order["user_id"], payment_method_id)):
        _move_balance(world, order["user_id"], payment_method_id, -difference)
    taken: set[int] = set()
    for old, new in zip(item_ids, new_item_ids, strict=True):
        place = next(i for i, line in enumerate(order["items"]) if line["item_id"] == old and i not in taken)
        taken.add(place)
        variant = world.variant(new)
        assert variant is not None
        order["items"][place] |= {"item_id": new, "price": variant["price"], "options": dict(variant["options"])}
    order["status"] = "pending (item modified)"
    return order


def modify_pending_order_payment(world: World, *, order_id: str, payment_method_id: str) -> Record:
    order = _order_with(world, order_id, "pending")
    user_id = order["user_id"]
    method = _method(world, user_id, payment_method_id)
    history = order["payment_history"]
    if len(history) != 1 or history[0]["transaction_type"] != "payment":
        raise WriteRefused("payment_not_single", "the payment can be changed only where there is exactly one")
    old_id, amount = history[0]["payment_method_id"], history[0]["amount"]
    if old_id == payment_method_id:
        raise WriteRefused("same_payment_method", "the new payment method must differ from the present one")
    if _is_gift_card(method) and method["balance"] < amount:
        raise WriteRefused("insufficient_balance", "the gift card does not cover the order")
    if _is_gift_card(method):
        _move_balance(world, user_id, payment_method_id, -amount)
    if _is_gift_card(_method(world, user_id, old_id)):
        _move_balance(world, user_id, old_id, amount)
    order = world.edit("orders", order_id)
    order["payment_history"].extend(
        [
            {"transaction_type": "payment", "amount": amount, "payment_method_id": payment_method_id},
            {"transaction_type": "refund", "amount": amount, "payment_method_id": old_id},
        ]
    )
    return order


def modify_pending_order_address(world: World, *, order_id: str, **address: str) -> Record:
    _order_with(world, order_id, "pending")
    order = world.edit("orders", order_id)
    order["address"] = {field: address[field] for field in ADDRESS_FIELDS}
    return order


def modify_user_address(world: World, *, user_id: str, **address: str) -> Record:
    world.get("users", user_id)
    user = world.edit("users", user_id)
    user["address"] = {field: address[field] for field in ADDRESS_FIELDS}
    return user


def return_delivered_order_items(
    world: World, *, order_id: str, item_ids: Sequence[str], payment_method_id: str
) -> Record:
    order = _order_with(world, order_id, "delivered")
    method = _method(world, order["user_id"], payment_method_id)
    if not _is_gift_card(method) and payment_method_id != order["payment_history"][0]["payment_method_id"]:
        raise WriteRefused("refund_method_not_allowed", "a refund goes to the original method or to a gift card")
    _require_items(order, item_ids)
    order = world.edit("orders", order_id)
    order["status"] = "return requested"
    order["return_items"] = sorted(item_ids)
    order["return_payment_method_id"] = payment_method_id
    return order


def exchange_delivered_order_items(
    world: World, *, order_id: str, item_ids: Sequence[str], new_item_ids: Sequence[str], payment_method_id: str
) -> Record:
    order = _order_with(world, order_id, "delivered")
    difference = _checked_swap(world, order, item_ids, new_item_ids, payment_method_id)
    order = world.edit("orders", order_id)
    order["status"] = "exchange requested"
    order["exchange_items"] = sorted(item_ids)
    order["exchange_new_items"] = sorted(new_item_ids)
    order["exchange_payment_method_id"] = payment_method_id
    order["exchange_price_difference"] = difference
    return order


WRITES: dict[str, Callable[..., Record]] = {
    function.__name__: function
    for function in (
        cancel_pending_order,
        exchange_delivered_order_items,
        modify_pending_order_address,
        modify_pending_order_items,
        modify_pending_order_payment,
        modify_user_address,
        return_delivered_order_items,
    )
}


def write(world: World, name: str, arguments: dict[str, Any]) -> Record:
    """Carry out the write called `name`, counting it. Raises WriteRefused with nothing changed."""
    return world.carry_out(WRITES, name, arguments)


def _order_with(world: World, order_id: str, status: str) -> Record:
    order = world.get("orders", order_id)
    if order["status"] != status:
        raise WriteRefused("wrong_status", f"order {order_id} is {order['status']}, not {status}")
    return order


def _method(world: World, user_id: str, method_id: str) -> Record:
    method: Record | None = world.get("users", user_id)["payment_methods"].get(method_id)
    if method is None:
        raise WriteRefused("payment_method_not_found", "that payment method is not on this account")
    return method


def _is_gift_card(method: Record) -> bool:
    return bool(method["source"] == "gift_card")


def _move_balance(world: World, user_id: str, method_id: str, amount: float) -> None:
    method = world.edit("users", user_id)["payment_methods"][method_id]
    method["balance"] = round(method["balance"] + amount, 2)


def _require_items(order: Record, item_ids: Sequence[str]) -> None:
    present = Counter(line["item_id"] for line in order["items"])
    if not item_ids or any(present[item] < count for item, count in Counter(item_ids).items()):
        raise WriteRefused("item_not_in_order", "an item is not in the order as often as listed")


def _checked_swap(
    world: World, order: Record, item_ids: Sequence[str], new_item_ids: Sequence[str], payment_method_id: str
) -> float:
    """The price difference of a legal change of items; raises WriteRefused for any other."""
    if len(item_ids) != len(new_item_ids):
        raise WriteRefused("lengths_differ", "there must be one new item for each item")
    _require_items(order, item_ids)
    difference = 0.0
    for old, new in zip(item_ids, new_item_ids, strict=True):
        line = next(line for line in order["items"] if line["item_id"] == old)
        variant = world.variant(new)
        if variant is None or world.base.item_product[new] != line["product_id"] or not variant["available"]:
            raise WriteRefused("new_item_not_available", f"{new} is not an available variant of the same product")
        difference += variant["price"] - line["price"]
    difference = round(difference, 2)
    method = _method(world, order["user_id"], payment_method_id)
    if _is_gift_card(method) and method["balance"] < difference:
        raise WriteRefused("insufficient_balance", "the gift card does not cover the price difference")
    return difference
