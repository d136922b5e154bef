"""Many small intents lend each other strength: an empirical-Bayes beta-binomial over all of them."""

from collections.abc import Mapping
from math import exp, log

import msgspec
import numpy as np
from scipy.optimize import minimize
from scipy.special import betaincc, betaincinv, betaln

_WIDEST, _TIGHTEST = log(1e-3), log(1e5)
"""Bounds of the prior's two counts: where all intents agree the likelihood has no finite maximum."""


class Prior(msgspec.Struct, frozen=True):
    a: float
    b: float

    @property
    def mean(self) -> float:
        return self.a / (self.a + self.b)


class Posterior(msgspec.Struct, frozen=True, kw_only=True):
    mean: float
    lower: float
    """Five percent quantile."""
    p_above: float
    """P(rate >= the gate's rate)."""


class IntentGate(msgspec.Struct, frozen=True, kw_only=True):
    """An intent passes with P(rate >= `rate`) of at least `sure`, and never below `min_n` labels of its own."""

    rate: float = 0.9
    sure: float = 0.95
    min_n: int = 30


def fit_prior(counts: Mapping[str, tuple[int, int]]) -> Prior:
    """Maximum marginal likelihood of Beta(a, b) over (right, n) per intent."""
    k = np.array([right for right, _ in counts.values()], np.float64)
    n = np.array([total for _, total in counts.values()], np.float64)
    if not n.sum():
        return Prior(1.0, 1.0)

    def loss(point: np.ndarray) -> float:
        a, b = np.exp(point)
        return -float(np.sum(betaln(a + k, b + n - k) - betaln(a, b)))

    found = minimize(
        loss, x0=np.log([2.0, 1.0]), method="Nelder-Mead", bounds=[(_WIDEST, _TIGHTEST)] * 2,
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4_000},
    )  # fmt: skip
    return Prior(exp(found.x[0]), exp(found.x[1]))


def posterior(prior: Prior, right: int, n: int, gate: IntentGate) -> Posterior:
    a, b = prior.a + right, prior.b + n - right
    return Posterior(mean=a / (a + b), lower=float(betaincinv(a, b, 0.05)), p_above=float(betaincc(a, b, gate.rate)))


def passes(prior: Prior, right: int, n: int, gate: IntentGate) -> bool:
    return n >= gate.min_n and posterior(prior, right, n, gate).p_above >= gate.sure
