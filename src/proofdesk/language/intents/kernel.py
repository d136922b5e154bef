"""Kernel ridge regression with a Gaussian kernel (least-squares SVM) over unit vectors.

Out-of-fold scores come in closed form from the inverse Q = (K + lambda I)^-1: leaving block B out gives
f_B = Y_B - Q_BB^-1 alpha_B, with no refit (Rifkin & Lippert 2007, "Notes on regularized least squares").
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
SMALL_ROWS = 1_500
"""Up to here numpy's own solver is used, so that a cold start imports nothing heavy."""


class KernelHead(msgspec.Struct, frozen=True):
    """`landmarks` (n, d) with their squared lengths, `alpha` (n, intents)."""

    landmarks: Floats
    squares: Floats
    alpha: Floats
    gamma: float

    def one(self, vector: Floats) -> Floats:
        """Scores (intents,) of one vector (d,)."""
        distance = self.squares - 2.0 * (self.landmarks @ vector) + float(vector @ vector)
        scores: Floats = np.exp(-self.gamma * np.maximum(distance, 0.0)).astype(np.float32) @ self.alpha
        return scores

    def many(self, vectors: Floats) -> Floats:
        """Scores (m, intents) of m vectors, in slices that keep the kernel block small."""
        out = [self._slice(vectors[i : i + 512]) for i in range(0, len(vectors), 512)]
        return np.concatenate(out) if out else np.zeros((0, self.alpha.shape[1]), np.float32)

    def _slice(self, vectors: Floats) -> Floats:
        scores: Floats = gaussian(vectors, self.landmarks, self.gamma) @ self.alpha
        return scores


def gaussian(left: Floats, right: Floats, gamma: float) -> Floats:
    distance = left @ right.T
    distance *= -2.0
    distance += np.einsum("ij,ij->i", left, left)[:, None]
    distance += np.einsum("ij,ij->i", right, right)[None, :]
    np.maximum(distance, 0.0, out=distance)
    distance *= -gamma
    out: Floats = np.exp(distance, out=distance)
    return out


def fit_kernel(
    vectors: Floats, targets: Floats, gamma: float, ridge: float, blocks: Sequence[Sequence[Indices]]
) -> tuple[KernelHead, list[Floats]]:
    """Fit on all rows; for each partition in `blocks` also give the scores of every row left out with its block."""
    kernel = gaussian(vectors, vectors, gamma)
    if not blocks:
        return KernelHead(vectors, _squares(vectors), solved(kernel, ridge, targets), gamma), []
    inverse = invert(kernel, ridge)
    alpha = inverse @ targets
    head = KernelHead(vectors, _squares(vectors), alpha, gamma)
    return head, [left_out(inverse, alpha, targets, partition) for partition in blocks]


def invert(kernel: Floats, ridge: float) -> Floats:
    """(kernel + ridge I)^-1 of a symmetric positive semi-definite matrix; `kernel` is overwritten."""
    kernel[np.diag_indices_from(kernel)] += np.float32(ridge)
    if len(kernel) <= SMALL_ROWS:
        return np.linalg.inv(kernel)
    from scipy.linalg import lapack

    factor, failed = lapack.spotrf(kernel.T, lower=1, clean=0, overwrite_a=1)
    if failed:
        raise ArithmeticError(f"the kernel matrix of {len(kernel)} rows is not positive definite (spotrf {failed})")
    inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ArithmeticError(f"the kernel matrix of {len(kernel)} rows cannot be inverted (spotri {failed})")
    return _mirrored(inverse)


def solved(kernel: Floats, ridge: float, targets: Floats) -> Floats:
    """(kernel + ridge I)^-1 targets without the inverse: a third of the work. `kernel` is overwritten."""
    kernel[np.diag_indices_from(kernel)] += np.float32(ridge)
    if len(kernel) <= SMALL_ROWS:
        return np.linalg.solve(kernel, targets)
    from scipy.linalg import lapack

    _, alpha, failed = lapack.sposv(kernel.T, targets, lower=1, overwrite_a=1)
    if failed:
        raise ArithmeticError(f"the kernel matrix of {len(kernel)} rows is not positive definite (sposv {failed})")
    return np.ascontiguousarray(alpha)


def _squares(vectors: Floats) -> Floats:
    out: Floats = np.einsum("ij,ij->i", vectors, vectors)
    return out


def _mirrored(lower: Floats) -> Floats:
    """Fill the upper triangle from the lower one, block by block, in place."""
    size = 1_024
    for start in range(0, len(lower), size):
        end = min(start + size, len(lower))
        corner = np.tril(lower[start:end, start:end])
        lower[start:end, start:end] = corner + np.tril(corner, -1).T
        lower[start:end, end:] = lower[end:, start:end].T
    return lower


def left_out(inverse: Floats, alpha: Floats, targets: Floats, partition: Sequence[Indices]) -> Floats:
    """Scores of every row from a model fitted without the rows of its block."""
    scores = np.zeros_like(targets)
    for block in partition:
        scores[block] = targets[block] - np.linalg.solve(inverse[np.ix_(block, block)], alpha[block])
    return scores
