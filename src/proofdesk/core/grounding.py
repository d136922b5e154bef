"""Whether a reply says only what its sources say: every figure, price, date, name and address must stand in one.

A figure counts with its sign (€, %) and the word after it: "30 days" is not supported by "30 euros".
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

MAX_CHARS = 200_000
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.I)
_FIGURE = re.compile(
    r"(?P<before>[€$£¥]|\b(?:EUR|USD|GBP|CHF|JPY)\b)?\s?(?P<number>\d+(?:[.,:/’'\u00a0\u202f-]\d+)*)\s?"
    r"(?P<after>[€$£¥%‰°]|\b(?:EUR|USD|GBP|CHF|JPY)\b)?[\s-]{0,2}(?P<word>[^\W\d_]+)?"
)
_DATED = re.compile(r"[:/-]|[.].*[.]")
_JOINED = (
    "a an and are as at be but by for from if in is it of on or than that the then to up was when with und oder "
    "von bis ab am im zu et ou de du à le la les y o del al el los las"
)
_JOINING = frozenset(_JOINED.split())
"""Words after a figure that are no unit of it."""
_WORD = re.compile(r"[^\W_]+(?:[-'’&.][^\W_]+)*")
_SENTENCE = re.compile(r"(?:^|[.!?:;…\n•|])[\s\"'“„(»«-]*$")
_BINDING = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million half quarter double twice
zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig hundert tausend halb
deux trois quatre cinq sept huit neuf dix onze douze vingt trente quarante cinquante cent mille demi
dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cuarenta cincuenta cien mil medio
never always free guaranteed guarantee nie immer kostenlos garantiert jamais toujours gratuit nunca siempre gratis
not no without except only unless cannot kein nicht nur pas sans seulement sin solo
"""
NUMBER_WORDS = frozenset(_BINDING.split())
"""Words that state an amount or turn a statement round: as binding as figures."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Something a reply must not invent. `said`: as it stands in the reply."""

    kind: Literal["figure", "name", "link", "word"]
    said: str
    key: str


def claims(text: str) -> tuple[Claim, ...]:
    """In order of place, each once."""
    found: dict[tuple[str, str], Claim] = {}
    for claim in _claims(text[:MAX_CHARS]):
        found.setdefault((claim.kind, claim.key), claim)
    return tuple(found.values())


def unsupported(reply: str, sources: Sequence[str]) -> tuple[Claim, ...]:
    """Claims of the reply that stand in no source; a reply beyond MAX_CHARS is unsupported as a whole."""
    if len(reply) > MAX_CHARS:
        return (Claim(kind="word", said=reply[:80], key="too long"),)
    stated = {(claim.kind, claim.key) for source in sources for claim in _claims(source)}
    worded = {word.group().casefold() for source in sources for word in _WORD.finditer(source)}
    return tuple(
        claim
        for claim in claims(reply)
        if (claim.kind, claim.key) not in stated and not (claim.kind in ("name", "word") and claim.key in worded)
    )


def _claims(text: str) -> Iterator[Claim]:
    for hit in _LINK.finditer(text):
        link = hit.group().rstrip(".,;:!?")
        yield Claim(kind="link", said=link, key=link.casefold())
    plain = _LINK.sub(" ", text)
    for hit in _FIGURE.finditer(plain):
        number = re.sub("[’'\u00a0\u202f]", "", hit["number"])
        sign = (hit["before"] or hit["after"] or "").upper()
        word = "" if sign or _DATED.search(number) else (hit["word"] or "").casefold()
        word = "" if word in _JOINING else word
        yield Claim(kind="figure", said=hit.group().strip(), key=f"{number}|{sign}|{word}")
    for hit in _WORD.finditer(plain):
        word = hit.group()
        folded = word.casefold()
        if folded in NUMBER_WORDS:
            yield Claim(kind="word", said=word, key=folded)
        elif _is_name(word) and not (word.istitle() and _SENTENCE.search(plain, max(0, hit.start() - 20), hit.start())):
            yield Claim(kind="name", said=word, key=folded)


def _is_name(word: str) -> bool:
    """Capitals, or letters with digits. A first word of a sentence says nothing by its capital."""
    if not any(char.isalpha() for char in word):
        return False
    return any(char.isupper() for char in word) or any(char.isdigit() for char in word)
