"""An answer from found sections: whole paragraphs that hold what was asked, each with the section it stands in.

Answerable is a question whose telling words, weighted by their rarity, stand in one section (or in two together);
below the threshold nobody is answered by machine.
"""

import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Literal

import msgspec

from proofdesk.core.grounding import unsupported
from proofdesk.core.knowledge import Section
from proofdesk.knowledge.answering.plain import bare, bare_words, telling

ANSWERABLE = 0.58
"""Share of the question's weight that the cited sections must hold."""
MIN_PASSAGE = 0.34
"""Share of the question's weight that the best paragraph must hold by itself, with its headings."""
MAX_PASSAGE_CHARS = 700
MAX_CANDIDATES = 20
GAIN = 0.15
"""What a second section must add."""
Weight = Callable[[str], float]
"""How much a word tells (its inverse document frequency); a word that stands nowhere tells most."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """Words of a section as they stand there. `span`: characters of the section's text."""

    section_id: str
    text: str
    span: tuple[int, int]


class Composed(msgspec.Struct, frozen=True, kw_only=True, tag="composed"):
    """`covered`: share of what was asked that the cited sections hold."""

    passages: tuple[Passage, ...]
    covered: float


class Abstained(msgspec.Struct, frozen=True, kw_only=True, tag="abstained"):
    """Nobody is told anything. `missing`: words of the question that no section holds together with the others."""

    reason: Literal["no_question", "nothing_found", "not_covered", "unsupported"]
    covered: float
    missing: tuple[str, ...]


class _Looked(msgspec.Struct, frozen=True):
    section: Section
    held: frozenset[str]
    share: float


def compose(question: str, sections: Sequence[Section], weight: Weight) -> Composed | Abstained:
    """`sections` best first, all of them such that the asker may see them."""
    asked = telling(question)
    if not asked:
        return Abstained(reason="no_question", covered=0.0, missing=())
    weights = {bare(word): max(weight(word), 0.0) for word in asked}
    total = sum(weights.values())
    if not sections or total <= 0:
        return Abstained(reason="nothing_found", covered=0.0, missing=asked)
    looked = [_look(section, weights, total) for section in sections[:MAX_CANDIDATES]]
    chosen = _chosen(looked, weights, total)
    best, held = chosen[0], frozenset[str]().union(*(each.held for each in chosen))
    covered = sum(weights[word] for word in held) / total
    missing = tuple(word for word in asked if bare(word) not in held)
    passages = tuple(_passage(each.section, weights) for each in chosen)
    direct = _share(_context(best.section) | bare_words(passages[0].text), weights, total)
    if covered < ANSWERABLE or direct < MIN_PASSAGE:
        return Abstained(reason="not_covered", covered=covered, missing=missing)
    said = "\n\n".join(passage.text for passage in passages)
    if unsupported(said, [each.section.text for each in chosen]):
        return Abstained(reason="unsupported", covered=covered, missing=missing)
    return Composed(passages=passages, covered=covered)


def _chosen(looked: Sequence[_Looked], weights: dict[str, float], total: float) -> list[_Looked]:
    """The best section, and one more: what adds to it, else what says as much of the question in the same document."""
    best = max(looked, key=lambda each: each.share)
    second = max(looked, key=lambda each: _adds(each, best.held, weights))
    if _adds(second, best.held, weights) >= GAIN * total:
        return [best, second]
    equals = (
        each
        for each in looked
        if each is not best and each.section.document_id == best.section.document_id and each.share >= best.share
    )
    return [best, *islice(equals, 1)]


def _look(section: Section, weights: dict[str, float], total: float) -> _Looked:
    there = _context(section) | bare_words(section.text)
    held = frozenset(word for word in weights if word in there)
    return _Looked(section, held, sum(weights[word] for word in held) / total)


def _adds(each: _Looked, held: frozenset[str], weights: dict[str, float]) -> float:
    return sum(weights[word] for word in each.held - held)


def _share(there: frozenset[str], weights: dict[str, float], total: float) -> float:
    return sum(value for word, value in weights.items() if word in there) / total


def _context(section: Section) -> frozenset[str]:
    return bare_words(" ".join((section.title, *section.path)))


def _passage(section: Section, weights: dict[str, float]) -> Passage:
    """Paragraphs that follow one another, around the best one, up to MAX_PASSAGE_CHARS."""
    spans = _paragraphs(section.text)
    scores = [sum(weights.get(word, 0.0) for word in bare_words(section.text[a:b])) for a, b in spans]
    best = max(range(len(spans)), key=lambda place: scores[place])
    first = last = best
    while True:
        before = spans[last][1] - spans[first - 1][0] if first > 0 else MAX_PASSAGE_CHARS + 1
        after = spans[last + 1][1] - spans[first][0] if last + 1 < len(spans) else MAX_PASSAGE_CHARS + 1
        if after <= MAX_PASSAGE_CHARS:
            last += 1
        elif before <= MAX_PASSAGE_CHARS:
            first -= 1
        else:
            break
    start, end = spans[first][0], spans[last][1]
    return Passage(section_id=section.id, text=section.text[start:end], span=(start, end))


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Spans of what lies between blank lines; a paragraph that is too long is divided at its sentences."""
    found: list[tuple[int, int]] = []
    for hit in re.finditer(r"\S(?:.|\n(?!\s*\n))*", text):
        start = hit.start()
        end = hit.end()
        while end - start > MAX_PASSAGE_CHARS:
            cut = max((m.end() for m in re.finditer(r"[.!?]\s+", text[start : start + MAX_PASSAGE_CHARS])), default=0)
            cut = cut or MAX_PASSAGE_CHARS
            found.append((start, start + len(text[start : start + cut].rstrip())))
            start += cut
        if text[start:end].strip():
            found.append((start, start + len(text[start:end].rstrip())))
    return found
