"""Four eyes: an approval stands for exactly one action under exactly one policy, once, for a while."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

RefusalReason = Literal["other_action", "other_approver", "same_person", "already_used", "expired", "not_yet_valid"]


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A person's yes. Instants are timezone-aware; `used_at` is set when the action it allowed was begun."""

    id: str
    action_hash: str
    approver: str
    approved_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class Approved(msgspec.Struct, frozen=True, kw_only=True, tag="approved"):
    approval_id: str
    approver: str


class ApprovalRefused(msgspec.Struct, frozen=True, kw_only=True, tag="approval_refused"):
    reason: RefusalReason


def action_hash(capability: str, args: Mapping[str, Any], policy_hash: str) -> str:
    """SHA-256 (hex) of the action, its arguments in canonical order, and the policy it was judged by."""
    subject = {"args": dict(args), "capability": capability, "policy_hash": policy_hash}
    return hashlib.sha256(msgspec.json.encode(subject, order="deterministic")).hexdigest()


def check_approval(
    approval: Approval, action_hash: str, now: datetime, requester_of_approval: str, approver: str
) -> Approved | ApprovalRefused:
    """Whether `approval`, given by `approver`, lets this action run now.

    `requester_of_approval`: the person (or worker) who asked for it and may not grant it.
    """
    if approval.action_hash != action_hash:
        return ApprovalRefused(reason="other_action")
    if approval.approver != approver:
        return ApprovalRefused(reason="other_approver")
    if _same_person(approver, requester_of_approval):
        return ApprovalRefused(reason="same_person")
    if approval.used_at is not None:
        return ApprovalRefused(reason="already_used")
    if now < approval.approved_at:
        return ApprovalRefused(reason="not_yet_valid")
    if now >= approval.expires_at:
        return ApprovalRefused(reason="expired")
    return Approved(approval_id=approval.id, approver=approver)


class ApprovalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the judgement of an approval when its action is to be carried out. `wanted`: what binds it to that
    action, its arguments and the policy in force now."""

    approval_id: str
    action_hash: str
    wanted: str
    requested_by: str
    expires_at: datetime
    verdict: str | None
    decided_by: str | None
    decided_at: datetime | None
    used_at: datetime | None
    at: datetime


def judge_approval(facts: ApprovalFacts) -> str:
    """Why this approval does not let the action run; empty when it does."""
    if facts.verdict is None:
        return "approval_expired"
    if facts.verdict == "rejected" or facts.decided_by is None or facts.decided_at is None:
        return "approval_refused"
    approval = Approval(
        id=facts.approval_id,
        action_hash=facts.action_hash,
        approver=facts.decided_by,
        approved_at=facts.decided_at,
        expires_at=facts.expires_at,
        used_at=facts.used_at,
    )
    checked = check_approval(approval, facts.wanted, facts.at, facts.requested_by, facts.decided_by)
    if isinstance(checked, ApprovalRefused):
        return "approval_expired" if checked.reason == "expired" else "approval_refused"
    return ""


def _same_person(one: str, other: str) -> bool:
    """Names differ in case and spaces, people do not. Nobody ("") is never a second person."""
    left, right = one.strip().casefold(), other.strip().casefold()
    return not left or left == right
