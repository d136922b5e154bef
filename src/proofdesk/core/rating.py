"""From resolutions to charges and reversals: one charge per issue at most, reversed at most once, by event time.

Accrue: charged at the instant of proof, reversed by a credit at the instant of the reversing event. Settle: charged
only when final, at the end of the reversal window; only an upheld dispute can still reverse it.
"""

from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal

import msgspec

from proofdesk.core.contract import Contract, Guarantee, OutcomeKind, price_of, rule_hash
from proofdesk.core.money import Money, share_of
from proofdesk.core.resolution import Grade, Resolution, is_verified

_EXACT = Context(prec=40, rounding=ROUND_HALF_UP)


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One billable outcome. Its key is (tenant, issue_id): derived, never supplied."""

    issue_id: str
    kind: OutcomeKind
    grade: Grade
    price_minor: int
    currency: str
    at: datetime
    leaf_seq: int
    rule_hash: str


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """Takes back the charge of `issue_id`; the amount is what that charge came to on its invoice."""

    issue_id: str
    reason: str
    at: datetime
    leaf_seq: int


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    charge: Charge | None = None
    reversal: Reversal | None = None


def rate_issue(issue_id: str, resolution: Resolution, contract: Contract) -> Rated:
    """What an issue costs under the contract version in force when it was proven."""
    if resolution.billed_at is None or resolution.grade is None or resolution.proof is None:
        return Rated()
    if contract.mode == "settle":
        if resolution.settles_at is None or not _settled(resolution, resolution.settles_at):
            return Rated()
        charge = _charge(issue_id, resolution, contract, resolution.settles_at)
    else:
        charge = _charge(issue_id, resolution, contract, resolution.billed_at)
    if resolution.reversal is None:
        return Rated(charge=charge)
    event = resolution.reversal
    return Rated(
        charge=charge,
        reversal=Reversal(issue_id=issue_id, reason=event.type, at=event.at, leaf_seq=event.leaf_seq),
    )


def guarantee_credit(guarantee: Guarantee, *, eligible: int, verified: int, fee: Money) -> Money:
    """Credit for a verified share below the guarantee: min(cap, per_point x full points missed) of the fee.

    The shortfall is exact (an integer ratio), so 60 - 57 is 3 points; rounded once, half-up, for the customer.
    """
    if eligible <= 0:
        return Money(0, fee.currency)
    missed = _EXACT.subtract(_EXACT.multiply(guarantee.points, Decimal(eligible)), Decimal(100 * verified))
    full_points = _EXACT.divide_int(missed, Decimal(eligible))
    if full_points <= 0:
        return Money(0, fee.currency)
    return share_of(fee, min(guarantee.cap, guarantee.per_point * full_points))


def count_verified(resolutions: dict[str, Resolution]) -> int:
    return sum(1 for resolution in resolutions.values() if is_verified(resolution))


def _settled(resolution: Resolution, settles_at: datetime) -> bool:
    """Final, or disputed only after it had become final (then the line stands until the dispute is upheld)."""
    if resolution.state == "final":
        return True
    disputes = [item.at for item in resolution.evidence if item.type == "dispute_opened"]
    return resolution.state in ("disputed", "reversed") and bool(disputes) and disputes[-1] > settles_at


def _charge(issue_id: str, resolution: Resolution, contract: Contract, at: datetime) -> Charge:
    grade, proof = resolution.grade, resolution.proof
    assert grade is not None and proof is not None, "only a proven resolution is charged"
    kind: OutcomeKind = "approval_assisted" if resolution.assisted else "resolution"
    return Charge(
        issue_id=issue_id,
        kind=kind,
        grade=grade,
        price_minor=price_of(contract, kind, grade).minor,
        currency=contract.currency,
        at=at,
        leaf_seq=proof.leaf_seq,
        rule_hash=rule_hash(contract),
    )
