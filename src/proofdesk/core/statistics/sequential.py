"""Tests one may look at after every ticket: the error bound holds at all times together.

An e-value is the capital of a gambler who bets against the hypothesis: under it, the capital ever reaches 1/alpha with
probability at most alpha (Ville). The beta-binomial mixture is Robbins 1970 and Howard et al. 2021. The running
intersection of a confidence sequence is not taken: it can exclude the truth's own estimate.
"""

from collections.abc import Callable, Iterable
from math import exp, inf, log
from typing import Literal

import msgspec
import numpy as np
from scipy.special import betaincc, betaln

from proofdesk.core.statistics.bounds import NOTHING_KNOWN, Bounds, check_counts

_HALVINGS = 80
_STAKES = np.linspace(0.02, 0.98, 25)
"""The shares of the greatest safe bet that the paired test mixes, fixed before any ticket is seen."""

Verdict = Literal["roll_back", "pass", "go_on"]


def confidence_sequence(successes: int, n: int, alpha: float = 0.05) -> Bounds:
    """{p: B(1+k, 1+n-k) / (p^k (1-p)^(n-k)) < 1/alpha}: covers the true rate at every n at once."""
    if n == 0:
        return NOTHING_KNOWN
    check_counts(successes, n)
    failures = n - successes
    limit = betaln(1 + successes, 1 + failures) + log(alpha)

    def outside(p: float) -> bool:
        return bool(_xlog(successes, p) + _xlog(failures, 1 - p) <= limit)

    best = successes / n
    return Bounds(
        _edge(outside, 0.0, best) if successes else 0.0,
        _edge(outside, 1.0, best) if failures else 1.0,
    )


def log_e_value(successes: int, n: int, p0: float) -> float:
    """Log of the evidence against "the rate is at most p0", uniform mixture over (p0, 1]. Never overflows."""
    if not 0 < p0 < 1:
        raise ValueError(f"the rate to beat must lie between 0 and 1, not at {p0}")
    if n == 0:
        return 0.0
    check_counts(successes, n)
    above = float(betaincc(successes + 1, n - successes + 1, p0))
    if above == 0.0:
        return -inf
    mixture = betaln(successes + 1, n - successes + 1) + log(above) - log(1 - p0)
    return float(mixture - successes * log(p0) - (n - successes) * log(1 - p0))


def e_value(successes: int, n: int, p0: float) -> float:
    """As log_e_value; infinite where a float cannot hold it."""
    log_e = log_e_value(successes, n, p0)
    return exp(log_e) if log_e < 709 else inf


def may_promote(successes: int, n: int, p0: float, alpha: float = 0.05) -> bool:
    """The gate: the evidence that the rate is above p0 has reached 1/alpha."""
    return log_e_value(successes, n, p0) >= -log(alpha)


def needed_to_promote(rate: float, p0: float, alpha: float = 0.05, *, limit: int = 1_000_000) -> int | None:
    """Tickets after which the gate opens if the observed rate stays at `rate`; None beyond `limit` or never."""
    if rate <= p0 or not may_promote(round(rate * limit), limit, p0, alpha):
        return None
    low, high = 0, limit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if may_promote(round(rate * middle), middle, p0, alpha) else (middle, high)
    return high


class Sprt(msgspec.Struct, frozen=True, kw_only=True):
    """Wald's test of a bad-action rate p0 against p1 > p0, folded ticket by ticket."""

    p0: float
    p1: float
    alpha: float = 0.05
    beta: float = 0.1
    llr: float = 0.0
    n: int = 0

    @property
    def upper(self) -> float:
        return log((1 - self.beta) / self.alpha)

    @property
    def lower(self) -> float:
        return log(self.beta / (1 - self.alpha))

    def after(self, bad: bool) -> "Sprt":
        step = log(self.p1 / self.p0) if bad else log((1 - self.p1) / (1 - self.p0))
        return msgspec.structs.replace(self, llr=self.llr + step, n=self.n + 1)

    @property
    def verdict(self) -> Verdict:
        if self.llr >= self.upper:
            return "roll_back"
        return "pass" if self.llr <= self.lower else "go_on"


class ErrorCusum(msgspec.Struct, frozen=True, kw_only=True):
    """e-CUSUM: M_i = max(M_{i-1}, 1) x likelihood ratio; fires at `threshold`. Made to demote quickly."""

    p0: float
    p1: float
    threshold: float = 1_000.0
    value: float = 0.0
    n: int = 0

    def after(self, error: bool) -> "ErrorCusum":
        ratio = self.p1 / self.p0 if error else (1 - self.p1) / (1 - self.p0)
        return msgspec.structs.replace(self, value=max(self.value, 1.0) * ratio, n=self.n + 1)

    @property
    def fired(self) -> bool:
        return self.value >= self.threshold


def paired_log_e(differences: Iterable[int], margin: float) -> float:
    """Log evidence that AI - human > -margin from differences -1, 0, 1 in order of arrival, by betting.

    Waudby-Smith & Ramdas 2021: y = (d+1)/2 has a mean of at most (1-margin)/2 under "worse"; the capital is the
    mean over fixed stakes of the products 1 + stake (y - mean) / mean.
    """
    worst = (1 - margin) / 2
    capital = np.zeros_like(_STAKES)
    for difference in differences:
        if difference not in (-1, 0, 1):
            raise ValueError(f"a paired difference is -1, 0 or 1, not {difference}")
        capital += np.log1p(_STAKES * ((difference + 1) / 2 - worst) / worst)
    peak = float(capital.max())
    return peak + log(float(np.mean(np.exp(capital - peak))))


def first_crossing(errors: Iterable[bool], p0: float, threshold: float) -> int | None:
    """1-based ticket at which the evidence of an error rate above p0 first reaches `threshold`, never restarted."""
    k = 0
    for n, error in enumerate(errors, start=1):
        k += error
        if error and log_e_value(k, n, p0) >= log(threshold):
            return n
    return None


def _xlog(count: int, p: float) -> float:
    return count * log(p) if count and p > 0 else (-inf if count else 0.0)


def _edge(outside: Callable[[float], bool], out: float, inside: float) -> float:
    for _ in range(_HALVINGS):
        middle = (out + inside) / 2
        out, inside = (middle, inside) if outside(middle) else (out, middle)
    return (out + inside) / 2
