"""Tickets about orders that can be done: cancel, refund, return, exchange, change, ask where it is."""

from collections.abc import Iterator
from typing import Any

from examples.backoffice.model import Customer, Line, Order
from examples.tickets.recipes import Draft, Phrasings, dealt, holes_of, informed, recipe, resolved
from examples.tickets.subjects import Subjects, lone_lines, method_words
from examples.tickets.ticket import Effect, Gold

REFUND_LIMITS = {"standard": 10_000, "plus": 20_000, "premier": 40_000}
"""policy.cedar: what goes back for damage without approval."""
_ALIASES = {
    "Alder Desk": "alder desk", "Rise Standing Desk": "standing desk", "Heron Desk Chair": "desk chair",
    "Wren Stool": "stool", "Lumen Desk Lamp": "desk lamp", "Lumen Floor Lamp": "floor lamp",
    "Stork Monitor Arm": "monitor arm", "Larch Bookshelf": "bookshelf", "Cubby Drawer Unit": "drawer unit",
    "Tern Keyboard": "keyboard", "Plover Mouse": "mouse", "Felt Desk Mat": "desk mat", "Ledge Footrest": "footrest",
    "Chalk Whiteboard": "whiteboard", "Robin Headset": "headset", "Finch Webcam": "webcam",
    "Pocket Planter": "planter", "Paper Tray": "paper tray", "Cable Channel": "cable channel",
    "Wall Clock": "wall clock", "Desk Organiser": "desk organiser", "Acoustic Panel": "acoustic panel",
    "Gift Wrap": "gift wrap", "Notebook Set": "notebook set",
}  # fmt: skip


def item_holes(customer: Customer, order: Order, line: Line, **more: Any) -> dict[str, Any]:
    return holes_of(customer, order=order.id, item=line.name, alias=_ALIASES[line.name], **more)


@recipe
def cancel(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer in subjects.orders(language, "pending"):
            if "{order}" in text or subjects.only(order):
                subjects.take(order.id)
                gold = resolved("cancel_order", "orders.cancel", order_id=order.id)
                return Draft(
                    language=language, text=text, holes=holes_of(customer, order=order.id), customer=customer, gold=gold
                )
        return None

    return dealt(texts, "cancel_order", 14, pick)


def _fresh(subjects: Subjects, language: str) -> Iterator[tuple[Order, Customer, Line]]:
    """Delivered lately, nothing refunded, with goods that occur once; not paid by gift card."""
    for order, customer in subjects.orders(language, "delivered"):
        lines = lone_lines(order)
        whole = order.paid_minor == order.total_minor
        if whole and lines and subjects.in_window(order) and not order.payments[0].method_id.startswith("gift"):
            yield order, customer, lines[-1]


@recipe
def refund(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer, line in _fresh(subjects, language):
            if line.price_minor > REFUND_LIMITS[customer.tier]:
                continue
            subjects.take(order.id)
            return Draft(
                language=language, text=text, holes=item_holes(customer, order, line), customer=customer,
                gold=resolved("refund_damaged", "refunds.create", order_id=order.id, amount_minor=line.price_minor,
                              currency=order.currency),
            )  # fmt: skip
        return None

    return dealt(texts, "refund_damaged", 19, pick)


@recipe
def refund_with_approval(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer, line in _fresh(subjects, language):
            if line.price_minor <= REFUND_LIMITS[customer.tier]:
                continue
            subjects.take(order.id)
            args = {"order_id": order.id, "amount_minor": line.price_minor, "currency": order.currency}
            gold = Gold(
                outcome="resolved", approval=True, procedures=["refund_damaged"],
                effects=[Effect(capability="refunds.create", args=args)],
            )  # fmt: skip
            holes = item_holes(customer, order, line)
            return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold)
        return None

    return dealt(texts, "refund_damaged", 5, pick)


@recipe
def send_back(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer, line in _fresh(subjects, language):
            subjects.take(order.id)
            lines = [line.id] if "{item}" in text or "{alias}" in text else sorted(one.id for one in order.lines)
            return Draft(
                language=language, text=text, holes=item_holes(customer, order, line), customer=customer,
                gold=resolved("return_items", "returns.create", order_id=order.id, line_ids=lines,
                              method_id=order.payments[0].method_id),
            )  # fmt: skip
        return None

    return dealt(texts, "return_items", 22, pick)


@recipe
def exchange(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer, _ in _fresh(subjects, language):
            if (draft := _other_variant(subjects, language, text, order, customer)) is not None:
                return draft
        return None

    return dealt(texts, "exchange_items", 9, pick)


@recipe
def change_items(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer in subjects.orders(language, "pending"):
            if order.payments[0].method_id.startswith("gift"):
                continue
            if (draft := _other_variant(subjects, language, text, order, customer)) is not None:
                return draft
        return None

    return dealt(texts, "change_order_items", 6, pick)


def _other_variant(subjects: Subjects, language: str, text: str, order: Order, customer: Customer) -> Draft | None:
    pending = order.status == "pending"
    for line in lone_lines(order):
        for variant, value in subjects.other_variants(line)[:1]:
            subjects.take(order.id)
            return Draft(
                language=language, text=text, holes=item_holes(customer, order, line, target=value), customer=customer,
                gold=resolved(
                    "change_order_items" if pending else "exchange_items",
                    "orders.change_lines" if pending else "exchanges.create",
                    order_id=order.id, changes=[{"line_id": line.id, "variant_id": variant.id}],
                    method_id=order.payments[0].method_id,
                ),
            )  # fmt: skip
    return None


@recipe
def another_address(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer in subjects.orders(language, "pending"):
            subjects.take(order.id)
            old = order.address
            street = "Am Stadtpark 5" if language == "de" else "12 Willow Court"
            address = {
                "line1": street, "line2": "", "city": old.city, "region": old.region, "postcode": old.postcode,
                "country": old.country,
            }  # fmt: skip
            return Draft(
                language=language, text=text, holes=holes_of(customer, order=order.id, street=street),
                customer=customer, plain=True,
                gold=resolved("change_delivery_address", "orders.change_address", order_id=order.id, address=address),
            )  # fmt: skip
        return None

    return dealt(texts, "change_delivery_address", 6, pick)


@recipe
def another_method(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer in subjects.orders(language, "pending"):
            other = [m for m in customer.methods if m.id != order.payments[0].method_id and m.kind != "gift_card"]
            if not other:
                continue
            subjects.take(order.id)
            holes = holes_of(customer, order=order.id, method=method_words(other[0]))
            gold = resolved("change_payment", "orders.change_method", order_id=order.id, method_id=other[0].id)
            return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold)
        return None

    return dealt(texts, "change_payment", 4, pick)


@recipe
def where_is_it(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer in subjects.orders(language, "shipped", "cancelled"):
            subjects.take(order.id)
            holes = holes_of(customer, order=order.id)
            return Draft(language=language, text=text, holes=holes, customer=customer, gold=informed("order_status"))
        return None

    return dealt(texts, "order_status", 34, pick)
