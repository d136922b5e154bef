"""How sure a reading is: P(the best intent is right), a logistic curve over what the heads say of it.

Beside the stacked probability it looks at the margins, the energy, the agreement of the heads, and at how often
the predicted intent is right (one offset per intent, shrunk to zero). Ridge-penalised towards the plain stacked
probability, so a cold start falls back to it. Fitted on left-out rows only; what is certified is cross-fitted.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.language.intents.stack import Doubles, energy, probabilities, scope_energy

Indices = NDArray[np.int64]
SLOPE_PENALTY = 2.0
OFFSET_PENALTY = 3.0
"""Of the intents' offsets: as if each had been seen with its average result a few times."""
MAX_STEPS = 50
CROSS_FITS = 5
EDGE = 1e-6
SMALLEST_STEP = 1e-8


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Slopes over standardised features, an intercept, and one offset per predicted intent."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    slopes: tuple[float, ...]
    intercept: float
    offsets: tuple[float, ...]

    def confidence(self, features: Doubles, best: Indices) -> Doubles:
        """(n,) of features (n, f) and the predicted intents (n,)."""
        moved = (features - np.array(self.mean)) / np.array(self.scale)
        return _sigmoid(moved @ np.array(self.slopes) + self.intercept + np.array(self.offsets)[best])


def features_of(heads: Doubles, weights: Sequence[float]) -> tuple[Doubles, Indices]:
    """From the centred scores of the heads (h, n, intents): features (n, 5 + 3 h) and the best intent of each row."""
    logits = np.tensordot(np.array(weights), heads, 1)
    rows = np.arange(logits.shape[0])
    best = logits.argmax(axis=1)
    chance = np.clip(probabilities(logits)[rows, best], EDGE, 1.0 - EDGE)
    ordered = np.sort(logits, axis=1)
    third = ordered[:, -3] if ordered.shape[1] > 2 else ordered[:, 0]
    columns = [np.log(chance / (1.0 - chance)), ordered[:, -1] - ordered[:, -2], ordered[:, -1] - third, energy(logits)]
    columns.append(scope_energy(heads))
    for scores in heads:
        top = np.sort(scores, axis=1)
        chosen = scores[rows, best]
        columns += [chosen, chosen - top[:, -1], top[:, -1] - top[:, -2]]
    return np.stack(columns, axis=1), best.astype(np.int64)


def fit_calibration(
    features: Doubles, best: Indices, right: NDArray[np.bool_], intents: int, mass: Doubles | None = None
) -> Calibration:
    """Penalised maximum likelihood by Newton's method. `mass`: weights of the rows (default 1 each)."""
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    design = np.zeros((len(features), features.shape[1] + 1 + intents))
    design[:, : features.shape[1]] = (features - mean) / scale
    design[:, features.shape[1]] = 1.0
    design[np.arange(len(best)), features.shape[1] + 1 + best] = 1.0
    start = np.zeros(design.shape[1])
    start[0], start[features.shape[1]] = scale[0], mean[0]
    penalty = np.full(design.shape[1], OFFSET_PENALTY)
    penalty[: features.shape[1]], penalty[features.shape[1]] = SLOPE_PENALTY, 0.1
    beta = _newton(design, right.astype(np.float64), np.ones(len(best)) if mass is None else mass, start, penalty)
    count = features.shape[1]
    return Calibration(
        mean=tuple(map(float, mean)), scale=tuple(map(float, scale)), slopes=tuple(map(float, beta[:count])),
        intercept=float(beta[count]), offsets=tuple(map(float, beta[count + 1 :])),
    )  # fmt: skip


def cross_fitted(
    features: Doubles, best: Indices, right: NDArray[np.bool_], intents: int, mass: Doubles | None = None
) -> Doubles:
    """Confidence of every row by a calibration that has not seen it: what a certificate may rest on."""
    out = np.zeros(len(best))
    for fold in range(min(CROSS_FITS, len(best))):
        held = np.arange(len(best)) % CROSS_FITS == fold
        part = None if mass is None else mass[~held]
        fitted = fit_calibration(features[~held], best[~held], right[~held], intents, part)
        out[held] = fitted.confidence(features[held], best[held])
    return out


def _newton(design: Doubles, truth: Doubles, mass: Doubles, start: Doubles, penalty: Doubles) -> Doubles:
    """Minimum of the penalised loss, which is convex; a step that does not lower it is halved."""

    def loss(at: Doubles) -> float:
        score = design @ at
        fit = np.logaddexp(0.0, score) - truth * score
        return float(mass @ fit + 0.5 * penalty @ (at - start) ** 2)

    beta, now = start.copy(), loss(start)
    for _ in range(MAX_STEPS):
        chance = _sigmoid(design @ beta)
        gradient = design.T @ (mass * (chance - truth)) + penalty * (beta - start)
        curved = (design * (mass * chance * (1.0 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curved, gradient)
        after = loss(beta - step)
        while after > now and np.abs(step).max() > SMALLEST_STEP:
            step = step / 2.0
            after = loss(beta - step)
        if now - after < SMALLEST_STEP:
            break
        beta, now = beta - step, after
    return beta


def tempered(logits: Doubles, confidence: float) -> Doubles:
    """Probabilities of all intents (intents,) in the order of `logits`, the best one with `confidence`."""
    low, high = -6.0, 6.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if probabilities(logits * np.exp(middle)).max() < confidence else (low, middle)
    return probabilities(logits * np.exp(high))


def _sigmoid(value: Doubles) -> Doubles:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -40.0, 40.0)))
