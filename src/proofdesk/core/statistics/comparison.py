"""Is the AI not worse than people by more than a margin? Independent arms, and pairs on the same tickets.

Margins and differences are shares (0.03 = three points); `alpha` is one-sided. The score test keeps its size because
its variance is estimated under the hypothesis: a library widely used for this gets that term wrong.
"""

from collections.abc import Callable
from math import acos, ceil, copysign, cos, pi, sqrt

import msgspec
from scipy.special import ndtr

from proofdesk.core.statistics.bounds import Bounds, check_counts, normal_quantile

_HALVINGS = 60
"""Bisection steps: the interval's ends are exact to 2^-60."""


class ScoreTest(msgspec.Struct, frozen=True, kw_only=True):
    """`p` is P(a z this large | worse by exactly the margin): small speaks for "not worse"."""

    z: float
    p: float


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """n tickets answered by both: `ai_only` where just the AI was right, `human_only` where just the person was."""

    ai_only: int
    human_only: int
    n: int

    def __post_init__(self) -> None:
        check_counts(self.ai_only + self.human_only, self.n)


def needed_per_arm(p_ai: float, p_human: float, margin: float, *, alpha: float = 0.025, power: float = 0.8) -> int:
    """Tickets per arm, rounded up. Raises ValueError where the true difference already exceeds the margin."""
    return ceil(needed_per_arm_exactly(p_ai, p_human, margin, alpha=alpha, power=power))


def needed_per_arm_exactly(p_ai: float, p_human: float, margin: float, *, alpha: float, power: float) -> float:
    spread = p_ai * (1 - p_ai) + p_human * (1 - p_human)
    return _sample_size(spread, p_ai - p_human, margin, alpha, power)


def needed_pairs(
    discordant: float, difference: float, margin: float, *, alpha: float = 0.025, power: float = 0.8
) -> int:
    """Pairs, rounded up, where a share `discordant` of them differ."""
    return ceil(needed_pairs_exactly(discordant, difference, margin, alpha=alpha, power=power))


def needed_pairs_exactly(discordant: float, difference: float, margin: float, *, alpha: float, power: float) -> float:
    return _sample_size(discordant - difference * difference, difference, margin, alpha, power)


def independent_score(ai: tuple[int, int], human: tuple[int, int], margin: float) -> ScoreTest:
    """Farrington & Manning 1990 on (right, n) of each arm."""
    (k1, n1), (k2, n2) = ai, human
    check_counts(k1, n1)
    check_counts(k2, n2)
    q1, q2 = restricted_rates(ai, human, margin)
    variance = q1 * (1 - q1) / n1 + q2 * (1 - q2) / n2
    gap = k1 / n1 - k2 / n2 + margin
    z = gap / sqrt(variance) if variance > 0 else copysign(float("inf"), gap)
    return ScoreTest(z=z, p=float(ndtr(-z)))


def restricted_rates(ai: tuple[int, int], human: tuple[int, int], margin: float) -> tuple[float, float]:
    """Maximum likelihood of both rates under p_ai - p_human = -margin: the cubic's root, in closed form."""
    (k1, n1), (k2, n2) = ai, human
    p1, p2, ratio, d = k1 / n1, k2 / n2, n2 / n1, -margin
    a = 1 + ratio
    b = -(1 + ratio + p1 + ratio * p2 + d * (ratio + 2))
    c = d * d + d * (2 * p1 + ratio + 1) + p1 + ratio * p2
    e = -p1 * d * (1 + d)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a * a) + e / (2 * a)
    u = copysign(sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v)
    angle = (pi + acos(min(1.0, max(-1.0, v / u**3)))) / 3 if u else 0.0
    q1 = 2 * u * cos(angle) - b / (3 * a)
    q1 = min(max(q1, 0.0, d), 1.0, 1 + d)
    return q1, min(max(q1 - d, 0.0), 1.0)


def paired_score(pairs: Pairs, margin: float) -> ScoreTest:
    """Tango 1998: score test of AI - human > -margin on the same tickets."""
    z = _tango_z(pairs, margin)
    return ScoreTest(z=z, p=float(ndtr(-z)))


def paired_interval(pairs: Pairs, alpha: float = 0.05) -> Bounds:
    """Two-sided interval of AI - human: the differences the score test does not reject."""
    limit = normal_quantile(1 - alpha / 2)
    estimate = (pairs.ai_only - pairs.human_only) / pairs.n
    low = _bisect(lambda d: _tango_z(pairs, -d) - limit, -1.0, estimate)
    high = _bisect(lambda d: _tango_z(pairs, -d) + limit, estimate, 1.0)
    return Bounds(low, high)


def restricted_discordance(pairs: Pairs, margin: float) -> float:
    """Maximum likelihood of P(only the person right) under a difference of -margin."""
    b, c, n = pairs.ai_only, pairs.human_only, pairs.n
    linear = -b - c - (2 * n - b + c) * margin
    constant = c * margin * (1 + margin)
    return (sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)


def _tango_z(pairs: Pairs, margin: float) -> float:
    gap = pairs.ai_only - pairs.human_only + pairs.n * margin
    variance = pairs.n * (2 * restricted_discordance(pairs, margin) - margin * (1 + margin))
    if variance <= 1e-12 * pairs.n:
        return copysign(float("inf"), gap) if gap else 0.0
    return gap / sqrt(variance)


def _sample_size(spread: float, difference: float, margin: float, alpha: float, power: float) -> float:
    if difference + margin <= 0:
        raise ValueError(f"no number of tickets shows it: a difference of {difference} is beyond the margin {margin}")
    return (normal_quantile(1 - alpha) + normal_quantile(power)) ** 2 * spread / (difference + margin) ** 2


def _bisect(falling: Callable[[float], float], low: float, high: float) -> float:
    """The zero of a function that is positive at `low` and negative at `high`."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
