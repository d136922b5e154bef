"""Verdicts, rates, thresholds, money, comparison and bias, against figures worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.confidence import Costs, Gate
from proofdesk.core.simulation import figures
from proofdesk.core.simulation.compare import bias, compare
from proofdesk.core.simulation.values import Case, Course, Decided, Guess, Human, Kind, verdict
from proofdesk.core.triage import TriageConfig


def case(
    name: str = "1", human: Human | None = None, decided: Decided | None = None, *, score: int = 900_000,
    intent: str = "a", course: Course = "proceed", solved: bool | None = True, amount: int = 0,
) -> Case:  # fmt: skip
    return Case(
        id=name, at="", channel="email", human=human, solved=solved, amount_minor=amount,
        decided=decided or Decided(kind="act", intents=("a",)),
        guess=Guess(intent=intent, score_ppm=score, in_scope_ppm=900_000, course=course, encoding="batch"),
    )  # fmt: skip


A, HANDED = Human(intents=("a",)), Human(intents=("a",), handed_over=True)


@pytest.mark.parametrize(
    ("human", "decided", "expected"),
    [
        (A, Decided(kind="act", intents=("a",)), "right"),
        (A, Decided(kind="act", intents=("b",)), "wrong"),
        (A, Decided(kind="act", intents=("a", "b")), "wrong"),
        (HANDED, Decided(kind="act", intents=("a",)), "wrong"),
        (HANDED, Decided(kind="answer", intents=("a",)), "wrong"),
        (HANDED, Decided(kind="hand_over", reason="safety"), "right"),
        (A, Decided(kind="hand_over", reason="low_confidence"), "missed"),
        (A, Decided(kind="out_of_scope"), "missed"),
        (Human(intents=("oos",)), Decided(kind="out_of_scope"), "right"),
        (Human(intents=("oos",)), Decided(kind="act", intents=("a",)), "wrong"),
        (A, Decided(kind="ask", reason="order"), "asked"),
        (A, Decided(kind="nothing"), "missed"),
        (Human(intents=("oos",)), Decided(kind="nothing"), "right"),
        (None, Decided(kind="act"), "unjudged"),
        (A, Decided(kind="unknown"), "unjudged"),
        (Human(action="x.do"), Decided(kind="act", intents=("a",), actions=("x.do",)), "right"),
        (Human(action="x.do"), Decided(kind="act", intents=("a",), actions=("x.undo",)), "wrong"),
        (Human(action="x.do"), Decided(kind="refuse", intents=("a",)), "wrong"),
        (
            Human(intents=("a",), action="x.do", amount_minor=5),
            Decided(kind="act", intents=("a",), actions=("x.do",), amount_minor=6),
            "wrong",
        ),
    ],
)
def test_verdicts(human: Human | None, decided: Decided, expected: str):
    assert verdict(case(human=human, decided=decided)) == expected


def test_every_rate_says_what_it_left_out():
    cases = [
        case("1", A), case("2", A, Decided(kind="act", intents=("b",))), case("3", A, Decided(kind="unknown")),
        case("4"), case("5", HANDED, Decided(kind="hand_over")), case("6", A, Decided(kind="ask")),
    ]  # fmt: skip
    rates = figures.decision_rates(cases, excluded=2, immature=7)
    assert all(rate.immature == 7 for rate in rates.values())
    counted = {name: (rate.numerator, rate.denominator, rate.excluded) for name, rate in rates.items()}
    assert counted["known"] == (5, 6, 2)
    assert counted["autonomous"] == (3, 5, 3)
    assert counted["autonomous_right"] == (1, 2, 3)
    assert counted["wrong_action"] == (1, 4, 4)
    assert counted["handed_over_rightly"] == (1, 1, 2)
    assert figures.decision_confusion(cases)["a"] == {"a": 1, "b": 1, "unknown": 1, "ask": 1}


def test_the_strictest_of_the_three_bounds_binds():
    cases = [case(str(n), A, score=950_000 if n < 400 else 700_000) for n in range(600)]
    certified = figures.certified_ppm(cases, target=0.95, delta=0.05)
    assert certified == 700_000
    assert figures.certified_ppm(cases[:10], target=0.95, delta=0.05) is None
    dear = Gate(costs=Costs(act_minor=99, human_minor=100, goodwill_minor=100_000), floor_ppm=500_000)
    cheap = Gate(costs=Costs(act_minor=1, human_minor=10_000, goodwill_minor=0), floor_ppm=500_000)
    bound = {
        name: figures.thresholds(cases, TriageConfig(default=gate), known)[0]
        for name, gate, known in (
            ("dear", dear, certified), ("cheap", cheap, certified), ("floor", Gate(floor_ppm=990_000), 100_000),
            ("none", cheap, None),
        )
    }  # fmt: skip
    assert {name: each.chosen.bound_by for name, each in bound.items()} == {
        "dear": "cost", "cheap": "certificate", "floor": "floor", "none": "uncertified",
    }  # fmt: skip
    assert bound["dear"].chosen.ppm == bound["dear"].financial_ppm > 999_000
    assert (bound["cheap"].coverage.numerator, bound["cheap"].coverage.denominator) == (600, 600)


def test_money_by_hand():
    costs = Gate(costs=Costs(act_minor=100, human_minor=800, goodwill_minor=1_000))
    cases = [
        case("1", A), case("2", A, Decided(kind="act", intents=("b",)), amount=5_000), case("3"),
        case("4", A, Decided(kind="ask")),
    ]  # fmt: skip
    found = figures.money(cases, {}, costs)
    assert (found.tickets, found.excluded) == (3, 1)
    assert found.people_minor == 2_400
    assert found.errors_minor == 800 + 1_000 + 5_000
    assert found.product_minor == 100 + 100 + 6_800 + 800
    assert found.saved_minor == found.people_minor - found.product_minor


def test_the_curve_falls_in_threshold_and_ends_with_every_ticket():
    cases = [case(str(n), A, score=n * 10_000, intent="a" if n > 20 else "b") for n in range(1, 100)]
    points = figures.curve(cases)
    assert [p.threshold_ppm for p in points] == sorted((p.threshold_ppm for p in points), reverse=True)
    assert points[-1].coverage.value == 1.0
    assert points[0].accuracy.value == 1.0
    assert points[-1].accuracy.numerator == 79
    assert figures.curve([]) == ()


def test_a_paired_comparison():
    wrong = Decided(kind="act", intents=("b",))
    present = [case(str(n), A, wrong if n < 10 else None) for n in range(200)]
    better = [case(str(n), A, wrong if n < 2 else None) for n in range(200)]
    found = compare(present, better, margin=0.03)
    assert (found.only_present, found.only_candidate, found.pairs) == (0, 8, 200)
    assert found.not_worse
    assert found.difference == 0.04
    assert [each.id for each in found.changed] == [str(n) for n in range(2, 10)]
    assert not compare(better, present, margin=0.03).not_worse
    with pytest.raises(ValueError, match="same tickets"):
        compare(present, better[:-1], margin=0.03)
    nothing = compare([case()], [case()], margin=0.03)
    assert (nothing.pairs, nothing.p, nothing.not_worse) == (0, None, False)


def test_bias_is_stated_or_said_to_be_unknown():
    hard = Decided(kind="hand_over", reason="low_confidence")
    solved = [case(str(n), A) for n in range(8)]
    open_ones = [case(f"o{n}", A, hard if n else None, solved=False) for n in range(2)]
    found = bias(solved + open_ones)
    assert found.stated is not None
    assert found.stated.solved_only == 1.0
    assert found.stated.true_mix == pytest.approx(0.9)
    assert found.stated.bias_points == pytest.approx(10.0)
    assert bias([case("1", A, solved=None)]).stated is None
    silent = bias([*solved, case("x", solved=False)])
    assert silent.stated is None
    assert "not solved, email" in silent.note
    assert "Only solved" in bias(solved).note


KINDS = st.sampled_from(["act", "answer", "refuse", "ask", "hand_over", "out_of_scope", "nothing", "unknown"])


@given(st.lists(st.tuples(KINDS, st.sampled_from([None, A, HANDED]), st.integers(0, 1_000_000)), max_size=30))
def test_the_kinds_add_up_and_no_rate_exceeds_one(rows: list[tuple[Kind, Human | None, int]]):
    cases = [
        case(str(n), human, Decided(kind=kind, intents=("a",)), score=score)
        for n, (kind, human, score) in enumerate(rows)
    ]
    rates = figures.decision_rates(cases, excluded=0, immature=0)
    assert sum(rate.numerator for name, rate in rates.items() if name.startswith("decided_")) == (
        rates["known"].numerator
    )
    assert all(rate.numerator <= rate.denominator for rate in rates.values())
    found = figures.money(cases, {}, Gate())
    assert found.saved_minor == found.people_minor - found.product_minor
