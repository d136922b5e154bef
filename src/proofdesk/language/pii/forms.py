"""Personal data found by its own form: checksums first, patterns with words around where there is no checksum."""

import re
from collections.abc import Iterator

from proofdesk.language.pii.contact import contacts, machines, phones
from proofdesk.language.pii.credentials import credentials
from proofdesk.language.pii.identity import identities
from proofdesk.language.pii.money import means_of_payment
from proofdesk.language.pii.people import people, places
from proofdesk.language.pii.plain import plain
from proofdesk.language.pii.values import Found

_DIGIT = re.compile(r"\d")


def find_by_form(text: str) -> Iterator[Found]:
    """Everything in `text` that shows by itself what it is. Spans may overlap; the caller settles that."""
    seen = plain(text)
    for start, end, kind, source in _find(seen.text):
        yield *seen.original(start, end), kind, source


def _find(text: str) -> Iterator[Found]:
    lower = text.lower()
    if len(lower) != len(text):  # a few letters have no single lower-case one; places must stay
        lower = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
    yield from contacts(text, lower)
    yield from credentials(text, lower)
    yield from people(text, lower)
    if _DIGIT.search(text):
        yield from means_of_payment(text, lower)
        yield from identities(text, lower)
        yield from phones(text)
        yield from places(text, lower)
    if ":" in text or "." in text:
        yield from machines(text)
