"""What redaction takes and gives, as values."""

from typing import Literal

import msgspec

from proofdesk.core.records import Records

Kind = Literal[
    "PERSON", "EMAIL", "PHONE", "ADDRESS", "POSTCODE", "ORDER", "CARD", "CVV", "IBAN", "BANK_ACCOUNT", "CRYPTO", "SSN",
    "NATIONAL_ID", "PASSPORT", "LICENCE", "BIRTH_DATE", "IP", "MAC", "DEVICE_ID", "URL", "SECRET",
]  # fmt: skip
Source = Literal["checksum", "pattern", "known"]
Found = tuple[int, int, Kind, Source]
"""start, end, kind, how it was found"""
IRREVERSIBLE: frozenset[Kind] = frozenset({"CARD", "CVV", "SECRET"})
"""Kinds whose value is never kept anywhere: their token stands for a mask, not for the value."""


class KnownEntity(msgspec.Struct, frozen=True, kw_only=True):
    """Something the ticket's own records say about the requester, to be masked wherever it appears."""

    kind: Kind
    value: str


class PiiSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Characters [start, end) of the text before redaction, and the token put there."""

    start: int
    end: int
    kind: Kind
    token: str
    source: Source


class Redacted(msgspec.Struct, frozen=True, kw_only=True):
    """`tokens`: token to value, of this ticket; keep it in the vault, never beside the text."""

    text: str
    spans: tuple[PiiSpan, ...]
    tokens: dict[str, str]


class Restored(msgspec.Struct, frozen=True, kw_only=True, tag="restored"):
    text: str


class UnknownTokens(msgspec.Struct, frozen=True, kw_only=True, tag="unknown_tokens"):
    """The text names tokens this ticket never had: it must not be sent."""

    found: tuple[str, ...]


def known_entities(records: Records) -> tuple[KnownEntity, ...]:
    """Names, e-mails, addresses and order ids of the requester's own records."""
    who = records.requester
    found: list[tuple[Kind, str]] = []
    names = [who.given_name, who.family_name]
    found += [("PERSON", " ".join(filter(None, names))), *(("PERSON", name) for name in names)]
    found += [("EMAIL", email) for email in who.emails]
    for place in [who.address, *(order.address for order in records.orders)]:
        if place is not None:
            found += [("ADDRESS", place.line1), ("ADDRESS", place.line2), ("POSTCODE", place.postcode)]
    found += [("ORDER", order.id) for order in records.orders]
    return tuple(KnownEntity(kind=kind, value=value) for kind, value in dict.fromkeys(found) if value.strip())
