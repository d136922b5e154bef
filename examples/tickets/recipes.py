"""One recipe per kind of ticket: which records it is about, and what must come of it."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from examples.backoffice.model import Customer
from examples.tickets.subjects import Subjects
from examples.tickets.ticket import Effect, Gold


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket before it gets its number. `plain`: nothing may be added to its text."""

    language: str
    text: str
    holes: dict[str, Any]
    customer: Customer | None
    gold: Gold
    later: list[str] = []
    says_no: bool = False
    verified: bool = True
    sender: str = ""
    plain: bool = False


class Phrasings(Protocol):
    def of(self, kind: str) -> tuple[str, str]: ...

    def count(self, kind: str) -> int: ...


Recipe = Callable[[Subjects, Phrasings], list[Draft]]
RECIPES: list[Recipe] = []


def recipe(made: Recipe) -> Recipe:
    RECIPES.append(made)
    return made


def dealt(texts: Phrasings, kind: str, wanted: int, pick: Callable[[str, str], Draft | None]) -> list[Draft]:
    """`wanted` drafts of a kind; a phrasing for which no record fits is passed over."""
    found: list[Draft] = []
    for _ in range(wanted + 3 * texts.count(kind)):
        if len(found) == wanted:
            break
        draft = pick(*texts.of(kind))
        if draft is not None:
            found.append(draft)
    assert len(found) == wanted, f"{kind}: only {len(found)} of {wanted} tickets could be made"
    return found


def holes_of(customer: Customer, **more: Any) -> dict[str, Any]:
    return {
        "given": customer.given_name,
        "family": customer.family_name,
        "postcode": customer.address.postcode,
        "city": customer.address.city,
        **more,
    }


def plainly(customer: Customer | None, language: str, text: str, gold: Gold) -> Draft | None:
    """A draft about the customer alone; none without one."""
    if customer is None:
        return None
    return Draft(language=language, text=text, holes=holes_of(customer), customer=customer, gold=gold)


def resolved(procedure: str, capability: str, **args: Any) -> Gold:
    return Gold(outcome="resolved", effects=[Effect(capability=capability, args=args)], procedures=[procedure])


def informed(procedure: str) -> Gold:
    return Gold(outcome="informed", procedures=[procedure])


def refused(procedure: str, reason: str) -> Gold:
    # A person explaining the same rule is no worse than the machine doing it.
    return Gold(outcome="refused", reason=reason, procedures=[procedure])


def escalated(reason: str, *procedures: str) -> Gold:
    return Gold(outcome="escalated", reason=reason, procedures=list(procedures))


def in_order() -> list[Recipe]:
    """Every recipe, those with the narrowest choice of records first."""
    from examples.tickets import (
        recipes_hard,
        recipes_mixed,
        recipes_orders,
        recipes_people,
        recipes_subscriptions,
    )

    names = [
        part.__name__ for part in (recipes_hard, recipes_mixed, recipes_people, recipes_orders, recipes_subscriptions)
    ]
    return sorted(RECIPES, key=lambda made: names.index(made.__module__))
