"""Text as tokens: words in base form, numbers apart from their units, identifiers and {literals} whole."""

import re
from collections.abc import Container
from functools import lru_cache

import msgspec
import simplemma

from proofdesk.language.reading.words import function_words

MAX_TEXT_CHARS = 20_000
"""A longer message is read to here; the rest counts as unread."""

_CHUNK = re.compile(
    r"(?P<literal>\{[^{}]{0,2000}\})"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<id>\#\w+(?:-\w+)*|\b[A-Za-z]{2,5}-\d{3,}\b|\w*_\w*\d\w*|\b[A-Za-z]{1,4}\d{4,}\b|\b\d{6,}\b)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)"
    r"|(?P<mark>[^\w\s])",
)
_ELISION = re.compile(
    r"(?:l|d|j|n|m|t|s|c|un|qu|lorsqu|puisqu|jusqu|parce qu|dell|all|nell|dall|sull|degl|quest|quell)['’](?=[^\W\d_])",
    re.IGNORECASE,
)
"""French and Italian little words that lose their vowel: "l'article" is two words, "don't" is one."""
_EDGE = re.compile(r"\w+(?:[-/.]\w+)*")
_OPERATORS = frozenset("$€£%+&<>")
_BREAK = re.compile(r"\n\s*\n|\n(?=\s*[-*•]|\s*[A-Z])")


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: word, number, id, email, literal or mark. `base` is what tokens are compared by."""

    kind: str
    text: str
    low: str
    base: str
    start: int
    end: int


def tokenise(text: str, known_ids: Container[str] = frozenset()) -> list[Token]:
    """The tokens of `text`. `known_ids`: identifiers of the requester's records, case-folded, without "#"."""
    whole: dict[int, re.Match[str]] = {}
    if known_ids:
        whole = {m.start(): m for m in _EDGE.finditer(text) if m.group().casefold() in known_ids}
    found: list[Token] = []
    at = 0
    while match := _CHUNK.search(text, at, MAX_TEXT_CHARS):
        kind = match.lastgroup or "mark"
        if match.start() in whole:
            match, kind = whole[match.start()], "id"
        elif kind in ("word", "number") and match.group().casefold() in known_ids:
            kind = "id"
        surface = match.group()
        if kind == "word" and (elided := _ELISION.match(surface)):
            surface = elided.group()
        end = match.start() + len(surface)
        low = surface.casefold().replace("’", "'")
        found.append(
            Token(
                kind=kind,
                text=surface,
                low=low,
                base=base_form(low) if kind == "word" else low.lstrip("#") if kind == "id" else low,
                start=match.start(),
                end=end,
            )
        )
        at = end
    return found


@lru_cache(maxsize=16_384)
def base_form(low: str) -> str:
    """The dictionary form of a case-folded word, units under one name ("feet" and "foot" give "ft")."""
    units = function_words().units
    if low in units:
        return units[low]
    if "'" in low:  # "haven't" is no "have"
        return low
    lemma = str(simplemma.lemmatize(low, lang="en")).casefold()
    if lemma == low and len(low) > 3 and low.endswith("s") and not low.endswith("ss") and not known_word(low):
        lemma = low[:-1]
    return units.get(lemma, lemma)


@lru_cache(maxsize=16_384)
def known_word(low: str, language: str = "en") -> bool:
    return bool(simplemma.is_known(low, lang=language))


@lru_cache(maxsize=16_384)
def phrase(text: str) -> tuple[str, ...]:
    """The base forms of `text` without punctuation: what two wordings of one value have in common."""
    return tuple(token.base for token in tokenise(text) if is_matter(token))


def is_matter(token: Token) -> bool:
    """False for punctuation, which no phrase contains."""
    return token.kind not in ("mark", "literal") or token.text in _OPERATORS


def paragraph_breaks(text: str) -> list[int]:
    """Positions at which a line break ends a sentence."""
    return [match.start() for match in _BREAK.finditer(text)]
