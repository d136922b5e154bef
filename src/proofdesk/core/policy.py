"""The question put to the policy gate before every action, and its answer. Evaluated by `policy/` (Cedar)."""

from typing import Literal

import msgspec

from proofdesk.core.reading import Provenance


class ActionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One proposed action. Amounts are integer minor units of `currency`; 0 where no money moves."""

    tenant: str
    procedure: str
    capability: str
    args_hash: str
    arg_provenance: dict[str, Provenance]
    amount_minor: int = 0
    currency: str = "USD"
    requester_id: str
    authenticated_by: str
    """How the requester proved who they are: "verified_sender", "order_postcode", "one_time_code", …"""
    account_id: str = ""
    tier: str = "standard"
    jurisdiction: str = ""
    confidence_ppm: int = 0
    budget_spent_minor: int = 0
    """Reserved plus spent in the running window, this action not included."""
    budget_limit_minor: int = 0
    budget_missing: str = ""
    """Why the budget over this capability has nothing to give in this currency; such an action is denied."""
    signals: tuple[str, ...] = ()
    approved: bool = False


class Allowed(msgspec.Struct, frozen=True, kw_only=True, tag="allowed"):
    policy_hash: str
    reasons: tuple[str, ...] = ()


class NeedsApproval(msgspec.Struct, frozen=True, kw_only=True, tag="needs_approval"):
    """Denied as it stands, allowed once a second person approves exactly this action."""

    policy_hash: str
    reasons: tuple[str, ...] = ()


class Denied(msgspec.Struct, frozen=True, kw_only=True, tag="denied"):
    """Refused, unknown, or the policy itself failed: a human decides. Never executed."""

    policy_hash: str
    reasons: tuple[str, ...] = ()
    kind: Literal["forbidden", "not_permitted", "error"] = "not_permitted"


Verdict = Allowed | NeedsApproval | Denied
