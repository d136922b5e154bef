"""Is today's number of tickets of a topic more than chance? Negative binomial counts, weekday effects, honest doubt.

Daily counts of a topic scatter more than a Poisson law allows, and how much more is itself known only roughly from
a few weeks. So mean and dispersion are not plugged in as estimates: the chance of seeing today's count or more is
averaged over all of them, weighted by how well each explains the past days (posterior predictive on a grid).
The weekday profile is the tenant's own over all topics. Many topics are judged at once: Benjamini & Hochberg 1995.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
NOMINAL = 0.05
MIN_DAYS, MAX_DAYS = 14, 182
MIN_COUNT = 3
"""Fewer tickets than this on a day are never called a spike."""
OWN_WEEK = 0.04
"""Squared relative error of today's expectation that the past cannot show: a topic's week is not quite the tenant's."""
_SMOOTH = 5.0
_MEANS = np.geomspace(0.2, 5.0, 41)
"""Candidate means, in units of the observed one."""
_DISPERSIONS = np.geomspace(0.01, 4.0, 25)
"""Candidate dispersions a: variance = mean + a mean^2."""


def weekday_profile(days: Sequence[date], totals: Sequence[int]) -> Doubles:
    """(7,) factors, Monday first, mean 1 over the given days; shrunk to 1 where there are few tickets."""
    weekday = np.array([day.weekday() for day in days], np.int64)
    counts = np.bincount(weekday, weights=np.asarray(totals, float), minlength=7)
    share = np.bincount(weekday, minlength=7) / max(len(days), 1)
    expected = counts.sum() * share
    return np.asarray((counts + _SMOOTH) / (expected + _SMOOTH))


def chance_of(today: int, past: Sequence[int], factors: Sequence[float], factor: float) -> float:
    """P(count >= today) given the past days' counts; `factors` and `factor`: their and today's weekday factors.

    Mean: log-uniform prior from a fifth to five times the observed one (or of half a ticket in the whole time where
    none was seen). Dispersion: log-uniform from .01 to 4.
    """
    from scipy.special import gammaln
    from scipy.stats import nbinom

    counts, expected = np.asarray(past, float), np.asarray(factors, float)
    observed = max(counts.sum(), 0.5) / expected.sum()
    mean, size = np.meshgrid(_MEANS * observed, 1.0 / _DISPERSIONS, indexing="ij")
    m, r = mean[..., None] * expected, size[..., None]
    fit = (gammaln(counts + r) - gammaln(r) + r * np.log(r / (r + m)) + counts * np.log(m / (r + m))).sum(axis=-1)
    weight = np.exp(fit - fit.max())
    expected_today = mean * factor
    loose = 1.0 / (1.0 / size + OWN_WEEK)
    tail = nbinom.sf(today - 1, loose, loose / (loose + expected_today))
    return float((weight * tail).sum() / weight.sum())


def spiking(counts: Sequence[Sequence[int]], days: Sequence[date], nominal: float = NOMINAL) -> list[bool]:
    """Of each topic (a row of `counts`, one number a day): is the last of `days` a spike?

    Among those called a spike at most `nominal` are expected to be none. All False with fewer than MIN_DAYS days.
    """
    if len(days) < MIN_DAYS + 1 or not counts:
        return [False] * len(counts)
    table = np.asarray(counts, np.int64)[:, -MAX_DAYS:]
    days = days[-MAX_DAYS:]
    profile = weekday_profile(days[:-1], table[:, :-1].sum(axis=0).tolist())
    factors = profile[[day.weekday() for day in days]]
    chances = [
        chance_of(int(row[-1]), row[:-1].tolist(), factors[:-1].tolist(), float(factors[-1]))
        if row[-1] >= MIN_COUNT
        else 1.0
        for row in table
    ]
    return _stepped_up(chances, nominal)


def _stepped_up(chances: Sequence[float], nominal: float) -> list[bool]:
    ordered = np.sort(np.asarray(chances))
    passed = np.flatnonzero(ordered <= nominal * np.arange(1, len(ordered) + 1) / len(ordered))
    limit = ordered[passed[-1]] if len(passed) else -1.0
    return [bool(chance <= limit) for chance in chances]
