"""Intents: accuracy, calibration, certified coverage, out-of-scope; and few examples per intent.

Accuracy of banking texts: one fifth held out by the order of the texts' hashes; of the assistant texts: the
validation part, whose first half certifies a threshold that the second half checks.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.language.baseline import Baseline
from bench.language.rows import Rows, assistant, banking, encoder, few, names
from proofdesk.core.statistics import auroc, certify_ppm, expected_calibration_error
from proofdesk.language.intents import StackedIntentModel, train
from proofdesk.language.intents.stack import in_scope_ppm

ALPHA, DELTA = 0.01, 0.05


def fitted(learn: Rows, oos: Sequence[str], read: Any) -> tuple[StackedIntentModel, float]:
    start = time.perf_counter()
    model = train(learn, oos, read)
    if not isinstance(model, StackedIntentModel):
        sys.exit(f"training: {model.reason}")
    return model, time.perf_counter() - start


def judged(model: StackedIntentModel, held: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = model.judge_many([r.text for r in held])
    right = np.array([model.intents[k] == r.intent for k, r in zip(found.best, held, strict=True)])
    return found.confidence, right, found.odds


def intents() -> dict[str, Any]:
    learn, held = banking()
    model, seconds = fitted(learn, [], encoder())
    sure, right, _ = judged(model, held)
    out: dict[str, Any] = {
        "banking": {
            "train_rows": len(learn), "held_out_rows": len(held), "accuracy": right.mean(), "train_s": seconds,
            "ece_15": expected_calibration_error(list(sure), list(right)), "certified": certified(sure, right),
            "accuracy_words_alone": judged(fitted(learn, [], None)[0], held)[1].mean(),
            "baseline": {"accuracy": Baseline(learn).accuracy(held)},
        }
    }  # fmt: skip
    learn, oos, held, held_oos = assistant()
    model, seconds = fitted(learn, oos, encoder())
    sure, right, inside = judged(model, held)
    outside = model.judge_many(held_oos).odds
    baseline = Baseline(learn)
    base_in, base_out = (baseline.chances(t).max(1) for t in ([r.text for r in held], held_oos))
    out["assistant"] = {
        "train_rows": len(learn), "held_out_rows": len(held), "accuracy": right.mean(), "train_s": seconds,
        "ece_15": expected_calibration_error(list(sure), list(right)), "certified": certified(sure, right),
        "oos_auroc": auroc(list(inside), list(outside)),
        "in_scope_kept_at_default": share(inside), "oos_kept_at_default": share(outside),
        "baseline": {"accuracy": baseline.accuracy(held), "oos_auroc": auroc(list(base_in), list(base_out))},
    }  # fmt: skip
    return out


def share(odds: np.ndarray) -> float:
    return float(np.mean([in_scope_ppm(float(each)) >= 700_000 for each in odds]))


def certified(sure: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """Threshold certified on the first half of the held-out rows, checked on the second."""
    ppm = [round(1e6 * p) for p in sure]
    half = len(ppm) // 2
    found = certify_ppm(ppm[:half], [bool(r) for r in right[:half]], alpha=ALPHA, delta=DELTA)
    kept = np.array(ppm[half:]) >= (found if found is not None else 1_000_001)
    promised = {"promised": 1 - ALPHA, "threshold_ppm": found, "coverage": float(kept.mean())}
    return promised | {"accuracy": float(right[half:][kept].mean()) if kept.any() else None}


def few_shot() -> dict[str, Any]:
    out: dict[str, Any] = {}
    sets = {"banking": banking(), "assistant": (assistant()[0], assistant()[2])}
    for name, (learn, held) in sets.items():
        for count in (1, 5, 10):
            runs = [few(learn, count, seed) for seed in (1, 2, 3)]
            trained = [fitted(run, [], encoder()) for run in runs]
            ours = [judged(model, held)[1].mean() for model, _ in trained]
            out[f"{name}_{count}"] = {
                "accuracy": np.mean(ours), "sd": np.std(ours, ddof=1), "train_s": max(s for _, s in trained),
                "baseline": {"accuracy": np.mean([Baseline(run + names(run)).accuracy(held) for run in runs])},
            }  # fmt: skip
    return out


ITEMS = {"intents": intents, "few_shot": few_shot}
