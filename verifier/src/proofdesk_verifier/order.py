"""Every effect has a prior policy decision: no action without a verdict that allowed it and names its policy set."""

from typing import Any

from proofdesk_verifier.leaves import Leaf


class DecisionOrder:
    """Watches leaves in order. Each `effect.intent` needs, before it, the latest `policy.verdict` of its action to be
    `allowed`, or `approved` together with an `approval.used` of the same action."""

    def __init__(self) -> None:
        self._verdicts: dict[str, dict[str, Any]] = {}
        self._approved: set[str] = set()

    def see(self, leaf: Leaf) -> str:
        """What is wrong with this leaf, empty where nothing is."""
        if leaf.kind not in {"policy.verdict", "approval.used", "effect.intent"}:
            return ""
        action = leaf.body.get("action_id")
        if not isinstance(action, str) or not action:
            return f"{leaf.kind} names no action_id"
        if leaf.kind == "policy.verdict":
            self._verdicts[action] = leaf.body
        elif leaf.kind == "approval.used":
            self._approved.add(action)
        else:
            return self._intent_fault(action)
        return ""

    def _intent_fault(self, action: str) -> str:
        verdict = self._verdicts.get(action)
        if verdict is None:
            return f"the effect of action {action} has no policy verdict before it"
        outcome, policy = verdict.get("verdict"), verdict.get("policy_hash")
        if not isinstance(policy, str) or not policy:
            return f"the policy verdict of action {action} names no policy_hash"
        if outcome == "approved" and action not in self._approved:
            return f"the effect of action {action} was approved, but no approval was used before it (policy {policy})"
        if outcome not in {"allowed", "approved"}:
            return f"the effect of action {action} follows the verdict {outcome!r:.40} of policy {policy}"
        return ""
