"""One wish said twice is one request; two wishes stay two."""

from proofdesk.core.plan import ActOn, AskRequester, CannotBe, PlanFacts, decide_plan, one_wish
from proofdesk.core.reading import Doubt, Reading, Request, SlotValue
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


def doubtful(number: str, order: str, *kinds: str) -> Request:
    doubts = tuple(Doubt(kind=kind, question="What?") for kind in kinds)  # type: ignore[arg-type]
    value = SlotValue(value=order, provenance="record", rule="order")
    return Request(id=number, procedure="cancel", slots={"order": value}, doubts=doubts)


def test_what_is_foreseen_to_be_refused_is_not_asked_about() -> None:
    wanted = doubtful("r1", "LF-1", "unread")
    facts = PlanFacts(reading=Reading(requests=(wanted,)), triage=TRIAGE, config=TriageConfig())
    assert isinstance(decide_plan(facts), AskRequester)
    foreseen = PlanFacts(reading=Reading(requests=(wanted,)), triage=TRIAGE, config=TriageConfig(), foreseen=("r1",))
    assert decide_plan(foreseen) == CannotBe(requests=(wanted,))


def test_only_one_wish_in_doubt_can_be_foreseen() -> None:
    assert one_wish(Reading(requests=(doubtful("r1", "LF-1", "unread"),))) != ()
    assert one_wish(Reading(requests=(doubtful("r1", "LF-1"),))) == ()
    assert one_wish(Reading(requests=(doubtful("r1", "LF-1", "conflict"),))) == ()
    assert one_wish(Reading(requests=(doubtful("r1", "LF-1", "unread"), doubtful("r2", "LF-2", "unread")))) == ()
