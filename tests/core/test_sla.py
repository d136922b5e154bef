"""SLA timers: one ticket, one clock; attainment as in the worked example."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.core.calendar import Interval, always_open, weekly
from proofdesk.core.sla import (
    SlaPolicy,
    Target,
    Timer,
    attainment,
    attainment_of,
    change_plan,
    complete,
    due_at,
    elapsed_s,
    hand_off,
    pause,
    pick_target,
    reopen,
    resume,
    start_timer,
    state_of,
    warn_at,
)
from tests.core.vectors import vector

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALWAYS = always_open()
FOUR_HOURS = Target(metric="resolution", target_s=4 * 3600)
POLICY = SlaPolicy(name="standard", version=3, targets=(FOUR_HOURS,))


def hour(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def running() -> Timer:
    return start_timer(POLICY, FOUR_HOURS, DAY)


def test_e25_attainment() -> None:
    e25 = vector("E25")
    want = {name: each["value"] for name, each in e25["expected"].items()}
    states = []
    for raw in e25["input"]["timers"]:
        target = Target(metric="resolution", target_s=round(raw["target_h"] * 3600))
        timer = start_timer(POLICY, target, DAY)
        at = hour(raw["elapsed_h"])
        states.append(state_of(complete(timer, at) if raw["done"] else timer, at, ALWAYS))
    got = attainment(states)
    assert (got.met, got.breached, got.not_due) == (want["met"], want["breached"], want["not_due"])
    assert got.rate is not None and abs(float(got.rate) - want["attainment"]) <= 1e-6


def test_nothing_due_has_no_rate() -> None:
    assert attainment(["running", "paused"]).rate is None


def test_exactly_on_target_is_met_and_a_moment_later_is_not() -> None:
    moment = timedelta(microseconds=1)
    assert state_of(complete(running(), hour(4)), hour(9), ALWAYS) == "met"
    assert state_of(complete(running(), hour(4) + moment), hour(9), ALWAYS) == "breached"
    assert state_of(running(), hour(4), ALWAYS) == "running"
    assert state_of(running(), hour(4) + moment, ALWAYS) == "breached"


def test_a_pause_moves_the_due_instant() -> None:
    paused = pause(running(), hour(1))
    assert due_at(paused, ALWAYS) is None
    assert state_of(paused, hour(90), ALWAYS) == "paused"
    assert pause(paused, hour(2)) == paused
    resumed = resume(paused, hour(3))
    assert due_at(resumed, ALWAYS) == hour(6)
    assert elapsed_s(resumed, hour(5), ALWAYS) == 3 * 3600
    assert resume(resumed, hour(8)) == resumed


def test_a_first_response_promise_may_refuse_to_pause() -> None:
    strict = msgspec.structs.replace(FOUR_HOURS, pauses_while_waiting=False)
    timer = start_timer(POLICY, strict, DAY)
    assert pause(timer, hour(1)) == timer


def test_business_hours_decide_when_it_is_due() -> None:
    office = weekly("office", ZoneInfo("Europe/Berlin"), "09:00", "17:00")
    friday = datetime(2026, 3, 27, 15, tzinfo=UTC)  # 16:00 in Berlin, the last day before summer time
    timer = start_timer(POLICY, FOUR_HOURS, friday)
    assert due_at(timer, office) == datetime(2026, 3, 30, 10, tzinfo=UTC)
    assert warn_at(timer, office, percent=25) == datetime(2026, 3, 27, 16, tzinfo=UTC)


def test_a_handoff_keeps_the_clock() -> None:
    timers = (running(), pause(running(), hour(1)))
    assert hand_off(timers) == timers


def test_a_reopen_goes_on_with_the_time_used() -> None:
    again = reopen(complete(running(), hour(3)), hour(50))
    assert elapsed_s(again, hour(50), ALWAYS) == 3 * 3600
    assert due_at(again, ALWAYS) == hour(51)
    assert reopen(running(), hour(2)) == running()


def test_the_first_completion_counts() -> None:
    done = complete(running(), hour(1))
    assert complete(done, hour(9)) == done
    assert due_at(done, ALWAYS) is None
    assert complete(pause(running(), hour(1)), hour(9)).pauses == (Interval(hour(1), hour(9)),)


def test_a_plan_change_opens_a_new_timer_and_keeps_old_breaches() -> None:
    faster = Target(metric="resolution", target_s=3600)
    old, new = change_plan(running(), POLICY, faster, hour(2), ALWAYS)
    assert old.superseded and due_at(new, ALWAYS) == hour(3)
    late_old, late_new = change_plan(running(), POLICY, faster, hour(5), ALWAYS)
    assert not late_old.superseded
    counted = attainment_of([old, new, late_old, late_new], hour(5.5), {"24x7": ALWAYS})
    assert (counted.met, counted.breached, counted.not_due) == (0, 2, 1)
    assert reopen(old, hour(6)) == old


def test_the_most_specific_promise_is_picked() -> None:
    targets = (
        FOUR_HOURS,
        msgspec.structs.replace(FOUR_HOURS, channel="chat", priority="critical", target_s=1),
        msgspec.structs.replace(FOUR_HOURS, tier="premier", target_s=2),
        msgspec.structs.replace(FOUR_HOURS, tier="premier", priority="critical", target_s=3),
    )
    policy = SlaPolicy(name="p", version=1, targets=targets)

    def seconds(tier: str, priority: str, channel: str) -> int:
        found = pick_target(policy, "resolution", tier=tier, priority=priority, channel=channel)
        assert found is not None
        return found.target_s

    assert seconds("premier", "critical", "chat") == 3
    assert seconds("premier", "low", "chat") == 2
    assert seconds("free", "critical", "chat") == 1
    assert seconds("free", "low", "mail") == 4 * 3600
    assert pick_target(policy, "first_response", tier="free", priority="low", channel="mail") is None


def test_a_promise_used_up_as_a_pause_begins_breaks_when_it_ends() -> None:
    timer = resume(pause(running(), hour(4)), hour(9))
    assert due_at(timer, ALWAYS) == hour(9)
    assert state_of(timer, hour(9), ALWAYS) == "running"
    assert state_of(timer, hour(9) + timedelta(seconds=1), ALWAYS) == "breached"


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 300), max_size=6), st.integers(0, 2000))
def test_due_is_the_last_instant_that_is_not_a_breach(gaps: list[int], later: int) -> None:
    timer, at = running(), DAY
    for index, minutes in enumerate(gaps):
        at += timedelta(minutes=minutes)
        timer = pause(timer, at) if index % 2 == 0 else resume(timer, at)
    due = due_at(timer, ALWAYS)
    if due is None:
        assert timer.paused_at is not None
    else:
        assert state_of(timer, due, ALWAYS) == "running"
        assert state_of(timer, due + timedelta(seconds=1 + later), ALWAYS) == "breached"


@pytest.mark.parametrize("percent", [0, 50, 100])
def test_warnings_come_in_proportion(percent: int) -> None:
    assert warn_at(running(), ALWAYS, percent=percent) == hour(4 * percent / 100)
