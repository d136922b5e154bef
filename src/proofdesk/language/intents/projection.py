"""Vectors of an encoder made ready for the kernel: blocks balanced, centred, and cut to their principal axes."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.language.intents.encoder import Blocks

Floats = NDArray[np.float32]


class Projection(msgspec.Struct, frozen=True):
    """Each block to unit length, minus its part of `mean`, to unit length, times the root of its weight.

    Then all of it times `axes` (d, kept).
    """

    mean: Floats
    axes: Floats
    blocks: Blocks

    def __call__(self, vectors: Floats) -> Floats:
        moved: Floats = balanced(vectors, self.mean, self.blocks) @ self.axes
        return moved


def fit_projection(vectors: Floats, blocks: Blocks, kept: int) -> Projection:
    """Mean of the unit blocks and the first `kept` principal axes (uncentred) of what is left. Looks at no label."""
    mean = np.concatenate([_unit(part).mean(axis=0) for part, _ in _parts(vectors, blocks)])
    moved = balanced(vectors, mean, blocks)
    _, axes = np.linalg.eigh((moved.T @ moved).astype(np.float64))
    return Projection(mean, np.ascontiguousarray(axes[:, ::-1][:, :kept], np.float32), blocks)


def balanced(vectors: Floats, mean: Floats, blocks: Blocks) -> Floats:
    means = [part for part, _ in _parts(mean[None, :], blocks)]
    return np.concatenate(
        [
            _unit(_unit(part) - middle) * np.float32(np.sqrt(weight))
            for (part, weight), middle in zip(_parts(vectors, blocks), means, strict=True)
        ],
        axis=1,
    )


def _parts(vectors: Floats, blocks: Blocks) -> list[tuple[Floats, float]]:
    out, start = [], 0
    for width, weight in blocks:
        out.append((vectors[:, start : start + width], weight))
        start += width
    return out


def _unit(rows: Floats) -> Floats:
    out: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return out
