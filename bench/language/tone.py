"""Sentiment, urgency and frustration on invented texts no weight was fitted to; a plain word model beside them."""

from typing import Any

import numpy as np

from bench.language.timing import times
from bench.language.tone_texts import ToneText, tone_texts
from proofdesk.core.statistics import auroc, expected_calibration_error
from proofdesk.core.tone import Tone
from proofdesk.language.tone import default_model


def tone() -> dict[str, Any]:
    learn, held = tone_texts("learn"), tone_texts("held")
    found = [default_model().tone(each.text, each.language) for each in held]
    out: dict[str, Any] = {
        "learning_texts": len(learn), "held_out_texts": len(held), "languages": len({each.language for each in held}),
        "texts": "invented; no piece of a held-out text occurs in a learning text",
    }  # fmt: skip
    for target in ("sentiment", "urgency", "frustration"):
        # A neutral text has no side to be on.
        sided = [i for i, each in enumerate(held) if target != "sentiment" or each.sentiment]
        labels = [getattr(held[i], target) > 0 for i in sided]
        out[target] = {
            **scores([_chance(found[i], target) for i in sided], labels),
            "calibrated": getattr(found[0], target).calibrated,
            "baseline": scores(word_model(learn, [held[i] for i in sided], target), labels),
        }
    out["ms"] = times(lambda text: default_model().tone(text, "en"), [each.text for each in held])
    return out


def scores(chances: list[float], labels: list[bool]) -> dict[str, float]:
    right = [(chance > 0.5) == label for chance, label in zip(chances, labels, strict=True)]
    return {
        "texts": len(labels),
        "accuracy": float(np.mean(right)),
        "auroc": auroc(
            [c for c, label in zip(chances, labels, strict=True) if label],
            [c for c, label in zip(chances, labels, strict=True) if not label],
        ),
        "ece_15": expected_calibration_error([max(c, 1 - c) for c in chances], right),
    }


def word_model(learn: list[ToneText], held: list[ToneText], target: str) -> list[float]:
    """What one would do without us: TF-IDF of words and word pairs, logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    sided = [each for each in learn if target != "sentiment" or each.sentiment]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    matrix = words.fit_transform([each.text for each in sided])
    machine = LogisticRegression(C=20.0, max_iter=500).fit(matrix, [getattr(each, target) > 0 for each in sided])
    return [float(p) for p in machine.predict_proba(words.transform([each.text for each in held]))[:, 1]]


def _chance(found: Tone, target: str) -> float:
    return int(getattr(found, target).ppm) / 1e6


ITEMS = {"tone": tone}
