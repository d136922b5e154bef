"""TF-IDF over words, word pairs and characters, hashed to 32 bits, in plain numpy.

Why not the usual library: its import alone costs some 50 MB in every worker; these vectors need two arrays.
Features: word 1-2-grams and character 2-5-grams inside words (a blank marks either end of a word), term
frequency 1+log(tf), smooth idf, each of the two blocks of unit length.
"""

import itertools
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

MAX_CHARS = 4_000
"""Longer texts are cut: what a ticket is about stands in its first pages, and time must stay bounded."""
_WORD = re.compile(r"\w+")
_CHAR_ORDERS = (2, 3, 4, 5)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_BLANK = np.uint64(32)
_WORD_BIT = np.uint32(0x80000000)

Floats = NDArray[np.float32]
Hashes = NDArray[np.uint32]


class Rows(msgspec.Struct, frozen=True):
    """Sparse rows (CSR): `columns[starts[i]:starts[i+1]]` and `values` of the same slice are row i."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Floats
    width: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def dense(self) -> Floats:
        out = np.zeros((len(self), self.width), np.float32)
        out[np.repeat(np.arange(len(self)), np.diff(self.starts)), self.columns] = self.values
        return out


class Vectoriser(msgspec.Struct, frozen=True):
    """A fitted vocabulary: sorted feature hashes (word features carry the top bit) and their idf."""

    hashes: Hashes
    idf: Floats

    def one(self, text: str) -> tuple[NDArray[np.int64], Floats]:
        """Columns and values of one text; unknown features are left out."""
        rows = self.many([text])
        return rows.columns, rows.values

    def many(self, texts: Sequence[str]) -> Rows:
        documents, hashes, counts = _counted(texts)
        place = np.minimum(np.searchsorted(self.hashes, hashes), max(len(self.hashes) - 1, 0))
        known = self.hashes[place] == hashes if len(self.hashes) else np.zeros(len(hashes), bool)
        documents, columns, counts, hashes = documents[known], place[known], counts[known], hashes[known]
        values = ((1.0 + np.log(counts)) * self.idf[columns]).astype(np.float32)
        block = documents * 2 + (hashes & _WORD_BIT != 0)
        norms = np.sqrt(np.bincount(block, weights=values * values, minlength=2 * len(texts)))
        values = (values / norms[block]).astype(np.float32)
        starts = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(np.bincount(documents, minlength=len(texts)), out=starts[1:])
        return Rows(starts, columns.astype(np.int64), values, len(self.hashes))


def fit(texts: Sequence[str], min_documents: int) -> Vectoriser:
    """Learn vocabulary and idf from `texts`; a feature must occur in at least `min_documents` of them."""
    _, hashes, _ = _counted(texts)
    vocabulary, frequency = np.unique(hashes, return_counts=True)
    keep = frequency >= min_documents
    idf = np.log((1.0 + len(texts)) / (1.0 + frequency[keep])) + 1.0
    return Vectoriser(vocabulary[keep], idf.astype(np.float32))


def _counted(texts: Sequence[str]) -> tuple[NDArray[np.int64], Hashes, NDArray[np.int64]]:
    """(document, hash, count), sorted by document then hash, each pair once."""
    if not texts:
        return np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.int64)
    words = [_WORD.findall(_plain(text)) for text in texts]
    keys = np.concatenate([*_character_keys(words), _word_keys(words)])
    pairs, counts = np.unique(keys, return_counts=True)
    return (pairs >> np.uint64(32)).astype(np.int64), pairs.astype(np.uint32), counts.astype(np.int64)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:MAX_CHARS]).lower()


def _character_keys(words: Sequence[Sequence[str]]) -> Iterator[NDArray[np.uint64]]:
    lines = [" " + " ".join(found) + " " for found in words]
    codes: NDArray[Any] = np.frombuffer("".join(lines).encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    document = np.repeat(np.arange(len(lines), dtype=np.uint64), [len(line) for line in lines])
    blank = codes == _BLANK
    for order in _CHAR_ORDERS:
        size = len(codes) - order + 1
        if size <= 0:
            continue
        whole = document[:size] == document[order - 1 :]
        mixed = np.full(size, np.uint64(order), np.uint64)
        for offset in range(order):
            mixed = (mixed ^ codes[offset : offset + size]) * _BASE
            mixed ^= mixed >> np.uint64(29)
            if 0 < offset < order - 1:
                whole &= ~blank[offset : offset + size]
        whole &= ~(blank[:size] & blank[order - 1 :])
        hashes = (mixed[whole] >> np.uint64(32)) & np.uint64(0x7FFFFFFF)
        yield document[:size][whole] << np.uint64(32) | hashes


def _word_keys(words: Sequence[Sequence[str]]) -> NDArray[np.uint64]:
    keys: list[int] = []
    for document, found in enumerate(words):
        base = document << 32 | 0x80000000
        single = [zlib.crc32(word.encode("utf-8", "replace")) for word in found]
        keys.extend(base | value & 0x7FFFFFFF for value in single)
        keys.extend(
            base | (left * 0x9E3779B1 + right * 0x85EBCA77 >> 7) & 0x7FFFFFFF
            for left, right in itertools.pairwise(single)
        )
    return np.array(keys, np.uint64)
