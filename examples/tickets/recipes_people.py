"""Tickets about logins, addresses and documents that can be done."""

from collections.abc import Callable

from examples.backoffice.model import Customer
from examples.tickets.recipes import Draft, Phrasings, dealt, holes_of, recipe, resolved
from examples.tickets.subjects import Subjects

DOCUMENTS = {
    "doc-iso27001": "ISO 27001 certificate",
    "doc-dpa": "data processing agreement",
    "doc-subprocessors": "list of subprocessors",
    "doc-soc2": "SOC 2 report",
}


def person(subjects: Subjects, purpose: str, language: str, fits: Callable[[Customer], bool]) -> Customer | None:
    """The next customer for this purpose, or None."""
    for customer in subjects.customers(language, purpose):
        if fits(customer):
            subjects.take(f"{purpose} {customer.id}")
            return customer
    return None


@recipe
def password(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        logins = subjects.world.logins
        customer = person(subjects, "login", language, lambda c: logins[c.id].state == "active")
        if customer is None:
            return None
        gold = resolved("password_reset", "password_resets.create", customer_id=customer.id)
        return Draft(language=language, text=text, holes=holes_of(customer), customer=customer, gold=gold)

    return dealt(texts, "password_reset", 9, pick)


@recipe
def unlock(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        logins = subjects.world.logins
        customer = person(subjects, "login", language, lambda c: logins[c.id].locked_reason == "wrong_passwords")
        if customer is None:
            return None
        gold = resolved("unlock_account", "logins.unlock", customer_id=customer.id)
        return Draft(language=language, text=text, holes=holes_of(customer), customer=customer, gold=gold)

    return dealt(texts, "unlock_account", 3, pick)


@recipe
def moved(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        customer = person(subjects, "address", language, lambda _: True)
        if customer is None:
            return None
        street = "Am Stadtpark 9" if language == "de" else "9 Willow Court"
        old = customer.address
        address = {
            "line1": street, "line2": "", "city": old.city, "region": old.region, "postcode": old.postcode,
            "country": old.country,
        }  # fmt: skip
        gold = resolved("update_account_address", "customers.change_address", customer_id=customer.id, address=address)
        holes = holes_of(customer, street=street)
        return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold, plain=True)

    return dealt(texts, "update_account_address", 4, pick)


@recipe
def documents(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    papers = iter(list(DOCUMENTS.items()) * 3)

    def pick(language: str, text: str) -> Draft | None:
        paper, words = next(papers)
        customer = person(subjects, "document", language, lambda c: c.account_id is not None)
        if customer is None:
            return None
        gold = resolved("compliance_document", "document_links.create", document_id=paper, customer_id=customer.id)
        holes = holes_of(customer, document=words)
        return Draft(language=language, text=text, holes=holes, customer=customer, gold=gold)

    return dealt(texts, "compliance_document", 6, pick)
