"""The policy gate: Cedar behind one door. Unknown, invalid or failing means denied."""

from proofdesk.policy.faults import PolicyFault
from proofdesk.policy.gate import CedarGate, PolicyRefused, policy_hash
from proofdesk.policy.schema import schema_text

__all__ = ["CedarGate", "PolicyFault", "PolicyRefused", "policy_hash", "schema_text"]
