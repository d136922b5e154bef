"""Has the mix of tickets moved? The population stability index beside what chance alone would show."""

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.special import chdtri

CUSTOMARY_ALERT = 0.1
"""The convention; it knows nothing of sample sizes, hence the null level beside it."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    psi: float
    null_95: float
    """What 95 of 100 pairs of samples of this size stay below when nothing moved."""
    smoothed: bool = False
    """A share was zero, so half a count was added to each."""

    @property
    def moved(self) -> bool:
        return self.psi > self.null_95

    @property
    def alert(self) -> bool:
        return self.moved and self.psi >= CUSTOMARY_ALERT


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Sum of (a - e) ln(a / e) over shares that are all above 0."""
    e, a = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    if e.shape != a.shape or (e <= 0).any() or (a <= 0).any():
        raise ValueError("both mixes need the same categories, each with a share above 0")
    return float(np.sum((a - e) * np.log(a / e)))


def null_level(categories: int, n: int, m: int, probability: float = 0.95) -> float:
    """Quantile of the index between two samples of n and m from one mix: chi-square (B-1) x (1/n + 1/m)."""
    return float(chdtri(categories - 1, 1 - probability)) * (1 / n + 1 / m)


def null_mean(categories: int, n: int, m: int) -> float:
    return (categories - 1) * (1 / n + 1 / m)


def drift(before: Sequence[int], now: Sequence[int]) -> Drift:
    """From counts per category."""
    smoothed = 0 in before or 0 in now
    extra = 0.5 if smoothed else 0.0
    old, new = np.asarray(before, np.float64) + extra, np.asarray(now, np.float64) + extra
    if not sum(before) or not sum(now):
        raise ValueError("drift needs tickets on both sides")
    return Drift(
        psi=stability_index(list(old / old.sum()), list(new / new.sum())),
        null_95=null_level(len(before), sum(before), sum(now)),
        smoothed=smoothed,
    )
