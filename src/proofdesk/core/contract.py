"""The contract version: what an outcome costs by how well it is proven, and when it counts.

`rule_hash` names the exact rules of an invoice line: SHA-256 over the contract as canonical JSON (keys sorted, no
spaces, UTF-8, decimals as strings), which the buyer can recompute with any JSON library.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Literal

import msgspec

from proofdesk.core.money import EXPONENTS, Money, line_amount
from proofdesk.core.resolution import Grade, Terms

OutcomeKind = Literal["resolution", "approval_assisted", "workflow", "retained_account"]
BillingMode = Literal["accrue", "settle"]
ZERO = Decimal(0)


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Unit price in major units (a decimal string in JSON) for a kind of outcome; empty grade = every grade."""

    kind: OutcomeKind
    grade: Grade | Literal[""] = ""
    unit_price: Decimal


class Guarantee(msgspec.Struct, frozen=True, kw_only=True):
    """Credit when the verified share stays below `points` percent: `per_point` of the fee for each full point."""

    points: Decimal
    per_point: Decimal
    cap: Decimal


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One version. Amounts in minor units of `currency`; windows in seconds. Approval-assisted costs 0 by default."""

    id: str
    version: int
    currency: str
    valid_from: datetime
    prices: tuple[Price, ...]
    mode: BillingMode = "accrue"
    cap_minor: int | None = None
    """Most that one month's lines may come to."""
    minimum_minor: int = 0
    silence_bills: bool = False
    silence_window_s: int = 72 * 3600
    reversal_window_s: int = 14 * 86_400
    guarantee: Guarantee | None = None


def rule_hash(contract: Contract) -> str:
    """SHA-256 (hex) of the contract's canonical JSON."""
    return sha256(msgspec.json.encode(contract, order="sorted")).hexdigest()


def terms_of(contract: Contract) -> Terms:
    return Terms(
        silence_bills=contract.silence_bills,
        silence_window_s=contract.silence_window_s,
        reversal_window_s=contract.reversal_window_s,
    )


def price_of(contract: Contract, kind: OutcomeKind, grade: Grade | None) -> Money:
    """Price of one outcome, rounded once. A price for the grade beats one for every grade; none at all costs 0."""
    fits = [price for price in contract.prices if price.kind == kind and price.grade in ("", grade)]
    exact = [price for price in fits if price.grade]
    chosen = exact or fits
    return line_amount(chosen[0].unit_price if chosen else ZERO, 1, contract.currency)


def contract_at(versions: Sequence[Contract], instant: datetime) -> Contract | None:
    """The version in force at `instant`: the last that began at or before it; None before the first."""
    begun = [version for version in versions if version.valid_from <= instant]
    return max(begun, key=lambda version: (version.valid_from, version.version), default=None)


def check_contract(contract: Contract) -> tuple[str, ...]:
    """Every fault, each naming the field and what to write; empty when the contract may be signed."""
    faults: list[str] = []
    if contract.currency not in EXPONENTS:
        faults.append(f"currency: {contract.currency!r} is not an active ISO 4217 code; write one such as EUR")
    if contract.valid_from.tzinfo is None:
        faults.append("valid_from: has no time zone; write an instant such as 2026-01-01T00:00:00Z")
    seen: set[tuple[str, str]] = set()
    for index, price in enumerate(contract.prices):
        if not price.unit_price.is_finite() or price.unit_price < 0:
            faults.append(f"prices[{index}].unit_price: {price.unit_price} must be a number of at least 0")
        if (price.kind, price.grade) in seen:
            faults.append(f"prices[{index}]: a second price for {price.kind} {price.grade or 'of every grade'}")
        seen.add((price.kind, price.grade))
    if not any(price.kind == "resolution" for price in contract.prices):
        faults.append("prices: no price for kind resolution; add one (0 is a price)")
    faults.extend(_check_limits(contract))
    return tuple(faults)


def _check_limits(contract: Contract) -> list[str]:
    fields = ("minimum_minor", "silence_window_s", "reversal_window_s")
    faults = [f"{field}: must not be negative" for field in fields if getattr(contract, field) < 0]
    if contract.cap_minor is not None and contract.cap_minor < contract.minimum_minor:
        faults.append(f"cap_minor: {contract.cap_minor} is below minimum_minor {contract.minimum_minor}")
    guarantee = contract.guarantee
    if guarantee is not None:
        for name, share in (("per_point", guarantee.per_point), ("cap", guarantee.cap)):
            if not ZERO <= share <= 1:
                faults.append(f"guarantee.{name}: {share} is a share of the fee, from 0 to 1")
        if not ZERO <= guarantee.points <= 100:
            faults.append(f"guarantee.points: {guarantee.points} is a percentage, from 0 to 100")
    return faults
