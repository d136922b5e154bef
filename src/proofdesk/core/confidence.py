"""How sure is sure enough, in parts per million: max(expected-cost optimum, certified risk bound, policy floor).

Exact rational arithmetic, rounded up once, so that every machine gets the same integer. Money is minor units.
act costs c_a + (1-p)L, a person costs c_h + e_h L: act iff p >= 1 - e_h - (c_h - c_a)/L.
"""

from fractions import Fraction
from math import ceil
from typing import Literal

import msgspec

PPM = 1_000_000
NEVER = PPM + 1
"""A threshold no confidence reaches."""


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about one intent costs. Defaults lean to the person: an error is dear, a person cheap."""

    act_minor: int = 99
    human_minor: int = 800
    goodwill_minor: int = 1_000
    unrecoverable_ppm: int = PPM
    """Share of the amount that is lost when the action was wrong."""
    churn_ppm: int = 0
    """Added probability that the account leaves after an error."""
    lifetime_minor: int = 0
    human_error_ppm: int = 0


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A person checks before the act: the check costs `review_minor` and catches an error with `catches_ppm`."""

    review_minor: int
    catches_ppm: int


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    ppm: int
    bound_by: Literal["cost", "certificate", "uncertified", "floor"]


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one intent. `certified_ppm` None: no certificate yet, so `uncertified_ppm` holds instead."""

    costs: Costs = Costs()
    certified_ppm: int | None = None
    uncertified_ppm: int = 950_000
    floor_ppm: int = 800_000


def loss_minor(costs: Costs, amount_minor: int) -> Fraction:
    """L = c_h + goodwill + amount * unrecoverable + churn * lifetime value."""
    return (
        Fraction(costs.human_minor + costs.goodwill_minor)
        + Fraction(amount_minor * costs.unrecoverable_ppm, PPM)
        + Fraction(costs.churn_ppm * costs.lifetime_minor, PPM)
    )


def cost_optimum_ppm(costs: Costs, loss: Fraction) -> int:
    """t* in ppm, rounded up, not clamped: at or below 0 always act, at or above 1,000,000 never."""
    if loss <= 0:
        return 0 if costs.act_minor < costs.human_minor else PPM
    return ceil(PPM - costs.human_error_ppm - PPM * Fraction(costs.human_minor - costs.act_minor) / loss)


def approval_bands_ppm(costs: Costs, approval: Approval, loss: Fraction) -> tuple[int, int]:
    """(act without approval from here, ask for approval from here); below the second a person decides."""
    human_error = Fraction(costs.human_error_ppm, PPM)
    catches = Fraction(approval.catches_ppm, PPM)
    person = costs.human_minor + human_error * loss
    saved = catches * (loss - person)
    risk = catches * person + (1 - catches) * loss
    act = ceil(PPM * (1 - approval.review_minor / saved)) if saved > 0 else 0
    ask = ceil(PPM * (1 - (person - costs.act_minor - approval.review_minor) / risk)) if risk > 0 else 0
    return act, ask


def threshold(gate: Gate, amount_minor: int) -> Threshold:
    """The strictest of the three, and which one it was. Amounts below 0 are a broken invariant."""
    if amount_minor < 0:
        raise ValueError(f"an amount at stake cannot be negative: {amount_minor}")
    optimum = cost_optimum_ppm(gate.costs, loss_minor(gate.costs, amount_minor))
    cost = NEVER if optimum >= PPM else max(optimum, 0)
    if gate.certified_ppm is None:
        risk = Threshold(ppm=gate.uncertified_ppm, bound_by="uncertified")
    else:
        risk = Threshold(ppm=gate.certified_ppm, bound_by="certificate")
    floor = Threshold(ppm=gate.floor_ppm, bound_by="floor")
    return max(floor, risk, Threshold(ppm=cost, bound_by="cost"), key=lambda bound: bound.ppm)
