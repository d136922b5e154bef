"""Solved tickets as evidence: what a similar ticket needed, this one probably needs too.

A precedent weighs by the square of its similarity, so unlike tickets say nothing and new matters rest on the texts.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from proofdesk.knowledge.retrieval.words import words

MAX_PRECEDENTS = 20_000
"""The newest are kept."""
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
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, count in enumerate(counts):
            weights = self._weights(count)
            for word, weight in weights.items():
                self._postings[word].append((row, weight))

    def __len__(self) -> int:
        return len(self._solved)

    def votes(self, text: str) -> dict[str, float]:
        """Document id to the sum of squared similarities of the solved tickets that needed it."""
        similar: dict[int, float] = defaultdict(float)
        for word, weight in self._weights(Counter(words(text))).items():
            for row, other in self._postings.get(word, ()):
                similar[row] += weight * other
        votes: dict[str, float] = defaultdict(float)
        for row, likeness in similar.items():
            for document in self._solved[row].document_ids:
                votes[document] += likeness * likeness
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
