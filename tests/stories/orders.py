"""Orders of the story's world to write about: each is handed out once, so that tests can share one desk."""

from collections.abc import Callable
from typing import Any

from tests.stories.desk import Desk


def take_order(desk: Desk, wanted: Callable[[Any, Any], bool]) -> tuple[Any, Any]:
    """The next unused (order, customer) that `wanted` fits."""
    world = desk.office.world
    for order in world.orders.values():
        customer = world.customers[order.customer_id]
        if order.id not in desk.used_orders and wanted(order, customer):
            desk.used_orders.add(order.id)
            return order, customer
    raise AssertionError("the world has no such order left")


def refundable_order(desk: Desk, least: int = 1, most: int = 10**9, currency: str = "EUR") -> tuple[Any, Any]:
    """A delivered order with this much left to refund, in minor units of `currency`."""
    return take_order(
        desk, lambda o, _: o.status == "delivered" and o.currency == currency and least <= o.refundable_minor <= most
    )


def pending_order(desk: Desk) -> tuple[Any, Any]:
    return take_order(desk, lambda order, _: order.status == "pending")
