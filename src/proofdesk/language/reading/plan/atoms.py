"""A message as atoms: the longest known phrase at each place with everything it may mean."""

from collections.abc import Sequence
from typing import Any

import msgspec

from proofdesk.language.reading.document import Document
from proofdesk.language.reading.mentions import Entry, Index, Words
from proofdesk.language.reading.plan.lexicon import NUMBERS
from proofdesk.language.reading.tokens import Token, known_word

CUTS = {",": "comma", ";": "semi", "(": "open", ")": "close", ":": "comma", "—": "comma", "–": "comma",
">": "over", "?": "stop",
        ".": "stop", "!": "stop"}  # fmt: skip
_DEGREES = frozenset({"more", "less", "most", "least"})
MIN_TAIL = 5
"""Digits from which on the end of an id stands for the whole."""


class Atom(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens [start, end); `kinds`: what they may mean -> payload."""

    kinds: dict[str, Any]
    start: int
    end: int
    text: str

    def has(self, *kinds: str) -> bool:
        return any(kind in self.kinds for kind in kinds)

    def get(self, kind: str) -> Any:
        return self.kinds[kind]


def is_adverb(atom: Atom) -> bool:
    """A plain word that only colours how something is done: "specifically", "immediately"."""
    return atom.has("unknown") and not atom.has("misspelt") and atom.text.endswith("ly") and len(atom.text) > MIN_TAIL


def atomise(doc: Document, index: Index) -> list[Atom]:
    words = Words(doc.tokens, index, "en")
    atoms: list[Atom] = []
    ends = {end for _, end in doc.sentences}
    at = 0
    while at < len(doc.tokens):
        atom = _atom(doc, words, index, at)
        atoms.append(atom)
        at = atom.end
        if at in ends and not atom.has("stop"):
            atoms.append(Atom(kinds={"stop": None}, start=at, end=at, text=""))
    return atoms


def _atom(doc: Document, words: Words, index: Index, at: int) -> Atom:
    token = doc.tokens[at]
    low = words.low[at]
    if token.kind in ("literal", "email"):
        return Atom(kinds={token.kind: None}, start=at, end=at + 1, text=token.text)
    kinds: dict[str, Any] = {}
    known = doc.id_at(at) or _by_tail(doc, token)
    if known is not None:
        kinds["id"] = known
    elif token.kind == "id":
        kinds["claim" if at in doc.claimed else "strange_id"] = token.text
    if token.kind == "mark" and token.text in CUTS and token.text != ">":
        return Atom(kinds={CUTS[token.text]: None}, start=at, end=at + 1, text=token.text)
    end = at + 1
    matches, size = _matches(doc.tokens, words, index, at)
    if matches and known is None:
        end = at + size
        for entry in matches:
            _add(kinds, entry)
    if ("graded" in kinds and all(degree != "plain" for degree, _, _ in kinds["graded"])) or kinds.keys() & _DEGREES:
        kinds.pop("value", None)
        kinds.pop("part", None)
    if token.kind == "number" and known is None:
        kinds["amount"] = float(token.text.replace(",", "")) if token.text.replace(",", "").count(".") < 2 else 0.0
    if token.text == ">":
        kinds["over"] = None
    if end == at + 1 and low in NUMBERS:
        kinds["number"] = NUMBERS[low]
    if at in doc.claimed and known is None:
        kinds.pop("amount", None)
        kinds["claim"] = None
    if not kinds:
        kinds["mark" if token.kind == "mark" else "unknown"] = None
        if token.kind == "word" and (at in words.doubtful or not (known_word(low, "en") or token.text[0].isupper())):
            kinds["misspelt"] = None
    return Atom(kinds=kinds, start=at, end=end, text=" ".join(words.low[at:end]))


def _by_tail(doc: Document, token: Token) -> tuple[str, str] | None:
    """A number that ends exactly one of the requester's order ids is that order: prefixes are easily left out."""
    if token.kind not in ("id", "number") or len(token.low) < MIN_TAIL:
        return None
    found = {known for known in doc.ids.values() if known[0] == "order" and known[1].casefold().endswith(token.low)}
    return found.pop() if len(found) == 1 else None


def _add(kinds: dict[str, Any], entry: Entry) -> None:
    if entry.kind in ("value", "hinted_value", "part"):
        kind = "value" if entry.kind == "hinted_value" else entry.kind
        kinds[kind] = tuple(dict.fromkeys((*kinds.get(kind, ()), *entry.payload)))
    elif entry.kind in ("enum", "pay", "place", "street", "option", "status", "verb", "participle", "graded", "head"):
        kinds[entry.kind] = (*kinds.get(entry.kind, ()), entry.payload)
    else:
        kinds.setdefault(entry.kind, entry.payload)


def _matches(tokens: Sequence[Token], words: Words, index: Index, at: int) -> tuple[list[Entry], int]:
    """The longest entries that begin at `at`, and how many tokens they take."""
    best: list[Entry] = []
    size = 0
    for key in {words.base[at], words.low[at], _digits(words.low[at])}:
        for entry in index.starting(key):
            if entry.kind == "act" or (entry.exact and not _exact(tokens, words, entry, at)):
                continue
            end = _end(tokens, words, entry, at)
            if end - at > size:
                best, size = [entry], end - at
            elif end - at == size and size and entry not in best:
                best.append(entry)
    return best, size


def _exact(tokens: Sequence[Token], words: Words, entry: Entry, at: int) -> bool:
    """Written exactly so, or in small letters right before its option's name: "S", "s size"."""
    if tokens[at].text == entry.exact:
        return True
    nxt = words.low[at + 1] if at + 1 < len(tokens) else ""
    return tokens[at].text == entry.exact.casefold() and any(
        nxt == getattr(sense, "option", "").split(" ")[-1] for sense in entry.payload
    )


def _end(tokens: Sequence[Token], words: Words, entry: Entry, at: int) -> int:
    """Where the entry's words end, or `at` where they do not stand there. Only hyphens and the like may lie between."""
    place = at
    for number, word in enumerate(entry.words):
        while number and place < len(tokens) and tokens[place].kind == "mark" and tokens[place].text in "-/'’\"":
            place += 1
        if place >= len(tokens):
            return at
        said = (
            (words.low[place],) if entry.surface else (words.base[place], words.low[place], _digits(words.low[place]))
        )
        if word not in said:
            return at
        place += 1
    return place


def _digits(low: str) -> str:
    return str(NUMBERS[low]) if low in NUMBERS and low != "both" else low
