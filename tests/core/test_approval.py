from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from proofdesk.core.approval import Approval, ApprovalRefused, Approved, action_hash, check_approval

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
HASH = action_hash("orders.refund", {"order_id": "1", "minor": 5}, "p1")
APPROVAL = Approval(
    id="ap1",
    action_hash=HASH,
    approver="ana",
    approved_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)


def check(approval: Approval = APPROVAL, subject: str = HASH, now: datetime = NOW, asked_by: str = "ben") -> str:
    result = check_approval(approval, subject, now, asked_by, "ana")
    return result.reason if isinstance(result, ApprovalRefused) else "approved"


def test_a_second_person_approves_exactly_this_action() -> None:
    assert check_approval(APPROVAL, HASH, NOW, "ben", "ana") == Approved(approval_id="ap1", approver="ana")


@pytest.mark.parametrize(
    "other",
    [
        action_hash("orders.refund", {"order_id": "1", "minor": 6}, "p1"),
        action_hash("orders.cancel", {"order_id": "1", "minor": 5}, "p1"),
        action_hash("orders.refund", {"order_id": "1", "minor": 5}, "p2"),
        action_hash("orders.refund", {"order_id": "1", "minor": "5"}, "p1"),
    ],
)
def test_another_action_or_policy_is_not_approved(other: str) -> None:
    assert check(subject=other) == "other_action"


def test_the_order_of_arguments_does_not_matter() -> None:
    assert action_hash("orders.refund", {"minor": 5, "order_id": "1"}, "p1") == HASH


def test_it_expires_serves_once_and_not_before_it_was_given() -> None:
    assert check(now=NOW + timedelta(hours=1)) == "expired"
    assert check(now=NOW + timedelta(minutes=59)) == "approved"
    assert check(now=NOW - timedelta(seconds=1)) == "not_yet_valid"
    assert check(msgspec.structs.replace(APPROVAL, used_at=NOW)) == "already_used"


@pytest.mark.parametrize("asked_by", ["ana", " Ana ", "ANA"])
def test_nobody_approves_their_own_request(asked_by: str) -> None:
    assert check(asked_by=asked_by) == "same_person"


def test_the_approver_must_be_the_one_recorded_and_somebody() -> None:
    assert check(msgspec.structs.replace(APPROVAL, approver="eve")) == "other_approver"
    nobody = msgspec.structs.replace(APPROVAL, approver="")
    assert check_approval(nobody, HASH, NOW, "ben", "") == ApprovalRefused(reason="same_person")
