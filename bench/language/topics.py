"""Topics without labels: agreement with the labels nobody told, stability, known halves, spikes.

Labels are used for measuring only. All of these are development data and were looked at often while this was made:
expect less elsewhere. Baseline: TF-IDF and k-means that is told the true number of topics. `organiser` is what the
task's organisers published for their own baseline on the banking turns (their rows, one more than ours).
"""

import json
import sys
from datetime import date, timedelta
from typing import Any

import numpy as np

from bench.language.rows import SHARED

ORGANISER = {"dstc11_banking_turns": 0.5975}
LOOKED_AT = "development data, looked at often: expect less elsewhere"
SETS = ("dstc11_development", "dstc11_banking", "dstc11_banking_turns")
DOMAINS, DOMAIN_ROWS = 10, 60
SPIKE_ROUNDS, SPIKE_TOPICS, SPIKE_DAYS = 300, 40, 57


def topics() -> dict[str, Any]:
    out: dict[str, Any] = {"note": LOOKED_AT}
    for name in SETS:
        texts, labels = _labelled(name)
        out[name] = _measured(texts, labels)
        if name in ORGANISER:
            out[name]["organiser"] = {"accuracy": ORGANISER[name]}
    domains = [_measured(texts, labels, stability=False) for texts, labels in _domains()]
    out["clinc150_domains"] = {
        key: float(np.mean([d[key] for d in domains])) for key in ("accuracy", "nmi", "ari", "topics", "labels")
    } | {"baseline": {"accuracy": float(np.mean([d["baseline"]["accuracy"] for d in domains]))}}
    out["half_known"] = _half_known()
    return out


def _labelled(name: str) -> tuple[list[str], list[str]]:
    path = SHARED / "data" / "topics" / f"{name}.jsonl"
    if not path.is_file():
        sys.exit(f"{path.name}: not found; set PROOFDESK_SHARED to the shared folder")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row["text"] for row in rows], [row["intent"] for row in rows]


def _domains() -> list[tuple[list[str], list[str]]]:
    """Each domain of the assistant set by itself, its intents of unequal size (seeded): topics are never equal."""
    folder = SHARED / "data" / "intents"
    rows = [json.loads(line) for line in (folder / "clinc150_train.jsonl").read_text("utf-8").splitlines()]
    out = []
    for intents in json.loads((folder / "clinc150_domains.json").read_text("utf-8")).values():
        rng, texts, labels = np.random.default_rng(0), [], []
        for intent in intents:
            found = [row["text"] for row in rows if row["intent"] == intent]
            count = min(len(found), int(np.clip(100 * rng.lognormal(-0.7, 0.8), 8, 100)))
            chosen = [found[i] for i in sorted(rng.choice(len(found), count, replace=False))]
            texts += chosen
            labels += [intent] * count
        out.append((texts, labels))
    return out


def _measured(texts: list[str], labels: list[str], stability: bool = True) -> dict[str, Any]:
    from proofdesk.language.topics import agreement, discover, find_vectors

    vectors, _ = find_vectors(texts)
    found = discover(texts, vectors)
    seen = agreement(labels, found.labels)
    out: dict[str, Any] = {
        "rows": len(texts), "labels": len(set(labels)), "topics": len(found.topics), "accuracy": seen.accuracy,
        "nmi": seen.nmi, "ari": seen.ari, "unassigned": sum(label < 0 for label in found.labels),
        "baseline": {"accuracy": _baseline(texts, labels), "told": "the true number of topics"},
    }  # fmt: skip
    if stability:
        out["same_again"] = discover(texts, vectors) == found
        out["stability_ari_90"] = _stability(texts, found.labels)
    return out


def _stability(texts: list[str], labels: tuple[int, ...], runs: int = 5) -> float:
    """Mean ARI between the topics of all rows and of random 90 % of them."""
    from proofdesk.language.topics import agreement, discover, find_vectors

    out = []
    for seed in range(runs):
        kept = np.sort(np.random.default_rng(seed).permutation(len(texts))[: int(0.9 * len(texts))])
        some = [texts[i] for i in kept]
        again = discover(some, find_vectors(some)[0]).labels
        out.append(agreement([labels[i] for i in kept], again).ari)
    return float(np.mean(out))


def _baseline(texts: list[str], labels: list[str]) -> float:
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    from proofdesk.language.topics import agreement

    rows = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit_transform(texts)
    found = KMeans(len(set(labels)), n_init=10, random_state=0).fit_predict(rows)
    return agreement(labels, [int(label) for label in found]).accuracy


def _half_known() -> dict[str, Any]:
    """Every second intent by name is known by 10 examples; accuracy on the rows that are no example, seeds 0-4."""
    from proofdesk.language.topics import FREE, agreement, discover, find_vectors

    texts, labels = _labelled("dstc11_development")
    vectors, _ = find_vectors(texts)
    runs: list[float] = []
    alone: list[float] = []
    plain = discover(texts, vectors)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        anchors = [FREE] * len(texts)
        for number, intent in enumerate(sorted(set(labels))[::2]):
            for row in rng.choice([i for i, label in enumerate(labels) if label == intent], 10, replace=False):
                anchors[row] = number
        found = discover(texts, vectors, anchors=anchors)
        rest = [i for i, anchor in enumerate(anchors) if anchor == FREE]
        for topics_, out in ((found, runs), (plain, alone)):
            out.append(agreement([labels[i] for i in rest], [topics_.labels[i] for i in rest]).accuracy)
    return {"accuracy": np.mean(runs), "by_seed": runs, "baseline": {"accuracy": np.mean(alone), "is": "no examples"}}


def spikes() -> dict[str, Any]:
    """Simulated days with planted spikes: the share of false ones among those called, beside a Poisson test."""
    from proofdesk.language.topics.spikes import NOMINAL, spiking

    ours, poisson, nothing, found, planted = [], [], [], 0, 0
    for seed in range(SPIKE_ROUNDS):
        counts, days, true = _simulated(seed, 0.05)
        called = np.array(spiking(counts.tolist(), days))
        found, planted = found + int((called & true).sum()), planted + int(true.sum())
        ours.append((called & ~true).sum() / max(1, called.sum()))
        simple = _poisson(counts)
        poisson.append((simple & ~true).sum() / max(1, simple.sum()))
        counts, days, _ = _simulated(10_000 + seed, 0.0)
        nothing.append(any(spiking(counts.tolist(), days)))
    return {
        "nominal": NOMINAL, "rounds": SPIKE_ROUNDS, "false_discovery_rate": np.mean(ours),
        "standard_error": np.std(ours) / SPIKE_ROUNDS**0.5, "false_alarm_rate_without_spikes": np.mean(nothing),
        "power_at_four_times": found / max(1, planted),
        "baseline": {"false_discovery_rate": np.mean(poisson), "is": "Poisson test of the mean, same correction"},
    }  # fmt: skip


def _simulated(seed: int, share: float) -> tuple[np.ndarray, list[date], np.ndarray]:
    """Negative binomial days of topics of very unequal size and scatter, with weekdays that differ by topic."""
    rng = np.random.default_rng(seed)
    days = [date(2026, 1, 1) + timedelta(days=i + seed % 7) for i in range(SPIKE_DAYS)]
    weekday = np.array([day.weekday() for day in days])
    mean, scatter = rng.lognormal(1.2, 1.0, SPIKE_TOPICS), rng.lognormal(-1.6, 0.8, SPIKE_TOPICS)
    week = rng.lognormal(0, 0.1, (SPIKE_TOPICS, 7)) * [1.3, 1.2, 1.1, 1.1, 1.0, 0.7, 0.6]
    expected = mean[:, None] * week[:, weekday]
    true = rng.random(SPIKE_TOPICS) < share
    expected[true, -1] *= 4.0
    return rng.poisson(rng.gamma(1 / scatter[:, None], scatter[:, None] * expected)), days, true


def _poisson(counts: np.ndarray) -> np.ndarray:
    from scipy.stats import poisson

    chance = poisson.sf(counts[:, -1] - 1, np.maximum(counts[:, :-1].mean(axis=1), 0.01))
    passed = np.flatnonzero(np.sort(chance) <= 0.05 * np.arange(1, len(chance) + 1) / len(chance))
    return np.asarray(chance <= (np.sort(chance)[passed[-1]] if len(passed) else -1.0))


ITEMS = {"topics": topics, "spikes": spikes}
