"""Whom and what the tickets are about. Every record is dealt out once, so that no two tickets change the same one."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from examples.backoffice.model import Customer, Line, Order, Subscription, Variant
from examples.backoffice.world import World

RETURN_DAYS = 30
"""Larkfield's window for returns, exchanges and reports of damage."""


class Subjects:
    """Deals records of a world. A customer may write several tickets, a record is used once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.used: set[str] = set()

    def orders(self, language: str, *states: str) -> Iterator[tuple[Order, Customer]]:
        for order in sorted(self.world.orders.values(), key=lambda o: self._foreign(o.customer_id, language)):
            customer = self.world.customers[order.customer_id]
            if order.status in states and order.id not in self.used and speaks(customer, language):
                yield order, customer

    def subscriptions(self, language: str, *states: str) -> Iterator[tuple[Subscription, Customer]]:
        for found in sorted(self.world.subscriptions.values(), key=lambda s: self._foreign(s.customer_id, language)):
            customer = self.world.customers[found.customer_id]
            fits = found.status in states and found.cancels_on is None
            if fits and found.id not in self.used and speaks(customer, language):
                yield found, customer

    def customers(self, language: str, purpose: str) -> Iterator[Customer]:
        for customer in sorted(self.world.customers.values(), key=lambda c: self._foreign(c.id, language)):
            if f"{purpose} {customer.id}" not in self.used and speaks(customer, language):
                yield customer

    def _foreign(self, customer_id: str, language: str) -> bool:
        """Those who write a foreign language come last; sorting keeps the order otherwise."""
        return self.world.customers[customer_id].language != language

    def take(self, *keys: str) -> None:
        assert not self.used & set(keys), f"used twice: {self.used & set(keys)}"
        self.used |= set(keys)

    def only(self, order: Order) -> bool:
        """Whether it is the customer's one order in its state, so that it needs no number."""
        customer = self.world.customers[order.customer_id]
        return [self.world.orders[i].status for i in customer.order_ids].count(order.status) == 1

    def days_since_delivery(self, order: Order) -> int:
        assert order.delivered_at is not None
        return (dt.date.fromisoformat(self.world.today) - dt.date.fromisoformat(order.delivered_at[:10])).days

    def in_window(self, order: Order) -> bool:
        return self.days_since_delivery(order) <= RETURN_DAYS

    def other_variants(self, line: Line) -> list[tuple[Variant, str]]:
        """Available variants that differ from the line in one option alone, with the value that says which."""
        found = []
        for variant in self.world.products[line.product_id].variants:
            differing = [name for name, value in variant.options.items() if line.options[name] != value]
            if variant.available and len(differing) == 1:
                found.append((variant, variant.options[differing[0]]))
        return found


def speaks(customer: Customer, language: str) -> bool:
    """People write English whatever their language; nobody writes another foreign one."""
    return language in ("en", customer.language)


def lone_lines(order: Order) -> list[Line]:
    """Lines whose goods occur once in the order: naming the goods names the line."""
    names = [line.name for line in order.lines]
    return [line for line in order.lines if names.count(line.name) == 1]


def method_words(method: Any) -> str:
    return {"card": f"{method.brand} card", "paypal": "PayPal", "gift_card": "gift card"}[method.kind]
