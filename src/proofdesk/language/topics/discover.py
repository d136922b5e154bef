"""Topics of a collection of texts: encode, place, group a sample, assign the rest, name."""

import re
from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np

from proofdesk.language.pii import KnownEntity
from proofdesk.language.topics.clusters import Labels, Reader, group
from proofdesk.language.topics.names import name_of, topic_terms
from proofdesk.language.topics.space import Floats, fit_space

MAX_ROWS = 200_000
SAMPLE = 6_000
"""Grouping takes n^2 memory: of more rows an evenly spread sample is grouped and the others are assigned."""
UNKNOWN = 0.0
"""A row that is read with no higher score than this resembles no topic and stays unassigned."""
UNASSIGNED = -1
EXAMPLES = 5
NAMING_ROWS = 20_000


class Vectors(Protocol):
    @property
    def blocks(self) -> tuple[tuple[int, float], ...]: ...

    def many(self, texts: Sequence[str]) -> Floats: ...


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """`name` and `terms` hold no personal data; `examples` are row numbers, most typical first."""

    name: str
    terms: tuple[str, ...]
    size: int
    examples: tuple[int, ...]


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """`labels[i]` is the place in `topics` of row i, or UNASSIGNED; `scores[i]` how surely (about 1 is sure)."""

    topics: tuple[Topic, ...]
    labels: tuple[int, ...]
    scores: tuple[float, ...]


class TooManyRows(ValueError):
    """More than MAX_ROWS texts at once."""


def discover(texts: Sequence[str], encoder: Vectors, known: Sequence[KnownEntity] = ()) -> Topics:
    """Same texts, same encoder, same machine: same topics. Raises TooManyRows."""
    if len(texts) > MAX_ROWS:
        raise TooManyRows(f"{len(texts)} texts, at most {MAX_ROWS} at once: take fewer days")
    spoken = np.array([i for i, text in enumerate(texts) if re.search(r"[^\W\d_]", text)], np.int64)
    labels, scores = np.full(len(texts), UNASSIGNED, np.int64), np.zeros(len(texts), np.float32)
    if len(spoken) >= 2:
        vectors = encoder.many([texts[i] for i in spoken])
        labels[spoken], scores[spoken] = _assigned(vectors, encoder.blocks)
    return _described(texts, labels, scores, known)


def _assigned(vectors: Floats, blocks: Sequence[tuple[int, float]]) -> tuple[Labels, Floats]:
    sample = np.unique(np.linspace(0, len(vectors) - 1, min(SAMPLE, len(vectors))).round().astype(np.int64))
    space = fit_space(vectors[sample], blocks)
    rows = space(vectors)
    reader = Reader(rows[sample])
    found = group(reader.rows, space.dimensions, reader)
    groups = int(found.max()) + 1
    read = reader.read(rows, reader.weights(found, groups)) if groups > 1 else np.ones((len(rows), 1), np.float32)
    if groups > 1:
        read[sample] = reader.left_out(found, groups)
    labels = np.asarray(read.argmax(axis=1), np.int64)
    labels[sample] = found
    scores = read[np.arange(len(labels)), labels]
    labels[read.max(axis=1) <= UNKNOWN] = UNASSIGNED
    return labels, scores


def _described(texts: Sequence[str], labels: Labels, scores: Floats, known: Sequence[KnownEntity]) -> Topics:
    """Topics in order of size; a label whose rows all stayed unassigned is gone."""
    kept, sizes = np.unique(labels[labels != UNASSIGNED], return_counts=True)
    order = kept[np.argsort(-sizes, kind="stable")]
    number = {int(label): i for i, label in enumerate(order)}
    final = [number.get(int(label), UNASSIGNED) for label in labels]
    step = max(1, -(-len(texts) // NAMING_ROWS))
    terms = topic_terms(texts[::step], final[::step], len(order), known)
    topics = []
    for label, words in enumerate(terms):
        members = np.flatnonzero(np.array(final) == label)
        typical = members[np.argsort(-scores[members], kind="stable")][:EXAMPLES]
        topics.append(
            Topic(name=name_of(words, label + 1), terms=words, size=len(members), examples=tuple(map(int, typical)))
        )
    return Topics(topics=tuple(topics), labels=tuple(final), scores=tuple(round(float(s), 4) for s in scores))
