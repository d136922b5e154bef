"""The triage decision: act on an intent, say it is out of scope, ask, or hand over at once. Integers only.

The model's scores come in as facts, so a recorded decision replays bit for bit on any machine.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from proofdesk.core.confidence import Gate, threshold
from proofdesk.core.reading import Signal

ALWAYS_HUMAN = frozenset(
    {
        "legal_threat", "regulator_complaint", "contract_dispute", "sla_breach_claim", "safety", "self_harm",
        "asks_for_human", "press", "data_protection_request", "chargeback_threat", "prompt_injection",
        "outage", "security_incident", "data_loss", "payment_blocked",
    }
)  # fmt: skip
URGENCY = (
    "self_harm", "safety", "security_incident", "data_loss", "outage", "payment_blocked", "legal_threat",
    "regulator_complaint", "press", "data_protection_request", "contract_dispute", "sla_breach_claim",
    "chargeback_threat", "prompt_injection", "asks_for_human",
)  # fmt: skip
"""Which signal names the reason when there are several: the gravest first."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    intent: str
    score_ppm: int


class TriageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the decision rests on; recorded in full. `scores` best first, calibrated, in parts per million."""

    scores: tuple[Candidate, ...]
    in_scope_ppm: int
    signals: tuple[Signal, ...] = ()
    amount_minor: int = 0
    """The amount at stake, 0 where no money moves."""
    model_hash: str = ""


class TriageConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's settings. An intent without a gate of its own uses `default`."""

    gates: Mapping[str, Gate] = {}
    default: Gate = Gate()
    in_scope_ppm: int = 700_000
    """Below this the ticket is out of scope, whatever the intents score."""
    always_human: frozenset[str] = ALWAYS_HUMAN
    candidate_ppm: int = 50_000
    """Intents below this are not offered as a choice."""
    max_candidates: int = 3


class Proceed(msgspec.Struct, frozen=True, kw_only=True, tag="proceed"):
    intent: str
    score_ppm: int
    threshold_ppm: int
    bound_by: Literal["cost", "certificate", "uncertified", "floor"]


class OutOfScope(msgspec.Struct, frozen=True, kw_only=True, tag="out_of_scope"):
    in_scope_ppm: int
    gate_ppm: int


class Unsure(msgspec.Struct, frozen=True, kw_only=True, tag="unsure"):
    """In scope, but no intent is sure enough: ask which of `candidates`, or hand over when there are none."""

    candidates: tuple[Candidate, ...]
    threshold_ppm: int
    bound_by: Literal["cost", "certificate", "uncertified", "floor"]


class HumanFirst(msgspec.Struct, frozen=True, kw_only=True, tag="human_first"):
    """The ticket carries a sign that always goes to a person. `also`: codes of the other such signs."""

    signal: Signal
    also: tuple[str, ...] = ()


TriageDecision = Proceed | OutOfScope | Unsure | HumanFirst


def decide_triage(facts: TriageFacts, config: TriageConfig) -> TriageDecision:
    grave = sorted((s for s in facts.signals if s.code in config.always_human), key=_gravity)
    if grave:
        also = tuple(dict.fromkeys(s.code for s in grave if s.code != grave[0].code))
        return HumanFirst(signal=grave[0], also=also)
    if facts.in_scope_ppm < config.in_scope_ppm or not facts.scores:
        return OutOfScope(in_scope_ppm=facts.in_scope_ppm, gate_ppm=config.in_scope_ppm)
    ranked = sorted(facts.scores, key=lambda c: (-c.score_ppm, c.intent))
    best = ranked[0]
    needed = threshold(config.gates.get(best.intent, config.default), facts.amount_minor)
    if best.score_ppm >= needed.ppm:
        return Proceed(intent=best.intent, score_ppm=best.score_ppm, threshold_ppm=needed.ppm, bound_by=needed.bound_by)
    offered = tuple(c for c in ranked if c.score_ppm >= config.candidate_ppm)[: config.max_candidates]
    return Unsure(candidates=offered, threshold_ppm=needed.ppm, bound_by=needed.bound_by)


def _gravity(signal: Signal) -> tuple[int, int, str]:
    place = URGENCY.index(signal.code) if signal.code in URGENCY else len(URGENCY)
    return place, signal.span.start if signal.span else 0, signal.rule
