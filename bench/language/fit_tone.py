"""Fits the weights of the tone model to the invented learning texts and prints how it does on those held out.

python -m bench.language.fit_tone [--write]
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from bench.language.tone_texts import ToneText, tone_texts
from proofdesk.core.statistics import auroc, expected_calibration_error
from proofdesk.language.tone import features

TARGET = Path(__file__).parents[2] / "src" / "proofdesk" / "language" / "tone" / "weights.json"
VERSION = "invented-texts-1"
MAX_ECE = 0.05
"""Above this the estimates are marked uncalibrated."""


def labelled(texts: list[ToneText], target: str) -> tuple[list[dict[str, float]], list[int]]:
    """Rows and labels; a neutral text is half positive, half negative."""
    rows, labels = [], []
    for each in texts:
        value = getattr(each, target)
        for label in (1, 0) if target == "sentiment" and value == 0 else (int(value > 0),):
            rows.append(features(each.text))
            labels.append(label)
    return rows, labels


def main() -> None:
    learn, held = tone_texts("learn"), tone_texts("held")
    heads: dict[str, dict[str, object]] = {}
    for target in ("sentiment", "urgency", "frustration"):
        rows, labels = labelled(learn, target)
        names = sorted({name for row in rows for name in row})
        machine = LogisticRegression(C=0.3, max_iter=500).fit([[r.get(n, 0.0) for n in names] for r in rows], labels)
        weights = {name: round(float(w), 3) for name, w in zip(names, machine.coef_[0], strict=True)}
        bias = round(float(machine.intercept_[0]), 3)
        # How sure it is where a text has a side: a neutral one has none to be right about.
        rows, labels = labelled([each for each in held if target != "sentiment" or each.sentiment], target)
        logits = np.array([bias + sum(weights.get(n, 0.0) * v for n, v in row.items()) for row in rows])
        chance = 1 / (1 + np.exp(-logits))
        sure = [float(max(p, 1 - p)) for p in chance]
        right = [bool((p > 0.5) == bool(y)) for p, y in zip(chance, labels, strict=True)]
        area = auroc([float(p) for p, y in zip(chance, labels, strict=True) if y],
                     [float(p) for p, y in zip(chance, labels, strict=True) if not y])  # fmt: skip
        ece = expected_calibration_error(sure, right)
        heads[target] = {"bias": bias, "weights": weights, "calibrated": bool(ece <= MAX_ECE)}
        print(f"{target}: held {len(labels)}, accuracy {np.mean(right):.3f}, AUROC {area:.3f}, ECE {ece:.3f}")
    if "--write" in sys.argv:
        TARGET.write_text(json.dumps({"version": VERSION, "heads": heads}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
