"""How well and how fast texts are understood, each item beside a TF-IDF + logistic regression baseline of the same run.

    python bench/language.py --json [--items intents,few_shot,latency,memory,redaction] [--out FILE]

Reads PROOFDESK_SHARED/data (training and validation parts only). Accuracy of banking texts: one fifth held out by the
order of the texts' hashes; of the assistant texts: the validation part, whose first half certifies a threshold that
the second half checks.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from proofdesk.core.statistics import auroc, certify_ppm, expected_calibration_error
from proofdesk.language.intents import (
    CachedEncoder,
    LabelledText,
    MultilingualEncoder,
    StackedIntentModel,
    load,
    save,
    train,
)
from proofdesk.language.intents.stack import energy, probabilities
from proofdesk.language.pii import redact

SHARED = Path(os.environ.get("PROOFDESK_SHARED", Path(__file__).resolve().parents[2] / "shared"))
ALPHA, DELTA = 0.01, 0.05
Rows = list[LabelledText]


def rows_of(name: str) -> Rows:
    path = SHARED / "data" / "intents" / f"{name}.jsonl"
    if not path.is_file():
        sys.exit(f"{path.name}: not found; set PROOFDESK_SHARED to the shared folder")
    return [LabelledText(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def by_hash(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: hashlib.sha256(row.text.encode()).digest())


def banking() -> tuple[Rows, Rows]:
    rows = by_hash(rows_of("banking77_train"))
    return rows[len(rows) // 5 :], rows[: len(rows) // 5]


def assistant() -> tuple[Rows, list[str], Rows, list[str]]:
    learn, held = rows_of("clinc150_train"), by_hash(rows_of("clinc150_val"))
    return (
        [r for r in learn if r.intent != "oos"], [r.text for r in learn if r.intent == "oos"],
        [r for r in held if r.intent != "oos"], [r.text for r in held if r.intent == "oos"],
    )  # fmt: skip


def few(rows: Rows, count: int, seed: int) -> Rows:
    order = np.random.default_rng(seed).permutation(len(rows))
    taken: dict[str, Rows] = {}
    for i in order:
        group = taken.setdefault(rows[i].intent, [])
        if len(group) < count:
            group.append(rows[i])
    return [row for group in taken.values() for row in group]


def names(rows: Rows) -> Rows:
    """The intents' names as examples: our training adds them when examples are few, so the baseline gets them too."""
    return [LabelledText(text=intent.replace("_", " "), intent=intent) for intent in sorted({r.intent for r in rows})]


class Baseline:
    """TF-IDF of words and word pairs, logistic regression: what one would do without us."""

    def __init__(self, learn: Rows) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        self.features = TfidfVectorizer(ngram_range=(1, 2), min_df=1, sublinear_tf=True)
        matrix = self.features.fit_transform([r.text for r in learn])
        self.machine = LogisticRegression(C=20.0, tol=1e-4, max_iter=200).fit(matrix, [r.intent for r in learn])

    def chances(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray(self.machine.predict_proba(self.features.transform(texts)))

    def accuracy(self, held: Rows) -> float:
        best = self.chances([r.text for r in held]).argmax(1)
        return float(np.mean([self.machine.classes_[k] == r.intent for k, r in zip(best, held, strict=True)]))


def fitted(learn: Rows, oos: Sequence[str], encoder: Any) -> tuple[StackedIntentModel, float]:
    start = time.perf_counter()
    model = train(learn, oos, encoder)
    if not isinstance(model, StackedIntentModel):
        sys.exit(f"training: {model.reason}")
    return model, time.perf_counter() - start


def judged(model: StackedIntentModel, held: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    logits = model.logits_many([r.text for r in held])
    chance = probabilities(logits)
    right = np.array([model.intents[k] == r.intent for k, r in zip(chance.argmax(1), held, strict=True)])
    return chance.max(1), right, energy(logits)


def intents(encoder: Any) -> dict[str, Any]:
    learn, held = banking()
    model, seconds = fitted(learn, [], encoder)
    sure, right, _ = judged(model, held)
    out: dict[str, Any] = {
        "banking": {
            "train_rows": len(learn), "held_out_rows": len(held), "accuracy": right.mean(), "train_s": seconds,
            "ece_15": expected_calibration_error(list(sure), list(right)), "certified": certified(sure, right),
            "accuracy_words_alone": judged(fitted(learn, [], None)[0], held)[1].mean(),
            "baseline": {"accuracy": timed_baseline(learn, held)},
        }
    }  # fmt: skip
    learn, oos, held, held_oos = assistant()
    model, seconds = fitted(learn, oos, encoder)
    sure, right, inside = judged(model, held)
    outside = energy(model.logits_many(held_oos))
    baseline = Baseline(learn)
    base_in, base_out = (baseline.chances(t).max(1) for t in ([r.text for r in held], held_oos))
    out["assistant"] = {
        "train_rows": len(learn), "held_out_rows": len(held), "accuracy": right.mean(), "train_s": seconds,
        "ece_15": expected_calibration_error(list(sure), list(right)), "certified": certified(sure, right),
        "oos_auroc": auroc(list(inside), list(outside)),
        "in_scope_kept_at_default": share(model, inside), "oos_kept_at_default": share(model, outside),
        "baseline": {"accuracy": baseline.accuracy(held), "oos_auroc": auroc(list(base_in), list(base_out))},
    }  # fmt: skip
    return out


def share(model: StackedIntentModel, energies: np.ndarray) -> float:
    return float(np.mean([model.scope.ppm(float(e)) >= 700_000 for e in energies]))


def certified(sure: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """Threshold certified on the first half of the held-out rows, checked on the second."""
    ppm = [round(1e6 * p) for p in sure]
    half = len(ppm) // 2
    found = certify_ppm(ppm[:half], [bool(r) for r in right[:half]], alpha=ALPHA, delta=DELTA)
    kept = np.array(ppm[half:]) >= (found if found is not None else 1_000_001)
    promised = {"promised": 1 - ALPHA, "threshold_ppm": found, "coverage": float(kept.mean())}
    return promised | {"accuracy": float(right[half:][kept].mean()) if kept.any() else None}


def timed_baseline(learn: Rows, held: Rows) -> float:
    return Baseline(learn).accuracy(held)


def few_shot(encoder: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    sets = {"banking": banking(), "assistant": (assistant()[0], assistant()[2])}
    for name, (learn, held) in sets.items():
        for count in (1, 5, 10):
            runs = [few(learn, count, seed) for seed in (1, 2, 3)]
            trained = [fitted(run, [], encoder) for run in runs]
            ours = [judged(model, held)[1].mean() for model, _ in trained]
            out[f"{name}_{count}"] = {
                "accuracy": np.mean(ours), "sd": np.std(ours, ddof=1), "train_s": max(s for _, s in trained),
                "baseline": {"accuracy": np.mean([Baseline(run + names(run)).accuracy(held) for run in runs])},
            }  # fmt: skip
    return out


def latency(encoder: Any) -> dict[str, Any]:
    learn, held = banking()
    model, _ = fitted(learn, [], encoder)
    plain = MultilingualEncoder()
    save(model, Path("bench/out/intents.npz"))
    model = load(Path("bench/out/intents.npz"), plain)
    long_text = " ".join(r.text for r in held)[:1_000]
    baseline = Baseline(learn)
    return {
        "single_ticket_ms": times(model.triage, [r.text for r in held[:1_000]]),
        "thousand_characters_ms": times(model.triage, [long_text[i:] + long_text[:i] for i in range(100)]),
        "segments_of_it_ms": times(model.triage_segments, [long_text[i:] + long_text[:i] for i in range(50)]),
        "model_file_mb": Path("bench/out/intents.npz").stat().st_size / 1e6,
        "baseline": times(lambda t: baseline.chances([t]), [r.text for r in held[:300]]),
    }


def times(call: Callable[[str], object], texts: Sequence[str]) -> dict[str, float]:
    call("a first text to warm up")
    spent = []
    for text in texts:
        start = time.perf_counter()
        call(text)
        spent.append((time.perf_counter() - start) * 1e3)
    return {f"p{p}": float(np.percentile(spent, p)) for p in (50, 95, 99)}


MEMORY = """
import sys, json
from pathlib import Path
def pss():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(l.split()[1]) for l in lines if l.startswith("Pss:")) / 1024
out = {"python_mb": pss()}
from proofdesk.language.intents import MultilingualEncoder, load
out["imports_mb"] = pss()
model = load(Path(sys.argv[1]), MultilingualEncoder())
out["model_loaded_mb"] = pss()
model.triage("where is my card")
out["first_ticket_mb"] = pss()
out["heavy_imports"] = [m for m in ("sklearn", "scipy") if m in sys.modules]
import sklearn.svm, sklearn.feature_extraction.text
out["with_sklearn_mb"] = pss()
print(json.dumps(out))
"""


def memory(encoder: Any) -> dict[str, Any]:
    model, _ = fitted(banking()[0], [], encoder)
    path = Path("bench/out/intents.npz")
    save(model, path)
    done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def redaction(_: Any) -> dict[str, Any]:
    path = SHARED / "vectors" / "pii" / "synth_dataset_v2.jsonl"
    texts = [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
    block = " ".join(texts)
    thousands = [block[i : i + 1_000] for i in range(0, min(len(block), 150_000), 1_000)]
    return {"text_ms": times(redact, texts), "thousand_characters_ms": times(redact, thousands)}


ITEMS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "intents": intents, "few_shot": few_shot, "latency": latency, "memory": memory, "redaction": redaction,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", default=",".join(ITEMS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    unknown = set(args.items.split(",")) - set(ITEMS)
    if unknown:
        parser.error(f"unknown items {sorted(unknown)}; known: {', '.join(ITEMS)}")
    Path("bench/out").mkdir(parents=True, exist_ok=True)
    encoder = CachedEncoder(MultilingualEncoder(), rows=40_000)
    result = {name: ITEMS[name](encoder) for name in args.items.split(",")}
    text = json.dumps(result, default=lambda v: round(float(v), 4), indent=None if args.json else 1)
    if args.out:
        args.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
