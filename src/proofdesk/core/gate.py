"""May a procedure go one rung wider? Evidence under continuous looking, against the KPI contract a person signed.

Promotion needs an e-value of 1/alpha against "right at most as often as the contract's bar", where people's answers
to the same tickets are known also one against "worse than people by more than the margin", and no policy breach. The
error allowance is split over the procedures under the contract. Demotion is quick: Wald's test on bad outcomes.
"""

from collections.abc import Sequence
from math import log

import msgspec

from proofdesk.core.statistics import wilson
from proofdesk.core.statistics.sequential import Sprt, Verdict, log_e_value, needed_to_promote, paired_log_e


class KpiContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds agreed before anything acts. Shares between 0 and 1."""

    accuracy: float = 0.95
    """Share of right answers that must be beaten."""
    margin: float = 0.03
    """By how much the worker may be worse than people on the same tickets."""
    alpha: float = 0.05
    escalation_cap: float = 1.0
    bad_rate: float = 0.02
    """Tolerated share of bad outcomes once acting."""
    bad_rate_alarm: float = 0.04
    """The share at which it must be rolled back."""
    cost_per_resolution_minor: int | None = None
    policy_breaches: int = 0
    min_labels: int = 30

    def __post_init__(self) -> None:
        for name in ("accuracy", "alpha", "bad_rate", "bad_rate_alarm"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name}: must lie between 0 and 1, not at {getattr(self, name)}")
        if self.bad_rate_alarm <= self.bad_rate:
            raise ValueError("bad_rate_alarm: must lie above bad_rate")
        if not 0 <= self.margin < 1 or self.min_labels < 1 or self.policy_breaches < 0:
            raise ValueError("margin lies between 0 and 1, min_labels is at least 1, policy_breaches at least 0")


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer said of one decision. `human_right` None: the person's answer was not judged."""

    right: bool
    human_right: bool | None = None
    breach: bool = False


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate saw. Log evidences are natural logarithms; `bar` is what they must reach."""

    labels: int
    right: int
    low: float
    high: float
    """95 % Wilson interval, for display."""
    log_e: float
    pairs: int
    paired_log_e: float | None
    breaches: int
    bar: float
    needed: int | None
    """Labels after which it would open if they stay as they are; None: never at this rate."""


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """`open` only says that the evidence is there; a named person still has to promote."""

    open: bool
    reasons: tuple[str, ...]
    evidence: Evidence


def decide_gate(labels: Sequence[Label], contract: KpiContract, procedures: int) -> Gate:
    """`labels` in order of arrival; `procedures` under the contract share the error allowance."""
    seen = _evidence(labels, contract, contract.alpha / max(1, procedures))
    reasons = []
    if seen.labels < contract.min_labels:
        reasons.append(f"{seen.labels} labels, the contract asks for {contract.min_labels}")
    if seen.breaches > contract.policy_breaches:
        reasons.append(f"{seen.breaches} policy breaches, the contract allows {contract.policy_breaches}")
    if seen.labels and seen.log_e < seen.bar:
        more = "never at this rate" if seen.needed is None else f"about {seen.needed} labels at this rate"
        reasons.append(f"not yet shown to be right more often than {contract.accuracy:.1%}: {more}")
    if seen.paired_log_e is not None and seen.paired_log_e < seen.bar:
        reasons.append(f"not yet shown to be within {contract.margin:.1%} of people on {seen.pairs} pairs")
    return Gate(open=not reasons, reasons=tuple(reasons), evidence=seen)


def judge_outcomes(bad: Sequence[bool], contract: KpiContract, *, breach: bool = False) -> Verdict:
    """Roll back, pass or go on, from outcomes since the last change of the rung. A breach rolls back at once."""
    if breach:
        return "roll_back"
    test = Sprt(p0=contract.bad_rate, p1=contract.bad_rate_alarm)
    for outcome in bad:
        test = test.after(outcome)
        if test.verdict == "roll_back":
            return "roll_back"
    return test.verdict


def _evidence(labels: Sequence[Label], contract: KpiContract, alpha: float) -> Evidence:
    n, right = len(labels), sum(label.right for label in labels)
    pairs = [label.right - label.human_right for label in labels if label.human_right is not None]
    interval = wilson(right, n)
    return Evidence(
        labels=n, right=right, low=interval.low, high=interval.high, log_e=log_e_value(right, n, contract.accuracy),
        pairs=len(pairs), paired_log_e=paired_log_e(pairs, contract.margin) if pairs else None,
        breaches=sum(label.breach for label in labels), bar=-log(alpha),
        needed=needed_to_promote(right / n, contract.accuracy, alpha) if n else None,
    )  # fmt: skip
