"""How well clusters match labels, and reviewers each other."""

from collections.abc import Hashable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    nmi: float
    """Mutual information over the mean of the two entropies (the V-measure). 0 with one cluster only."""
    ari: float
    accuracy: float
    """Share of rows under the best one-to-one matching of clusters with labels."""
    purity: float
    """Rows of the largest label of their cluster, over all."""
    gathered: float
    """Rows of the largest cluster of their label, over all."""
    purity_f1: float


def agreement(labels: Sequence[Hashable], clusters: Sequence[Hashable]) -> Agreement:
    table = _table(labels, clusters)
    total = float(table.sum())
    rows, columns = linear_sum_assignment(table, maximize=True)
    purity, gathered = float(table.max(axis=0).sum()) / total, float(table.max(axis=1).sum()) / total
    return Agreement(
        nmi=_nmi(table), ari=_ari(table), accuracy=float(table[rows, columns].sum()) / total,
        purity=purity, gathered=gathered, purity_f1=2 * purity * gathered / (purity + gathered),
    )  # fmt: skip


def kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Cohen's kappa of two reviewers over the same items; None where chance agreement is already complete."""
    values = {value: place for place, value in enumerate(dict.fromkeys([*first, *second]))}
    table = np.zeros((len(values), len(values)))
    for one, other in zip(first, second, strict=True):
        table[values[one], values[other]] += 1
    if not table.sum():
        return None
    table /= table.sum()
    chance = float(table.sum(axis=0) @ table.sum(axis=1))
    return None if chance >= 1 else (float(np.trace(table)) - chance) / (1 - chance)


def _table(labels: Sequence[Hashable], clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    """Counts, one row per label and one column per cluster."""
    if len(labels) != len(clusters) or not len(labels):
        raise ValueError(f"{len(labels)} labels and {len(clusters)} clusters: need as many, and at least one")
    seen, found = ({value: place for place, value in enumerate(dict.fromkeys(values))} for values in (labels, clusters))
    table = np.zeros((len(seen), len(found)), np.int64)
    np.add.at(table, ([seen[label] for label in labels], [found[cluster] for cluster in clusters]), 1)
    return table


def _nmi(table: NDArray[np.int64]) -> float:
    share = table / table.sum()
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    filled = share > 0
    mutual = float(np.sum(share[filled] * np.log(share[filled] / np.outer(rows, columns)[filled])))
    mean = (_entropy(rows) + _entropy(columns)) / 2
    return mutual / mean if mean > 0 else 0.0


def _entropy(shares: NDArray[np.float64]) -> float:
    return -float(np.sum(shares * np.log(shares)))


def _ari(table: NDArray[np.int64]) -> float:
    def pairs(counts: NDArray[np.int64]) -> float:
        return float(np.sum(counts * (counts - 1) / 2))

    together, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance = rows * columns / pairs(np.array([table.sum()])) if table.sum() > 1 else 0.0
    best = (rows + columns) / 2
    return (together - chance) / (best - chance) if best != chance else 1.0
