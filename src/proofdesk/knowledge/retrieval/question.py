"""What is asked: the ticket, what the requester's records add, and how much each word of tickets tells."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.knowledge.retrieval.scope import Reader
from proofdesk.knowledge.retrieval.words import clauses, words

Floats = NDArray[np.float32]

MAX_TICKETS = 2_000
"""The newest tickets whose clauses make the centre."""


class Vectors(Protocol):
    """Text vectors of some encoder, passed in. Vectors of different `encoder_hash` are never mixed."""

    encoder_hash: str

    def many(self, texts: Sequence[str]) -> Floats:
        """(n, width), one row per text."""
        ...


class Question(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    products: tuple[str, ...] = ()
    """Products and plans in the requester's records (names as in the documents' scope)."""
    reader: Reader = Reader()


class TicketHabits:
    """What is usual in tickets, learned from other tickets without labels.

    A word tells 1 where it is rare and near 0 where all use it ("please", "account"); `centre` is the mean vector of
    their clauses. Without tickets every word counts fully and vectors are not moved.
    """

    def __init__(self, tickets: Sequence[str] = (), vectors: Vectors | None = None) -> None:
        self._count = len(tickets)
        self._seen = Counter(word for text in tickets for word in set(words(text)))
        self.centre: Floats | None = None
        if vectors is not None and tickets:
            parts = [clause for text in tickets[-MAX_TICKETS:] for clause in clauses(text)]
            self.centre = unit(vectors.many(parts)).mean(axis=0) if parts else None

    def weight(self, word: str) -> float:
        if not self._count:
            return 1.0
        rare = math.log((self._count + 1) / 0.5)
        return max(0.0, math.log((self._count + 1) / (self._seen[word] + 0.5)) / rare)


def unit(vectors: Floats) -> Floats:
    """Rows of length 1; a row of zeros stays."""
    norms = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    result: Floats = (vectors / norms).astype(np.float32)
    return result
