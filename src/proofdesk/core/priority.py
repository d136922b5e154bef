"""Which ticket next: severity class first, then cost of delay per hour of effort.

Cost of delay alone ranks a valuable account's how-to above an outage, so the class decides before money does.
Within a class: (churn/24 + breach + users x severity cost) / effort, with churn = 0.2 % of yearly revenue x
P(negative outcome) x (1 + 4 e^(-days to renewal/90)), and breach = SLA credit / hours left, once under eight hours
are left. Decimal arithmetic: its exp is correctly rounded, so a replay on another machine gives the same order.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, Literal

import msgspec

PriorityName = Literal["critical", "high", "normal", "low"]

PRIORITY_NAMES: Final[dict[int, PriorityName]] = {1: "critical", 2: "high", 3: "normal", 4: "low"}
NEAR_BREACH_S: Final = 8 * 3600
MIN_LEFT_S: Final = 15 * 60
MIN_EFFORT_S: Final = 60
HEAD_START_S: Final = 600
MAX_HEAD_START_S: Final = 7_200
SOUNDS_SO_PPM: Final = 600_000
"""From here on a tone is worth naming among the reasons."""

CRITICAL_SIGNALS: Final = frozenset(
    {"outage", "security_incident", "safety", "self_harm", "data_loss", "payment_blocked"}
)
HIGH_SIGNALS: Final = frozenset(
    {"legal_threat", "regulator_complaint", "contract_dispute", "sla_breach", "sla_breach_claim", "fraud", "press"}
)
_CLASS_BY_TYPE: Final = {"incident": 2, "bug": 3, "question": 3, "feature_request": 4, "feedback": 4}

_CONTEXT: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
_CHURN_SHARE: Final = Decimal("0.002")


class PriorityFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the order needs to know of one ticket. Money in minor units of one currency, time in whole seconds."""

    ticket_id: str
    severity: int
    """Class 1 (critical) to 4 (low)."""
    arr_minor: int = 0
    renewal_days: int = 9_999
    p_negative_ppm: int = 0
    seconds_left: int | None = None
    """Until the next SLA timer breaches; negative once it has; None without a timer."""
    sla_credit_minor: int = 0
    users: int = 1
    severity_cost_minor: int = 0
    """Cost per affected user and hour."""
    effort_s: int = 900


class Priority(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: str
    name: PriorityName
    severity: int
    cost_of_delay_milli: int
    """Thousandths of a minor unit, per hour of delay and hour of effort."""


def decide_severity(issue_type: str, signals: Iterable[str]) -> int:
    """Class 1..4. What the ticket is about counts, not who wrote it nor how casually."""
    seen = frozenset(signals)
    if seen & CRITICAL_SIGNALS:
        return 1
    if seen & HIGH_SIGNALS:
        return 2
    return _CLASS_BY_TYPE.get(issue_type, 3)


def score_priority(facts: PriorityFacts) -> Priority:
    if facts.severity not in PRIORITY_NAMES:
        raise ValueError(f"severity {facts.severity} of ticket {facts.ticket_id}: use 1 to 4")
    c = _CONTEXT
    hourly = c.add(_churn_per_hour(facts), _breach_per_hour(facts))
    hourly = c.add(hourly, Decimal(facts.users * facts.severity_cost_minor))
    per_effort_hour = c.divide(c.multiply(hourly, Decimal(3600)), Decimal(max(facts.effort_s, MIN_EFFORT_S)))
    return Priority(
        ticket_id=facts.ticket_id,
        name=PRIORITY_NAMES[facts.severity],
        severity=facts.severity,
        cost_of_delay_milli=int(c.multiply(per_effort_hour, Decimal(1000)).to_integral_value(ROUND_HALF_EVEN)),
    )


class PriorityBasis(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a ticket's priority rests on. `signals`: codes found in the whole text, in order of place."""

    ticket: PriorityFacts
    signals: tuple[str, ...] = ()
    issue_type: str = ""
    """One of core.issue_type, "" when nobody asked."""
    tier: str = "standard"
    urgency_ppm: int = 0
    frustration_ppm: int = 0


class Prioritised(msgspec.Struct, frozen=True, kw_only=True):
    """A priority and, in words for an agent, what made it so; the deciding reason first."""

    priority: Priority
    reasons: tuple[str, ...]


def prioritise(basis: PriorityBasis) -> Prioritised:
    """The class by `decide_severity` is already in `basis.ticket`; how a message sounds never changes it."""
    priority, ticket = score_priority(basis.ticket), basis.ticket
    grave = [code for code in basis.signals if code in CRITICAL_SIGNALS or code in HIGH_SIGNALS]
    read = ", ".join(code.replace("_", " ") for code in grave)
    why = f"the text reports {read}" if grave else "nothing grave is read"
    if not grave and basis.issue_type in _CLASS_BY_TYPE:
        why += f", it reads as: {basis.issue_type.replace('_', ' ')}"
    reasons = [f"severity {ticket.severity} ({priority.name}): {why}"]
    if basis.tier != "standard":
        reasons.append(f"account tier {basis.tier}")
    if ticket.arr_minor and ticket.p_negative_ppm:
        chance = f"{ticket.p_negative_ppm / 10_000:.0f} %"
        reasons.append(f"{chance} chance of a bad outcome, renewal in {ticket.renewal_days} days")
    if ticket.seconds_left is not None and ticket.seconds_left < NEAR_BREACH_S:
        left = ticket.seconds_left // 60
        reasons.append(f"promised time {f'ends in {left} minutes' if left > 0 else 'has passed'}")
    if ticket.users > 1:
        reasons.append(f"{ticket.users} users")
    if basis.urgency_ppm >= SOUNDS_SO_PPM:
        reasons.append(f"sounds urgent ({basis.urgency_ppm / 10_000:.0f} %)")
    if basis.frustration_ppm >= SOUNDS_SO_PPM:
        reasons.append(f"sounds frustrated ({basis.frustration_ppm / 10_000:.0f} %)")
    if priority.cost_of_delay_milli:
        reasons.append(f"cost of delay {priority.cost_of_delay_milli / 100_000:.2f} per hour of delay and of effort")
    return Prioritised(priority=priority, reasons=tuple(reasons))


def head_start_s(priority: Priority) -> int:
    """How many seconds earlier than it came a ticket counts as due among those of its class: HEAD_START_S for each
    tenfold of cost of delay. A dearer ticket is taken first and a cheap one is still reached, however many come.
    """
    tenfolds = _CONTEXT.log10(Decimal(1 + priority.cost_of_delay_milli))
    return min(MAX_HEAD_START_S, int(_CONTEXT.multiply(tenfolds, Decimal(HEAD_START_S))))


def rank(tickets: Iterable[PriorityFacts]) -> tuple[Priority, ...]:
    """Most urgent first; equal ones by ticket id, so that the order is total."""
    scored = (score_priority(ticket) for ticket in tickets)
    return tuple(sorted(scored, key=lambda one: (one.severity, -one.cost_of_delay_milli, one.ticket_id)))


def _churn_per_hour(facts: PriorityFacts) -> Decimal:
    c = _CONTEXT
    nearness = c.exp(c.divide(Decimal(-max(facts.renewal_days, 0)), Decimal(90)))
    weight = c.add(Decimal(1), c.multiply(Decimal(4), nearness))
    at_risk = c.multiply(_CHURN_SHARE, Decimal(facts.p_negative_ppm * facts.arr_minor))
    return c.divide(c.multiply(at_risk, weight), Decimal(24_000_000))


def _breach_per_hour(facts: PriorityFacts) -> Decimal:
    if facts.seconds_left is None or facts.seconds_left >= NEAR_BREACH_S:
        return Decimal(0)
    left = Decimal(max(facts.seconds_left, MIN_LEFT_S))
    return _CONTEXT.divide(Decimal(facts.sla_credit_minor * 3600), left)
