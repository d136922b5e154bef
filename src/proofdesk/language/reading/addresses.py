"""Postal addresses written out in a message: street and number, postcode and city, in either order of each pair."""

import re

import msgspec

from proofdesk.core.reading import Span
from proofdesk.core.records import Address

MAX_ADDRESSES = 5

_CAP = r"[A-ZÀ-ÖØ-Þ][\w'’.-]*"
_LINK = r"(?:de|la|le|du|des|von|der|den|dem|del|di|da|am|an|im|zum|zur|van|het|sur|les)"
_NUMBER = r"\d{1,5}[a-zA-Z]?(?:[/-]\d{1,3})?"
_STREET = (
    rf"(?:{_NUMBER}(?:bis|ter)?,?[ ]+(?:rue[ ]|avenue[ ]|boulevard[ ]|place[ ]|{_CAP}[ ]?)"
    rf"(?:(?:{_LINK}|{_CAP})[ ]?){{0,5}}"
    rf"|(?:Via|Calle|Plaza|{_CAP})(?:[ ](?:{_LINK}|{_CAP})){{0,4}},?[ ]{_NUMBER})"
)
_UNIT = r"(?P<unit>(?:Apt\.?|Apartment|Suite|Unit|Floor|Flat|Stock|Etage)[ ]?[\w-]{1,6})"
_CITY = rf"[A-ZÀ-ÖØ-Þ][^\W\d_]+(?:[ -](?:{_LINK}[ ])?[A-ZÀ-ÖØ-Þ][^\W\d_]+){{0,3}}"
_POSTCODE = r"(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}|\d{4}[ ][A-Z]{2}|\d{4})"
_SEP = r"[ ]*(?:,[ ]*\n?|\n)[ ]*"
_ADDRESS = re.compile(
    rf"(?<![\w{{\"'#-])(?P<street>{_STREET})(?:{_SEP}{_UNIT})?{_SEP}"
    rf"(?:(?P<post1>{_POSTCODE})[ ]+(?P<city1>{_CITY})"
    rf"|(?P<city2>{_CITY})(?:{_SEP}|[ ])(?:(?P<region>[A-Z]{{2}}),?[ ]+)?(?P<post2>{_POSTCODE}))(?![\w-])"
)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    address: Address
    span: Span


def find_addresses(text: str) -> tuple[Written, ...]:
    """At most MAX_ADDRESSES, in order. The country stays empty: a postcode does not tell it."""
    found = []
    for match in _ADDRESS.finditer(text):
        address = Address(
            line1=match["street"].strip(" ,"),
            line2=match["unit"] or "",
            city=(match["city1"] or match["city2"]).strip(),
            region=match["region"] or "",
            postcode=match["post1"] or match["post2"],
        )
        found.append(Written(address=address, span=Span(start=match.start(), end=match.end())))
        if len(found) == MAX_ADDRESSES:
            break
    return tuple(found)
