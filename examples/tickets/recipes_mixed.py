"""Tickets that go to a person whatever they ask for, those nobody can do, and those with more than one wish."""

from examples.backoffice.model import Customer
from examples.tickets.recipes import Draft, Phrasings, dealt, escalated, holes_of, plainly, recipe, resolved
from examples.tickets.recipes_hard import late
from examples.tickets.recipes_people import person
from examples.tickets.subjects import Subjects, lone_lines
from examples.tickets.ticket import Effect, Gold


def anybody(_customer: Customer) -> bool:
    return True


@recipe
def signs(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    """What always goes to a person, whatever else the message asks for."""
    counts = {
        "legal_threat": 5, "asks_for_human": 6, "prompt_injection": 6, "chargeback_threat": 2, "safety": 2, "press": 1,
        "data_protection_request": 3,
    }  # fmt: skip
    found: list[Draft] = []
    for kind, wanted in counts.items():

        def pick(language: str, text: str, kind: str = kind) -> Draft | None:
            for order, customer in late(subjects, language):
                subjects.take(order.id)
                holes = holes_of(customer, order=order.id)
                gold = escalated(kind)
                return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold, plain=True)
            return None

        found += dealt(texts, kind, wanted, pick)
    return found


@recipe
def nobodys_business(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(kind: str, gold: Gold):  # type: ignore[no-untyped-def]
        def made(language: str, text: str) -> Draft | None:
            customer = person(subjects, kind, language, anybody)
            return plainly(customer, language, text, gold)

        return made

    thanks = Gold(outcome="informed", reason="out_of_scope", also=["escalated", "asked"])
    return [
        *dealt(texts, "out_of_scope", texts.count("out_of_scope"), pick("out_of_scope", escalated("out_of_scope"))),
        *dealt(texts, "thanks_only", texts.count("thanks_only"), pick("thanks_only", thanks)),
    ]


@recipe
def several_wishes(subjects: Subjects, _texts: Phrasings) -> list[Draft]:
    """More than one request in one ticket: all of them, or none."""
    found = []
    texts = (
        "Please cancel order {order}. Also, please reset my password.",
        "Two things: 1. please cancel {order}, 2. I forgot my password and need a reset link.",
        "I forgot my password, please send a reset link. And please cancel my order {order}, I don't need it any more.",
    )
    open_logins = [
        (order, customer) for order, customer in subjects.orders("en", "pending")
        if subjects.world.logins[customer.id].state == "active" and f"login {customer.id}" not in subjects.used
    ]  # fmt: skip
    for text, (order, customer) in zip(texts, open_logins[:3], strict=True):
        subjects.take(order.id, f"login {customer.id}")
        effects = [
            Effect(capability="orders.cancel", args={"order_id": order.id}),
            Effect(capability="password_resets.create", args={"customer_id": customer.id}),
        ]
        gold = Gold(outcome="resolved", effects=effects, procedures=["cancel_order", "password_reset"])
        holes = holes_of(customer, order=order.id)
        found.append(Draft(language="en", text=text, holes=holes, customer=customer, gold=gold))
    pairs = [pair for pair in subjects.orders("en", "delivered") if len(lone_lines(pair[0])) > 1]
    fresh = [p for p in pairs if subjects.in_window(p[0]) and p[0].paid_minor == p[0].total_minor]
    for text, (order, customer) in zip(
        (
            "I want to return the {first} and the {second} from order {order}.",
            "Please arrange a return for the {first} and also for the {second}, both from {order}.",
            "return {first} and {second} of order {order} please",
        ),
        fresh[:3],
        strict=True,
    ):
        subjects.take(order.id)
        first, second = lone_lines(order)[:2]
        gold = resolved(
            "return_items", "returns.create", order_id=order.id, line_ids=sorted((first.id, second.id)),
            method_id=order.payments[0].method_id,
        )  # fmt: skip
        holes = holes_of(customer, order=order.id, first=first.name, second=second.name)
        found.append(Draft(language="en", text=text, holes=holes, customer=customer, gold=gold))
    return found
