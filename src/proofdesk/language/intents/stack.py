"""Heads to probabilities: non-negative head weights fitted on left-out rows; scope from the energy.

logit = sum_h w_h (z_h - mean_k z_h); the weights are the temperature too, so nothing else calibrates.
Energy = logsumexp(logits) (Liu et al. 2020, arXiv 2010.03759), turned into P(in scope) by a logistic curve.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
MAX_STEPS = 200
PRIOR_STRENGTH = 2.0
"""Pull towards the prior weights, in units of log-likelihood: matters for a cold start, vanishes with data."""
SCOPE_SHARPNESS = 8.0
PRIOR_WEIGHT = {"kernel": 5.0, "linear": 1.2}
OUT_OF_SCOPE_SHARE = 0.15
"""Share of out-of-scope tickets the scope curve is fitted for; a stream with fewer is judged more strictly."""


class ScopeCurve(msgspec.Struct, frozen=True, kw_only=True):
    """log-odds of in scope = slope * energy + offset."""

    slope: float
    offset: float

    def odds(self, energy: Doubles) -> Doubles:
        return self.slope * energy + self.offset


def in_scope_ppm(odds: float) -> int:
    return round(1e6 / (1.0 + float(np.exp(-np.clip(odds, -40.0, 40.0)))))


def centred(scores: NDArray[np.float32]) -> Doubles:
    wide = scores.astype(np.float64)
    out: Doubles = wide - wide.mean(axis=-1, keepdims=True)
    return out


def energy(logits: Doubles) -> Doubles:
    top = logits.max(axis=-1, keepdims=True)
    out: Doubles = np.log(np.exp(logits - top).sum(axis=-1)) + top[..., 0]
    return out


def scope_energy(heads: Doubles) -> Doubles:
    """Of the last head alone (h, n, intents) -> (n,): words that match by chance speak for no intent's being meant.

    On the development texts the kernel head alone parts them from out-of-scope ones better than the stack does.
    """
    return energy(SCOPE_SHARPNESS * heads[-1])


def probabilities(logits: Doubles) -> Doubles:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    out: Doubles = shifted / shifted.sum(axis=-1, keepdims=True)
    return out


def fit_weights(stacked: Doubles, labels: NDArray[np.int64], prior: Sequence[float]) -> Doubles:
    """Weights >= 0 of the centred left-out scores (heads, n, intents) by penalised likelihood, projected Newton."""
    rows = np.arange(len(labels))
    start = np.array(prior)
    weights = start.copy()
    for _ in range(MAX_STEPS):
        chance = probabilities(np.tensordot(weights, stacked, 1))
        mean = np.einsum("hnk,nk->hn", stacked, chance)
        gradient = (mean - stacked[:, rows, labels]).sum(axis=1) + PRIOR_STRENGTH * (weights - start)
        spread = np.einsum("hnk,gnk,nk->hg", stacked, stacked, chance, optimize=True) - mean @ mean.T
        free = (weights > 0) | (gradient < 0)
        step = np.zeros_like(weights)
        curvature = spread[np.ix_(free, free)] + PRIOR_STRENGTH * np.eye(int(free.sum()))
        step[free] = np.linalg.solve(curvature, gradient[free])
        moved = np.maximum(weights - np.clip(step, -2.0, 2.0), 0.0)
        if np.abs(moved - weights).max() < 1e-6:
            break
        weights = moved
    return weights


def fit_scope(inside: Doubles, outside: Doubles) -> ScopeCurve:
    """Logistic curve over energies of in-scope and out-of-scope texts, weighted to OUT_OF_SCOPE_SHARE."""
    centre, scale = float(inside.mean()), float(np.concatenate([inside, outside]).std()) or 1.0
    x = (np.concatenate([inside, outside]) - centre) / scale
    y = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    total = len(x)
    mass = np.where(y == 1, (1 - OUT_OF_SCOPE_SHARE) * total / len(inside), OUT_OF_SCOPE_SHARE * total / len(outside))
    design = np.stack([x, np.ones_like(x)])
    beta = np.array([1.0, 1.0])
    for _ in range(MAX_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(beta @ design, -40.0, 40.0)))
        gradient = design @ (mass * (chance - y)) + 0.1 * beta
        curvature = (design * (mass * chance * (1 - chance))) @ design.T + 0.1 * np.eye(2)
        step = np.clip(np.linalg.solve(curvature, gradient), -1.0, 1.0)
        beta = beta - step
        if np.abs(step).max() < 1e-7:
            break
    return ScopeCurve(slope=float(beta[0]) / scale, offset=float(beta[1] - beta[0] * centre / scale))
