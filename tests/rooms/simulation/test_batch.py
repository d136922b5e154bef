"""Batches for speed, single encodings where a threshold is near; the past back office invents and writes nothing."""

from collections.abc import Sequence

import pytest

from proofdesk.flows.simulation.batch import NEAR_PPM, BatchModel
from proofdesk.flows.simulation.office import NotRecorded, PastOffice, WouldWrite
from proofdesk.flows.simulation.past import PastLookup
from proofdesk.language.intents import SegmentTriage
from proofdesk.ports import Answer, Capability, IntentScore, Refused, Triage


class Scores:
    """A model whose batches are off by one in the last digit, as real ones are. The text is its score."""

    model_hash = "m"

    def __init__(self) -> None:
        self.singly: list[str] = []
        self.batches: list[list[str]] = []

    def _of(self, text: str, off: int) -> Triage:
        score = IntentScore(intent="a", score_ppm=int(text) + off if text.isdigit() else 0)
        return Triage(scores=(score,), in_scope_ppm=900_000, model_hash="m")

    def triage(self, text: str) -> Triage:
        self.singly.append(text)
        return self._of(text, 0)

    def triage_many(self, texts: Sequence[str]) -> list[Triage]:
        self.batches.append(list(texts))
        return [self._of(text, 1) for text in texts]

    def triage_segments(self, text: str) -> tuple[SegmentTriage, ...]:
        raise AssertionError(f"{text}: passages are judged through the batch model")


def test_texts_near_a_threshold_are_encoded_by_themselves():
    inner = Scores()
    model = BatchModel(inner, [600_000])
    texts = ["500000", str(600_000 - NEAR_PPM), str(600_000 + NEAR_PPM), "602000", "500000"]
    model.prepare(texts)
    assert inner.batches == [list(dict.fromkeys(texts))]
    assert inner.singly == [str(600_000 - NEAR_PPM)]
    assert [model.encoding(text) for text in texts] == ["batch", "single", "batch", "batch", "batch"]
    assert model.triage("500000").scores[0].score_ppm == 500_001
    assert model.triage(str(600_000 - NEAR_PPM)).scores[0].score_ppm == 600_000 - NEAR_PPM
    assert model.triage("7").scores[0].score_ppm == 7
    model.forget()
    assert model.encoding("500000") == "none"


def test_a_text_without_words_never_enters_a_batch():
    inner = Scores()
    BatchModel(inner, []).prepare(["?!", "123"])
    assert (inner.batches, inner.singly) == ([["123"]], ["?!"])


def test_passages_are_judged_in_one_batch():
    inner = Scores()
    found = BatchModel(inner, []).triage_segments("Cancel my order please. I also forgot my password.")
    assert len(found) == 2
    assert len(inner.batches) == 1


def capability(name: str, *, writes: bool = False) -> Capability:
    return Capability(name=name, connector="c", operation=name, scope="s", writes=writes)


async def test_the_office_knows_what_was_recorded_and_nothing_else():
    known = {"orders.read": capability("orders.read"), "orders.cancel": capability("orders.cancel", writes=True)}
    office = PastOffice(
        known,
        [
            PastLookup(capability="orders.read", args={"a": 1, "b": 2}, value={"id": "x"}),
            PastLookup(capability="orders.read", args={"a": 9}, refused="not_found"),
        ],
    )
    assert await office.call("orders.read", {"b": 2, "a": 1}) == Answer(value={"id": "x"})
    refused = await office.call("orders.read", {"a": 9})
    assert isinstance(refused, Refused)
    assert refused.code == "not_found"
    with pytest.raises(NotRecorded, match=r"would look up orders\.read: unknown"):
        await office.call("orders.read", {"a": 3})
    with pytest.raises(WouldWrite):
        await office.call("orders.cancel", {}, key="k")
