"""Vectors without a sentence encoder: word statistics of the collection itself, brought down to a few dimensions."""

from collections.abc import Sequence

import numpy as np

from proofdesk.language.intents.tfidf import Vectoriser, fit
from proofdesk.language.topics.space import Floats

WIDTH = 128
MIN_DOCUMENTS = 2
_CHUNK = 512


class WordVectors:
    """Latent semantic analysis (Deerwester et al. 1990) of TF-IDF rows. Less accurate than sentence vectors."""

    def __init__(self, texts: Sequence[str]) -> None:
        from scipy.sparse import csr_matrix
        from scipy.sparse.linalg import svds

        self._vectoriser: Vectoriser = fit(texts, min(MIN_DOCUMENTS, len(texts)))
        rows = self._vectoriser.many(texts)
        matrix = csr_matrix((rows.values, rows.columns, rows.starts), shape=(len(rows), rows.width))
        kept = min(WIDTH, min(matrix.shape) - 1)
        if kept < 1:
            self._axes = np.ones((rows.width, 1), np.float32)
        else:
            start = np.ones(min(matrix.shape), np.float32)  # a fixed start: the same texts give the same axes
            _, _, axes = svds(matrix, k=kept, v0=start)
            self._axes = np.ascontiguousarray(axes.T, np.float32)
        self.blocks = ((self._axes.shape[1], 1.0),)

    def many(self, texts: Sequence[str]) -> Floats:
        out = np.zeros((len(texts), self._axes.shape[1]), np.float32)
        for start in range(0, len(texts), _CHUNK):
            rows = self._vectoriser.many(texts[start : start + _CHUNK])
            for i in range(len(rows)):
                part = slice(rows.starts[i], rows.starts[i + 1])
                out[start + i] = rows.values[part] @ self._axes[rows.columns[part]]
        return out
