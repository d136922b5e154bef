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
    foreseen: tuple[str, ...] = ()
    """Ids of requests whose procedure says no by what is already certain, whatever stays open."""


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


class CannotBe(msgspec.Struct, frozen=True, kw_only=True, tag="cannot_be"):
    """What is wanted is refused whatever the answer to the open questions: they are not asked."""

    requests: tuple[Request, ...]


Plan = ActOn | AskRequester | HandOver | Nothing | CannotBe

MAX_FORESEEN = 5
_LEAVES_NO_CHANCE = frozenset({"missing", "ambiguous", "unread", "mood"})
"""Doubts that do not touch what a procedure refuses by: it is refused by what is certain, or not at all."""

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
    if facts.foreseen and {request.id for request in wanted} <= set(facts.foreseen):
        return CannotBe(requests=wanted)
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


def one_wish(reading: Reading) -> tuple[Request, ...]:
    """The requests of a message that is in doubt and asks for one thing only, else none: of several things one may be
    possible though another one is not."""
    wanted = _distinct(request for request in reading.requests if request.mood != "retracted")
    doubts = {doubt.kind for request in wanted for doubt in request.doubts}
    about = {slot.value for r in wanted for slot in r.slots.values() if slot.rule == "order"}
    one = len({request.procedure for request in wanted}) == 1 and len(about) <= 1 and len(wanted) <= MAX_FORESEEN
    return wanted if one and doubts and doubts <= _LEAVES_NO_CHANCE else ()


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
