"""Who wrote this ticket: from claims and sender to one proven requester and their records."""

from collections.abc import Iterable, Sequence

import msgspec

from proofdesk.connectors.backoffice.records import Conflict
from proofdesk.connectors.backoffice.records import Found as FoundInRecords
from proofdesk.core.address import mailbox_key
from proofdesk.core.authentication import (
    Authenticated,
    Found,
    Method,
    NeedCode,
    Sender,
    Unauthenticated,
    decide_authentication,
)
from proofdesk.core.reading import Claim
from proofdesk.core.records import Records
from proofdesk.flows.drive import Accessed
from proofdesk.flows.tenancy import Runtime

MAX_CANDIDATES = 3


class IdentityFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the authentication decision, complete."""

    claims: tuple[Claim, ...]
    found: tuple[Found, ...]
    sender: Sender
    allowed: tuple[Method, ...]
    conflict: bool = False
    """A look-up found that the claims themselves lead to different requesters."""


def judge_identity(facts: IdentityFacts) -> Authenticated | NeedCode | Unauthenticated:
    """The authentication decision. Pure."""
    if facts.conflict:
        return Unauthenticated(reason="conflicting_claims")
    return decide_authentication(facts.claims, facts.found, facts.sender, facts.allowed)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The judgement, its facts (for the ledger) and, when somebody was proven, their records."""

    verdict: Authenticated | NeedCode | Unauthenticated
    facts: IdentityFacts
    records: Records | None
    accesses: list[Accessed]


async def identify(runtime: Runtime, claims: Sequence[Claim], sender: Sender) -> Identity:
    """Look up whoever the claims or the sender lead to, and judge. Raises ConnectorError."""
    accesses: list[Accessed] = []
    ids: list[str] = []
    conflict = False
    by_channel = sender.confirmed_address or (sender.address if sender.proven else "")
    asked = [(Claim(kind="email", value=by_channel),)] if by_channel else _groups(claims, sender)
    for group in asked:
        if not group:
            continue
        found = await runtime.records.find(runtime.back_office, group)
        accesses += [Accessed(capability=a.capability, args_hash=a.args_hash) for a in found.accesses]
        if isinstance(found, FoundInRecords):
            ids.append(found.requester_id)
        elif isinstance(found, Conflict):
            ids += found.requester_ids
            conflict = True
    loaded: dict[str, Records] = {}
    for requester_id in dict.fromkeys(ids[:MAX_CANDIDATES]):
        answer = await runtime.records.load_records(runtime.back_office, requester_id)
        accesses += [Accessed(capability=a.capability, args_hash=a.args_hash) for a in answer.accesses]
        loaded[requester_id] = answer.records
    judged = identity_from(runtime.settings.authentication, claims, sender, tuple(loaded.values()), conflict=conflict)
    return msgspec.structs.replace(judged, accesses=accesses)


def identity_from(
    allowed: tuple[Method, ...],
    claims: Sequence[Claim],
    sender: Sender,
    loaded: Sequence[Records],
    *,
    conflict: bool = False,
) -> Identity:
    """The judgement from what the look-ups led to. Pure."""
    entries = tuple(
        Found(requester=records.requester, order_ids=tuple(order.id for order in records.orders)) for records in loaded
    )
    facts = IdentityFacts(
        claims=_about_people(claims, loaded), found=entries, sender=sender, allowed=allowed, conflict=conflict
    )
    verdict = judge_identity(facts)
    proven = verdict.requester_id if isinstance(verdict, Authenticated) else None
    records = next((each for each in loaded if each.requester.id == proven), None)
    return Identity(verdict=verdict, facts=facts, records=records, accesses=[])


def _groups(claims: Sequence[Claim], sender: Sender) -> list[tuple[Claim, ...]]:
    """What the text says and what the sender's address says are looked up apart: they may name different people."""
    groups = [tuple(claims)]
    known = {mailbox_key(claim.value) for claim in claims if claim.kind == "email"}
    if sender.address and mailbox_key(sender.address) not in known:
        groups.append((Claim(kind="email", value=sender.address),))
    return groups


def _about_people(claims: Sequence[Claim], records: Iterable[Records]) -> tuple[Claim, ...]:
    """Without ids that turn out to name a payment method on record: they look like an account's id and are none."""
    methods = {method.id for each in records for method in each.requester.methods}
    return tuple(claim for claim in claims if claim.kind != "requester_id" or claim.value not in methods)
