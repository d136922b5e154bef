"""Seeded draws: the same seed gives the same numbers on every machine."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Triangle = tuple[float, float, float]
"""(low, most likely, high)."""


def triangular(shapes: Mapping[str, Triangle], n: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """n independent draws per name, in the order of the names. Raises ValueError where low <= mode <= high fails."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for name, (low, mode, high) in shapes.items():
        if not low <= mode <= high:
            raise ValueError(f"{name}: need low <= most likely <= high, not {low}, {mode}, {high}")
        drawn[name] = rng.triangular(low, mode, high, n) if low < high else np.full(n, mode)
    return drawn


def spread(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """10 %, 50 % and 90 % quantiles."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return float(low), float(middle), float(high)
