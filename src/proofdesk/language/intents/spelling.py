"""Slips of the keys put right by the words of the model's own examples, before any head sees the text.

Noisy channel (Kernighan, Church & Gale 1990; Mays, Damerau & Mercer 1991): each word is what was typed, or a word
of the examples one edit away (a letter left out, added, changed, or two swapped); the best line is found by
Viterbi over word pairs of the examples. The share of slips is estimated from the text itself: one without any
unknown word that is near a known one is left as it is.
"""

import functools
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

MAX_CHARS = 4_000
MAX_WORD = 24
"""Longer strings are codes or addresses, not words."""
MIN_CORRECTED = 2
MIN_COUNT = 2
"""A word of one example only may itself be a slip: nothing is corrected to it."""
CANDIDATES = 6
PAIR_WEIGHT = 4.0
UNSEEN = 0.1
KNOWN_UNSEEN = 3.0
"""Expected count of a word of no example: of one nobody knows (in LARGE words), and of one an encoder knows."""
LARGE = 20_000
FOREIGN_SHARE = 0.5
SHORT = 3
"""With more unknown words than this the text is in another language or no prose: it stays as it is."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_EDGE = ""


class Speller(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of words, and of pairs as "left right", in lower case. Made by `learn`."""

    words: dict[str, int]
    pairs: dict[str, int]
    total: int
    known: tuple[str, ...] = ()
    """Words of no example that an encoder knows: real words, so left alone more readily than strings nobody knows."""


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    start: int
    end: int
    typed: str
    read: str


def learn(texts: Iterable[str], known: Iterable[str] = ()) -> Speller:
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for text in texts:
        found = [match.group().lower() for match in _WORD.finditer(text[:MAX_CHARS])]
        words.update(found)
        pairs.update(f"{left} {right}" for left, right in itertools.pairwise([_EDGE, *found, _EDGE]))
    return Speller(
        words=dict(words), pairs=dict(pairs), total=max(1, sum(words.values())),
        known=tuple(sorted(set(known) - words.keys())),
    )  # fmt: skip


class Corrector:
    """A speller made ready to be asked."""

    def __init__(self, speller: Speller) -> None:
        self._speller, self._known = speller, frozenset(speller.known)
        self._shorter: defaultdict[str, list[str]] = defaultdict(list)
        for word, count in speller.words.items():
            if count >= MIN_COUNT and MIN_CORRECTED <= len(word) <= MAX_WORD:
                for form in {word, *_without_one(word)}:
                    self._shorter[form].append(word)
        self._near = functools.lru_cache(maxsize=16_384)(self._find_near)

    def corrected(self, text: str) -> str:
        found = self.corrections(text)
        for change in reversed(found):
            text = text[: change.start] + change.read + text[change.end :]
        return text

    def corrections(self, text: str) -> tuple[Correction, ...]:
        spans = list(_WORD.finditer(text[:MAX_CHARS]))
        typed = [span.group().lower() for span in spans]
        strange = [word for word in typed if word not in self._speller.words and word not in self._known]
        doubtful = sum(bool(self._near(word)) for word in strange)
        if not doubtful or (len(strange) > FOREIGN_SHARE * len(typed) and len(typed) > SHORT):
            return ()
        read = self._best(typed, doubtful / (10.0 + len(typed)))
        return tuple(
            Correction(start=span.start(), end=span.end(), typed=span.group(), read=_cased(new, span.group()))
            for span, old, new in zip(spans, typed, read, strict=True)
            if old != new
        )

    def _best(self, typed: Sequence[str], slips: float) -> list[str]:
        """Viterbi: the likeliest words behind those typed, when `slips` of them are mistyped."""
        beams: dict[str, tuple[float, tuple[str, ...]]] = {_EDGE: (0.0, ())}
        for word in typed:
            options = {word: math.log(1.0 - slips)}
            for near in self._near(word):
                options[near] = math.log(slips / (53.0 * len(near)))
            beams = {
                option: max(
                    (score + channel + self._pair(before, option), (*line, option))
                    for before, (score, line) in beams.items()
                )
                for option, channel in options.items()
            }
        return list(max((score + self._pair(last, _EDGE), line) for last, (score, line) in beams.items())[1])

    def _pair(self, left: str, right: str) -> float:
        before = self._speller.total / 12 if left == _EDGE else self._speller.words.get(left, 0)
        alone = self._count(right) / self._speller.total
        return math.log((self._speller.pairs.get(f"{left} {right}", 0) + PAIR_WEIGHT * alone) / (before + PAIR_WEIGHT))

    def _count(self, word: str) -> float:
        found = self._speller.words.get(word)
        if found is not None:
            return float(found)
        if word == _EDGE:
            return self._speller.total / 12
        if word in self._known:
            return KNOWN_UNSEEN
        return UNSEEN * min(1.0, self._speller.total / LARGE)

    def _find_near(self, word: str) -> tuple[str, ...]:
        if not MIN_CORRECTED <= len(word) <= MAX_WORD:
            return ()
        found = {near for form in {word, *_without_one(word)} for near in self._shorter.get(form, ())}
        near = [other for other in found if other != word and one_edit(word, other)]
        return tuple(sorted(near, key=lambda other: (-self._speller.words[other], other))[:CANDIDATES])


def one_edit(left: str, right: str) -> bool:
    """One letter added, left out or changed, or two neighbours swapped."""
    if len(left) > len(right):
        left, right = right, left
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(left))
    if len(left) < len(right):
        return len(left) + 1 == len(right) and left[start:] == right[start + 1 :]
    if left[start + 1 :] == right[start + 1 :]:
        return True
    return left[start : start + 2] == right[start : start + 2][::-1] and left[start + 2 :] == right[start + 2 :]


def _without_one(word: str) -> Iterable[str]:
    return (word[:i] + word[i + 1 :] for i in range(len(word)))


def _cased(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word.capitalize() if like[:1].isupper() else word
