"""Order of work: the worked example, and that the class always decides before the money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.priority import (
    MAX_HEAD_START_S,
    Priority,
    PriorityBasis,
    PriorityFacts,
    decide_severity,
    head_start_s,
    prioritise,
    rank,
    score_priority,
)
from tests.core.vectors import vector


def test_e23_scores_and_order() -> None:
    e23 = vector("E23")
    tickets = [
        PriorityFacts(
            ticket_id=name,
            severity=raw["severity"],
            arr_minor=raw["arr"] * 100,
            renewal_days=raw["renewal_days"],
            p_negative_ppm=round(raw["p_negative"] * 1_000_000),
            seconds_left=raw["hours_left"] * 3600,
            sla_credit_minor=raw["sla_credit"] * 100,
            users=raw["users"],
            severity_cost_minor=round(raw["sev_cost"] * 100),
            effort_s=round(raw["effort_h"] * 3600),
        )
        for name, raw in e23["input"]["tickets"].items()
    ]
    want = e23["expected"]
    scores = want["cost_of_delay_per_effort"]
    for ticket in tickets:
        score = score_priority(ticket).cost_of_delay_milli / 100_000
        assert abs(score - scores["value"][ticket.ticket_id]) <= scores["abs_tol"]
    assert [each.ticket_id for each in rank(tickets)] == want["order_with_severity_first"]["value"]
    assert rank(reversed(tickets)) == rank(tickets)


@given(st.integers(0, 10**12), st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_no_money_lifts_a_ticket_over_a_worse_class(arr: int, negative: int, left: int) -> None:
    rich = PriorityFacts(
        ticket_id="a", severity=2, arr_minor=arr, p_negative_ppm=negative, seconds_left=left, sla_credit_minor=arr
    )
    assert [each.ticket_id for each in rank([rich, PriorityFacts(ticket_id="z", severity=1)])] == ["z", "a"]


def test_what_it_is_about_counts_not_how_it_is_said() -> None:
    assert decide_severity("question", ["outage"]) == 1
    assert decide_severity("question", ["legal_threat"]) == 2
    assert decide_severity("incident", []) == 2
    assert decide_severity("feature_request", []) == 4
    assert decide_severity("something else", []) == 3


def test_edges_are_bounded() -> None:
    zero_effort = PriorityFacts(ticket_id="t", severity=3, users=1, severity_cost_minor=60, effort_s=0)
    assert score_priority(zero_effort).cost_of_delay_milli == 3_600_000
    breached = PriorityFacts(ticket_id="t", severity=3, seconds_left=-9, sla_credit_minor=100, effort_s=3600)
    assert score_priority(breached).cost_of_delay_milli == 400_000
    with pytest.raises(ValueError, match="use 1 to 4"):
        score_priority(PriorityFacts(ticket_id="t", severity=0))


def test_reasons_name_the_class_first_then_what_waiting_costs() -> None:
    ticket = PriorityFacts(
        ticket_id="t", severity=1, arr_minor=25_000_000, renewal_days=30, p_negative_ppm=600_000,
        seconds_left=7_200, sla_credit_minor=250_000, users=400, severity_cost_minor=100, effort_s=5_400,
    )  # fmt: skip
    seen = prioritise(PriorityBasis(ticket=ticket, signals=("outage",), tier="premier", urgency_ppm=810_000))
    assert seen.priority == score_priority(ticket)
    assert seen.reasons == (
        "severity 1 (critical): the text reports outage", "account tier premier",
        "60 % chance of a bad outcome, renewal in 30 days", "promised time ends in 120 minutes", "400 users",
        "sounds urgent (81 %)", "cost of delay 1132.22 per hour of delay and of effort",
    )  # fmt: skip


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_how_it_sounds_never_changes_the_class(urgency: int, frustration: int) -> None:
    quiet = PriorityBasis(ticket=PriorityFacts(ticket_id="t", severity=3))
    loud = PriorityBasis(ticket=quiet.ticket, urgency_ppm=urgency, frustration_ppm=frustration)
    assert prioritise(loud).priority == prioritise(quiet).priority
    assert prioritise(quiet).reasons == ("severity 3 (normal): nothing grave is read",)


@given(st.integers(0, 10**20), st.integers(0, 10**20))
def test_a_head_start_grows_with_the_cost_of_delay_and_has_an_end(one: int, other: int) -> None:
    less, more = (
        head_start_s(Priority(ticket_id="t", name="normal", severity=3, cost_of_delay_milli=cost))
        for cost in sorted((one, other))
    )
    assert 0 <= less <= more <= MAX_HEAD_START_S


def test_a_tenfold_cost_of_delay_is_worth_ten_minutes() -> None:
    costs = (0, 9, 99, 999_999, 10**15)
    found = [head_start_s(Priority(ticket_id="t", name="low", severity=4, cost_of_delay_milli=cost)) for cost in costs]
    assert found == [0, 600, 1_200, 3_600, MAX_HEAD_START_S]
