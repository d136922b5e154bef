"""A ticket's priority: severity from everything the requester wrote, then what waiting costs by the records we have."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from proofdesk.core.priority import PriorityBasis, PriorityFacts, decide_severity, head_start_s, prioritise
from proofdesk.flows.context import Desk
from proofdesk.flows.tenancy import sla_due
from proofdesk.flows.transition import Transition

NO_RENEWAL_DAYS = 9_999


def prioritise_ticket(desk: Desk, tr: Transition) -> None:
    """Decide and record it from the signs, tone and requester in `tr.state`; the feeder takes the highest class, and in
    it first who is due with the larger head start."""
    requester, tone = tr.state.requester, tr.state.tone
    tier = requester.tier if requester else "standard"
    issue_type = tr.state.issue_type.name if tr.state.issue_type else ""
    extra = requester.extra if requester else {}
    _, due = sla_due(desk.runtime.settings, tier, desk.ticket.created_at)
    negative = tone.frustration.ppm if tone else 0
    basis = PriorityBasis(
        ticket=PriorityFacts(
            ticket_id=str(desk.ticket.ticket_id),
            severity=decide_severity(issue_type, tr.state.signals),
            arr_minor=_whole(extra, "arr_minor", 0),
            renewal_days=_renewal_days(extra, desk.now),
            p_negative_ppm=negative,
            seconds_left=int((due - desk.now).total_seconds()),
            sla_credit_minor=_whole(extra, "sla_credit_minor", 0),
            users=max(1, _whole(extra, "users", 1)),
            severity_cost_minor=_whole(extra, "severity_cost_minor", 0),
        ),
        signals=tr.state.signals,
        issue_type=issue_type,
        tier=tier,
        urgency_ppm=tone.urgency.ppm if tone else 0,
        frustration_ppm=negative,
    )
    verdict = prioritise(basis)
    tr.decided("priority", basis, verdict)
    tr.set(prioritised=verdict)
    tr.priority = 5 - verdict.priority.severity
    tr.head_start_s = head_start_s(verdict.priority)


def _renewal_days(extra: Mapping[str, Any], now: datetime) -> int:
    """Days to `renews_on` (ISO 8601 date or instant), or `renewal_days` where the records count them themselves."""
    written = extra.get("renews_on")
    try:
        renews_on = date.fromisoformat(written[:10]) if isinstance(written, str) else None
    except ValueError:
        renews_on = None
    if renews_on is None:
        return _whole(extra, "renewal_days", NO_RENEWAL_DAYS)
    return max(0, (renews_on - now.date()).days)


def _whole(extra: Mapping[str, Any], name: str, default: int) -> int:
    """A whole number a tenant's records name; anything else counts as not known."""
    value = extra.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default
