"""The verified-resolution fold: the worked ledger, its boundaries, and what must hold for any set of events."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.core.contract import Contract, Price
from proofdesk.core.invoice import preview_invoice
from proofdesk.core.rating import rate_issue
from proofdesk.core.resolution import (
    EventType,
    Resolution,
    ResolutionEvent,
    Terms,
    fold_resolution,
    is_contained,
    is_verified,
)
from tests.core.vectors import vector

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
LATE = START + timedelta(days=400)
BOTH = pytest.mark.parametrize("human_ends", [True, False])


def event(raw: dict[str, str]) -> ResolutionEvent:
    # The vector's precondition: information issues whose quality check passed.
    return ResolutionEvent(type=raw["type"], ts=datetime.fromisoformat(raw["ts"]), silence_eligible=True)  # type: ignore[arg-type]


def at(hours: float, kind: str, **more: Any) -> ResolutionEvent:
    return ResolutionEvent(type=kind, ts=START + timedelta(hours=hours), **more)  # type: ignore[arg-type]


def fold_all(e03: Any, terms: Terms) -> dict[str, Resolution]:
    as_of = datetime.fromisoformat(e03["input"]["as_of"])
    issues: dict[str, list[ResolutionEvent]] = {}
    for raw in e03["input"]["events"]:
        issues.setdefault(raw["issue"], []).append(event(raw))
    return {issue: fold_resolution(events, terms, as_of) for issue, events in issues.items()}


def contract(e03: Any, mode: str, silence: bool) -> Contract:
    from decimal import Decimal

    price = Price(kind="resolution", unit_price=Decimal(e03["input"]["price_minor"]).scaleb(-2))
    return Contract(
        id="c", version=1, currency=e03["input"]["currency"], valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        prices=(price,), mode=mode, silence_bills=silence,  # type: ignore[arg-type]
    )  # fmt: skip


def expectation(e03: Any, silence: bool) -> dict[str, Any]:
    want = {name: value["value"] for name, value in e03["expected"].items()}
    if silence:
        return want
    (variant,) = (each for each in e03["variants"] if each["input_change"] == {"silence_bills": False})
    changed = dict(variant["expected"])
    changed["final_state"] = {**want["final_state"], **changed.pop("final_state_changes")}
    return changed


@BOTH
@pytest.mark.parametrize("silence", [True, False])
def test_e03_states_and_accrual(silence: bool, human_ends: bool) -> None:
    e03 = vector("E03")
    want = expectation(e03, silence)
    found = fold_all(e03, Terms(silence_bills=silence, human_ends_billing=human_ends))
    assert {issue: each.state for issue, each in found.items()} == want["final_state"]
    assert sum(map(is_verified, found.values())) == want["net_billable"]
    rules = contract(e03, "accrue", silence)
    rated = [rate_issue(issue, each, rules) for issue, each in found.items()]
    total = 0
    for month, books in want["accrual"].items():
        invoice = preview_invoice(rated, rules, month)
        assert sorted(line.issue_id for line in invoice.lines) == books["charges"]
        assert sorted(credit.issue_id for credit in invoice.credits) == books["reversals"]
        assert invoice.total_minor == books["net_minor"]
        total += invoice.total_minor
    assert total == want["accrual_total_minor"]
    assert not preview_invoice(rated, rules, "2026-05").lines


@pytest.mark.parametrize("silence", [True, False])
def test_e03_settle_mode(silence: bool) -> None:
    e03 = vector("E03")
    want = expectation(e03, silence)
    rules = contract(e03, "settle", silence)
    found = fold_all(e03, Terms(silence_bills=silence))
    rated = [rate_issue(issue, each, rules) for issue, each in found.items()]
    for month, issues in want["settle_mode"].items():
        assert sorted(line.issue_id for line in preview_invoice(rated, rules, month).lines) == issues
    settled = {each.charge.issue_id: each.charge.at for each in rated if each.charge}
    for issue, instant in want.get("settle_at", {}).items():
        assert settled[issue] == datetime.fromisoformat(instant)


@BOTH
def test_e03_boundary_cases(human_ends: bool) -> None:
    for case in vector("E03")["boundary_cases"]:
        terms = Terms(silence_bills=case["silence_bills"], human_ends_billing=human_ends)
        found = fold_resolution(map(event, case["events"]), terms, LATE)
        counts = int(found.billed_at is not None), int(found.reversed_at is not None)
        assert (found.state, *counts) == (case["state"], case["charges"], case.get("reversals", 0)), case["why"]


def test_grade_and_proof_name_the_evidence() -> None:
    confirmed = fold_resolution(
        [at(0, "proposed"), at(1, "customer_confirmed", leaf_seq=7)], Terms(), START + timedelta(days=1)
    )
    assert (confirmed.state, confirmed.grade) == ("billable", "confirmed")
    assert confirmed.proof is not None and confirmed.proof.leaf_seq == 7
    verified = fold_resolution([at(0, "proposed"), at(0, "system_state_verified")], Terms(), LATE)
    assert (verified.state, verified.grade) == ("final", "state_verified")
    silent = fold_resolution(
        [at(0, "proposed", leaf_seq=3, silence_eligible=True)], Terms(silence_bills=True), START + timedelta(days=4)
    )
    assert (silent.state, silent.grade, silent.billed_at) == ("billable", "silent", START + timedelta(hours=72))
    assert silent.proof is not None and (silent.proof.type, silent.proof.leaf_seq) == ("silence", 3)


def test_silence_never_bills_an_action() -> None:
    assert fold_resolution([at(0, "proposed")], Terms(silence_bills=True), LATE).state == "proposed"


def test_anything_in_the_window_is_not_silence() -> None:
    events = [at(0, "proposed", silence_eligible=True), at(5, "csat_negative")]
    assert fold_resolution(events, Terms(silence_bills=True), LATE).state == "proposed"


def test_silence_is_not_over_at_its_last_instant() -> None:
    events = [at(0, "proposed", silence_eligible=True)]
    assert fold_resolution(events, Terms(silence_bills=True), START + timedelta(hours=72)).state == "proposed"


def test_final_only_after_the_window() -> None:
    events = [at(0, "proposed"), at(0, "customer_confirmed")]
    end = START + timedelta(days=14)
    assert fold_resolution(events, Terms(), end).state == "billable"
    assert fold_resolution(events, Terms(), end + timedelta(seconds=1)).state == "final"


@pytest.mark.parametrize("who", ["human_takeover", "human_reply", "human_requested"])
def test_a_person_before_the_proof_ends_billing(who: str) -> None:
    events = [at(0, "proposed"), at(1, who), at(2, "proposed"), at(3, "customer_confirmed")]
    assert fold_resolution(events, Terms(), LATE).state == "void"
    assert fold_resolution(events[1:], Terms(), LATE).state == "void"
    assert fold_resolution(events, Terms(human_ends_billing=False), LATE).state == "final"


def test_the_customer_wins_a_tie() -> None:
    events = [at(0, "customer_confirmed"), at(0, "customer_contact"), at(0, "proposed")]
    assert fold_resolution(events, Terms(), LATE).state == "void"


def test_a_dispute_stands_between_billable_and_reversed() -> None:
    base = [at(0, "proposed"), at(0, "system_state_verified"), at(24, "dispute_opened")]
    assert fold_resolution(base, Terms(), LATE).state == "disputed"
    assert fold_resolution([*base, at(48, "dispute_rejected")], Terms(), LATE).state == "final"
    upheld = fold_resolution([*base, at(24 * 40, "dispute_upheld")], Terms(), LATE)
    assert (upheld.state, upheld.reversed_at) == ("reversed", START + timedelta(days=40))
    assert fold_resolution([*base[:2], at(48, "dispute_upheld")], Terms(), LATE).state == "final"


def test_approval_makes_it_assisted_but_not_escalated() -> None:
    found = fold_resolution([at(0, "approved"), at(1, "proposed"), at(1, "system_state_verified")], Terms(), LATE)
    assert found.assisted and not found.escalated and is_contained(found)


@pytest.mark.parametrize("end", ["deflected", "abandoned"])
def test_absorbing_ends_never_bill(end: str) -> None:
    events = [at(0, "proposed"), at(1, end), at(2, "proposed"), at(3, "customer_confirmed")]
    assert fold_resolution(events, Terms(), LATE).state == end


any_events = st.lists(
    st.builds(
        ResolutionEvent,
        type=st.sampled_from(get_args(EventType)),
        ts=st.integers(0, 40).map(lambda half: START + timedelta(hours=12 * half)),
        leaf_seq=st.integers(0, 3),
        silence_eligible=st.booleans(),
    ),
    max_size=9,
)
any_terms = st.builds(Terms, silence_bills=st.booleans())
any_time = st.integers(0, 80).map(lambda half: START + timedelta(hours=12 * half))


@settings(max_examples=300, deadline=None)
@given(any_events, any_terms, any_time, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(
    events: list[ResolutionEvent], terms: Terms, as_of: datetime, chance: Any
) -> None:
    again = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(again)
    once = fold_resolution(events, terms, as_of)
    assert fold_resolution(again, terms, as_of) == once
    assert fold_resolution(events, terms, as_of) == once


@settings(max_examples=300, deadline=None)
@given(any_events, any_terms, any_time)
def test_what_always_holds(events: list[ResolutionEvent], terms: Terms, as_of: datetime) -> None:
    found = fold_resolution(events, terms, as_of)
    if is_verified(found):
        assert is_contained(found)
        assert found.proof is not None and found.grade is not None
    if found.reversed_at is not None:
        assert found.billed_at is not None and found.reversed_at >= found.billed_at
    if found.grade == "silent":
        assert terms.silence_bills
    if found.state in ("void", "deflected", "abandoned", "open", "proposed"):
        assert found.billed_at is None
    known = [each for each in events if each.ts <= as_of]
    assert fold_resolution(known, terms, as_of) == found


@settings(max_examples=200, deadline=None)
@given(any_events, any_terms, any_time, any_time)
def test_a_charge_once_made_keeps_its_instant(
    events: list[ResolutionEvent], terms: Terms, one: datetime, other: datetime
) -> None:
    """Looking again later, with the same events, never moves the charge: only adds a reversal."""
    early, late = (fold_resolution(events, terms, when) for when in sorted((one, other)))
    if early.billed_at is not None:
        assert late.billed_at == early.billed_at
        assert late.proof == early.proof
    if early.reversed_at is not None:
        assert late == early
