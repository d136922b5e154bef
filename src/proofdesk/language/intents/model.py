"""The trained intent model: one text in, integer-quantised calibrated probabilities out. Needs numpy only."""

import re
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.core.reading import Span
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.kernel import KernelHead
from proofdesk.language.intents.linear import LinearHead
from proofdesk.language.intents.segments import segments
from proofdesk.language.intents.stack import Doubles, ScopeCurve, centred, energy, probabilities
from proofdesk.language.intents.tfidf import Vectoriser
from proofdesk.ports import IntentScore, Triage

Floats = NDArray[np.float32]
SHOWN_SCORES = 10
MAX_SEGMENTS = 16


class Projection(msgspec.Struct, frozen=True):
    """Unit length, minus `mean`, unit length, times `axes` (d, kept)."""

    mean: Floats
    axes: Floats

    def __call__(self, vectors: Floats) -> Floats:
        moved: Floats = _unit(_unit(vectors) - self.mean) @ self.axes
        return moved


class SegmentTriage(msgspec.Struct, frozen=True, kw_only=True):
    """The triage of one clause of a ticket."""

    span: Span
    text: str
    triage: Triage


class StackedIntentModel(msgspec.Struct, frozen=True, kw_only=True):
    """Heads, their weights and the scope curve. Make one with `train` or `load`; `encoder` is attached, not stored."""

    intents: tuple[str, ...]
    vectoriser: Vectoriser
    linear: LinearHead
    weights: tuple[float, ...]
    """Of the linear head, then of the kernel head where there is one."""
    scope: ScopeCurve
    alone_weight: float
    """Weight and scope curve of the linear head by itself, for a machine without the encoder."""
    alone_scope: ScopeCurve
    projection: Projection | None = None
    kernel: KernelHead | None = None
    encoder_hash: str = ""
    encoder: Encoder | None = None
    notice: str = ""
    model_hash: str = ""

    def triage(self, text: str) -> Triage:
        """Probabilities of the best SHOWN_SCORES intents. Same text, same machine: same integers."""
        if not re.search(r"\w", text):
            even = round(1e6 / len(self.intents))
            shown = tuple(IntentScore(intent=name, score_ppm=even) for name in self.intents[:SHOWN_SCORES])
            return Triage(scores=shown, in_scope_ppm=0, model_hash=self.model_hash)
        return self._quantised(self._logits_of_one(text))

    def triage_many(self, texts: Sequence[str]) -> list[Triage]:
        """As `triage`, encoded in batches: may differ from it in the last digits, so never for a live decision."""
        return [self._quantised(row) for row in self.logits_many(texts)]

    def triage_segments(self, text: str) -> tuple[SegmentTriage, ...]:
        """Each clause of the ticket judged by itself (at most MAX_SEGMENTS): a ticket may hold several intents."""
        found = segments(text)[:MAX_SEGMENTS]
        return tuple(SegmentTriage(span=span, text=part, triage=self.triage(part)) for span, part in found)

    def logits_many(self, texts: Sequence[str]) -> Doubles:
        """(n, intents)."""
        logits = self.weights[0] * centred(self.linear.many(self.vectoriser.many(texts)))
        if self.kernel is not None and self.projection is not None and self.encoder is not None:
            scores = self.kernel.many(self.projection(self.encoder.many(texts)))
            logits = logits + self.weights[1] * centred(scores)
        return logits

    def _logits_of_one(self, text: str) -> Doubles:
        logits = self.weights[0] * centred(self.linear.one(*self.vectoriser.one(text)))
        if self.kernel is not None and self.projection is not None and self.encoder is not None:
            vector = self.projection(self.encoder.one(text)[None, :])[0]
            logits = logits + self.weights[1] * centred(self.kernel.one(vector))
        return logits

    def _quantised(self, logits: Doubles) -> Triage:
        chance = np.rint(probabilities(logits) * 1e6).astype(np.int64)
        best = sorted(range(len(chance)), key=lambda i: (-chance[i], self.intents[i]))[:SHOWN_SCORES]
        return Triage(
            scores=tuple(IntentScore(intent=self.intents[i], score_ppm=int(chance[i])) for i in best),
            in_scope_ppm=self.scope.ppm(float(energy(logits))),
            model_hash=self.model_hash,
        )


def _unit(rows: Floats) -> Floats:
    out: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return out


def fit_projection(vectors: Floats, kept: int) -> Projection:
    """Mean of the unit vectors and the first `kept` principal axes (uncentred) of what is left."""
    unit = _unit(vectors)
    mean = unit.mean(axis=0)
    moved = _unit(unit - mean)
    _, axes = np.linalg.eigh((moved.T @ moved).astype(np.float64))
    return Projection(mean, np.ascontiguousarray(axes[:, ::-1][:, :kept], np.float32))
