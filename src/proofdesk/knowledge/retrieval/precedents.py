"""Solved tickets as evidence: what a similar ticket needed, this one probably needs too.

A precedent weighs by the square of its similarity, so unlike tickets say nothing and new matters rest on the texts.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from proofdesk.knowledge.retrieval.words import words

MAX_PRECEDENTS = 20_000
"""The newest are kept."""
MAX_VOTERS = 500
"""The most similar ones vote; the votes of the others would be near nothing."""
MAX_SHARE = 0.5
"""Words in more than this share of tickets are not followed to their tickets."""


class Precedent(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket whose resolution was verified, and the documents it rested on."""

    text: str
    document_ids: tuple[str, ...]


class Precedents:
    def __init__(self, solved: Sequence[Precedent] = ()) -> None:
        self._solved = list(solved)[-MAX_PRECEDENTS:]
        counts = [Counter(words(p.text)) for p in self._solved]
        self._seen = Counter(word for count in counts for word in count)
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, count in enumerate(counts):
            for word, weight in self._weights(count).items():
                postings[word].append((row, weight))
        self._rows = {word: np.array([row for row, _ in held], np.int32) for word, held in postings.items()}
        self._pulls = {word: np.array([pull for _, pull in held], np.float32) for word, held in postings.items()}
        needed = Counter(document for p in self._solved for document in p.document_ids)
        self._share = {document: count / len(self._solved) for document, count in needed.items()}

    def __len__(self) -> int:
        return len(self._solved)

    def share(self, document_id: str) -> float:
        """Of all solved tickets, how many needed this document (0 to 1)."""
        return self._share.get(document_id, 0.0)

    def votes(self, text: str) -> dict[str, float]:
        """Document id to the sum of squared similarities (0 to 1 each) of the solved tickets that needed it."""
        asked = {w: pull for w, pull in self._weights(Counter(words(text))).items() if w in self._rows}
        if not asked:
            return {}
        rows = np.concatenate([self._rows[word] for word in asked])
        pulls = np.concatenate([self._pulls[word] * pull for word, pull in asked.items()])
        likeness = np.bincount(rows, pulls, minlength=len(self._solved))
        votes: dict[str, float] = defaultdict(float)
        for row in np.argsort(-likeness, kind="stable")[:MAX_VOTERS].tolist():
            for document in self._solved[row].document_ids:
                votes[document] += float(likeness[row]) ** 2
        return dict(votes)

    def _weights(self, count: Mapping[str, int]) -> dict[str, float]:
        total = len(self._solved)
        weights = {
            word: (1 + math.log(n)) * math.log((total + 1) / (self._seen[word] + 0.5))
            for word, n in count.items()
            if 0 < self._seen[word] <= max(1.0, MAX_SHARE * total)
        }
        norm = math.sqrt(sum(w * w for w in weights.values())) or 1.0
        return {word: weight / norm for word, weight in weights.items()}
