"""The intent model over many texts: encoded in batches, and again singly where a batch's last digits could decide."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from proofdesk.core.simulation.values import Encoding
from proofdesk.language.intents import SegmentTriage, segments
from proofdesk.ports import IntentModel, Triage

NEAR_PPM = 1_000
"""This close to a threshold a text is encoded by itself, as a live decision is."""
MAX_SEGMENTS = 16


class ManyModel(IntentModel, Protocol):
    def triage_many(self, texts: Sequence[str]) -> list[Triage]: ...


class BatchModel:
    """An IntentModel that remembers what it was prepared with; `limits_ppm` are the thresholds in force."""

    def __init__(self, inner: ManyModel, limits_ppm: Iterable[int]) -> None:
        self._inner = inner
        self._limits = tuple(sorted(set(limits_ppm)))
        self._known: dict[str, Triage] = {}
        self._single: set[str] = set()

    @property
    def model_hash(self) -> str:
        return self._inner.model_hash

    def prepare(self, texts: Iterable[str]) -> None:
        wanted = [text for text in dict.fromkeys(texts) if text not in self._known]
        plain = [text for text in wanted if any(map(str.isalnum, text))]
        for text, seen in zip(plain, self._inner.triage_many(plain), strict=True):
            self._known[text] = seen
            if self._near(seen):
                self.singly(text)
        for text in set(wanted) - set(plain):
            self.singly(text)

    def singly(self, text: str) -> Triage:
        self._single.add(text)
        self._known[text] = self._inner.triage(text)
        return self._known[text]

    def triage(self, text: str) -> Triage:
        found = self._known.get(text)
        return found if found is not None else self.singly(text)

    def triage_segments(self, text: str) -> tuple[SegmentTriage, ...]:
        parts = segments(text)[:MAX_SEGMENTS]
        self.prepare(part for _, part in parts)
        return tuple(SegmentTriage(span=span, text=part, triage=self.triage(part)) for span, part in parts)

    def encoding(self, text: str) -> Encoding:
        if text not in self._known:
            return "none"
        return "single" if text in self._single else "batch"

    def forget(self) -> None:
        self._known.clear()
        self._single.clear()

    def _near(self, seen: Triage) -> bool:
        values = [seen.in_scope_ppm, *(score.score_ppm for score in seen.scores[:1])]
        return any(abs(value - limit) <= NEAR_PPM for value in values for limit in self._limits)
