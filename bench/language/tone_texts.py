"""Labelled texts from the invented pieces of tests/data/tone_fragments.yaml: the same ones on every run."""

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Literal

import yaml

FRAGMENTS = Path(__file__).parents[2] / "tests" / "data" / "tone_fragments.yaml"
Part = Literal["learn", "held"]
_MAKE_UP: tuple[tuple[tuple[str, ...], int, int, int], ...] = (
    # pieces after the issue, then sentiment (-1, 0, 1), urgency, frustration
    ((), 0, 0, 0),
    (("plain",), 0, 0, 0),
    (("plain", "plain"), 0, 0, 0),
    (("calm",), 0, 0, 0),
    (("plain", "calm"), 0, 0, 0),
    (("pleased",), 1, 0, 0),
    (("pleased", "calm"), 1, 0, 0),
    (("pleased", "plain"), 1, 0, 0),
    (("urgent",), 0, 1, 0),
    (("urgent", "plain"), 0, 1, 0),
    (("pleased", "urgent"), 1, 1, 0),
    (("frustrated",), -1, 0, 1),
    (("frustrated", "plain"), -1, 0, 1),
    (("frustrated", "frustrated"), -1, 0, 1),
    (("frustrated", "urgent"), -1, 1, 1),
    (("urgent", "frustrated"), -1, 1, 1),
)


@dataclass(frozen=True)
class ToneText:
    """`sentiment` -1, 0 or 1; `urgency` and `frustration` 0 or 1."""

    text: str
    language: str
    sentiment: int
    urgency: int
    frustration: int


def tone_texts(part: Part, rounds: int = 3) -> list[ToneText]:
    pieces = yaml.safe_load(FRAGMENTS.read_text("utf-8"))[part]
    made: dict[tuple[str, str], ToneText] = {}
    for language, kinds in pieces.items():
        wheel = {kind: cycle(texts) for kind, texts in kinds.items()}
        for number in range(rounds * len(_MAKE_UP)):
            kinds_after, sentiment, urgency, frustration = _MAKE_UP[number % len(_MAKE_UP)]
            text = " ".join([next(wheel["issue"]), *(next(wheel[kind]) for kind in kinds_after)])
            made[language, text] = ToneText(text, language, sentiment, urgency, frustration)
    return list(made.values())
