"""What the plan does with proposals of the model and with thanks."""

from proofdesk.core.plan import ActOn, HandOver, Nothing, Plan, PlanFacts, decide_plan
from proofdesk.core.reading import Reading, Request, Signal
from proofdesk.core.triage import TriageConfig, TriageFacts


def plan(*requests: Request, only_thanks: bool = False, signals: tuple[Signal, ...] = ()) -> Plan:
    return decide_plan(
        PlanFacts(
            reading=Reading(requests=requests),
            triage=TriageFacts(scores=(), in_scope_ppm=0, signals=signals),
            config=TriageConfig(),
            intent_ppm=600_000,
            only_thanks=only_thanks,
        )
    )


def test_a_proposal_below_the_threshold_goes_to_a_person() -> None:
    found = plan(Request(id="r1", procedure="p", confidence_ppm=599_999))
    assert isinstance(found, HandOver)
    assert found.reason == "low_confidence"


def test_a_proposal_at_the_threshold_is_acted_on_with_the_models_own_score() -> None:
    found = plan(Request(id="r1", procedure="p", confidence_ppm=600_000))
    assert isinstance(found, ActOn)
    assert found.confidence_ppm == 600_000


def test_thanks_alone_need_no_person() -> None:
    assert plan(only_thanks=True) == Nothing()


def test_a_grave_sign_in_thanks_still_goes_to_a_person() -> None:
    assert isinstance(plan(only_thanks=True, signals=(Signal(code="legal_threat"),)), HandOver)


def test_thanks_never_hide_a_request() -> None:
    assert isinstance(plan(Request(id="r1", procedure="p", confidence_ppm=990_000), only_thanks=True), ActOn)
