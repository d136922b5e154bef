"""The gate: one Cedar evaluation per proposed action, everything doubtful denied.

Allowed means: the request fits the schema AND the decision is Allow AND no policy failed. Cedar itself skips a
`forbid` that fails and would allow; here any failure denies. Ids are passed as data, never pasted into text.
"""

import hashlib
from typing import Any, NamedTuple

import cedarpy
import msgspec
import rfc8785

from proofdesk.core.policy import ActionRequest, Allowed, Denied, NeedsApproval, Verdict
from proofdesk.policy.faults import PolicyFault, find_faults

_PROVENANCES = ("requester", "record", "operator", "derived")
_INTEGERS = ("amount_minor", "confidence_ppm", "budget_spent_minor", "budget_limit_minor")


class PolicyRefused(ValueError):
    """The policy or its schema does not load; `faults` says where and why."""

    def __init__(self, faults: tuple[PolicyFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class Ruling(NamedTuple):
    """One raw Cedar answer. `decision`: "allow", "deny" or "none" (the request does not fit the schema)."""

    decision: str
    reasons: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def allows(self) -> bool:
        return self.decision == "allow" and not self.errors


class Engine:
    """Parsed policies and schema, ready to rule. Thread-safe; raises ValueError for text that does not parse."""

    def __init__(self, policy_text: str, schema_text: str, entities_json: str = "[]") -> None:
        self._schema = cedarpy.Schema.from_str(schema_text)
        self._policies = cedarpy.PolicySet.from_str(policy_text)
        self._entities = cedarpy.Entities.from_json_str(entities_json, self._schema)

    def rule(self, request: dict[str, Any]) -> Ruling:
        """`request`: principal, action, resource as {"type", "id"} and a context; never a formatted string."""
        try:
            result = cedarpy.is_authorized(request, self._policies, self._entities, self._schema)
        except (ValueError, TypeError, OverflowError, KeyError) as error:
            return Ruling("none", (), (f"the request cannot be judged: {error}",))
        names = result.diagnostics.id_annotations_by_reason
        reasons = tuple(names.get(reason) or reason for reason in result.diagnostics.reasons)
        decision = {"Allow": "allow", "Deny": "deny"}.get(result.decision.value, "none")
        return Ruling(decision, reasons, tuple(result.diagnostics.errors))


class CedarGate:
    """Implements ports.PolicyGate. Raises PolicyRefused with every fault when the policy does not load."""

    def __init__(self, policy_text: str, schema_text: str, *, file: str = "policy.cedar") -> None:
        faults = find_faults(policy_text, schema_text, file)
        if faults:
            raise PolicyRefused(faults)
        self._engine = Engine(policy_text, schema_text)
        self.policy_hash = policy_hash(policy_text, schema_text)

    def judge(self, request: ActionRequest) -> Verdict:
        """Allowed, NeedsApproval (allowed once `approved`), or Denied; reasons are the policies' @id names."""
        wrong = _wrong_numbers(request)
        if wrong:
            return Denied(policy_hash=self.policy_hash, reasons=wrong, kind="error")
        if request.budget_missing:
            # No policy may spend what no budget states: there is no limit to compare with.
            return Denied(policy_hash=self.policy_hash, reasons=(request.budget_missing,), kind="forbidden")
        first = self._engine.rule(_cedar_request(request))
        if first.allows:
            return Allowed(policy_hash=self.policy_hash, reasons=first.reasons)
        if first.errors or first.decision == "none":
            return Denied(policy_hash=self.policy_hash, reasons=first.errors, kind="error")
        if not request.approved:
            second = self._engine.rule(_cedar_request(msgspec.structs.replace(request, approved=True)))
            if second.allows:
                return NeedsApproval(policy_hash=self.policy_hash, reasons=first.reasons or second.reasons)
        if first.reasons:
            return Denied(policy_hash=self.policy_hash, reasons=first.reasons, kind="forbidden")
        return Denied(policy_hash=self.policy_hash, kind="not_permitted")


def policy_hash(policy_text: str, schema_text: str) -> str:
    """SHA-256 (hex) over the RFC 8785 form of both texts, line ends normalised."""
    texts = {"policy": policy_text.replace("\r\n", "\n"), "schema": schema_text.replace("\r\n", "\n")}
    return hashlib.sha256(rfc8785.dumps(texts)).hexdigest()


def _wrong_numbers(request: ActionRequest) -> tuple[str, ...]:
    """A float or a true/false where whole units belong is a bug upstream: refuse it by name."""
    wrong = [name for name in _INTEGERS if type(getattr(request, name)) is not int]
    return tuple(f"{name} is not a whole number" for name in wrong)


def _cedar_request(request: ActionRequest) -> dict[str, Any]:
    by_source: dict[str, list[str]] = {source: [] for source in _PROVENANCES}
    for name, source in request.arg_provenance.items():
        by_source.setdefault(source, []).append(name)
    return {
        "principal": {"type": "Procedure", "id": request.procedure},
        "action": {"type": "Action", "id": request.capability},
        "resource": {"type": "Account", "id": request.account_id},
        "context": {
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "requester_id": request.requester_id,
            "authenticated_by": request.authenticated_by,
            "tier": request.tier,
            "jurisdiction": request.jurisdiction,
            "confidence_ppm": request.confidence_ppm,
            "budget_spent_minor": request.budget_spent_minor,
            "budget_limit_minor": request.budget_limit_minor,
            "signals": list(request.signals),
            **{f"{source}_args": names for source, names in by_source.items()},
            "approved": request.approved,
        },
    }
