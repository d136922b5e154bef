"""The linear head over TF-IDF rows: scores = columns of the text gathered from one weight matrix.

Few rows: ridge regression in the dual, in numpy, left-out scores in closed form. Many rows: a linear SVM by
scikit-learn, imported only while training, left-out scores by refits.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.language.intents.kernel import SMALL_ROWS, Floats, Indices, invert, left_out
from proofdesk.language.intents.tfidf import Rows

DUAL_RIDGE = 3.0
SVM_C = 0.5
AT_ONCE = 2


class LinearHead(msgspec.Struct, frozen=True):
    """`weights` (features, intents) in half precision (a third of the model's memory otherwise), `bias` (intents,)."""

    weights: NDArray[np.float16]
    bias: Floats

    def one(self, columns: NDArray[np.int64], values: Floats) -> Floats:
        scores: Floats = values @ self.weights[columns].astype(np.float32) + self.bias
        return scores

    def many(self, rows: Rows) -> Floats:
        out = np.empty((len(rows), len(self.bias)), np.float32)
        for i in range(len(rows)):
            part = slice(rows.starts[i], rows.starts[i + 1])
            out[i] = self.one(rows.columns[part], rows.values[part])
        return out


def fit_linear(
    rows: Rows, labels: Indices, targets: Floats, blocks: Sequence[Sequence[Indices]]
) -> tuple[LinearHead, list[Floats]]:
    """Fit on all rows; for each partition also the scores of every row left out with its block."""
    if len(rows) <= SMALL_ROWS:
        return _dual(rows, targets, blocks)
    return _svm(rows, labels, targets.shape[1], blocks)


def _dual(rows: Rows, targets: Floats, blocks: Sequence[Sequence[Indices]]) -> tuple[LinearHead, list[Floats]]:
    dense = rows.dense()
    inverse = invert(dense @ dense.T, DUAL_RIDGE)
    alpha = inverse @ targets
    head = LinearHead((dense.T @ alpha).astype(np.float16), np.zeros(targets.shape[1], np.float32))
    return head, [left_out(inverse, alpha, targets, partition) for partition in blocks]


def _svm(
    rows: Rows, labels: Indices, intents: int, blocks: Sequence[Sequence[Indices]]
) -> tuple[LinearHead, list[Floats]]:
    from scipy.sparse import csr_matrix

    matrix = csr_matrix((rows.values, rows.columns, rows.starts), shape=(len(rows), rows.width))
    weights, bias = _fit_svm(matrix, labels, intents)

    def left_out_scores(block: Indices) -> Floats:
        rest = np.setdiff1d(np.arange(len(rows)), block)
        part_weights, part_bias = _fit_svm(matrix[rest], labels[rest], intents)
        return np.asarray(matrix[block] @ part_weights + part_bias, np.float32)

    scores = []
    with ThreadPoolExecutor(AT_ONCE) as pool:  # the solver lets go of the interpreter's lock
        for partition in blocks:
            out = np.zeros((len(rows), intents), np.float32)
            for block, found in zip(partition, pool.map(left_out_scores, partition), strict=True):
                out[block] = found
            scores.append(out)
    return LinearHead(weights.astype(np.float16), bias), scores


def _fit_svm(matrix: Any, labels: Indices, intents: int) -> tuple[Floats, Floats]:
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=SVM_C, tol=1e-2, random_state=0).fit(matrix, labels)
    weights = np.zeros((matrix.shape[1], intents), np.float32)
    bias = np.full(intents, -1.0, np.float32)
    classes = machine.classes_
    if len(classes) == 2:
        weights[:, classes[1]], bias[classes[1]] = machine.coef_[0], machine.intercept_[0]
        weights[:, classes[0]], bias[classes[0]] = -machine.coef_[0], -machine.intercept_[0]
    else:
        weights[:, classes], bias[classes] = machine.coef_.T, machine.intercept_
    return weights, bias
