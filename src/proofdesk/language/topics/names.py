"""Names of topics: the words and word pairs that a topic has and the others have not, free of personal data.

Class-based TF-IDF over texts already redacted. A word must be used by several writers of the topic and hold no digit:
what one person wrote about themselves, however often, cannot become a name.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from math import log

from proofdesk.language.phrases import fold
from proofdesk.language.pii import KnownEntity, redact

TERMS = 8
IN_NAME = 3
MIN_WRITERS, MIN_SHARE = 4, 0.08
"""A term counts where at least this many writers, and this share of the topic's texts, use it."""
MAX_CHARS = 2_000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_TOKEN = re.compile("⟦[^⟧]*⟧")


def topic_terms(
    texts: Sequence[str],
    labels: Sequence[int],
    topics: int,
    known: Sequence[KnownEntity] = (),
    writers: Sequence[Hashable] | None = None,
) -> list[tuple[str, ...]]:
    """At most TERMS terms for each label 0..topics-1, best first; other labels (unassigned) are background only.

    `writers`: who wrote each text, where known; else every text counts as another writer's.
    """
    inside: list[Counter[str]] = [Counter() for _ in range(topics)]
    authors: list[dict[str, set[Hashable]]] = [{} for _ in range(topics)]
    everywhere: Counter[str] = Counter()
    for place, (text, label) in enumerate(zip(texts, labels, strict=True)):
        found = set(_terms(text, known))
        everywhere.update(found)
        if 0 <= label < topics:
            inside[label].update(found)
            writer = place if writers is None else writers[place]
            for term in found:
                authors[label].setdefault(term, set()).add(writer)
    for counts, who in zip(inside, authors, strict=True):
        for term in [term for term in counts if len(who[term]) < MIN_WRITERS]:
            del counts[term]
    sizes = Counter(labels)
    return [_best(inside[label], everywhere, sizes[label], len(texts)) for label in range(topics)]


def name_of(terms: Sequence[str], number: int) -> str:
    return ", ".join(terms[:IN_NAME]) or f"topic {number}"


def _best(inside: Counter[str], everywhere: Counter[str], size: int, texts: int) -> tuple[str, ...]:
    least = MIN_SHARE * size
    rest = max(texts - size, 1)
    scored = []
    for term, count in inside.items():
        if count < least:
            continue
        here, elsewhere = count / size, (everywhere[term] - count + 0.5) / (rest + 1.0)
        if here > elsewhere:
            scored.append((-here * log(here / elsewhere), term))
    kept: list[str] = []
    for _, term in sorted(scored):
        words = set(term.split())
        if any(words <= set(other.split()) or words >= set(other.split()) for other in kept):
            continue
        kept.append(term)
        if len(kept) == TERMS:
            break
    return tuple(kept)


def _terms(text: str, known: Sequence[KnownEntity]) -> Iterator[str]:
    """Words of three letters and more, and pairs of neighbouring words; never across a redacted value."""
    for part in _TOKEN.split(redact(text[:MAX_CHARS], known).text):
        words = _WORD.findall(fold(part))
        yield from (word for word in words if len(word) > 2)
        yield from (f"{left} {right}" for left, right in pairwise(words) if len(left) + len(right) > 5)
