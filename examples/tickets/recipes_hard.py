"""Tickets that need a question, a refusal or a person, and those with more than one wish."""

from collections.abc import Iterator
from functools import partial
from itertools import cycle

from examples.backoffice.model import Customer, Order
from examples.tickets.recipes import Draft, Phrasings, dealt, escalated, holes_of, plainly, recipe, refused, resolved
from examples.tickets.recipes_orders import item_holes
from examples.tickets.recipes_people import person
from examples.tickets.recipes_subscriptions import NEXT_PLAN, about
from examples.tickets.subjects import Subjects, lone_lines
from examples.tickets.ticket import Gold

STRANGER = "someone.new@post.example"
_WHICH = ("It is order {order}.", "I mean {order}", "{order}", "Sorry, forgot the number: {order}.")


def _pairs(subjects: Subjects) -> Iterator[tuple[Order, Order, Customer]]:
    """English-speaking customers with two pending orders, neither dealt out yet."""
    for customer in subjects.world.customers.values():
        waiting = [subjects.world.orders[i] for i in customer.order_ids if subjects.world.orders[i].status == "pending"]
        if len(waiting) == 2 and customer.language == "en" and not subjects.used & {order.id for order in waiting}:
            yield waiting[0], waiting[1], customer


@recipe
def which_order(subjects: Subjects, _texts: Phrasings) -> list[Draft]:
    """Two orders could be meant: ask. Half of the requesters answer, half never do."""
    texts = cycle((
        "Please cancel my order.", "I'd like to cancel the order I placed with you.", "Can you please cancel my order?",
        "cancel order please", "Hello, please cancel the order, I don't need it any more.",
        "I want to cancel my pending order, changed my mind.",
    ))  # fmt: skip
    found = []
    for number, (first, second, customer) in enumerate(list(_pairs(subjects))[:7]):
        subjects.take(first.id, second.id)
        answers = number < 5
        gold = Gold(outcome="asked", procedures=["cancel_order"])
        if answers:
            gold = resolved("cancel_order", "orders.cancel", order_id=second.id)
        found.append(
            Draft(
                language="en", text=next(texts), holes=holes_of(customer, order=second.id), customer=customer,
                gold=gold, later=[_WHICH[number % 4]] if answers else [],
            )
        )  # fmt: skip
    return found


@recipe
def says_no(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer in subjects.orders(language, "pending"):
            if language == "en" and "{order}" in text:
                subjects.take(order.id)
                return Draft(
                    language=language, text=text, holes=holes_of(customer, order=order.id), customer=customer,
                    gold=refused("cancel_order", "not_confirmed"), says_no=True,
                )  # fmt: skip
        return None

    return dealt(texts, "cancel_order", 3, pick)


@recipe
def strangers(subjects: Subjects, _texts: Phrasings) -> list[Draft]:
    """Nobody vouches for the sender. An order and its postcode prove enough to cancel; nothing proves nothing."""
    wishes = cycle((
        "Please cancel order {order}. My postcode is {postcode}.",
        "I'd like to cancel my order. Order number {order}, postcode {postcode}. Thank you.",
        "cancel {order} please. {given} {family}, postcode {postcode}",
    ))  # fmt: skip
    bare = cycle(("Please cancel order {order}.", "Please cancel my order, I ordered by mistake."))
    found = []
    orders = [pair for pair in subjects.orders("en", "pending") if pair[1].address.country == "US"]
    alone = [pair for pair in orders if subjects.only(pair[0])]
    for number, (order, customer) in enumerate(alone[:9]):
        subjects.take(order.id)
        gold = resolved("cancel_order", "orders.cancel", order_id=order.id)
        later: list[str] = []
        if number < 3:
            text = next(wishes)
        elif number < 6:
            text, later = next(bare), ["Order {order}, postcode {postcode}."]
        else:
            text, gold = next(bare), Gold(outcome="asked", procedures=["cancel_order"])
        found.append(
            Draft(
                language="en", text=text, holes=holes_of(customer, order=order.id), customer=customer, gold=gold,
                later=later, verified=False, sender=STRANGER, plain=True,
            )
        )  # fmt: skip
    return found


@recipe
def strangers_and_logins(subjects: Subjects, _texts: Phrasings) -> list[Draft]:
    """A login needs more than a postcode: a code to the address on record, which this requester never enters."""
    found = []

    def fits(customer: Customer) -> bool:
        login = subjects.world.logins[customer.id]
        return customer.address.country == "US" and customer.account_id is None and login.state == "active"

    for text in (
        "Please reset my password. My name is {given} {family}, postcode {postcode}.",
        "I am {given} {family}. Please unlock my account and send the link to this address.",
        "My name is {given} {family}, postcode {postcode}. I forgot my password.",
    ):
        customer = person(subjects, "login", "en", fits)
        assert customer is not None
        found.append(
            Draft(
                language="en", text=text, holes=holes_of(customer), customer=customer, verified=False, sender=STRANGER,
                gold=Gold(outcome="asked", reason="unauthenticated", also=["escalated"]), plain=True,
            )
        )  # fmt: skip
    return found


@recipe
def too_late_to_cancel(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer in subjects.orders(language, "shipped"):
            if "{order}" in text:
                subjects.take(order.id)
                gold = refused("cancel_order", "already_shipped")
                holes = holes_of(customer, order=order.id)
                return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold)
        return None

    return dealt(texts, "cancel_order", 7, pick)


def late(subjects: Subjects, language: str) -> Iterator[tuple[Order, Customer]]:
    for order, customer in subjects.orders(language, "delivered"):
        if not subjects.in_window(order):
            yield order, customer


@recipe
def too_late_to_return(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def picker(procedure: str, reason: str):  # type: ignore[no-untyped-def]
        def pick(language: str, text: str) -> Draft | None:
            for order, customer in late(subjects, language):
                lines = lone_lines(order)
                if not lines or not ("{item}" in text or "{alias}" in text):
                    continue
                subjects.take(order.id)
                holes = item_holes(customer, order, lines[0])
                gold = refused(procedure, reason)
                return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold)
            return None

        return pick

    return [
        *dealt(texts, "return_items", 6, picker("return_items", "too_late")),
        *dealt(texts, "refund_damaged", 4, picker("refund_damaged", "too_late")),
    ]


@recipe
def refunded_before(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for order, customer in subjects.orders(language, "delivered"):
            lines = [line for line in lone_lines(order) if line.price_minor > order.refundable_minor]
            if lines and subjects.in_window(order):
                subjects.take(order.id)
                holes = item_holes(customer, order, lines[0])
                gold = refused("refund_damaged", "already_refunded")
                return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold)
        return None

    return dealt(texts, "refund_damaged", 4, pick)


@recipe
def subscriptions_that_cannot(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def overdue(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "past_due"):
            new = NEXT_PLAN.get(found.plan_id)
            if new is not None:
                subjects.take(found.id)
                name = new.removeprefix("plan-").capitalize()
                return about(found, customer, language, text, refused("change_plan", "past_due"), plan=name)
        return None

    def one_seat(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active"):
            if found.plan_id == "plan-solo":
                subjects.take(found.id)
                gold = refused("add_seats", "plan_has_one_seat")
                return about(found, customer, language, text, gold, more=2)
        return None

    def ended(language: str, text: str) -> Draft | None:
        for found in subjects.world.subscriptions.values():
            customer = subjects.world.customers[found.customer_id]
            if found.cancels_on and found.id not in subjects.used and language in ("en", customer.language):
                subjects.take(found.id)
                gold = refused("cancel_subscription", "already_cancelled")
                return about(found, customer, language, text, gold) if "{sub}" in text else None
        return None

    return [
        *dealt(texts, "change_plan", 3, overdue),
        *dealt(texts, "add_seats", 2, one_seat),
        *dealt(texts, "cancel_subscription", 3, ended),
    ]


@recipe
def papers_and_logins_that_cannot(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    logins = subjects.world.logins

    def private(language: str, text: str) -> Draft | None:
        customer = person(subjects, "document", language, lambda c: c.account_id is None)
        if customer is None:
            return None
        holes = holes_of(customer, document="SOC 2 report" if language == "en" else "SOC 2")
        gold = refused("compliance_document", "agreement_needed")
        return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold)

    def disabled(language: str, text: str) -> Draft | None:
        customer = person(subjects, "login", language, lambda c: logins[c.id].state == "disabled")
        gold = refused("password_reset", "login_disabled")
        return plainly(customer, language, text, gold)

    def fraud(language: str, text: str) -> Draft | None:
        customer = person(subjects, "login", language, lambda c: logins[c.id].locked_reason == "suspected_fraud")
        gold = escalated("security_incident", "unlock_account")
        return plainly(customer, language, text, gold)

    return [
        *dealt(texts, "compliance_document", 3, private),
        *dealt(texts, "password_reset", 3, disabled),
        *dealt(texts, "unlock_account", 3, fraud),
    ]


def _is_not(owner: Customer, one: Customer) -> bool:
    return one.id != owner.id


@recipe
def not_theirs(subjects: Subjects, _texts: Phrasings) -> list[Draft]:
    """A known customer asks about an order that is somebody else's: nothing is said, nothing is done."""
    found = []
    texts = ("Please cancel order {order}.", "Where is my order {order}?", "Please refund the desk lamp of {order}.")
    for text, (order, owner) in zip(texts, list(late(subjects, "en"))[:3], strict=True):
        subjects.take(order.id)
        writer = person(subjects, "prying", "en", partial(_is_not, owner))
        assert writer is not None
        gold = Gold(outcome="refused", reason="not_yours", also=["escalated", "asked"])
        holes = holes_of(writer, order=order.id)
        found.append(Draft(language="en", text=text, holes=holes, customer=writer, gold=gold, plain=True))
    return found
