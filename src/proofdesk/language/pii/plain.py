"""One spelling for what people and their keyboards write in many: digits, spaces, dashes, invisible letters.

Patterns are then written once. Every letter of the plain text knows its place in the original.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import msgspec

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_DASHES = "‐‑‒–—―−﹘﹣－"


class Plain(msgspec.Struct, frozen=True):
    """`text` to search; `places[i]` is where its letter i stands in the original, None where nothing moved."""

    text: str
    places: Sequence[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def mentions(lower: str, words: Sequence[str]) -> bool:
    """Whether any of `words` stands in the lower-case text: far cheaper than the pattern it saves."""
    return any(map(lower.__contains__, words))


def plain(text: str) -> Plain:
    """Other scripts' digits as 0-9, any space as a space, any dash as -, full-width letters as theirs."""
    if text.isascii():
        return Plain(text)
    if not _INVISIBLE.search(text):
        return Plain("".join(map(_plain_letter, text)))
    places = [at for at, letter in enumerate(text) if not _INVISIBLE.match(letter)]
    return Plain("".join(_plain_letter(text[at]) for at in places), places)


@lru_cache(maxsize=4_096)
def _plain_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter in _DASHES:
        return "-"
    if letter.isspace():
        return letter if letter in "\u2028\u2029\x85" else " "
    digit = unicodedata.digit(letter, -1) if letter.isdecimal() else -1
    if digit >= 0:
        return str(digit)
    wide = unicodedata.normalize("NFKC", letter) if 0xFF01 <= ord(letter) <= 0xFF5E else letter
    return {"’": "'", "‘": "'", "`": "'"}.get(wide, wide)
