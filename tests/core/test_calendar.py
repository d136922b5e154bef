"""Business time, exact over daylight saving, holidays and pauses; compared with a count of single minutes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.core.calendar import (
    BusinessCalendar,
    Interval,
    NeverOpen,
    Window,
    add_business,
    always_open,
    business_seconds,
    merge,
    minutes_of,
    weekly,
)
from tests.core.vectors import vector

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = weekly("office", BERLIN, "09:00", "17:00")
instants = st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 10), timezones=st.just(UTC))


def test_e02_over_daylight_saving_and_a_holiday() -> None:
    e02 = vector("E02")
    given_, want = e02["input"], e02["expected"]
    zone = ZoneInfo(given_["time_zone"])

    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=zone)

    calendar = weekly("ny", zone, *given_["business_window"])
    created, reply, solved = (local(given_[f"{name}_local"]) for name in ("created", "first_reply", "solved"))
    pending = tuple(Interval(local(start), local(end)) for start, end in given_["pending_local"])
    holiday = msgspec.structs.replace(calendar, holidays=frozenset(map(date.fromisoformat, given_["holiday_variant"])))
    got = {
        "ttfr_calendar_h": business_seconds(created, reply, always_open()),
        "ttfr_business_h": business_seconds(created, reply, calendar),
        "ttr_calendar_h": business_seconds(created, solved, always_open()),
        "ttr_business_h": business_seconds(created, solved, calendar),
        "ttr_business_minus_pending_h": business_seconds(created, solved, calendar, pending),
        "ttr_business_with_holiday_h": business_seconds(created, solved, holiday),
    }
    assert got == {name: round(want[name]["value"] * 3600) for name in want}


@pytest.mark.parametrize(
    ("zone", "day", "opens", "closes", "hours"),
    [
        (NEW_YORK, datetime(2026, 3, 8), "00:00", "24:00", 23.0),
        (NEW_YORK, datetime(2026, 11, 1), "00:00", "24:00", 25.0),
        (NEW_YORK, datetime(2026, 3, 8), "01:00", "02:30", 1.0),
        (NEW_YORK, datetime(2026, 3, 8), "02:30", "04:00", 1.0),
        (NEW_YORK, datetime(2026, 11, 1), "01:00", "01:30", 1.5),
        (NEW_YORK, datetime(2026, 11, 1), "01:30", "02:00", 1.5),
        (ZoneInfo("Asia/Beirut"), datetime(2026, 3, 29), "00:00", "24:00", 23.0),
    ],
)
def test_edges_that_are_skipped_or_repeated(
    zone: ZoneInfo, day: datetime, opens: str, closes: str, hours: float
) -> None:
    calendar = weekly("all", zone, opens, closes, weekdays=[day.weekday()])
    start = day.replace(tzinfo=zone) - timedelta(days=2)
    assert business_seconds(start, start + timedelta(days=4), calendar) == hours * 3600


@settings(max_examples=60, deadline=None)
@given(instants, st.integers(0, 4 * 1440), st.lists(st.tuples(instants, st.integers(0, 900)), max_size=3))
def test_agrees_with_counting_minutes(start: datetime, length: int, raw: list[tuple[datetime, int]]) -> None:
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=length)
    whole = [(at.replace(second=0, microsecond=0), minutes) for at, minutes in raw]
    pauses = [Interval(at, at + timedelta(minutes=minutes)) for at, minutes in whole]
    open_minutes = 0
    for minute in range(length):
        at = start + timedelta(minutes=minute)
        local = at.astimezone(BERLIN)
        is_open = local.weekday() < 5 and 9 <= local.hour < 17
        open_minutes += is_open and not any(pause.start <= at < pause.end for pause in pauses)
    assert business_seconds(start, end, OFFICE, pauses) == open_minutes * 60


@settings(max_examples=100, deadline=None)
@given(instants, st.integers(1, 400_000), st.lists(st.tuples(instants, st.integers(0, 90_000)), max_size=3))
def test_adding_inverts_counting(start: datetime, seconds: int, raw: list[tuple[datetime, int]]) -> None:
    pauses = [Interval(at, at + timedelta(seconds=length)) for at, length in raw]
    due = add_business(start, seconds, OFFICE, pauses)
    assert business_seconds(start, due, OFFICE, pauses) == seconds
    assert business_seconds(start, due - timedelta(microseconds=1), OFFICE, pauses) == seconds - 1


@settings(max_examples=60, deadline=None)
@given(instants, instants, instants)
def test_time_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    first, middle, last = (each.replace(microsecond=0) for each in sorted((a, b, c)))
    parts = business_seconds(first, middle, OFFICE) + business_seconds(middle, last, OFFICE)
    assert parts == business_seconds(first, last, OFFICE)


def test_nothing_passes_backwards() -> None:
    at = datetime(2026, 3, 24, 12, tzinfo=UTC)
    assert business_seconds(at, at - timedelta(hours=1), OFFICE) == 0
    assert add_business(at, 0, OFFICE) == at


def test_merge_joins_touching_and_drops_empty() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    hours = [day + timedelta(hours=hour) for hour in range(6)]
    raw = [Interval(hours[2], hours[3]), Interval(hours[0], hours[2]), Interval(hours[5], hours[4])]
    assert merge(raw) == (Interval(hours[0], hours[3]),)


def test_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        business_seconds(datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC), OFFICE)
    with pytest.raises(ValueError, match="need 0 <= start"):
        Window(600, 600)
    with pytest.raises(ValueError, match="7"):
        BusinessCalendar(name="short", zone=UTC, days=((),) * 6)
    with pytest.raises(ValueError, match="overlap"):
        BusinessCalendar(name="twice", zone=UTC, days=((Window(0, 10), Window(5, 20)), *((),) * 6))
    with pytest.raises(NeverOpen, match="never"):
        add_business(datetime(2026, 1, 1, tzinfo=UTC), 1, BusinessCalendar(name="never", zone=UTC, days=((),) * 7))
    with pytest.raises(ValueError, match="-1 seconds"):
        add_business(datetime(2026, 1, 1, tzinfo=UTC), -1, OFFICE)


@pytest.mark.parametrize("clock", ["9:00", "09:60", "24:01", "0900", "ab:cd", ""])
def test_a_bad_time_of_day_is_named(clock: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        minutes_of(clock)
