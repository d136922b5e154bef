"""A rate that says what it counted. No rate of this product is a bare number."""

import msgspec

from proofdesk.core.statistics import wilson


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """`low`..`high` is the 95 % Wilson interval; `value` is None where nothing was counted."""

    numerator: int
    denominator: int
    excluded: int = 0
    """Left out by a filter that does not depend on time (spam, still open, merged)."""
    immature: int = 0
    """Left out because the look-back window has not passed yet."""
    value: float | None = None
    low: float = 0.0
    high: float = 1.0


def rate(numerator: int, denominator: int, *, excluded: int = 0, immature: int = 0) -> Rate:
    if not denominator:
        return Rate(numerator=0, denominator=0, excluded=excluded, immature=immature)
    bounds = wilson(numerator, denominator)
    return Rate(
        numerator=numerator, denominator=denominator, excluded=excluded, immature=immature,
        value=numerator / denominator, low=bounds.low, high=bounds.high,
    )  # fmt: skip
