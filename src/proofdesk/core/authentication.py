"""Who wrote a ticket, decided from what the text claims, what the records say and what the channel proves. Pure.

A claim is worth nothing by itself. What the channel proves (its sender, a code that came back) stands alone. Otherwise
a method proves one requester or it does not; two methods that prove different requesters, or a claim that speaks
against the one proven, leave the writer unauthenticated.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from proofdesk.core.address import mailbox_key
from proofdesk.core.reading import Claim
from proofdesk.core.records import Requester

Method = Literal[
    "verified_sender", "one_time_code", "order_postcode", "name_postcode", "id_postcode", "email_on_record",
    "id_on_record",
]  # fmt: skip
Reason = Literal["conflicting_claims", "unknown_requester", "several_requesters", "nothing_claimed", "not_proven"]

STRENGTH: tuple[Method, ...] = (
    "one_time_code", "verified_sender", "order_postcode", "name_postcode", "id_postcode", "email_on_record",
    "id_on_record",
)  # fmt: skip
"""Strongest first; the strongest that holds is the one named in the ledger."""

CHANNEL_PROOFS: tuple[Method, ...] = ("one_time_code", "verified_sender")
"""Methods that rest on the channel alone."""

MAX_CLAIMS = 20
MAX_FOUND = 50


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One requester the look-ups of the claims and of the sender led to, with the ids of the orders they own."""

    requester: Requester
    order_ids: tuple[str, ...] = ()


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ticket came from. `proven`: the channel vouches for it (DMARC or DKIM pass, an API key, a login).

    `confirmed_address`: the address a one-time code was sent to and came back from, empty if none did.
    """

    address: str = ""
    proven: bool = False
    confirmed_address: str = ""


class Authenticated(msgspec.Struct, frozen=True, kw_only=True):
    method: Method
    requester_id: str


class NeedCode(msgspec.Struct, frozen=True, kw_only=True):
    """One requester is meant but not proven: send a one-time code to `address`, which is on their record."""

    requester_id: str
    address: str


class Unauthenticated(msgspec.Struct, frozen=True, kw_only=True):
    reason: Reason


def decide_authentication(
    claims: Sequence[Claim], found: Sequence[Found], sender: Sender, allowed: Sequence[Method]
) -> Authenticated | NeedCode | Unauthenticated:
    """Judge the writer of a ticket.

    `found`: every requester that a claim or the sender's address led to in the system of record, each once.
    `allowed`: the methods the tenant's policy accepts for what is asked; order does not matter.
    """
    by_channel = _by_channel(found, sender, allowed)
    if by_channel is not None:
        return by_channel
    said = _said(claims, found)
    if said is None or len(claims) > MAX_CLAIMS or len(found) > MAX_FOUND:
        return Unauthenticated(reason="conflicting_claims")
    tried = [(method, _PROOFS[method](said, found, sender)) for method in STRENGTH if method in allowed]
    proofs = [(method, hits) for method, hits in tried if hits]
    requesters = {entry.requester.id: entry for _, hits in proofs for entry in hits}
    if len(requesters) > 1:
        # One weak method may match namesakes; two methods that name different people are a contradiction.
        return Unauthenticated(reason="several_requesters" if len(proofs) == 1 else "conflicting_claims")
    if requesters:
        proven = next(iter(requesters.values()))
        if _contradicts(said, proven):
            return Unauthenticated(reason="conflicting_claims")
        return Authenticated(method=proofs[0][0], requester_id=proven.requester.id)
    return _without_proof(said, found, sender, allowed)


def _by_channel(found: Sequence[Found], sender: Sender, allowed: Sequence[Method]) -> Authenticated | None:
    """What the channel itself proves needs no claim, and no name or address in the text speaks against it: people
    write about colleagues and sign for their family. Whose records a request touches is checked where it acts."""
    method: Method
    for method in CHANNEL_PROOFS:
        hits = {entry.requester.id for entry in _PROOFS[method]({}, found, sender)} if method in allowed else set()
        if len(hits) == 1:
            return Authenticated(method=method, requester_id=hits.pop())
    return None


def _without_proof(
    said: Mapping[str, str], found: Sequence[Found], sender: Sender, allowed: Sequence[Method]
) -> NeedCode | Unauthenticated:
    if not said and not sender.address:
        return Unauthenticated(reason="nothing_claimed")
    meant = {entry.requester.id: entry for entry in found if _is_meant(said, entry, sender)}
    if not meant:
        return Unauthenticated(reason="unknown_requester")
    if len(meant) > 1:
        return Unauthenticated(reason="several_requesters")
    entry = next(iter(meant.values()))
    if _contradicts(said, entry):
        return Unauthenticated(reason="conflicting_claims")
    address = _address_for_code(said, entry, sender)
    if "one_time_code" not in allowed or not address:
        return Unauthenticated(reason="not_proven")
    return NeedCode(requester_id=entry.requester.id, address=address)


def _said(claims: Sequence[Claim], found: Sequence[Found]) -> dict[str, str] | None:
    """One comparable value for each kind of claim; None when one kind is claimed with two values.

    People name old mail addresses and other places beside their own: of several the one that is on a record found
    counts; two that are stay a contradiction. Several orders are none: they are joined by NUL. A code is proven
    elsewhere.
    """
    values: dict[str, dict[str, None]] = {}
    for claim in claims:
        value = _comparable(claim.kind, claim.value)
        if claim.kind != "code" and value:
            values.setdefault(claim.kind, {})[value] = None
    known: dict[str, set[str]] = {
        "email": {email for entry in found for email in _emails(entry.requester)},
        "postcode": {_postcode(entry.requester) for entry in found},
    }
    for kind, own in values.items():
        if len(own) > 1 and kind in known:
            values[kind] = dict.fromkeys(value for value in own if value in known[kind])
    if any(len(own) != 1 for kind, own in values.items() if kind != "order_id"):
        return None
    return {kind: "\0".join(own) for kind, own in values.items()}


def _comparable(kind: str, value: str) -> str:
    """Case, accents in names, and spacing in postcodes and order ids do not matter."""
    if kind == "email":
        return mailbox_key(value)
    text = unicodedata.normalize("NFKC", value).casefold().strip()
    if kind == "name":
        decomposed = unicodedata.normalize("NFKD", text)
        return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())
    if kind == "postcode":
        return "".join(c for c in text if c.isalnum())
    return text.lstrip("#") if kind == "order_id" else text


def _names(requester: Requester) -> set[str]:
    given, family = _comparable("name", requester.given_name), _comparable("name", requester.family_name)
    return {f"{given} {family}", f"{family} {given}"} if given and family else set()


def _postcode(requester: Requester) -> str:
    return _comparable("postcode", requester.address.postcode) if requester.address else ""


def _emails(requester: Requester) -> set[str]:
    return {_comparable("email", email) for email in requester.emails}


def _orders(entry: Found) -> set[str]:
    return {_comparable("order_id", order_id) for order_id in entry.order_ids}


def _postcode_agrees(said: Mapping[str, str], entry: Found) -> bool:
    return bool(said.get("postcode")) and said["postcode"] == _postcode(entry.requester)


def _by_sender(_said: Mapping[str, str], found: Sequence[Found], sender: Sender) -> list[Found]:
    address = _comparable("email", sender.address)
    return [entry for entry in found if sender.proven and address and address in _emails(entry.requester)]


def _by_code(_said: Mapping[str, str], found: Sequence[Found], sender: Sender) -> list[Found]:
    address = _comparable("email", sender.confirmed_address)
    return [entry for entry in found if address and address in _emails(entry.requester)]


def _by_order_postcode(said: Mapping[str, str], found: Sequence[Found], _sender: Sender) -> list[Found]:
    orders = set(said["order_id"].split("\0")) if "order_id" in said else set()
    return [entry for entry in found if orders and orders <= _orders(entry) and _postcode_agrees(said, entry)]


def _by_name_postcode(said: Mapping[str, str], found: Sequence[Found], _sender: Sender) -> list[Found]:
    return [entry for entry in found if said.get("name") in _names(entry.requester) and _postcode_agrees(said, entry)]


def _by_id_postcode(said: Mapping[str, str], found: Sequence[Found], sender: Sender) -> list[Found]:
    """The account's own id together with the postcode on record."""
    return [entry for entry in _by_id(said, found, sender) if _postcode_agrees(said, entry)]


def _by_email(said: Mapping[str, str], found: Sequence[Found], _sender: Sender) -> list[Found]:
    return [entry for entry in found if said.get("email") in _emails(entry.requester)]


def _by_id(said: Mapping[str, str], found: Sequence[Found], _sender: Sender) -> list[Found]:
    """The account's own id, which only whoever opened the account is taken to know; a name said with it must fit."""
    return [
        entry
        for entry in found
        if said.get("requester_id") == _comparable("requester_id", entry.requester.id)
        and said.get("name", "") in _names(entry.requester) | {""}
    ]


_PROOFS: Mapping[Method, Callable[[Mapping[str, str], Sequence[Found], Sender], list[Found]]] = {
    "one_time_code": _by_code,
    "verified_sender": _by_sender,
    "order_postcode": _by_order_postcode,
    "name_postcode": _by_name_postcode,
    "id_postcode": _by_id_postcode,
    "email_on_record": _by_email,
    "id_on_record": _by_id,
}


def _contradicts(said: Mapping[str, str], entry: Found) -> bool:
    """A claim that the proven requester's record denies. A postcode may be a new one, and a name may be a family
    member's or a short form, so these count only where the method itself rests on them."""
    requester = entry.requester
    if "requester_id" in said and said["requester_id"] != _comparable("requester_id", requester.id):
        return True
    if "email" in said and said["email"] not in _emails(requester):
        return True
    return "order_id" in said and not set(said["order_id"].split("\0")) <= _orders(entry)


def _is_meant(said: Mapping[str, str], entry: Found, sender: Sender) -> bool:
    requester = entry.requester
    address = _comparable("email", sender.address)
    orders = set(said["order_id"].split("\0")) if "order_id" in said else set()
    return (
        said.get("requester_id") == _comparable("requester_id", requester.id)
        or said.get("email") in _emails(requester)
        or bool(address and address in _emails(requester))
        or bool(orders & _orders(entry))
        or said.get("name") in _names(requester)
    )


def _address_for_code(said: Mapping[str, str], entry: Found, sender: Sender) -> str:
    """The address on the record the writer already showed to know, else the first on it. Never one from the text."""
    preferred = (_comparable("email", sender.address), said.get("email", ""))
    emails = entry.requester.emails
    known = [email for wanted in preferred for email in emails if _comparable("email", email) == wanted]
    return next(iter((*known, *emails)), "")
