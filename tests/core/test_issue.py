"""An issue of several requests bills only when each is proven and none went to a person."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.core.issue import Receipt, RequestState, fold_issue
from proofdesk.core.resolution import Resolution, ResolutionEvent, Terms, is_contained, is_verified

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
LATE = START + timedelta(days=300)


def hour(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def event(hours: float, kind: str, **more: Any) -> ResolutionEvent:
    return ResolutionEvent(type=kind, ts=hour(hours), **more)  # type: ignore[arg-type]


def action(name: str, *receipts: Receipt, effects: tuple[str, ...] = (), **more: Any) -> RequestState:
    return RequestState(id=name, kind="action", effect_ids=effects or (name,), receipts=receipts, **more)


def got(name: str, hours: float, *, ok: bool = True, leaf: int = 5) -> Receipt:
    return Receipt(effect_id=name, at=hour(hours), ok=ok, leaf_seq=leaf)


def fold(requests: list[RequestState], *events: ResolutionEvent, terms: Terms | None = None) -> Resolution:
    return fold_issue(requests, events, terms or Terms(), LATE)


def test_read_back_before_the_reply_bills_at_the_reply() -> None:
    found = fold([action("refund", got("refund", -1, leaf=9))], event(0, "proposed"))
    assert (found.state, found.grade, found.billed_at) == ("final", "state_verified", hour(0))
    assert found.proof is not None and found.proof.leaf_seq == 9


def test_read_back_after_the_reply_bills_when_it_arrives() -> None:
    assert fold([action("refund", got("refund", 2))], event(0, "proposed")).billed_at == hour(2)


def test_every_action_needs_its_receipt() -> None:
    one, two = action("refund", got("refund", -1)), action("cancel")
    assert fold([one, two], event(0, "proposed"), event(1, "customer_confirmed")).state == "proposed"
    both = fold([one, action("cancel", got("cancel", 3))], event(0, "proposed"), event(1, "customer_confirmed"))
    assert both.billed_at == hour(3)


def test_every_effect_of_one_action_needs_its_receipt() -> None:
    half = action("move", got("a", -1), effects=("a", "b"))
    assert fold([half], event(0, "proposed")).state == "proposed"


@pytest.mark.parametrize("effects", [(), ("x",)])
def test_claims_without_receipts_are_not_believed(effects: tuple[str, ...]) -> None:
    bare = RequestState(id="r", kind="action", effect_ids=effects)
    events = [event(0, "proposed"), event(1, "system_state_verified"), event(2, "customer_confirmed")]
    assert fold([bare], *events).state == "proposed"
    assert fold([], *events).state == "proposed"


def test_a_failed_receipt_proves_nothing() -> None:
    assert fold([action("refund", got("refund", -1, ok=False))], event(0, "proposed")).state == "proposed"


def test_a_change_that_vanishes_later_reverses() -> None:
    found = fold([action("refund", got("refund", -1), got("refund", 48, ok=False, leaf=11))], event(0, "proposed"))
    assert (found.state, found.billed_at, found.reversed_at) == ("reversed", hour(0), hour(48))
    assert found.reversal is not None and (found.reversal.type, found.reversal.leaf_seq) == ("action_rolled_back", 11)


def test_one_escalated_request_ends_billing_of_all() -> None:
    sent = action("cancel", escalated_at=hour(-2), escalation_leaf_seq=4)
    assert fold([action("refund", got("refund", -1)), sent], event(0, "proposed")).state == "void"


def test_information_needs_the_customer_or_priced_silence() -> None:
    info = RequestState(id="i", kind="information", quality_passed=True)
    proposed = event(0, "proposed", silence_eligible=True)
    assert fold([info], proposed).state == "proposed"
    assert fold([info], proposed, event(1, "customer_confirmed")).grade == "confirmed"
    assert fold([info], proposed, terms=Terms(silence_bills=True)).grade == "silent"
    unchecked = RequestState(id="i", kind="information")
    assert fold([unchecked], proposed, terms=Terms(silence_bills=True)).state == "proposed"


def test_mixed_issue_needs_both_proofs() -> None:
    info = RequestState(id="i", kind="information", quality_passed=True)
    mixed = [info, action("refund", got("refund", -1))]
    proposed = event(0, "proposed", silence_eligible=True)
    assert fold(mixed, proposed, terms=Terms(silence_bills=True)).state == "proposed"
    assert fold(mixed, proposed, event(1, "customer_confirmed")).grade == "confirmed"


receipts = st.builds(
    Receipt,
    effect_id=st.sampled_from(["a", "b"]),
    at=st.integers(-3, 9).map(hour),
    ok=st.booleans(),
    leaf_seq=st.integers(1, 3),
)
requests = st.lists(
    st.builds(
        RequestState,
        id=st.just("r"),
        kind=st.sampled_from(["action", "information"]),
        effect_ids=st.sampled_from([(), ("a",), ("a", "b")]),
        receipts=st.lists(receipts, max_size=4).map(tuple),
        quality_passed=st.booleans(),
        escalated_at=st.none() | st.integers(-3, 9).map(hour),
    ),
    max_size=3,
)
events = st.lists(
    st.builds(
        ResolutionEvent,
        type=st.sampled_from(
            ["proposed", "customer_contact", "customer_confirmed", "system_state_verified", "reopened"]
        ),
        ts=st.integers(-3, 9).map(hour),
        silence_eligible=st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(requests, events, st.booleans(), st.randoms(use_true_random=False))
def test_verified_is_contained_and_proven_whatever_the_order(
    states: list[RequestState], happened: list[ResolutionEvent], silence: bool, chance: Any
) -> None:
    terms = Terms(silence_bills=silence)
    found = fold_issue(states, happened, terms, LATE)
    if is_verified(found):
        assert is_contained(found) and states
        for state in states:
            assert state.escalated_at is None or (found.billed_at is not None and state.escalated_at >= found.billed_at)
            if state.kind == "action":
                good = {receipt.effect_id for receipt in state.receipts if receipt.ok}
                assert state.effect_ids and set(state.effect_ids) <= good | {
                    receipt.effect_id for other in states for receipt in other.receipts if receipt.ok
                }
    mixed = [*happened, *happened[:2]]
    chance.shuffle(mixed)
    chance.shuffle(states)
    assert fold_issue(states, mixed, terms, LATE) == found
