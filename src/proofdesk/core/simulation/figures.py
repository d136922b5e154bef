"""Rates, confusion, curve, thresholds and money of a replay. Every rate says what it left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import median_low

import msgspec

from proofdesk.core.confidence import PPM, Gate, Threshold, cost_optimum_ppm, loss_minor, threshold
from proofdesk.core.metrics.rate import Rate, rate
from proofdesk.core.simulation.values import AUTONOMOUS, OOS, Case, Kind, verdict
from proofdesk.core.statistics import certify_ppm
from proofdesk.core.triage import TriageConfig

KINDS: tuple[Kind, ...] = ("act", "answer", "refuse", "ask", "hand_over", "out_of_scope", "nothing")
CURVE_POINTS = 20
JOIN = " + "


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Acting at or above `threshold_ppm` of the model's confidence."""

    threshold_ppm: int
    coverage: Rate
    accuracy: Rate


class IntentThreshold(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_minor`: the median at stake; `certified_ppm` None: nothing can be promised on these tickets."""

    intent: str
    labelled: int
    amount_minor: int
    financial_ppm: int
    certified_ppm: int | None
    floor_ppm: int
    chosen: Threshold
    coverage: Rate
    accuracy: Rate


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units over the tickets whose outcome is known. `saved_minor` = all by people - with the product."""

    tickets: int
    excluded: int
    people_minor: int
    product_minor: int
    errors_minor: int
    """Part of `product_minor`: what wrong decisions cost."""
    saved_minor: int


def decision_rates(cases: Sequence[Case], *, excluded: int, immature: int) -> dict[str, Rate]:
    """Shares of all tickets, and how often what was done without a person was right."""
    judged = Counter(verdict(case) for case in cases)
    known = [case for case in cases if case.decided.kind != "unknown"]
    alone = [case for case in known if case.decided.kind in AUTONOMOUS]
    handed = [case for case in known if case.decided.kind in ("hand_over", "out_of_scope")]
    good = Counter(verdict(case) for case in alone)
    over = Counter(verdict(case) for case in handed)
    unknown = len(cases) - len(known)
    labelled = sum(judged.values()) - judged["unjudged"]
    mentions = {"excluded": excluded, "immature": immature}
    kinds = Counter(case.decided.kind for case in known)
    rates = {
        "known": rate(len(known), len(cases), **mentions),
        "autonomous": rate(len(alone), len(known), excluded=excluded + unknown, immature=immature),
        "autonomous_right": rate(
            good["right"], good["right"] + good["wrong"], excluded=excluded + good["unjudged"], immature=immature
        ),
        "wrong_action": rate(judged["wrong"], labelled, excluded=excluded + judged["unjudged"], immature=immature),
        "right": rate(judged["right"], labelled, excluded=excluded + judged["unjudged"], immature=immature),
        "handed_over_rightly": rate(
            over["right"], over["right"] + over["missed"], excluded=excluded + over["unjudged"], immature=immature
        ),
    }
    for kind in KINDS:
        rates[f"decided_{kind}"] = rate(kinds[kind], len(known), excluded=excluded + unknown, immature=immature)
    singles = [case for case in cases if _single(case)]
    hits = sum(case.guess.intent == _gold(case) for case in singles if _gold(case) != OOS)
    inside = sum(_gold(case) != OOS for case in singles)
    rates["intent_right"] = rate(hits, inside, excluded=excluded + len(cases) - inside, immature=immature)
    return rates


def decision_confusion(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    """What the person did -> what the product would have done -> tickets."""
    found: dict[str, Counter[str]] = {}
    for case in cases:
        if case.human is not None:
            row = "handed over" if case.human.handed_over else JOIN.join(sorted(case.human.intents)) or "not said"
            found.setdefault(row, Counter())[_did(case)] += 1
    return {row: dict(found[row].most_common()) for row in sorted(found)}


def intent_confusion(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    """Labelled intent -> the model's best intent -> tickets, for tickets with one labelled intent."""
    found: dict[str, Counter[str]] = {}
    for case in filter(_single, cases):
        seen = OOS if case.guess.course == "out_of_scope" else case.guess.intent
        found.setdefault(_gold(case), Counter())[seen] += 1
    return {row: dict(found[row].most_common()) for row in sorted(found)}


def curve(cases: Sequence[Case]) -> tuple[Point, ...]:
    """Coverage and accuracy of the model's best intent at CURVE_POINTS thresholds, the strictest first."""
    rows = sorted((case for case in cases if _single(case)), key=lambda case: -case.guess.score_ppm)
    if not rows:
        return ()
    places = {max(0, len(rows) * step // CURVE_POINTS - 1) for step in range(1, CURVE_POINTS + 1)}
    edges = sorted({rows[place].guess.score_ppm for place in places}, reverse=True)
    return tuple(_point(rows, edge, len(cases) - len(rows)) for edge in edges)


def certified_ppm(cases: Sequence[Case], *, target: float, delta: float) -> int | None:
    """The lowest confidence above which at least `target` of the intents are right, except with chance `delta`."""
    rows = [case for case in cases if _single(case)]
    scores = [case.guess.score_ppm for case in rows]
    right = [case.guess.intent == _gold(case) for case in rows]
    return certify_ppm(scores, right, alpha=1 - target, delta=delta) if rows else None


def thresholds(cases: Sequence[Case], config: TriageConfig, certified: int | None) -> tuple[IntentThreshold, ...]:
    """Per intent max(expected-cost optimum, certified risk bound, policy floor), and which of them binds."""
    rows = [case for case in cases if _single(case)]
    intents = sorted({case.guess.intent for case in rows} | ({_gold(case) for case in rows} - {OOS}))
    return tuple(_threshold(intent, rows, config, certified) for intent in intents)


def money(cases: Sequence[Case], gates: Mapping[str, Gate], default: Gate) -> Money:
    """What the tickets cost by people alone and with the product; a question is counted as a person's work."""
    people, product, errors, counted = Fraction(0), Fraction(0), Fraction(0), 0
    for case in cases:
        result = verdict(case)
        if case.human is None:
            continue
        counted += 1
        costs = gates.get(next(iter(case.human.intents), ""), default).costs
        loss = loss_minor(costs, case.amount_minor)
        person = costs.human_minor + Fraction(costs.human_error_ppm, PPM) * loss
        people += person
        if case.decided.kind in AUTONOMOUS and result in ("right", "wrong"):
            product += costs.act_minor
            errors += loss if result == "wrong" else 0
        else:
            product += person
    return Money(
        tickets=counted, excluded=len(cases) - counted, people_minor=round(people),
        product_minor=round(product + errors), errors_minor=round(errors), saved_minor=round(people - product - errors),
    )  # fmt: skip


def _threshold(intent: str, rows: Sequence[Case], config: TriageConfig, certified: int | None) -> IntentThreshold:
    gate = config.gates.get(intent, config.default)
    if certified is not None:
        gate = msgspec.structs.replace(gate, certified_ppm=certified)
    labelled = [case for case in rows if _gold(case) == intent]
    amount = median_low([case.amount_minor for case in labelled]) if labelled else 0
    chosen = threshold(gate, amount)
    guessed = [case for case in rows if case.guess.intent == intent]
    taken = [case for case in guessed if case.guess.score_ppm >= chosen.ppm]
    return IntentThreshold(
        intent=intent, labelled=len(labelled), amount_minor=amount,
        financial_ppm=cost_optimum_ppm(gate.costs, loss_minor(gate.costs, amount)), certified_ppm=gate.certified_ppm,
        floor_ppm=gate.floor_ppm, chosen=chosen, coverage=rate(len(taken), len(guessed)),
        accuracy=rate(sum(_gold(case) == intent for case in taken), len(taken)),
    )  # fmt: skip


def _point(rows: Sequence[Case], edge: int, excluded: int) -> Point:
    taken = [case for case in rows if case.guess.score_ppm >= edge]
    right = sum(case.guess.intent == _gold(case) for case in taken)
    return Point(
        threshold_ppm=edge, coverage=rate(len(taken), len(rows), excluded=excluded),
        accuracy=rate(right, len(taken), excluded=excluded),
    )  # fmt: skip


def _single(case: Case) -> bool:
    """One labelled intent and a text the model was asked about: only then can its best intent be right or wrong."""
    return case.human is not None and len(case.human.intents) == 1 and bool(case.guess.intent)


def _gold(case: Case) -> str:
    assert case.human is not None
    return case.human.intents[0]


def _did(case: Case) -> str:
    decided = case.decided
    if decided.kind == "act":
        return JOIN.join(sorted(decided.intents))
    if decided.kind in AUTONOMOUS:
        return f"{decided.kind}: {JOIN.join(sorted(decided.intents))}"
    return f"hand over: {decided.reason}" if decided.kind == "hand_over" else decided.kind.replace("_", " ")
