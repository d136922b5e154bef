"""How likely an account is to leave, and what that puts at risk. Coefficients are fitted on the tenant's renewals."""

from collections.abc import Mapping
from math import exp

import msgspec


class Health(msgspec.Struct, frozen=True, kw_only=True):
    p_churn: float
    health: int
    """100 (1 - p), rounded: 100 is best."""
    at_risk: float
    """Yearly revenue x p, in the revenue's unit."""


def account_health(coefficients: Mapping[str, float], facts: Mapping[str, float], arr: float) -> Health:
    """`coefficients` has the intercept "b0" and one per fact. Raises ValueError naming facts that are missing."""
    missing = sorted(name for name in coefficients if name != "b0" and name not in facts)
    if missing:
        raise ValueError(f"account facts missing for the health model: {', '.join(missing)}")
    score = sum(weight * (1.0 if name == "b0" else facts[name]) for name, weight in coefficients.items())
    p = 1 / (1 + exp(-score)) if score > -700 else 0.0
    return Health(p_churn=p, health=round(100 * (1 - p)), at_risk=arr * p)
