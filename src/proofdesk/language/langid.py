"""Which language a text is in: function words and letter profiles of fourteen European languages, own word lists.

No trained corpus stands behind it: the share it gives is a posterior under a simple model, marked uncalibrated.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from math import exp, log

import msgspec
import yaml

MAX_CHARS = 2_000
FALLBACK = "en"
MIN_SURE_PPM = 600_000
_WORD = re.compile(r"[^\W\d_]+'?")
_URL = re.compile(r"\S+@\S+|https?://\S+|⟦[^⟧]*⟧")
_UNSEEN = -9.0
_SPECIAL = {
    "de": "ßäöü", "fr": "éèêëàâçùûîïôœ", "es": "ñ¿¡áéíóú", "it": "àèéìòù", "pt": "ãõçáéíóúâêô", "nl": "ëï",
    "sv": "åäö", "da": "æøå", "no": "æøå", "fi": "äö", "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "ro": "ăâîșțşţ",
}  # fmt: skip


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """`code` ISO 639-1; `share_ppm`: its part of the posterior; `known` false: too little to tell, the default."""

    code: str
    share_ppm: int
    known: bool
    calibrated: bool = False


class _Profile(msgspec.Struct, frozen=True):
    words: Mapping[str, float]
    grams: Mapping[str, float]
    letters: frozenset[str]


def identify(text: str, among: Sequence[str] = (), default: str = FALLBACK) -> Language:
    """The most likely language, of `among` where given (codes without a profile are left out)."""
    profiles = {code: p for code, p in _profiles().items() if not among or code in among}
    words = _WORD.findall(_URL.sub(" ", text[:MAX_CHARS]).lower())
    if not words or not profiles:
        return Language(code=default, share_ppm=0, known=False)
    marks = set("".join(words)) | ({"¿", "¡"} & set(text[:MAX_CHARS]))
    scores = {code: _score(words, marks, profile) for code, profile in profiles.items()}
    top = max(scores.values())
    weights = {code: exp(score - top) for code, score in scores.items()}
    best = min(weights, key=lambda code: (-weights[code], code))
    share = round(1e6 * weights[best] / sum(weights.values()))
    known = share >= MIN_SURE_PPM
    return Language(code=best if known else default, share_ppm=share, known=known)


def _score(words: Sequence[str], marks: set[str], profile: _Profile) -> float:
    """Log-likelihood, tempered because neighbouring letters are not independent."""
    total = 0.0
    for word in words:
        grams = _grams(word)
        letters = sum(profile.grams.get(gram, _UNSEEN) for gram in grams) / len(grams)
        total += max(profile.words.get(word, _UNSEEN), letters - 2.5) * 0.6
    odd = {mark for mark in marks if not mark.isascii() and mark.isalpha()} | (marks & {"¿", "¡"})
    return total + 1.5 * len(odd & profile.letters) - 3.0 * len(odd - profile.letters)


def _grams(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + 3] for i in range(len(padded) - 2)] or [padded]


@cache
def _profiles() -> Mapping[str, _Profile]:
    lists = yaml.safe_load(resources.files("proofdesk.language").joinpath("languages.yaml").read_text("utf-8"))
    return {str(code): _profile(str(code), str(words).split()) for code, words in lists.items()}


def _profile(code: str, words: Sequence[str]) -> _Profile:
    unique = list(dict.fromkeys(words))
    weights = {word: 1.0 / (10 + rank) for rank, word in enumerate(unique)}
    total = sum(weights.values())
    grams = Counter(gram for word in unique for gram in _grams(word))
    mass = sum(grams.values()) + 0.05 * 5_000
    return _Profile(
        {word: log(weight / total) for word, weight in weights.items()},
        {gram: log((count + 0.05) / mass) for gram, count in grams.items()},
        frozenset(_SPECIAL.get(code, "")),
    )
