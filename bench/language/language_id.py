"""Language identification among seven languages, on the invented held-out texts and on their single short pieces."""

from typing import Any

import numpy as np
import yaml

from bench.language.timing import times
from bench.language.tone_texts import FRAGMENTS, tone_texts
from proofdesk.core.statistics import expected_calibration_error
from proofdesk.language.langid import identify

AMONG = ("en", "de", "fr", "es", "it", "nl", "pt")


def language_id() -> dict[str, Any]:
    pieces = yaml.safe_load(FRAGMENTS.read_text("utf-8"))
    learn, short = (
        [(text, code) for code, kinds in pieces[part].items() for texts in kinds.values() for text in texts]
        for part in ("learn", "held")
    )
    whole = [(each.text, each.language) for each in tone_texts("held")]
    return {
        "texts": len(whole), "accuracy": ours(whole), "ece": surety(whole),
        "pieces": len(short), "accuracy_of_pieces": ours(short), "ece_of_pieces": surety(short),
        "calibrated": all(identify(text, AMONG).calibrated for text, _ in whole),
        "ms": times(lambda text: identify(text, AMONG), [text for text, _ in whole]),
        "baseline": {"accuracy": letters(learn, whole), "accuracy_of_pieces": letters(learn, short)},
    }  # fmt: skip


def ours(rows: list[tuple[str, str]]) -> float:
    return float(np.mean([identify(text, AMONG).code == code for text, code in rows]))


def surety(rows: list[tuple[str, str]]) -> float:
    """Expected calibration error of the shares."""
    found = [identify(text, AMONG) for text, _ in rows]
    right = [each.code == code for each, (_, code) in zip(found, rows, strict=True)]
    return expected_calibration_error([each.share_ppm / 1e6 for each in found], right)


def letters(learn: list[tuple[str, str]], held: list[tuple[str, str]]) -> float:
    """What one would do without us: letter groups of the learning pieces, logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
    machine = LogisticRegression(C=20.0, max_iter=500).fit(
        grams.fit_transform([text for text, _ in learn]), [code for _, code in learn]
    )
    return float(np.mean(machine.predict(grams.transform([text for text, _ in held])) == [code for _, code in held]))


ITEMS = {"language_id": language_id}
