"""The triage decision and its thresholds: integers in, one closed outcome out."""

from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.confidence import NEVER, PPM, Costs, Gate, cost_optimum_ppm, loss_minor, threshold
from proofdesk.core.reading import Signal, Span
from proofdesk.core.triage import (
    Candidate,
    HumanFirst,
    OutOfScope,
    Proceed,
    TriageConfig,
    TriageFacts,
    Unsure,
    decide_triage,
)  # fmt: skip

FREE = Gate(costs=Costs(human_minor=10_000), certified_ppm=0, floor_ppm=0)


def facts(*scores: tuple[str, int], in_scope: int = 990_000, signals: tuple[Signal, ...] = (), amount: int = 0):
    return TriageFacts(
        scores=tuple(Candidate(intent=name, score_ppm=ppm) for name, ppm in scores),
        in_scope_ppm=in_scope, signals=signals, amount_minor=amount,
    )  # fmt: skip


def test_a_sure_intent_proceeds_and_says_which_bound_was_the_strictest():
    decision = decide_triage(facts(("refund", 960_000)), TriageConfig(default=Gate(certified_ppm=900_000)))
    assert decision == Proceed(intent="refund", score_ppm=960_000, threshold_ppm=900_000, bound_by="certificate")


def test_without_a_certificate_the_stricter_default_holds():
    decision = decide_triage(facts(("refund", 949_999)), TriageConfig())
    assert isinstance(decision, Unsure)
    assert (decision.threshold_ppm, decision.bound_by) == (950_000, "uncertified")


def test_a_large_amount_raises_the_bar_until_the_cost_decides():
    config = TriageConfig(default=Gate(certified_ppm=900_000))
    assert isinstance(decide_triage(facts(("refund", 960_000), amount=5_000), config), Proceed)
    dear = decide_triage(facts(("refund", 960_000), amount=1_000_000), config)
    assert isinstance(dear, Unsure)
    assert dear.bound_by == "cost"


def test_out_of_scope_is_judged_before_the_intents():
    decision = decide_triage(facts(("refund", 999_999), in_scope=699_999), TriageConfig())
    assert decision == OutOfScope(in_scope_ppm=699_999, gate_ppm=700_000)


def test_no_scores_is_out_of_scope():
    assert isinstance(decide_triage(facts(), TriageConfig()), OutOfScope)


def test_a_signal_comes_first_and_the_gravest_names_the_reason():
    person = Signal(code="asks_for_human", span=Span(start=0, end=5), rule="en.1")
    threat = Signal(code="legal_threat", span=Span(start=9, end=12), rule="en.2")
    decision = decide_triage(facts(("refund", PPM), in_scope=0, signals=(person, threat)), TriageConfig())
    assert decision == HumanFirst(signal=threat, also=("asks_for_human",))


def test_a_signal_the_tenant_does_not_escalate_changes_nothing():
    person = Signal(code="asks_for_human")
    config = TriageConfig(default=FREE, always_human=frozenset({"safety"}))
    assert isinstance(decide_triage(facts(("refund", PPM), signals=(person,)), config), Proceed)


def test_candidates_are_few_ordered_and_above_the_bar():
    scores = (("b", 300_000), ("a", 300_000), ("c", 200_000), ("d", 90_000), ("e", 10_000))
    decision = decide_triage(facts(*scores), TriageConfig())
    assert isinstance(decision, Unsure)
    assert [c.intent for c in decision.candidates] == ["a", "b", "c"]


def test_an_action_dearer_than_a_person_never_runs_by_itself():
    gate = Gate(costs=Costs(act_minor=900, human_minor=800), certified_ppm=0, floor_ppm=0)
    assert threshold(gate, 0).ppm == NEVER
    assert isinstance(decide_triage(facts(("refund", PPM)), TriageConfig(default=gate)), Unsure)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, PPM), st.integers(0, PPM))
def test_the_threshold_rises_with_the_amount_and_is_never_below_its_parts(low, more, certified, floor):
    gate = Gate(certified_ppm=certified, floor_ppm=floor)
    small, large = threshold(gate, low).ppm, threshold(gate, low + more).ppm
    assert large >= small >= max(certified, floor)
    assert small >= cost_optimum_ppm(gate.costs, loss_minor(gate.costs, low))


@given(st.permutations([("a", 400_000), ("b", 400_000), ("c", 200_000)]))
def test_the_order_in_which_scores_arrive_does_not_matter(scores):
    config = TriageConfig(default=FREE)
    assert decide_triage(facts(*scores), config) == decide_triage(facts(*sorted(scores)), config)
