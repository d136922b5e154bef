"""Which intents first: share x determinism x automatability, per intent, and the wave each belongs to.

Determinism D = 1 - H(resolution templates) / ln K: people answer it the same way each time. Automatability A = one
touch x (1 - transfer) x API-ready x (1 - risk). The thresholds are a choice, hence settings.
"""

from collections.abc import Mapping
from math import log
from typing import Literal

import msgspec

Wave = Literal[1, 2, "human"]


class IntentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`templates`: tickets per kind of resolution. Shares between 0 and 1; `aht_min` minutes per ticket."""

    n: int
    aht_min: float
    one_touch: float
    transfer: float
    templates: tuple[int, ...]
    api_ready: float
    risk: float


class WaveRules(msgspec.Struct, frozen=True, kw_only=True):
    determinism: float = 0.7
    automatability: float = 0.7
    second_product: float = 0.08
    second_risk: float = 0.5


class UseCase(msgspec.Struct, frozen=True, kw_only=True):
    share: float
    determinism: float
    automatability: float
    score: float
    labour: float
    """Cost of people's time for it, per period of the facts."""
    saving: float
    """Labour x D x A: what may be expected, before realisation."""
    wave: Wave


def use_case_map(
    intents: Mapping[str, IntentFacts], *, cost_per_min: float, kinds: int, rules: WaveRules | None = None
) -> dict[str, UseCase]:
    """`kinds` is K, the number of resolution templates there can be (2 or more)."""
    if kinds < 2:
        raise ValueError(f"determinism needs at least two kinds of resolution, not {kinds}")
    total = sum(facts.n for facts in intents.values())
    return {name: _use_case(facts, total, cost_per_min, kinds, rules or WaveRules()) for name, facts in intents.items()}


def _use_case(facts: IntentFacts, total: int, cost_per_min: float, kinds: int, rules: WaveRules) -> UseCase:
    d = determinism(facts.templates, kinds)
    a = facts.one_touch * (1 - facts.transfer) * facts.api_ready * (1 - facts.risk)
    share = facts.n / total if total else 0.0
    labour = facts.n * facts.aht_min * cost_per_min
    return UseCase(
        share=share, determinism=d, automatability=a, score=share * d * a, labour=labour, saving=labour * d * a,
        wave=_wave(d, a, facts.risk, rules),
    )  # fmt: skip


def determinism(templates: tuple[int, ...], kinds: int) -> float:
    total = sum(templates)
    if not total:
        return 0.0
    entropy = -sum(count / total * log(count / total) for count in templates if count)
    return max(0.0, 1 - entropy / log(kinds))


def _wave(d: float, a: float, risk: float, rules: WaveRules) -> Wave:
    if d >= rules.determinism and a >= rules.automatability and risk == 0:
        return 1
    return 2 if d * a >= rules.second_product and risk <= rules.second_risk else "human"
