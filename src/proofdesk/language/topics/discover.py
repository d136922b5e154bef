"""Topics of a collection of texts: encode, place, group a sample, assign the rest, name."""

import re
from collections.abc import Hashable, Sequence
from typing import Protocol

import msgspec
import numpy as np

from proofdesk.language.pii import KnownEntity
from proofdesk.language.topics.clusters import FREE, Labels, Reader, group, ordered
from proofdesk.language.topics.names import name_of, topic_terms
from proofdesk.language.topics.scores import UNASSIGNED
from proofdesk.language.topics.space import Floats, fit_space

MAX_ROWS = 200_000
SAMPLE = 6_000
"""Grouping takes n^2 memory: of more rows an evenly spread sample is grouped and the others are assigned."""
CHUNK = 4_096
"""Rows beyond the sample are encoded and read so many at a time: their vectors never lie in memory together."""
UNKNOWN = 0.1
"""A row that is read with no higher score than this resembles no topic and stays unassigned."""
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
    anchor: int | None = None
    """Which anchor of the call this topic is."""


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """`labels[i]` is the place in `topics` of row i, or UNASSIGNED; `scores[i]` how surely (about 1 is sure)."""

    topics: tuple[Topic, ...]
    labels: tuple[int, ...]
    scores: tuple[float, ...]


class TooManyRows(ValueError):
    """More than MAX_ROWS texts at once."""


def discover(
    texts: Sequence[str],
    encoder: Vectors,
    known: Sequence[KnownEntity] = (),
    anchors: Sequence[int] | None = None,
    writers: Sequence[Hashable] | None = None,
) -> Topics:
    """Same texts, same encoder, same machine: same topics. Raises TooManyRows.

    `anchors[i]`: the number (0, 1, ...) of a known topic or intent that row i is an example of, FREE where nobody
    said so. Examples of one anchor share a topic, those of two never do; everything else is found.
    `writers[i]`: who wrote row i, where known; a word in a topic's name was used by several of them.
    """
    if len(texts) > MAX_ROWS:
        raise TooManyRows(f"{len(texts)} texts, at most {MAX_ROWS} at once: take fewer days")
    bound = np.full(len(texts), FREE) if anchors is None else np.asarray(anchors, np.int64)
    spoken = np.array([i for i, text in enumerate(texts) if re.search(r"[^\W\d_]", text)], np.int64)
    labels, scores = np.full(len(texts), UNASSIGNED, np.int64), np.zeros(len(texts), np.float32)
    if len(spoken) >= 2:
        labels[spoken], scores[spoken] = _assigned([texts[i] for i in spoken], encoder, bound[spoken])
    labels = _by_size(labels)
    step = max(1, -(-len(texts) // NAMING_ROWS))
    terms = topic_terms(
        texts[::step], labels[::step].tolist(), int(labels.max(initial=UNASSIGNED)) + 1, known,
        None if writers is None else writers[::step],
    )  # fmt: skip
    return _described(labels, scores, terms, bound)


def _assigned(texts: Sequence[str], encoder: Vectors, anchors: Labels) -> tuple[Labels, Floats]:
    sample = _sample(anchors)
    vectors = encoder.many([texts[i] for i in sample])
    space = fit_space(vectors, encoder.blocks)
    reader = Reader(space(vectors))
    found = group(reader.rows, space.dimensions, reader, anchors[sample])
    groups = int(found.max()) + 1
    labels, scores = np.zeros(len(texts), np.int64), np.ones(len(texts), np.float32)
    labels[sample] = found
    if groups < 2:
        return labels, scores
    scores[sample] = reader.left_out(found, groups)[np.arange(len(sample)), found]
    rest, weights = np.setdiff1d(np.arange(len(texts)), sample), reader.weights(found, groups)
    for start in range(0, len(rest), CHUNK):
        part = rest[start : start + CHUNK]
        read = reader.read(space(encoder.many([texts[i] for i in part])), weights)
        labels[part], scores[part] = read.argmax(axis=1), read.max(axis=1)
    labels[(scores <= UNKNOWN) & (anchors == FREE)] = UNASSIGNED
    return labels, scores


def _sample(anchors: Labels) -> Labels:
    """At most SAMPLE rows, spread evenly over all; of the bound rows as many as half of them allows."""
    bound, free = np.flatnonzero(anchors != FREE), np.flatnonzero(anchors == FREE)
    some = bound[_even(len(bound), SAMPLE // 2)]
    return np.sort(np.concatenate([some, free[_even(len(free), SAMPLE - len(some))]]))


def _even(rows: int, most: int) -> Labels:
    return np.unique(np.linspace(0, rows - 1, min(most, rows)).round().astype(np.int64))


def _by_size(labels: Labels) -> Labels:
    """0 for the largest topic; a label whose rows all stayed unassigned is gone."""
    out, assigned = labels.copy(), labels != UNASSIGNED
    out[assigned] = ordered(labels[assigned]) if assigned.any() else labels[assigned]
    return out


def _described(labels: Labels, scores: Floats, terms: Sequence[tuple[str, ...]], anchors: Labels) -> Topics:
    owners = {int(labels[i]): int(anchors[i]) for i in np.flatnonzero(anchors != FREE)}
    topics = []
    for label, words in enumerate(terms):
        members = np.flatnonzero(labels == label)
        typical = tuple(int(i) for i in members[np.argsort(-scores[members], kind="stable")][:EXAMPLES])
        topics.append(
            Topic(
                name=name_of(words, label + 1), terms=words, size=len(members),
                examples=typical, anchor=owners.get(label),
            )
        )  # fmt: skip
    found = tuple(int(label) for label in labels)
    return Topics(topics=tuple(topics), labels=found, scores=tuple(round(float(s), 4) for s in scores))
