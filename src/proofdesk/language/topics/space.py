"""Where texts lie: several vectors of one text blended, centred and cut to the main directions of this collection."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Blocks = Sequence[tuple[int, float]]
"""(width, weight) of the parts that a vector is made of."""
KEPT = 64
"""Directions kept: the rest is mostly the wording of single texts."""


class Space(msgspec.Struct, frozen=True):
    """Fitted on one collection; further texts are placed by the same numbers.

    `dimensions`: effective number of dimensions of the collection, (sum e)^2 / sum e^2 over the eigenvalues of its
    covariance (participation ratio). Two unrelated texts have a cosine of about 0 +- 1/sqrt(dimensions).
    """

    blocks: tuple[tuple[int, float], ...]
    means: tuple[Floats, ...]
    axes: Floats
    dimensions: float

    def __call__(self, vectors: Floats) -> Floats:
        """(n, width of all blocks) -> (n, KEPT) of unit length; zeros where a text gave no vector."""
        return unit(_blended(vectors, self.blocks, self.means) @ self.axes)


def fit_space(vectors: Floats, blocks: Blocks) -> Space:
    """Raises ValueError where the widths of the blocks do not add up to the vectors' width."""
    if sum(width for width, _ in blocks) != vectors.shape[1]:
        raise ValueError(f"blocks of widths {[w for w, _ in blocks]} do not make vectors of width {vectors.shape[1]}")
    means, at = [], 0
    for width, _ in blocks:
        means.append(unit(vectors[:, at : at + width]).mean(axis=0))
        at += width
    rows = _blended(vectors, blocks, means)
    values, axes = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    values = np.maximum(values, 0.0)
    dimensions = float(values.sum() ** 2 / max(float((values**2).sum()), 1e-12))
    kept = np.ascontiguousarray(axes[:, ::-1][:, :KEPT], np.float32)
    return Space(tuple(blocks), tuple(means), kept, max(dimensions, 1.0))


def _blended(vectors: Floats, blocks: Blocks, means: Sequence[Floats]) -> Floats:
    parts, at = [], 0
    for (width, weight), mean in zip(blocks, means, strict=True):
        part = vectors[:, at : at + width]
        given = np.linalg.norm(part, axis=1, keepdims=True) > 0
        parts.append(unit(unit(part) - mean) * np.float32(weight**0.5) * given)
        at += width
    return np.concatenate(parts, axis=1)


def unit(rows: Floats) -> Floats:
    out: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return out
