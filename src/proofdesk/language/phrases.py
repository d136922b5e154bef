"""A small phrase language for people: words in order, `word*`, `word?`, `(a|b c)`, `..3` for up to three words.

Case, accents and the kind of apostrophe do not matter. A phrase never reaches over a full stop or a line end.
Phrases are found by their first word, so hundreds of them cost little.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

MAX_GAP = 12
_PIECE = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)\??|\.\.\d+|\S+")
_WORD = re.compile(r"[\w']+")
_BETWEEN = r"[ \t,\-–\"]+"
_MIN_PREFIX = 3


class BadPhrase(Exception):
    """A phrase that cannot be read; the message shows it."""


class Phrase(msgspec.Struct, frozen=True):
    pattern: re.Pattern[str]
    rule: str


class Phrases:
    """Many phrases, found in one pass. `add` while loading, then `find`."""

    def __init__(self) -> None:
        self._by_word: dict[str, list[Phrase]] = {}
        self._by_prefix: dict[str, list[Phrase]] = {}

    def add(self, text: str, rule: str) -> None:
        pattern, firsts = compile_phrase(text)
        phrase = Phrase(pattern, rule)
        for first in firsts:
            store, key = (self._by_prefix, first[:-1]) if first.endswith("*") else (self._by_word, first)
            for spelling in {key, key.replace("ss", "s")}:
                store.setdefault(spelling, []).append(phrase)

    def find(self, folded: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, rule) of every phrase in text already folded with `fold`."""
        for word in _WORD.finditer(folded):
            for phrase in self._starting(word.group()):
                hit = phrase.pattern.match(folded, word.start())
                if hit:
                    yield hit.start(), hit.end(), phrase.rule

    def _starting(self, word: str) -> Iterable[Phrase]:
        yield from self._by_word.get(word, ())
        for size in range(_MIN_PREFIX, len(word) + 1):
            yield from self._by_prefix.get(word[:size], ())


@lru_cache(maxsize=4_096)
def _folded_letter(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0].lower()
    return {"’": "'", "‘": "'", "`": "'", "ß": "s"}.get(letter, base if len(base) == 1 else letter)


def fold(text: str) -> str:
    """Lower case without accents, letter by letter, so that positions stay those of `text`."""
    return text.lower() if text.isascii() else "".join(map(_folded_letter, text))


def compile_phrase(text: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """The pattern and the words it may begin with. Raises BadPhrase."""
    pieces = _PIECE.findall(fold(text).replace("ß", "ss"))
    if text.count("(") != text.count(")"):
        raise BadPhrase(f"{text!r}: brackets do not match")
    if not pieces or pieces[0].startswith("..") or pieces[0].endswith("?"):
        raise BadPhrase(f"{text!r}: a phrase must begin with a word that is not optional")
    out, firsts = [_alternatives(pieces[0], text)], _first_words(pieces[0])
    for piece in pieces[1:]:
        gap = re.fullmatch(r"\.\.(\d+)", piece)
        if gap:
            if int(gap.group(1)) > MAX_GAP:
                raise BadPhrase(f"{text!r}: a gap may be at most {MAX_GAP} words")
            out.append(rf"(?:{_BETWEEN}[\w'.]+){{0,{gap.group(1)}}}?")
        elif piece.endswith("?"):
            out.append(rf"(?:{_BETWEEN}{_alternatives(piece[:-1], text)})?")
        else:
            out.append(_BETWEEN + _alternatives(piece, text))
    return re.compile("".join(out) + r"(?!\w)"), firsts


def _options(piece: str) -> list[str]:
    """Top-level alternatives of one piece."""
    if not (piece.startswith("(") and piece.endswith(")")):
        return [piece]
    options, depth = [""], 0
    for letter in piece[1:-1]:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth == 0:
            options.append("")
        else:
            options[-1] += letter
    return options


def _alternatives(piece: str, whole: str) -> str:
    options = []
    for option in _options(piece):
        words = _PIECE.findall(option)
        if not words:
            raise BadPhrase(f"{whole!r}: an alternative is empty")
        parts = (_alternatives(w, whole) if w[0] + w[-1] == "()" else _word(w, whole) for w in words)
        options.append(_BETWEEN.join(parts))
    return "(?:" + "|".join(options) + ")"


def _word(word: str, whole: str) -> str:
    if "(" in word or ")" in word or "|" in word:
        raise BadPhrase(f"{whole!r}: brackets do not match at {word!r}")
    body = re.escape(word.removesuffix("*")).replace("ss", "ss?")  # a sharp s folds to one s
    return body + (r"\w*" if word.endswith("*") else r"(?!\w)" if word[-1:].isalnum() else "")


def _first_words(piece: str) -> tuple[str, ...]:
    firsts: list[str] = []
    for option in _options(piece):
        first = _PIECE.findall(option)[0]
        if first[0] + first[-1] == "()":
            firsts.extend(_first_words(first))
        else:
            star = "*" if first.endswith("*") else ""
            found = _WORD.match(first)
            if found is None:
                raise BadPhrase(f"{piece!r}: must begin with a letter")
            firsts.append(found.group() + star)
    return tuple(firsts)
