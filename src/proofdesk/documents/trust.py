"""Why may this procedure act? One page with the evidence, the test, the threshold, the approver and the cohort."""

from math import exp

from proofdesk.core.gate import Gate, KpiContract
from proofdesk.core.rollout import Rollout
from proofdesk.documents.page import number, render, share


def trust_page(  # noqa: PLR0913 - everything the page states
    procedure: str, rollout: Rollout, gate: Gate, contract: KpiContract | None, *, signed_by: str, version: int,
    stopped: str, changed_by: str, changed_at: str, reason: str,
) -> str:  # fmt: skip
    seen = gate.evidence
    facts = [
        ("Acts for", f"{rollout.percent} % of accounts" if rollout.percent else "nobody: it runs in shadow"),
        ("Held out for comparison", share(rollout.holdout_ppm / 1_000_000)),
        ("Only tiers", ", ".join(rollout.tiers) or "all"),
        ("Only jurisdictions", ", ".join(rollout.jurisdictions) or "all"),
        ("Only channels", ", ".join(rollout.channels) or "all"),
        ("Last changed by", f"{changed_by} at {changed_at}: {reason}" if changed_by else "nobody yet"),
        ("KPI contract", f"version {version}, signed by {signed_by}" if contract else "none signed"),
    ]
    tests = [
        ("Judged decisions", f"{seen.right} right of {seen.labels}", f"{share(seen.low)} to {share(seen.high)}"),
        ("Right more often than the bar", f"e-value {number(exp(min(seen.log_e, 700)), 2)}",
         f"opens at {number(exp(seen.bar), 0)}"),
        ("Policy breaches", str(seen.breaches), f"at most {contract.policy_breaches if contract else 0}"),
    ]  # fmt: skip
    if seen.paired_log_e is not None:
        paired = f"e-value {number(exp(min(seen.paired_log_e, 700)), 2)} on {seen.pairs} pairs"
        tests.append(("Not worse than people", paired, f"opens at {number(exp(seen.bar), 0)}"))
    return render(
        "trust.html", procedure=procedure, facts=facts, tests=tests, gate=gate, stopped=stopped, contract=contract
    )
