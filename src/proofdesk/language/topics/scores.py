"""How well topics agree with given labels: clustering accuracy, normalised mutual information, adjusted Rand index."""

from collections.abc import Hashable, Sequence

import msgspec
import numpy as np

UNASSIGNED = -1


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """`accuracy`: share of rows whose topic is matched to their label by the best one-to-one matching (Kuhn 1955);
    `nmi` with the arithmetic mean of the entropies; `ari` after Hubert & Arabie 1985."""

    accuracy: float
    nmi: float
    ari: float


def agreement(truth: Sequence[Hashable], found: Sequence[Hashable]) -> Agreement:
    """Each UNASSIGNED row of `found` counts as a group of its own, so as a wrong one but for chance."""
    from scipy.optimize import linear_sum_assignment

    if len(truth) != len(found) or not truth:
        raise ValueError(f"{len(truth)} labels for {len(found)} rows")
    table = _table(truth, [(place,) if label == UNASSIGNED else label for place, label in enumerate(found)])
    rows, columns = linear_sum_assignment(-table)
    n = table.sum()
    return Agreement(
        accuracy=float(table[rows, columns].sum() / n), nmi=_mutual_information(table / n), ari=_rand(table)
    )


def _table(truth: Sequence[Hashable], found: Sequence[Hashable]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    left = {label: i for i, label in enumerate(dict.fromkeys(truth))}
    right = {label: i for i, label in enumerate(dict.fromkeys(found))}
    table = np.zeros((len(right), len(left)))
    for t, f in zip(truth, found, strict=True):
        table[right[f], left[t]] += 1
    return table


def _mutual_information(joint: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> float:
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    expected, seen = np.outer(rows, columns), joint > 0
    shared = float((joint[seen] * np.log(joint[seen] / expected[seen])).sum())
    entropy = -float((rows * np.log(rows)).sum() + (columns * np.log(columns)).sum()) / 2
    return shared / entropy if entropy > 0 else 1.0


def _rand(table: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> float:
    pairs, rows, columns = (float((c * (c - 1) / 2).sum()) for c in (table, table.sum(axis=1), table.sum(axis=0)))
    n = table.sum()
    expected = rows * columns / max(float(n * (n - 1) / 2), 1.0)
    best = (rows + columns) / 2
    return (pairs - expected) / (best - expected) if best != expected else 1.0
