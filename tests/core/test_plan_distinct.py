"""One wish said twice is one request; two wishes stay two."""

from proofdesk.core.plan import ActOn, PlanFacts, decide_plan
from proofdesk.core.reading import Reading, Request, SlotValue
from proofdesk.core.triage import Candidate, TriageConfig, TriageFacts

TRIAGE = TriageFacts(scores=(Candidate(intent="cancel", score_ppm=990_000),), in_scope_ppm=990_000)


def request(number: str, order: str) -> Request:
    return Request(id=number, procedure="cancel", slots={"order": SlotValue(value=order, provenance="record")})


def planned(*requests: Request) -> tuple[str, ...]:
    plan = decide_plan(PlanFacts(reading=Reading(requests=requests), triage=TRIAGE, config=TriageConfig()))
    assert isinstance(plan, ActOn)
    return tuple(each.id for each in plan.requests)


def test_the_same_wish_in_two_sentences_is_carried_out_once() -> None:
    assert planned(request("r1", "LF-1"), request("r2", "LF-1")) == ("r1",)


def test_two_orders_are_two_wishes() -> None:
    assert planned(request("r1", "LF-1"), request("r2", "LF-2")) == ("r1", "r2")
