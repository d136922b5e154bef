"""The tickets of the throughput bench: who writes, what, about which order of a seeded back office."""

import itertools
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

Kind = Literal["refund", "address", "cancel", "status"]
MIX: tuple[Kind, ...] = ("refund",) * 6 + ("address",) * 2 + ("cancel", "status")
"""Of ten tickets six refunds, two changes of address, one cancellation (asked back once) and one question."""
TEXTS: dict[Kind, tuple[str, ...]] = {
    "refund": (
        "Hello, I would like a refund for order {order}. Thank you!",
        "Please refund order {order}.",
        "Hi there,\n\nI want a refund for order {order} please.\n\nKind regards",
    ),
    "address": (
        "Please change the delivery address of order {order} to my home address.",
        "Please ship order {order} to my home address. Thank you.",
    ),
    "cancel": ("Hello, please cancel my order {order}. Thanks", "Hi,\nplease call off order {order}.\nThanks a lot"),
    "status": ("Order status of {order} please.",),
}


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    sender: str
    text: str
    order: str


def tickets(state: dict[str, Any]) -> Iterator[Ticket]:
    """In the mix's order, without end of orders for addresses and questions; ends when refunds or cancellations do."""
    orders, customers = state["orders"], state["customers"]
    refundable = [o for o in orders.values() if o["refundable_minor"] > 0 and o["status"] == "delivered"]
    pending = [o for o in orders.values() if o["status"] == "pending"]
    # The two uses of pending orders do not meet: a cancelled order takes no new address.
    cancelled, movable = pending[::3], pending[1::3] + pending[2::3]
    sources = {
        "refund": iter(refundable),
        "cancel": iter(cancelled),
        "address": itertools.cycle(movable),
        "status": itertools.cycle(orders.values()),
    }
    for number, kind in enumerate(itertools.cycle(MIX)):
        order = next(sources[kind], None)
        if order is None:
            return
        text = TEXTS[kind][number // len(MIX) % len(TEXTS[kind])]
        yield Ticket(
            kind=kind,
            sender=customers[order["customer_id"]]["email"],
            order=order["id"],
            text=text.format(order=order["id"]),
        )
