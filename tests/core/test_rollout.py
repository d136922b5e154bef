"""Cohorts keep their accounts, gates keep their promise, guardrails are quick."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.gate import KpiContract, Label, decide_gate, judge_outcomes
from proofdesk.core.rollout import LADDER, CohortFacts, Rollout, decide_cohort, next_rung


def facts(who: str, percent: int, **changes: object) -> CohortFacts:
    values = {"tenant": "t", "procedure": "p", "who": who, "tier": "gold", "jurisdiction": "DE", "channel": "api",
              "rollout": Rollout(procedure="p", percent=percent), "stopped": False}  # fmt: skip
    return CohortFacts(**{**values, **changes})


@given(st.text(max_size=20))
def test_widening_only_adds_accounts(who):
    held = [decide_cohort(facts(who, percent)).held for percent in LADDER]
    acting = [reason == "" for reason in held]
    assert acting == sorted(acting)
    assert held[0] == "shadow"
    assert held[-1] in ("", "holdout")


def test_shares_are_what_they_say():
    people = [f"account-{n}" for n in range(20_000)]
    for percent in (5, 25, 100):
        acting = sum(decide_cohort(facts(who, percent)).held == "" for who in people) / len(people)
        assert acting == pytest.approx(percent / 100 * 0.95, abs=0.012)
    out = {who for who in people if decide_cohort(facts(who, 100)).held == "holdout"}
    other = Rollout(procedure="q", percent=100)
    assert out == {w for w in people if decide_cohort(facts(w, 0, procedure="q", rollout=other)).held == "holdout"}


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"stopped": True}, "actions_stopped"), ({"rollout": None}, "shadow"),
        ({"rollout": Rollout(procedure="p", percent=100, holdout_ppm=0, tiers=("vip",))}, "outside_cohort"),
        ({"rollout": Rollout(procedure="p", percent=100, holdout_ppm=0, channels=("api",))}, ""),
        ({"rollout": Rollout(procedure="p", percent=100, holdout_ppm=1_000_000)}, "holdout"),
    ],
)  # fmt: skip
def test_who_is_held_back(changes, held):
    assert decide_cohort(facts("a", 100, **changes)).held == held


def test_the_ladder_ends():
    assert [next_rung(percent) for percent in LADDER] == [1, 5, 25, 50, 100, None]


def test_a_gate_needs_evidence_and_no_breach():
    contract = KpiContract(accuracy=0.9)
    assert not decide_gate([], contract, 1).open
    good = [Label(right=True)] * 60
    assert decide_gate(good, contract, 1).open
    assert not decide_gate([*good, Label(right=True, breach=True)], contract, 1).open
    assert decide_gate(good[:29], contract, 1).reasons[0].startswith("29 labels")
    few = decide_gate([Label(right=True)] * 40, contract, 1)
    assert few.evidence.needed is not None
    assert few.evidence.needed > 40


def test_more_procedures_share_the_error_allowance():
    contract = KpiContract(accuracy=0.9)
    labels = [Label(right=True)] * 60
    assert decide_gate(labels, contract, 20).evidence.bar > decide_gate(labels, contract, 1).evidence.bar


def test_people_who_do_better_keep_the_gate_closed():
    contract = KpiContract(accuracy=0.6, margin=0.03)
    worse = [Label(right=n % 5 != 0, human_right=True) for n in range(300)]
    gate = decide_gate(worse, contract, 1)
    assert not gate.open
    assert any("of people" in reason for reason in gate.reasons)
    equal = [Label(right=True, human_right=True) for _ in range(300)]
    assert decide_gate(equal, contract, 1).open


def test_gates_do_not_open_falsely_however_often_one_looks():
    contract = KpiContract(accuracy=0.9, min_labels=1)
    draw = random.Random(11)
    opened = 0
    for _ in range(200):
        labels: list[Label] = []
        for _ in range(12):
            labels += [Label(right=draw.random() < 0.9) for _ in range(40)]
            if decide_gate(labels, contract, 1).open:
                opened += 1
                break
    assert opened / 200 <= 0.05


def test_bad_outcomes_roll_back_and_a_breach_does_at_once():
    contract = KpiContract()
    assert judge_outcomes([False] * 20, contract) == "go_on"
    assert judge_outcomes([n % 5 == 0 for n in range(30)], contract) == "roll_back"
    assert judge_outcomes([False], contract, breach=True) == "roll_back"


@pytest.mark.parametrize("wrong", [{"accuracy": 1.0}, {"bad_rate": 0.1, "bad_rate_alarm": 0.1}, {"min_labels": 0}])
def test_impossible_contracts_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong)).split("_")[0]):
        KpiContract(**wrong)
