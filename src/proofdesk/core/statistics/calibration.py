"""How honest a confidence is. `right` says per decision whether it was; confidences are in [0, 1]."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

_EDGE = 1e-12
"""Confidences are kept this far from 0 and 1 before a logarithm."""


def expected_calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 15) -> float:
    """Mean |accuracy - confidence| over equal-width bins, index min(floor(bins c), bins-1), weighted by rows."""
    gaps, _ = _bin_gaps(confidences, right, bins)
    return float(gaps.sum() / len(confidences))


def maximum_calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 15) -> float:
    """The largest |accuracy - mean confidence| of any bin that is not empty."""
    gaps, rows = _bin_gaps(confidences, right, bins)
    filled = rows > 0
    return float((gaps[filled] / rows[filled]).max())


def adaptive_calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 5) -> float:
    """Unweighted mean |accuracy - mean confidence| over bins of equal count, rows sorted stably by confidence."""
    sure, hits = _arrays(confidences, right)
    order = np.argsort(sure, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(np.mean([abs(hits[part].mean() - sure[part].mean()) for part in parts]))


def brier_score(confidences: Sequence[float], right: Sequence[bool]) -> float:
    sure, hits = _arrays(confidences, right)
    return float(np.mean((sure - hits) ** 2))


def log_loss(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Mean negative log likelihood, in nats."""
    sure, hits = _arrays(confidences, right)
    return _nll(np.clip(sure, _EDGE, 1 - _EDGE), hits)


def fit_temperature(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """T in [0.1, 10] that minimises the log loss of sigmoid(logit(c) / T) (Guo et al. 2017)."""
    sure, hits = _arrays(confidences, right)
    z = logit(np.clip(sure, _EDGE, 1 - _EDGE))
    found = minimize_scalar(
        lambda t: _nll(np.clip(expit(z / t), _EDGE, 1 - _EDGE), hits), bounds=(0.1, 10.0), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    return float(found.x)


def tempered(confidence: float, temperature: float) -> float:
    return float(expit(logit(min(max(confidence, _EDGE), 1 - _EDGE)) / temperature))


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """P(a positive scores above a negative), ties half (Mann-Whitney)."""
    pos, neg = np.sort(np.asarray(positives, np.float64)), np.asarray(negatives, np.float64)
    below = np.searchsorted(pos, neg, side="left")
    upto = np.searchsorted(pos, neg, side="right")
    return float((len(pos) - (below + upto) / 2.0).sum() / (len(pos) * len(neg)))


def _bin_gaps(
    confidences: Sequence[float], right: Sequence[bool], bins: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """|sum of (hit - confidence)| and rows, per bin."""
    sure, hits = _arrays(confidences, right)
    place = np.clip(np.floor(sure * bins).astype(np.int64), 0, bins - 1)
    sums = np.bincount(place, weights=hits - sure, minlength=bins)
    return np.abs(sums), np.bincount(place, minlength=bins)


def _arrays(confidences: Sequence[float], right: Sequence[bool]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if len(confidences) != len(right) or not len(confidences):
        raise ValueError(f"{len(confidences)} confidences and {len(right)} labels: need as many, and at least one")
    return np.asarray(confidences, np.float64), np.asarray(right, np.float64)


def _nll(sure: NDArray[np.float64], hits: NDArray[np.float64]) -> float:
    return float(-np.mean(hits * np.log(sure) + (1 - hits) * np.log1p(-sure)))
