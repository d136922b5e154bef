"""SLA policies and timers. A timer is a value on the ticket, never on its owner: one ticket, one clock.

A handoff changes the owner and leaves every timer as it is; a reopen goes on with the time already used, the time it
lay solved not counting. The calendar in force when the timer starts is named on it and stays (passing the frozen
calendar back in is the caller's part). Exactly on target is met. Rule of attainment: open past due is breached,
open and not yet due is in neither count.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, Literal, assert_never

import msgspec

from proofdesk.core.calendar import BusinessCalendar, Interval, add_business, business_seconds, business_time, merge

Metric = Literal["first_response", "next_response", "resolution"]
TimerState = Literal["met", "breached", "running", "paused"]
ANY: Final = "*"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A promise: `metric` within `target_s` of the calendar's time. "*" matches every tier, priority or channel."""

    metric: Metric
    target_s: int
    tier: str = ANY
    priority: str = ANY
    channel: str = ANY
    calendar: str = "24x7"
    """Name of the business calendar; "24x7" counts every second."""
    pauses_while_waiting: bool = True
    """Whether the clock stands while we wait for the requester."""


class SlaPolicy(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: int
    targets: tuple[Target, ...]


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """One running or stopped promise. Instants are aware datetimes."""

    metric: Metric
    policy: str
    policy_version: int
    target_s: int
    calendar: str
    started_at: datetime
    pauses: tuple[Interval, ...] = ()
    paused_at: datetime | None = None
    done_at: datetime | None = None
    pauses_while_waiting: bool = True
    superseded: bool = False
    """Closed unbreached because the plan changed: in no count; the new timer carries the promise."""


class Attainment(msgspec.Struct, frozen=True, kw_only=True):
    met: int
    breached: int
    not_due: int

    @property
    def rate(self) -> Fraction | None:
        """met / (met + breached), exact; None when nothing was due."""
        due = self.met + self.breached
        return Fraction(self.met, due) if due else None


def pick_target(policy: SlaPolicy, metric: Metric, *, tier: str, priority: str, channel: str) -> Target | None:
    """The most specific promise that fits: a named tier, then priority, then channel decides; then the first."""
    facts = (tier, priority, channel)
    best: Target | None = None
    best_rank: tuple[bool, ...] = ()
    for target in policy.targets:
        wants = (target.tier, target.priority, target.channel)
        if target.metric != metric or any(want not in (ANY, fact) for want, fact in zip(wants, facts, strict=True)):
            continue
        rank = tuple(want != ANY for want in wants)
        if best is None or rank > best_rank:
            best, best_rank = target, rank
    return best


def start_timer(policy: SlaPolicy, target: Target, at: datetime) -> Timer:
    return Timer(
        metric=target.metric,
        policy=policy.name,
        policy_version=policy.version,
        target_s=target.target_s,
        calendar=target.calendar,
        started_at=at,
        pauses_while_waiting=target.pauses_while_waiting,
    )


def pause(timer: Timer, at: datetime) -> Timer:
    """Stop the clock while the requester is to answer. No change when stopped, paused or not pausable."""
    if timer.done_at is not None or timer.paused_at is not None or not timer.pauses_while_waiting:
        return timer
    return msgspec.structs.replace(timer, paused_at=at)


def resume(timer: Timer, at: datetime) -> Timer:
    if timer.paused_at is None:
        return timer
    return msgspec.structs.replace(timer, pauses=(*timer.pauses, Interval(timer.paused_at, at)), paused_at=None)


def complete(timer: Timer, at: datetime) -> Timer:
    """The promise was kept or broken at `at`; later calls change nothing (the first answer counts)."""
    if timer.done_at is not None:
        return timer
    return msgspec.structs.replace(resume(timer, at), done_at=at)


def reopen(timer: Timer, at: datetime) -> Timer:
    """Go on with the time already used; what passed between done and `at` counts as a pause."""
    if timer.done_at is None or timer.superseded:
        return timer
    rest = Interval(timer.done_at, at)
    return msgspec.structs.replace(timer, pauses=(*timer.pauses, rest), done_at=None)


def hand_off(timers: Sequence[Timer]) -> tuple[Timer, ...]:
    """Timers after a handoff: the very same. Named so that no flow invents a fresh clock."""
    return tuple(timers)


def change_plan(
    timer: Timer, policy: SlaPolicy, target: Target, at: datetime, calendar: BusinessCalendar
) -> tuple[Timer, Timer]:
    """Close the old timer and open a new one from `at`. A breach that already happened stays in the count."""
    breached = state_of(timer, at, calendar) == "breached"
    return msgspec.structs.replace(complete(timer, at), superseded=not breached), start_timer(policy, target, at)


def elapsed_s(timer: Timer, as_of: datetime, calendar: BusinessCalendar) -> int:
    """Whole seconds used, pauses excluded."""
    end, pauses = _until(timer, as_of)
    return business_seconds(timer.started_at, end, calendar, pauses)


def due_at(timer: Timer, calendar: BusinessCalendar) -> datetime | None:
    """When the promise breaks if nothing happens; None while the clock stands or has stopped."""
    return warn_at(timer, calendar, percent=100)


def warn_at(timer: Timer, calendar: BusinessCalendar, *, percent: int) -> datetime | None:
    """When `percent` of the target will be used up: for alerts and reassignment before the breach."""
    if timer.done_at is not None or timer.paused_at is not None:
        return None
    due = add_business(timer.started_at, timer.target_s * percent // 100, calendar, timer.pauses)
    # Used up just as a pause began: nothing was late while the clock stood, the promise breaks when it goes on.
    return next((pause.end for pause in merge(timer.pauses) if pause.start == due), due)


def state_of(timer: Timer, as_of: datetime, calendar: BusinessCalendar) -> TimerState:
    end, pauses = _until(timer, as_of)
    used = business_time(timer.started_at, end, calendar, pauses)
    return _state(used, timedelta(seconds=timer.target_s), done=timer.done_at is not None, paused=bool(timer.paused_at))


def attainment(states: Iterable[TimerState]) -> Attainment:
    met = breached = not_due = 0
    for state in states:
        match state:
            case "met":
                met += 1
            case "breached":
                breached += 1
            case "running" | "paused":
                not_due += 1
            case _:
                assert_never(state)
    return Attainment(met=met, breached=breached, not_due=not_due)


def attainment_of(timers: Iterable[Timer], as_of: datetime, calendars: dict[str, BusinessCalendar]) -> Attainment:
    """Attainment over timers; superseded ones are in no count."""
    counted = (timer for timer in timers if not timer.superseded)
    return attainment(state_of(timer, as_of, calendars[timer.calendar]) for timer in counted)


def _until(timer: Timer, as_of: datetime) -> tuple[datetime, tuple[Interval, ...]]:
    end = as_of if timer.done_at is None else timer.done_at
    if timer.paused_at is None:
        return end, timer.pauses
    return end, (*timer.pauses, Interval(timer.paused_at, end))


def _state(used: timedelta, target: timedelta, *, done: bool, paused: bool) -> TimerState:
    if used > target:
        return "breached"
    if done:
        return "met"
    return "paused" if paused else "running"
