"""Which words decided: what each adds to the linear head's score of the intent over that of the runner-up.

The kernel head has no words to point at: where it overruled the linear head, the phrases say less.
"""

import re

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.language.intents.model import StackedIntentModel

MAX_PHRASES = 3
MAX_WORDS = 400
MAX_REMEMBERED = 20_000
_WORD = re.compile(r"\w+(?:['’]\w+)*")


class Phrase(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the text as written, `text[start:end]`, and how much it weighs for the intent."""

    text: str
    start: int
    end: int
    weight: float


class Explainer:
    """Remembers the words it has met: a batch repeats most of them."""

    def __init__(self, model: StackedIntentModel) -> None:
        self._model = model
        self._words: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]] = {}

    def phrases(self, text: str, best: int, other: int) -> tuple[Phrase, ...]:
        """The MAX_PHRASES runs of words that weigh most for intent number `best` against `other`."""
        read = {change.start: change.read for change in self._model.corrector.corrections(text)}
        runs: list[tuple[int, int, float]] = []
        last_end = -1
        for number, found in enumerate(_WORD.finditer(text)):
            if number >= MAX_WORDS:
                break
            weight = self._weight(read.get(found.start(), found.group()).lower(), best, other)
            if weight <= 0:
                last_end = -1
            elif last_end >= 0:
                start, _, sum_ = runs[-1]
                runs[-1] = (start, found.end(), sum_ + weight)
                last_end = found.end()
            else:
                runs.append((found.start(), found.end(), weight))
                last_end = found.end()
        top = sorted(runs, key=lambda run: (-run[2], run[0]))[:MAX_PHRASES]
        return tuple(Phrase(text=text[a:b], start=a, end=b, weight=round(w, 3)) for a, b, w in top)

    def _weight(self, word: str, best: int, other: int) -> float:
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= MAX_REMEMBERED:
                self._words.clear()
            columns, values = self._model.vectoriser.one(word)
            known = self._words[word] = (columns, values)
        columns, values = known
        weights = self._model.linear.weights
        return float(values @ (weights[columns, best].astype(np.float32) - weights[columns, other]))
