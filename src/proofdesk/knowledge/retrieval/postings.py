"""Words of sections as numbers: rows that may be added and taken out at any time, and postings over most of them.

Postings are rebuilt only when many rows changed; rows added since are scored one by one, so an edit is visible at
once (Okapi BM25; Robertson and Zaragoza 2009). Rows keep their number until they are taken out.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

K1, B = 1.2, 0.75
MAX_LOOSE_ROWS = 4_096
"""Rows not in the postings; beyond this they are rebuilt (about a second at 100,000 rows)."""
EMPTY: Ints = np.zeros(0, np.int32)


class Vocabulary:
    """Words numbered as they come, with the number of rows that hold each."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.rows = 0
        self._held = np.zeros(1_024, np.int64)

    def row(self, found: Sequence[str]) -> tuple[Ints, Floats]:
        """Term numbers and counts; new words get a number."""
        count = Counter(found)
        terms = np.fromiter((self.ids.setdefault(w, len(self.ids)) for w in count), np.int32, len(count))
        return terms, np.fromiter(count.values(), np.float32, len(count))

    def add(self, terms: Ints, sign: int = 1) -> None:
        while len(self._held) < len(self.ids):
            self._held = np.concatenate([self._held, np.zeros_like(self._held)])
        self._held[terms] += sign
        self.rows += sign

    def idf(self, terms: Ints) -> Floats:
        held = self._held[terms]
        return np.log1p((self.rows - held + 0.5) / (held + 0.5)).astype(np.float32)


class Postings:
    """Scores all rows for weighted terms. Not thread-safe while changing."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self.terms: list[Ints] = []
        self.counts: list[Floats] = []
        self.lengths: list[float] = []
        self.alive: list[bool] = []
        self.mean_length = 1.0
        self._indexed = 0
        self._start: NDArray[np.int64] = np.zeros(1, np.int64)
        self._rows: Ints = EMPTY
        self._weights: Floats = np.zeros(0, np.float32)

    def add(self, found: Sequence[str]) -> int:
        terms, counts = self.vocabulary.row(found)
        self.vocabulary.add(terms)
        self.terms.append(terms)
        self.counts.append(counts)
        self.lengths.append(float(counts.sum()))
        self.alive.append(True)
        return len(self.terms) - 1

    def drop(self, row: int) -> None:
        """The row stays a number without words; its postings are skipped until the next rebuild."""
        self.vocabulary.add(self.terms[row], -1)
        self.alive[row] = False
        self.terms[row], self.counts[row] = EMPTY, np.zeros(0, np.float32)

    def rebuild_if_due(self) -> None:
        if len(self.terms) - self._indexed > MAX_LOOSE_ROWS:
            self.rebuild()

    def rebuild(self) -> None:
        alive = np.array(self.alive, bool)
        lengths = np.array(self.lengths, np.float32)
        self.mean_length = float(lengths[alive].mean()) if alive.any() else 1.0
        sizes = np.fromiter((len(t) for t in self.terms), np.int64, len(self.terms))
        rows = np.repeat(np.arange(len(self.terms), dtype=np.int32), sizes)
        terms = np.concatenate(self.terms) if self.terms else EMPTY
        order = np.argsort(terms, kind="stable")
        self._rows = rows[order]
        self._weights = self._saturated(np.concatenate(self.counts), lengths[rows])[order] if self.terms else _none()
        held = np.bincount(terms, minlength=len(self.vocabulary.ids))
        self._start = np.concatenate([[0], np.cumsum(held)])
        self._indexed = len(self.terms)

    def scores(self, weights: dict[int, float]) -> Floats:
        """One score per row; a row taken out gets -1."""
        rows: list[Ints] = []
        parts: list[Floats] = []
        terms = np.fromiter(weights, np.int32, len(weights))
        pulls = np.fromiter(weights.values(), np.float32, len(weights)) * self.vocabulary.idf(terms)
        for term, pull in zip(terms, pulls, strict=True):
            if pull > 0 and term + 1 < len(self._start):
                span = slice(self._start[term], self._start[term + 1])
                rows.append(self._rows[span])
                parts.append(self._weights[span] * pull)
        total = np.zeros(len(self.terms), np.float32)
        if rows:
            found = np.bincount(np.concatenate(rows), np.concatenate(parts), minlength=len(total))
            total += found.astype(np.float32)
        if self._indexed < len(self.terms):
            self._score_loose(total, terms, pulls)
        total[~np.array(self.alive, bool)] = -1.0
        return total

    def _score_loose(self, total: Floats, terms: Ints, pulls: Floats) -> None:
        table = np.zeros(len(self.vocabulary.ids) + 1, np.float32)
        table[terms] = pulls
        loose = self.terms[self._indexed :]
        sizes = np.fromiter((len(t) for t in loose), np.int64, len(loose))
        rows = np.repeat(np.arange(self._indexed, len(self.terms)), sizes)
        lengths = np.array(self.lengths, np.float32)[rows]
        weights = self._saturated(np.concatenate(self.counts[self._indexed :]), lengths)
        np.add.at(total, rows, weights * table[np.concatenate(loose)])

    def block(self, rows: Sequence[int], terms: Ints) -> Floats:
        """(rows, terms): how often each row holds each term."""
        out = np.zeros((len(rows), len(terms)), np.float32)
        if not len(rows) or not len(terms):
            return out
        column = np.full(len(self.vocabulary.ids), -1, np.int32)
        column[terms] = np.arange(len(terms), dtype=np.int32)
        held = np.concatenate([self.terms[r] for r in rows])
        counts = np.concatenate([self.counts[r] for r in rows])
        at = np.repeat(np.arange(len(rows)), [len(self.terms[r]) for r in rows])
        wanted = column[held] >= 0
        out[at[wanted], column[held[wanted]]] = counts[wanted]
        return out

    def _saturated(self, counts: Floats, lengths: Floats) -> Floats:
        return saturated(counts, lengths, self.mean_length)


def saturated(counts: Floats, lengths: Floats, mean: float, b: float = B) -> Floats:
    result: Floats = (counts * (K1 + 1) / (counts + K1 * (1 - b + b * lengths / mean))).astype(np.float32)
    return result


def _none() -> Floats:
    return np.zeros(0, np.float32)
