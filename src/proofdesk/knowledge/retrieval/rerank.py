"""A weighted sum that ranks candidates, learned by logistic regression from questions whose documents are known."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

import msgspec
import numpy as np
from scipy.optimize import minimize

from proofdesk.knowledge.retrieval.features import NAMES
from proofdesk.knowledge.retrieval.postings import Floats

RIDGE = 10.0
MAX_ITERATIONS = 300
SHIPPED = "weights.json"
DIGITS = 4


class Reranker(msgspec.Struct, frozen=True, kw_only=True):
    """`weights` by feature name (features.NAMES) for standardised values; a name that is missing weighs nothing."""

    means: dict[str, float]
    scales: dict[str, float]
    weights: dict[str, float]
    origin: str = ""
    """Where the numbers come from."""

    def score(self, matrix: Floats) -> Floats:
        mean = np.array([self.means.get(n, 0.0) for n in NAMES])
        scale = np.array([self.scales.get(n, 1.0) for n in NAMES])
        result: Floats = ((matrix - mean) / scale @ np.array([self.weights.get(n, 0.0) for n in NAMES])).astype(
            np.float32
        )
        return result


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One question's candidates: `matrix` (documents, NAMES), `needed` (documents,) true where required."""

    matrix: Floats
    needed: Floats


def train_reranker(
    examples: Sequence[Example], *, without: Sequence[str] = (), by_hand: Mapping[str, float] | None = None,
    ridge: float = RIDGE, origin: str = "",
) -> Reranker:  # fmt: skip
    """`without`: features that get no weight. `by_hand`: weights of features that the examples do not show.

    Each question weighs 1 / (number of its needed documents): what counts is the share found, not the number."""
    x = np.concatenate([e.matrix for e in examples]).astype(np.float64)
    y = np.concatenate([e.needed for e in examples]).astype(np.float64)
    trust = np.concatenate([np.full(len(e.needed), 1 / max(1.0, float(e.needed.sum()))) for e in examples])
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale < 1e-6] = 1.0
    z = (x - mean) / scale
    z[:, [NAMES.index(name) for name in without]] = 0.0

    def loss(w: Floats) -> tuple[float, Floats]:
        score = z @ w[:-1] + w[-1]
        slope = trust * (1 / (1 + np.exp(-score)) - y)
        value = float((trust * (np.logaddexp(0, score) - y * score)).sum() + ridge * w[:-1] @ w[:-1] / 2)
        return value, np.append(z.T @ slope + ridge * w[:-1], slope.sum())

    found = minimize(loss, np.zeros(z.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS}).x
    weights = dict(zip(NAMES, found[:-1].tolist(), strict=True))
    hand = dict(by_hand or {}) | dict.fromkeys(without, 0.0)
    return Reranker(
        means=_told(dict(zip(NAMES, mean.tolist(), strict=True)), hand, 0.0),
        scales=_told(dict(zip(NAMES, scale.tolist(), strict=True)), hand, 1.0),
        weights=_told(weights | hand, {}, 0.0),
        origin=origin,
    )


def _told(numbers: Mapping[str, float], hand: Mapping[str, float], usual: float) -> dict[str, float]:
    """Rounded, without those that say nothing."""
    kept = {name: round(value, DIGITS) for name, value in numbers.items() if name not in hand}
    return {name: value for name, value in kept.items() if value != usual}


def shipped_reranker() -> Reranker:
    """For a tenant without labelled tickets: `weights.json` beside this file, whose origin it states."""
    return msgspec.json.decode(files(__package__).joinpath(SHIPPED).read_bytes(), type=Reranker)
