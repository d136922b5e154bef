"""What to do with a ticket as read: act on every request, ask one precise question, or hand over. Pure.

Nothing is acted on while any request of the ticket is in doubt: a half-understood ticket is a misunderstood one.
The model's triage gates what the rules found and answers for what they did not find.
"""

from collections.abc import Iterable

import msgspec

from proofdesk.core.reading import Reading, Request
from proofdesk.core.triage import HumanFirst, OutOfScope, Proceed, TriageConfig, TriageFacts, Unsure, decide_triage


class PlanFacts(msgspec.Struct, frozen=True, kw_only=True):
    reading: Reading
    triage: TriageFacts
    config: TriageConfig
    asked: int = 0
    max_questions: int = 3
    rule_ppm: int = 990_000
    """Confidence of a request the reading rules resolved without any doubt."""
    intent_ppm: int = 0
    """What a request needs that the model proposed and no word of the rules named."""
    only_thanks: bool = False
    """The message is nothing but thanks."""


class ActOn(msgspec.Struct, frozen=True, kw_only=True, tag="act_on"):
    requests: tuple[Request, ...]
    confidence_ppm: int
    """Of the least certain request."""


class AskRequester(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    question: str
    slot: str = ""


class HandOver(msgspec.Struct, frozen=True, kw_only=True, tag="hand_over"):
    reason: str
    note: str = ""


class Nothing(msgspec.Struct, frozen=True, kw_only=True, tag="nothing"):
    """Nothing is asked for: a short courteous answer, no person, nothing to bill."""


Plan = ActOn | AskRequester | HandOver | Nothing

_DOUBT_REASON = {
    "missing": "missing_information",
    "ambiguous": "ambiguous",
    "unread": "unread_content",
    "conflict": "ambiguous",
    "mood": "ambiguous",
    "unsupported": "out_of_scope",
    "identical": "ambiguous",
}


def decide_plan(facts: PlanFacts) -> Plan:
    """Raises nothing; every branch ends in an act, a question or a person."""
    triage = decide_triage(facts.triage, facts.config)
    if isinstance(triage, HumanFirst):
        return HandOver(reason=triage.signal.code, note=", ".join(triage.also))
    wanted = _distinct(request for request in facts.reading.requests if request.mood != "retracted")
    if not wanted and facts.only_thanks:
        return Nothing()
    if not wanted:
        return _without_request(triage)
    for request in wanted:
        open_end = _open_end(request, facts)
        if open_end is not None:
            return open_end
    if facts.reading.unread:
        return HandOver(reason="unread_content", note=f"{len(facts.reading.unread)} passage(s) not understood")
    rated = tuple(_rated(request, facts) for request in wanted)
    unsure = next((request for request in rated if request.confidence_ppm < facts.intent_ppm), None)
    if unsure is not None:
        return HandOver(reason="low_confidence", note=f"{unsure.procedure} is only supposed")
    return ActOn(requests=rated, confidence_ppm=min(request.confidence_ppm for request in rated))


def _distinct(requests: Iterable[Request]) -> tuple[Request, ...]:
    """Each wish once: people name one and the same wish in several sentences, and doing it twice is a wrong write."""
    first: dict[bytes, Request] = {}
    for request in requests:
        wish = {name: slot.value for name, slot in request.slots.items()}
        first.setdefault(msgspec.json.encode([request.procedure, request.mood, wish], order="sorted"), request)
    return tuple(first.values())


def _open_end(request: Request, facts: PlanFacts) -> AskRequester | HandOver | None:
    doubt = next(iter(request.doubts), None)
    if doubt is not None and doubt.question and facts.asked < facts.max_questions:
        return AskRequester(question=doubt.question, slot=doubt.slot)
    if doubt is not None:
        return HandOver(reason=_DOUBT_REASON[doubt.kind], note=f"{request.procedure} {doubt.slot}".strip())
    if request.mood != "asserted":
        return HandOver(reason="ambiguous", note=f"{request.procedure} is {request.mood}, not asked for")
    return None


def _without_request(triage: Proceed | OutOfScope | Unsure) -> HandOver:
    match triage:
        case OutOfScope():
            return HandOver(reason="out_of_scope")
        case Unsure():
            return HandOver(reason="low_confidence", note=", ".join(c.intent for c in triage.candidates))
        case Proceed():
            return HandOver(reason="low_confidence", note=f"{triage.intent} without a request the rules could read")


def _rated(request: Request, facts: PlanFacts) -> Request:
    """A request the rules resolved is as sure as the rules are; one proposed by the model keeps the model's score."""
    if request.confidence_ppm:
        return request
    return msgspec.structs.replace(request, confidence_ppm=facts.rule_ppm)
