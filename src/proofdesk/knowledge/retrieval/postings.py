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
SMALL = 10_000
"""Up to this many rows every word is followed."""
COMMON = 0.1
EMPTY: Ints = np.zeros(0, np.int32)
NOTHING: Floats = np.zeros(0, np.float32)


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

    def share(self, terms: Ints) -> Floats:
        result: Floats = (self._held[terms] / max(1, self.rows)).astype(np.float32)
        return result

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
        self.mean_length = 1.0
        self._alive = np.ones(1_024, bool)
        self._indexed = 0
        self._start: NDArray[np.int64] = np.zeros(1, np.int64)
        self._rows: Ints = EMPTY
        self._weights: Floats = NOTHING

    def add(self, found: Sequence[str]) -> int:
        terms, counts = self.vocabulary.row(found)
        self.vocabulary.add(terms)
        self.terms.append(terms)
        self.counts.append(counts)
        self.lengths.append(float(counts.sum()))
        if len(self.terms) > len(self._alive):
            self._alive = np.concatenate([self._alive, np.ones_like(self._alive)])
        return len(self.terms) - 1

    def drop(self, row: int) -> None:
        """The row stays a number without words; its postings are skipped until the next rebuild."""
        self.vocabulary.add(self.terms[row], -1)
        self._alive[row] = False
        self.terms[row], self.counts[row] = EMPTY, NOTHING

    def rebuild_if_due(self) -> None:
        if len(self.terms) - self._indexed > MAX_LOOSE_ROWS:
            self.rebuild()

    def rebuild(self) -> None:
        lengths = np.array(self.lengths, np.float32)
        alive = self._alive[: len(lengths)]
        self.mean_length = float(lengths[alive].mean()) if alive.any() else 1.0
        rows, terms, weights = self._flat(0)
        order = np.argsort(terms, kind="stable")
        self._rows, self._weights = rows[order], weights[order]
        self._start = np.concatenate([[0], np.cumsum(np.bincount(terms, minlength=len(self.vocabulary.ids)))])
        self._indexed = len(self.terms)

    def scores(self, terms: Ints, *weights: Floats) -> list[Floats]:
        """One score per row for each of `weights` (terms,); a row taken out gets -1. In large sets words of more than
        COMMON of the rows are passed over: they cost most and tell least, and the ranking counts them again."""
        if len(self.terms) > SMALL:
            rare = self.vocabulary.share(terms) <= COMMON
            terms, weights = terms[rare], tuple(w[rare] for w in weights)
        idf = self.vocabulary.idf(terms)
        rows, at, base = self._held_by(terms)
        total = []
        for weight in weights:
            found = np.bincount(rows, base * (weight * idf)[at], minlength=len(self.terms)).astype(np.float32)
            found[~self._alive[: len(found)]] = -1.0
            total.append(found)
        return total

    def _held_by(self, terms: Ints) -> tuple[Ints, Ints, Floats]:
        """Row, place of the term in `terms`, and saturated count, for each time a row holds one of them."""
        known = np.flatnonzero(terms + 1 < len(self._start)).astype(np.int32)
        spans = [slice(self._start[t], self._start[t + 1]) for t in terms[known]]
        sizes = [s.stop - s.start for s in spans]
        rows, at, base = [self._rows[s] for s in spans], [np.repeat(known, sizes)], [self._weights[s] for s in spans]
        if self._indexed < len(self.terms):
            loose, held, weights = self._flat(self._indexed)
            places = _columns(terms, len(self.vocabulary.ids))[held]
            wanted = places >= 0
            rows.append(loose[wanted])
            at.append(places[wanted])
            base.append(weights[wanted])
        if not rows:
            return EMPTY, EMPTY, NOTHING
        return np.concatenate(rows), np.concatenate(at), np.concatenate(base)

    def _flat(self, first: int) -> tuple[Ints, Ints, Floats]:
        """Row, term and saturated count of all rows from `first` on."""
        held, counts = self.terms[first:], self.counts[first:]
        if not held:
            return EMPTY, EMPTY, NOTHING
        rows = np.repeat(np.arange(first, len(self.terms), dtype=np.int32), [len(t) for t in held])
        lengths = np.array(self.lengths[first:], np.float32)[rows - first]
        return rows, np.concatenate(held), saturated(np.concatenate(counts), lengths, self.mean_length)

    def block(self, rows: Sequence[int], terms: Ints) -> Floats:
        """(rows, terms): how often each row holds each term."""
        out = np.zeros((len(rows), len(terms)), np.float32)
        if not len(rows) or not len(terms):
            return out
        column = _columns(terms, len(self.vocabulary.ids))
        held = np.concatenate([self.terms[r] for r in rows])
        counts = np.concatenate([self.counts[r] for r in rows])
        at = np.repeat(np.arange(len(rows)), [len(self.terms[r]) for r in rows])
        wanted = column[held] >= 0
        out[at[wanted], column[held[wanted]]] = counts[wanted]
        return out


def saturated(counts: Floats, lengths: Floats, mean: float, b: float = B) -> Floats:
    result: Floats = (counts * (K1 + 1) / (counts + K1 * (1 - b + b * lengths / mean))).astype(np.float32)
    return result


def _columns(terms: Ints, size: int) -> Ints:
    """For each of `size` terms its place in `terms`, or -1."""
    column = np.full(size, -1, np.int32)
    column[terms] = np.arange(len(terms), dtype=np.int32)
    return column
