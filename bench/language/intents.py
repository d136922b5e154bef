"""Intents in both tiers: accuracy, calibration, promises kept, out-of-scope, typing slips; few examples per intent.

Banking texts: one fifth held out by the order of the texts' hashes, the rest trains and calibrates. Assistant texts:
half of the validation part calibrates and certifies, the other half measures. All of it was looked at while building.
"""

import random
import string
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from bench.language.baseline import Baseline
from bench.language.rows import Rows, assistant, banking, encoder, encoders, few, names
from proofdesk.core.statistics import auroc
from proofdesk.language.intents import Held, LabelledText, StackedIntentModel, train
from proofdesk.language.intents.assess import assess

TIERS = ("default", "accuracy")


def fitted(
    learn: Rows, oos: Sequence[str], read: Any, again: Any = None, held: Held | None = None
) -> tuple[StackedIntentModel, float]:
    start = time.perf_counter()
    model = train(learn, oos, read, full=again, held=held)
    if not isinstance(model, StackedIntentModel):
        sys.exit(f"training: {model.reason}")
    return model, time.perf_counter() - start


def slipped(rows: Rows, seed: int = 0) -> Rows:
    """One random edit (leave out, add, change, swap) in every third word."""
    draw = random.Random(seed)

    def edited(word: str) -> str:
        place, letter = draw.randrange(len(word)), draw.choice(string.ascii_lowercase)
        kinds = [word[:place] + letter + word[place:], word[:place] + letter + word[place + 1 :]]
        if len(word) > 1:
            at = min(place, len(word) - 2)
            kinds += [word[:place] + word[place + 1 :], word[:at] + word[at + 1] + word[at] + word[at + 2 :]]
        return draw.choice(kinds)

    def text(old: str) -> str:
        words, start = old.split(" "), draw.randrange(3)
        return " ".join(edited(word) if i % 3 == start and word else word for i, word in enumerate(words))

    return [LabelledText(text=text(row.text), intent=row.intent) for row in rows]


def measured(model: StackedIntentModel, held: Rows, oos: Sequence[str], seconds: float) -> dict[str, Any]:
    slips = assess(model, slipped(held), oos)
    plain: dict[str, Any] = msgspec.to_builtins(assess(model, held, oos))
    return plain | {
        "train_s": seconds,
        "with_slips": {"accuracy": slips.accuracy, "realised": slips.realised, "coverage": slips.coverage},
    }


def intents() -> dict[str, Any]:
    learn, held = banking()
    baseline = Baseline(learn)
    out: dict[str, Any] = {
        "banking": {"baseline": {"accuracy": baseline.accuracy(held), "with_slips": baseline.accuracy(slipped(held))}}
    }
    for tier in TIERS:
        model, seconds = fitted(learn, [], encoder(), encoders().full if tier == "accuracy" else None)
        out["banking"][tier] = measured(model, held, [], seconds)
    learn, oos, rows, rows_oos = assistant()
    held, held_oos = rows[::2], rows_oos[::2]
    apart = Held(examples=tuple(rows[1::2]), oos=tuple(rows_oos[1::2]))
    baseline = Baseline(learn)
    inside, outside = (baseline.chances(t).max(1) for t in ([r.text for r in held], held_oos))
    out["assistant"] = {
        "baseline": {"accuracy": baseline.accuracy(held), "oos_auroc": auroc(list(inside), list(outside))}
    }
    for tier in TIERS:
        second = encoders().full if tier == "accuracy" else None
        model, seconds = fitted(learn, oos, encoder(), second, apart)
        out["assistant"][tier] = measured(model, held, held_oos, seconds)
    return out


def few_shot() -> dict[str, Any]:
    out: dict[str, Any] = {}
    sets = {"banking": banking(), "assistant": (assistant()[0], assistant()[2])}
    for name, (learn, held) in sets.items():
        for count in (1, 5, 10):
            runs = [few(learn, count, seed) for seed in (1, 2, 3)]
            out[f"{name}_{count}"] = {
                "baseline": {"accuracy": np.mean([Baseline(run + names(run)).accuracy(held) for run in runs])}
            }
            for tier in TIERS:
                trained = [fitted(run, [], encoder(), encoders().full if tier == "accuracy" else None) for run in runs]
                ours = [assess(model, held, []).accuracy for model, _ in trained]
                out[f"{name}_{count}"][tier] = {
                    "accuracy": np.mean(ours), "sd": np.std(ours, ddof=1), "train_s": max(s for _, s in trained),
                }  # fmt: skip
    return out


ITEMS = {"intents": intents, "few_shot": few_shot}
