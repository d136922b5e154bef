"""Signs counted, weighed and turned into probabilities."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from math import exp, log1p

import msgspec
import yaml

from proofdesk.core.tone import Estimate, Tone
from proofdesk.language.phrases import Phrases, fold

LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
MAX_CHARS = 20_000
MAX_COUNT = 4
"""Of one sign: the fifth insult says no more than the fourth."""
TARGETS = ("sentiment", "urgency", "frustration")
_WORD = re.compile(r"[^\W\d_]+")
_GOOD = re.compile(r"[😀-😄😊😍🥰👍🎉❤🙏]|[:;]-?[)D]")
_BAD = re.compile(r"[😠😡🤬😤😞😢😭👎💩]|[:]-?[(]")
_NEGATED_AFTER_CHARS = 30


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bias: float
    weights: dict[str, float]
    calibrated: bool
    """The expected calibration error on held-out texts was small enough; the fitting script decides."""


class _Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    heads: dict[str, _Head]


class ToneModel:
    """Deterministic; one text costs some tens of microseconds. Weights by sign name for each of TARGETS."""

    def __init__(self, weights: bytes) -> None:
        """Raises msgspec.DecodeError, msgspec.ValidationError for weights that are none."""
        self._weights = msgspec.json.decode(weights, type=_Weights)

    def tone(self, text: str, language: str) -> Tone:
        """Estimates for one message. Outside LANGUAGES they are marked uncalibrated."""
        found = features(text)
        known = language in LANGUAGES
        sentiment, urgency, frustration = (
            Estimate(ppm=self._ppm(head, found), calibrated=known and head.calibrated)
            for head in map(self._weights.heads.__getitem__, TARGETS)
        )
        named = sorted((name for name in found if name in _names()), key=lambda name: (-found[name], name))
        return Tone(
            sentiment=sentiment,
            urgency=urgency,
            frustration=frustration,
            signs=tuple(named),
            model=self._weights.version,
        )

    def _ppm(self, head: _Head, found: Mapping[str, float]) -> int:
        total = head.bias + sum(head.weights.get(name, 0.0) * value for name, value in sorted(found.items()))
        return round(1e6 / (1.0 + exp(-max(-30.0, min(30.0, total)))))


@cache
def default_model() -> ToneModel:
    return ToneModel(resources.files("proofdesk.language.tone").joinpath("weights.json").read_bytes())


def features(text: str) -> dict[str, float]:
    """How much of each sign there is; absent signs are left out. All languages are read at once: people mix them."""
    text = text[:MAX_CHARS]
    folded = fold(text)
    hits = sorted({(start, end, rule) for start, end, rule in _phrases().find(folded)})
    no = [end for _, end, rule in hits if rule == "negation"]
    found: dict[str, float] = {}
    for start, _, rule in hits:
        if rule == "urgent" and _unhurried(hits, start):
            continue
        sign = "not_pleased" if rule == "pleased" and _negated(folded, no, start) else rule
        found[sign] = found.get(sign, 0.0) + 1
    words = [word for word in _WORD.findall(text) if len(word) > 3]
    found["shouting"] = MAX_COUNT * sum(word.isupper() for word in words) / len(words) if words else 0.0
    found["exclamation"] = float(text.count("!"))
    found["doubled_marks"] = float(len(re.findall(r"[!?]{2,}", text)))
    found["smile"], found["frown"] = float(len(_GOOD.findall(text))), float(len(_BAD.findall(text)))
    return {name: log1p(min(value, MAX_COUNT)) for name, value in found.items() if value}


def _negated(folded: str, no: list[int], at: int) -> bool:
    """ "Not happy" is none: a negation stands shortly before, in the same sentence."""
    last = max((end for end in no if end <= at), default=None)
    return last is not None and at - last <= _NEGATED_AFTER_CHARS and not re.search(r"[.!?\n]", folded[last:at])


def _unhurried(hits: list[tuple[int, int, str]], at: int) -> bool:
    """ "Not urgent" is one sign, of patience."""
    return any(rule == "patient" and start <= at < end for start, end, rule in hits)


@cache
def _names() -> frozenset[str]:
    return frozenset(_read())


@cache
def _read() -> Mapping[str, Mapping[str, list[str]]]:
    file = yaml.safe_load(resources.files("proofdesk.language.tone").joinpath("tone.yaml").read_text("utf-8"))
    signs: Mapping[str, Mapping[str, list[str]]] = file["signs"]
    return signs


@cache
def _phrases() -> Phrases:
    phrases = Phrases()
    for sign, by_language in _read().items():
        for patterns in by_language.values():
            for pattern in patterns:
                phrases.add(pattern, sign)
    return phrases
