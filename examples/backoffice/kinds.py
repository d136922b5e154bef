"""Which records are of which kind: ids to write tickets and tests against, whatever the seed."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from examples.backoffice.model import Order
from examples.backoffice.world import World

MOST = 12


def kinds(world: World) -> dict[str, list[str]]:
    """Kind to ids, at most 12 each. Orders, customers, subscriptions, invoices."""
    orders = list(world.orders.values())
    customers = list(world.customers.values())
    subscriptions = list(world.subscriptions.values())
    found = {
        "order.pending": _ids(o for o in orders if o.status == "pending"),
        "order.pending.paid_by_gift_card": _ids(o for o in orders if o.status == "pending" and _gift(o)),
        "order.shipped": _ids(o for o in orders if o.status == "shipped"),
        "order.delivered.within_14_days": _ids(o for o in orders if 0 <= _age(world, o) <= 14),
        "order.delivered.15_to_30_days": _ids(o for o in orders if 14 < _age(world, o) <= 30),
        "order.delivered.over_30_days": _ids(o for o in orders if _age(world, o) > 30),
        "order.delivered.partly_refunded": _ids(
            o for o in orders if o.status == "delivered" and 0 < o.paid_minor < o.total_minor
        ),
        "order.delivered.fully_refunded": _ids(o for o in orders if o.status == "delivered" and o.paid_minor == 0),
        "order.cancelled": _ids(o for o in orders if o.status == "cancelled"),
        "order.two_equal_lines": _ids(o for o in orders if len({line.variant_id for line in o.lines}) < len(o.lines)),
        "customer.without_orders": _ids(c for c in customers if not c.order_ids),
        "customer.with_several_orders": _ids(c for c in customers if len(c.order_ids) > 2),
        "customer.of_a_company": _ids(c for c in customers if c.account_id),
        "customer.login.locked_wrong_passwords": _logins(world, "wrong_passwords"),
        "customer.login.locked_suspected_fraud": _logins(world, "suspected_fraud"),
        "customer.login.disabled": [x.customer_id for x in world.logins.values() if x.state == "disabled"][:MOST],
        "customer.same_name": ["C-1001", "C-1016"],
        "workspace.with_several_members": _ids(w for w in world.workspaces.values() if len(w.members) > 1),
        "subscription.cancelling": _ids(s for s in subscriptions if s.cancels_on and s.status != "cancelled"),
        "invoice.open": _ids(i for i in world.invoices.values() if i.status == "open"),
    }
    for status in ("trial", "active", "past_due", "cancelled"):
        found[f"subscription.{status}"] = _ids(s for s in subscriptions if s.status == status)
    for tier in ("standard", "plus", "premier"):
        found[f"customer.{tier}"] = _ids(c for c in customers if c.tier == tier)
    for language in ("en", "de", "fr", "es", "it", "nl"):
        found[f"customer.language.{language}"] = _ids(c for c in customers if c.language == language)
    return found


def _ids(records: Iterable[Any]) -> list[str]:
    return [record.id for record in records][:MOST]


def _logins(world: World, reason: str) -> list[str]:
    return [login.customer_id for login in world.logins.values() if login.locked_reason == reason][:MOST]


def _gift(order: Order) -> bool:
    return order.payments[0].method_id.startswith("gift_")


def _age(world: World, order: Order) -> int:
    """Days since delivery, -1 where it was not delivered."""
    if order.status != "delivered" or order.delivered_at is None:
        return -1
    delivered = dt.date.fromisoformat(order.delivered_at[:10])
    return (dt.date.fromisoformat(world.today) - delivered).days
