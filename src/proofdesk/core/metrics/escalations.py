"""Did the right tickets reach people? Counts come from an audited sample that includes contained issues."""

import msgspec

from proofdesk.core.metrics.rate import Rate, rate


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """Positive = needs a person; predicted = was escalated. `fn` is known from audits only, weighted by 1/sampling."""

    tp: int
    fp: int
    fn: int
    tn: int


class EscalationQuality(msgspec.Struct, frozen=True, kw_only=True):
    precision: Rate
    recall: Rate
    f1: float | None
    unneeded: Rate
    containment: Rate
    missed_of_contained: Rate
    autonomous_bound: Rate


class HandoffQuality(msgspec.Struct, frozen=True, kw_only=True):
    override: Rate
    strict: Rate
    """Accepted unchanged."""
    lenient: Rate
    """Accepted, or accepted after edits."""


def escalation_quality(seen: Confusion) -> EscalationQuality:
    n = seen.tp + seen.fp + seen.fn + seen.tn
    wrong = seen.fp + seen.fn
    return EscalationQuality(
        precision=rate(seen.tp, seen.tp + seen.fp), recall=rate(seen.tp, seen.tp + seen.fn),
        f1=2 * seen.tp / (2 * seen.tp + wrong) if seen.tp + wrong else None,
        unneeded=rate(seen.fp, seen.fp + seen.tn), containment=rate(seen.fn + seen.tn, n),
        missed_of_contained=rate(seen.fn, seen.fn + seen.tn), autonomous_bound=rate(seen.tn, n),
    )  # fmt: skip


def handoff_quality(*, accepted: int, edited: int, overridden: int) -> HandoffQuality:
    n = accepted + edited + overridden
    return HandoffQuality(override=rate(overridden, n), strict=rate(accepted, n), lenient=rate(accepted + edited, n))
