"""What a message says and what follows from it, by one tenant's configuration: no database, no other system.

The live journey (understand.py) and the simulation of past tickets take the same decisions because both take them here.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from proofdesk.core.plan import AskRequester, HandOver, Plan, PlanFacts
from proofdesk.core.reading import Hint, Reading, Signal
from proofdesk.core.records import Records
from proofdesk.core.thanks import is_thanks
from proofdesk.core.triage import ALWAYS_HUMAN, Candidate, TriageConfig, TriageFacts
from proofdesk.flows.tenancy import Runtime, TenantSettings, Thresholds
from proofdesk.ports import IntentModel

MAX_READ_CHARS = 20_000


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A first look. `course`: a person must see it, it is nothing but thanks, or it is to be read."""

    whole: str
    language: str
    signals: tuple[Signal, ...]
    course: Literal["person", "thanks", "read"]


def joined(texts: Sequence[str]) -> str:
    return "\n".join(texts)[:MAX_READ_CHARS]


def look_at(runtime: Runtime, texts: Sequence[str]) -> Look:
    """`texts`: all the requester wrote, oldest first."""
    whole = joined(texts)
    signals = runtime.signals(whole)
    course: Literal["person", "thanks", "read"] = "read"
    if any(signal.code in ALWAYS_HUMAN for signal in signals):
        course = "person"
    elif len(texts) == 1 and is_thanks(texts[0]):
        course = "thanks"
    return Look(whole=whole, language=runtime.language_of(whole), signals=signals, course=course)


def not_triaged(signals: tuple[Signal, ...]) -> TriageFacts:
    """Where rules and signs leave nothing open."""
    return TriageFacts(scores=(), in_scope_ppm=0, signals=signals)


def triage_facts(runtime: Runtime, text: str, signals: tuple[Signal, ...]) -> TriageFacts:
    """What the intent model says of the first message."""
    if runtime.model is None:
        return not_triaged(signals)
    seen = runtime.model.triage(text[:MAX_READ_CHARS])
    return TriageFacts(
        scores=tuple(Candidate(intent=score.intent, score_ppm=score.score_ppm) for score in seen.scores),
        in_scope_ppm=seen.in_scope_ppm,
        signals=signals,
        model_hash=seen.model_hash,
    )


def read_ticket(runtime: Runtime, texts: Sequence[str], records: Records, seen: Look) -> Reading:
    """By the rules; where they find no request, once more with what the model takes the passages for."""
    first, answers = texts[0][:MAX_READ_CHARS], [answer[:MAX_READ_CHARS] for answer in texts[1:]]
    reading = runtime.reader.read(first, records, answers)
    if not reading.requests and runtime.model is not None:
        hints = _hints(runtime.model, first, runtime.settings.thresholds)
        reading = runtime.reader.read(first, records, answers, hints) if hints else reading
    return msgspec.structs.replace(reading, signals=(*reading.signals, *seen.signals), language=seen.language)


def plan_facts(
    settings: TenantSettings, reading: Reading, triage: TriageFacts, *, asked: int, only_thanks: bool = False
) -> PlanFacts:
    return PlanFacts(
        reading=reading,
        triage=triage,
        config=triage_config(settings),
        asked=asked,
        max_questions=settings.max_questions,
        rule_ppm=settings.thresholds.rule_ppm,
        intent_ppm=settings.thresholds.intent_ppm,
        only_thanks=only_thanks,
    )


def triage_config(settings: TenantSettings) -> TriageConfig:
    return TriageConfig(in_scope_ppm=settings.thresholds.in_scope_ppm)


def worth_foreseeing(plan: Plan) -> bool:
    """Whether a procedure's no could spare a question or a person."""
    return isinstance(plan, AskRequester) or (isinstance(plan, HandOver) and plan.reason not in ALWAYS_HUMAN)


def _hints(model: IntentModel, text: str, thresholds: Thresholds) -> tuple[Hint, ...]:
    """Passages the model is sure of, by the tenant's own thresholds."""
    found = []
    for segment in model.triage_segments(text):
        best = next(iter(segment.triage.scores), None)
        if best is None or segment.triage.in_scope_ppm < thresholds.in_scope_ppm:
            continue
        if best.score_ppm >= thresholds.intent_ppm:
            found.append(Hint(procedure=best.intent, score_ppm=best.score_ppm, span=segment.span))
    return tuple(found)
