"""The headline calculation and its strict form: above which human cost does a plan save what it promises?

Exact rational arithmetic: 50,000 x 0.67 is 33,500 and not 33,499.99.
"""

from fractions import Fraction

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    volume_month: Fraction
    ai_share: Fraction
    price: Fraction

    @property
    def ai_tickets_month(self) -> Fraction:
        return self.volume_month * self.ai_share

    @property
    def ai_tickets_year(self) -> Fraction:
        return 12 * self.ai_tickets_month

    @property
    def ai_spend_year(self) -> Fraction:
        return self.ai_tickets_year * self.price


def saving_year(plan: Plan, human_cost: Fraction) -> Fraction:
    return plan.ai_tickets_year * (human_cost - plan.price)


def break_even_human_cost(
    plan: Plan, target: Fraction, *, verified_share: Fraction = Fraction(1), realisation: Fraction = Fraction(1)
) -> Fraction:
    """Human cost per ticket at which the yearly saving is `target`, with what verifies and what labour is released."""
    return (target / plan.ai_tickets_year + verified_share * plan.price) / (verified_share * realisation)


def all_human_year(plan: Plan, human_cost: Fraction) -> Fraction:
    """What people would cost for the whole volume."""
    return 12 * plan.volume_month * human_cost


def hybrid_year(plan: Plan, human_cost: Fraction) -> Fraction:
    return all_human_year(plan, human_cost) - saving_year(plan, human_cost)
