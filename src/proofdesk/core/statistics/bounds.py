"""Bounds of a proportion and of a difference of two: Clopper-Pearson for money, Wilson for screens.

Jeffreys is for display only. `alpha` is the probability of missing, on both sides together for intervals and on one
side for `_lower` and `_upper`. No observation gives [0, 1], never a division error.
"""

from math import ceil, log, sqrt

import msgspec
from scipy.special import betaincinv, ndtri


class Bounds(msgspec.Struct, frozen=True):
    low: float
    high: float


NOTHING_KNOWN = Bounds(0.0, 1.0)


def clopper_pearson(successes: int, n: int, alpha: float = 0.05) -> Bounds:
    """Two-sided exact interval (Clopper & Pearson 1934)."""
    if n == 0:
        return NOTHING_KNOWN
    level = 1.0 - alpha / 2
    return Bounds(clopper_pearson_lower(successes, n, level), clopper_pearson_upper(successes, n, level))


def clopper_pearson_lower(successes: int, n: int, confidence: float) -> float:
    """One-sided exact lower bound of a proportion. 0 when there was no success."""
    check_counts(successes, n)
    return float(betaincinv(successes, n - successes + 1, 1.0 - confidence)) if successes else 0.0


def clopper_pearson_upper(successes: int, n: int, confidence: float) -> float:
    """One-sided exact upper bound of a proportion. 1 when there was no failure."""
    check_counts(successes, n)
    return float(betaincinv(successes + 1, n - successes, confidence)) if successes < n else 1.0


def wilson(successes: int, n: int, alpha: float = 0.05) -> Bounds:
    """Two-sided score interval (Wilson 1927)."""
    if n == 0:
        return NOTHING_KNOWN
    return _score_bounds(successes, n, normal_quantile(1.0 - alpha / 2))


def wilson_lower(successes: int, n: int, alpha: float = 0.05) -> float:
    """One-sided score bound."""
    return _score_bounds(successes, n, normal_quantile(1.0 - alpha)).low if n else 0.0


def jeffreys(successes: int, n: int, alpha: float = 0.05) -> Bounds:
    """Quantiles of Beta(k + 1/2, n - k + 1/2), opened to 0 at no success and to 1 at no failure."""
    if n == 0:
        return NOTHING_KNOWN
    check_counts(successes, n)
    high = float(betaincinv(successes + 0.5, n - successes + 0.5, 1.0 - alpha / 2)) if successes < n else 1.0
    return Bounds(jeffreys_lower(successes, n, alpha / 2), high)


def jeffreys_lower(successes: int, n: int, alpha: float = 0.05) -> float:
    if not successes:
        return 0.0
    check_counts(successes, n)
    return float(betaincinv(successes + 0.5, n - successes + 0.5, alpha))


def newcombe(first: tuple[int, int], second: tuple[int, int], alpha: float = 0.05) -> Bounds:
    """Interval of p1 - p2 from (successes, n) of each, built from the two Wilson intervals (Newcombe 1998)."""
    if not first[1] or not second[1]:
        return Bounds(-1.0, 1.0)
    p1, p2 = first[0] / first[1], second[0] / second[1]
    one, two = wilson(*first, alpha), wilson(*second, alpha)
    difference = p1 - p2
    return Bounds(
        difference - sqrt((p1 - one.low) ** 2 + (two.high - p2) ** 2),
        difference + sqrt((one.high - p1) ** 2 + (p2 - two.low) ** 2),
    )


def zero_failure_n(p0: float, alpha: float = 0.05) -> int:
    """Tickets without a failure after which the exact lower bound reaches `p0`."""
    return ceil(log(alpha) / log(p0))


def normal_quantile(probability: float) -> float:
    return float(ndtri(probability))


def check_counts(part: int, n: int) -> None:
    if not 0 <= part <= n or n == 0:
        raise ValueError(f"a count of {part} out of {n} is not possible")


def _score_bounds(successes: int, n: int, z: float) -> Bounds:
    check_counts(successes, n)
    p = successes / n
    centre = p + z * z / (2 * n)
    spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else max(0.0, (centre - spread) / scale)
    return Bounds(low, 1.0 if successes == n else min(1.0, (centre + spread) / scale))
