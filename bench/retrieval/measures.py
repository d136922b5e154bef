"""Recall, hits and reciprocal rank of ranked document ids, with a bootstrap interval over the tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.retrieval.rows import Task

DRAWS = 10_000
SEED = 20_260_101


def recall(ranked: Sequence[str], task: Task, k: int = 10) -> float:
    return len(task.needed & set(ranked[:k])) / len(task.needed)


def measured(ranked: Mapping[str, Sequence[str]], tasks: Sequence[Task]) -> dict[str, Any]:
    found = np.array([recall(ranked[t.id], t) for t in tasks])
    rng = np.random.default_rng(SEED)
    means = found[rng.integers(0, len(found), (DRAWS, len(found)))].mean(axis=1)
    return {
        "recall_at_10": float(found.mean()),
        "interval_95": [float(np.percentile(means, p)) for p in (2.5, 97.5)],
        "hit_at_5": float(np.mean([recall(ranked[t.id], t, 5) > 0 for t in tasks])),
        "mrr": float(np.mean([_reciprocal(ranked[t.id], t) for t in tasks])),
    }


def better(
    ours: Mapping[str, Sequence[str]], theirs: Mapping[str, Sequence[str]], tasks: Sequence[Task]
) -> list[float]:
    """95 % interval of the paired difference in recall."""
    gain = np.array([recall(ours[t.id], t) - recall(theirs[t.id], t) for t in tasks])
    rng = np.random.default_rng(SEED)
    means = gain[rng.integers(0, len(gain), (DRAWS, len(gain)))].mean(axis=1)
    return [float(np.percentile(means, p)) for p in (2.5, 97.5)]


def _reciprocal(ranked: Sequence[str], task: Task) -> float:
    return next((1 / at for at, document in enumerate(ranked, 1) if document in task.needed), 0.0)
