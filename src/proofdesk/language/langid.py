"""Which language a text is in: hashed letter groups and words, weighed by a small linear model of fourteen languages.

The weights (`langid.model`: one line of JSON, then a matrix of int8) are learnt from our own word lists and invented
sentences by `python -m bench.language.fit_langid`. The share is a probability where the model says it is calibrated.
"""

import re
import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from math import exp, sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

MAX_CHARS = 1_000
FALLBACK = "en"
MIN_SURE_PPM = 500_000
BUCKETS = 1 << 14
MAX_GROUP = 4
MAX_WORD_CHARS = 40
KEPT_WORDS = 4_096
_WORD = re.compile(r"[^\W\d_]+'?|[¿¡]")
_URL = re.compile(r"\S+@\S+|https?://\S+|⟦[^⟧]*⟧")


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """`code` ISO 639-1; `share_ppm`: its probability among the languages looked at; `known` false: too little to tell,
    the default."""

    code: str
    share_ppm: int
    known: bool
    calibrated: bool = False


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First line of the model's file. `scale` turns a weight into a logit; its calibration is part of it."""

    version: str
    codes: list[str]
    scale: float
    bias: list[float]
    calibrated: list[str]
    """Languages whose held-out texts showed an expected calibration error small enough."""


class _Model(msgspec.Struct, frozen=True, kw_only=True):
    head: Head
    weights: NDArray[np.int8]
    """A row for each bucket, a column for each code."""


def identify(text: str, among: Sequence[str] = (), default: str = FALLBACK) -> Language:
    """The most likely language, of `among` where given (codes the model does not have are left out)."""
    model = _model()
    chosen = [place for place, code in enumerate(model.head.codes) if not among or code in among]
    counts = features(text)
    if not counts or not chosen:
        return Language(code=default, share_ppm=0, known=False)
    logits = _logits(model, counts)
    top = max(logits[place] for place in chosen)
    weights = {place: exp(logits[place] - top) for place in chosen}
    best = min(weights, key=lambda place: (-weights[place], model.head.codes[place]))
    share = round(1e6 * weights[best] / sum(weights.values()))
    code = model.head.codes[best]
    if share < MIN_SURE_PPM:
        return Language(code=default, share_ppm=share, known=False)
    return Language(code=code, share_ppm=share, known=True, calibrated=code in model.head.calibrated)


def features(text: str) -> dict[int, float]:
    """Bucket -> how often, over the length of the vector. What the fitting script counts, too."""
    counts: dict[int, float] = {}
    for word in _WORD.findall(_URL.sub(" ", text[:MAX_CHARS]).lower()):
        for bucket in _buckets(word[:MAX_WORD_CHARS]):
            counts[bucket] = counts.get(bucket, 0.0) + 1.0
    length = sqrt(sum(count * count for count in counts.values()))
    return {bucket: count / length for bucket, count in counts.items()}


@lru_cache(maxsize=KEPT_WORDS)
def _buckets(word: str) -> tuple[int, ...]:
    """Of the word itself and of its groups of one to MAX_GROUP letters, its ends being letters too."""
    padded = f" {word} "
    groups = [padded[at : at + size] for size in range(1, MAX_GROUP + 1) for at in range(len(padded) - size + 1)]
    named = [f"={word}", *(group for group in groups if group != " ")]
    return tuple(zlib.crc32(each.encode()) % BUCKETS for each in named)


def _logits(model: _Model, counts: dict[int, float]) -> list[float]:
    """Summed in whole numbers, so that every machine gives the same."""
    at = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
    share = np.fromiter((round(value * 65_536) for value in counts.values()), dtype=np.int64, count=len(counts))
    sums = share @ model.weights[at].astype(np.int64)
    return [int(total) / 65_536 * model.head.scale + bias for total, bias in zip(sums, model.head.bias, strict=True)]


@cache
def _model() -> _Model:
    return read_model(resources.files("proofdesk.language").joinpath("langid.model").read_bytes())


def read_model(data: bytes) -> _Model:
    """Raises msgspec.DecodeError, msgspec.ValidationError or ValueError for bytes that are no model."""
    line, _, rest = data.partition(b"\n")
    head = msgspec.json.decode(line, type=Head)
    weights = np.frombuffer(rest, dtype=np.int8).reshape(BUCKETS, len(head.codes))
    return _Model(head=head, weights=weights)
