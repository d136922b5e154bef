"""The trained intent model: one text in, integer-quantised calibrated probabilities out. Needs numpy only."""

import functools
import re
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.core.reading import Span
from proofdesk.language.intents.calibration import tempered
from proofdesk.language.intents.certificate import Certificate, Summary
from proofdesk.language.intents.linear import LinearHead
from proofdesk.language.intents.segments import segments
from proofdesk.language.intents.spelling import Corrector, Speller
from proofdesk.language.intents.stack import Doubles, in_scope_ppm
from proofdesk.language.intents.stage import Stage, Verdicts
from proofdesk.language.intents.tfidf import Vectoriser
from proofdesk.ports import IntentScore, Triage

Floats = NDArray[np.float32]
SHOWN_SCORES = 10
MAX_SEGMENTS = 16
SURE_ENOUGH = 0.98
"""A first reading at least this sure is final: the slower encoder changed next to none of them (see the ADR)."""


class SegmentTriage(msgspec.Struct, frozen=True, kw_only=True):
    """The triage of one clause of a ticket."""

    span: Span
    text: str
    triage: Triage


class StackedIntentModel(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Make one with `train` or `load`. Encoders are attached to the stages, not stored with them."""

    intents: tuple[str, ...]
    speller: Speller
    vectoriser: Vectoriser
    linear: LinearHead
    alone: Stage
    """The linear head by itself, for a machine without encoders."""
    fast: Stage | None = None
    full: Stage | None = None
    """Reads again what `fast` is not sure of."""
    certificate: Certificate | None = None
    certificate_with_oos: Certificate | None = None
    summary: Summary | None = None
    notice: str = ""
    model_hash: str = ""

    @functools.cached_property
    def corrector(self) -> Corrector:
        return Corrector(self.speller)

    @property
    def first(self) -> Stage:
        return self.fast or self.alone

    def triage(self, text: str) -> Triage:
        """Probabilities of the best SHOWN_SCORES intents. Same text, same machine: same integers."""
        if not re.search(r"\w", text):
            even = round(1e6 / len(self.intents))
            shown = tuple(IntentScore(intent=name, score_ppm=even) for name in self.intents[:SHOWN_SCORES])
            return Triage(scores=shown, in_scope_ppm=0, model_hash=self.model_hash)
        return self.shown(self.judge(text), 0)

    def triage_many(self, texts: Sequence[str]) -> list[Triage]:
        """As `triage`, encoded in batches: may differ from it in the last digits, so never for a live decision."""
        found = self.judge_many(texts)
        return [self.shown(found, row) for row in range(len(texts))]

    def triage_segments(self, text: str) -> tuple[SegmentTriage, ...]:
        """Each clause of the ticket judged by itself (at most MAX_SEGMENTS): a ticket may hold several intents."""
        found = segments(text)[:MAX_SEGMENTS]
        return tuple(SegmentTriage(span=span, text=part, triage=self.triage(part)) for span, part in found)

    def judge(self, text: str) -> Verdicts:
        """One text, encoded by itself: what a decision rests on."""
        read = self.corrector.corrected(text)
        linear = self.linear.one(*self.vectoriser.one(read))[None, :]
        found = _one(self.first, linear, read)
        if self.full is not None and found.confidence[0] < SURE_ENOUGH:
            return _one(self.full, linear, read, again=True)
        return found

    def judge_many(self, texts: Sequence[str]) -> Verdicts:
        read = [self.corrector.corrected(text) for text in texts]
        linear = self.linear.many(self.vectoriser.many(read))
        found = _many(self.first, linear, read)
        unsure = np.flatnonzero(found.confidence < SURE_ENOUGH)
        if self.full is None or not len(unsure):
            return found
        return found.taking(unsure, _many(self.full, linear[unsure], [read[row] for row in unsure], again=True))

    def shown(self, found: Verdicts, row: int) -> Triage:
        chance = np.rint(tempered(found.logits[row], float(found.confidence[row])) * 1e6).astype(np.int64)
        best = sorted(range(len(chance)), key=lambda i: (-chance[i], self.intents[i]))[:SHOWN_SCORES]
        return Triage(
            scores=tuple(IntentScore(intent=self.intents[i], score_ppm=int(chance[i])) for i in best),
            in_scope_ppm=in_scope_ppm(float(found.odds[row])),
            model_hash=self.model_hash,
        )


def _one(stage: Stage, linear: Floats, text: str, *, again: bool = False) -> Verdicts:
    vector = stage.encoder.one(text)[None, :] if stage.encoder is not None else None
    return stage.judge(stage.heads(linear, vector), again=again)


def _many(stage: Stage, linear: Floats, texts: Sequence[str], *, again: bool = False) -> Verdicts:
    if not texts:
        empty: Doubles = np.zeros((len(stage.weights), 0, linear.shape[1]))
        return stage.judge(empty)
    vectors = stage.encoder.many(texts) if stage.encoder is not None else None
    return stage.judge(stage.heads(linear, vectors), again=again)
