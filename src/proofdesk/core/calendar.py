"""Business time: how much of an interval a company was open, exact over daylight saving and holidays.

Opening hours are wall-clock windows per local day. Their edges become UTC instants day by day, so a day with 23 or
25 hours counts what the wall clock really showed. A time zone is passed in (`zoneinfo.ZoneInfo`): reading the zone
database is the shell's business. All instants are aware datetimes; results are UTC. Seconds are whole and rounded
down once, after summing.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

import msgspec

MAX_SCAN_DAYS: Final = 3_660
"""How far ahead an open hour is sought (ten years) before the calendar counts as never open."""

DAY_MINUTES: Final = 24 * 60
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


class NeverOpen(ValueError):
    """The calendar has not enough open time within MAX_SCAN_DAYS."""


class Window(msgspec.Struct, frozen=True):
    """Open from minute `start` to minute `end` of the local day (0..1440, end excluded)."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= DAY_MINUTES:
            raise ValueError(f"window {self.start}..{self.end}: need 0 <= start < end <= {DAY_MINUTES} minutes")


class BusinessCalendar(msgspec.Struct, frozen=True, kw_only=True):
    """Opening hours of one place. `days[0]` is Monday; each day has its windows in order, not overlapping."""

    name: str
    zone: tzinfo
    days: tuple[tuple[Window, ...], ...]
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if len(self.days) != 7:
            raise ValueError(f"calendar {self.name!r}: {len(self.days)} days given, a week has 7 (Monday first)")
        for day in self.days:
            if any(later.start < earlier.end for earlier, later in pairwise(day)):
                raise ValueError(f"calendar {self.name!r}: windows of a day overlap or are out of order")


class Interval(msgspec.Struct, frozen=True, order=True):
    """From `start` to `end`, end excluded; aware datetimes."""

    start: datetime
    end: datetime


def weekly(name: str, zone: tzinfo, opens: str, closes: str, *, weekdays: Iterable[int] = range(5)) -> BusinessCalendar:
    """A calendar with the same hours ("09:00", "17:00") on the given weekdays (0 = Monday)."""
    window = (Window(minutes_of(opens), minutes_of(closes)),)
    chosen = frozenset(weekdays)
    return BusinessCalendar(name=name, zone=zone, days=tuple(window if day in chosen else () for day in range(7)))


def always_open(name: str = "24x7") -> BusinessCalendar:
    """Calendar time as a business calendar: every second counts."""
    return BusinessCalendar(name=name, zone=UTC, days=((Window(0, DAY_MINUTES),),) * 7)


def minutes_of(clock: str) -> int:
    """ "09:30" -> 570; "24:00" is the end of the day. Raises ValueError."""
    hours, colon, minutes = clock.partition(":")
    if not (colon and len(hours) == 2 and len(minutes) == 2 and (hours + minutes).isdecimal()):
        raise ValueError(f"{clock!r} is not a time of day: write HH:MM")
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > DAY_MINUTES:
        raise ValueError(f"{clock!r} is not a time of day: 00:00 to 24:00")
    return total


def business_time(
    start: datetime, end: datetime, calendar: BusinessCalendar, pauses: Sequence[Interval] = ()
) -> timedelta:
    """Open time within [start, end), less the pauses. Zero when end is not after start."""
    total = timedelta()
    limit = _utc(end)
    for span in _unpaused(open_spans(_utc(start), limit, calendar), merge(pauses)):
        total += span.end - span.start
    return total


def business_seconds(
    start: datetime, end: datetime, calendar: BusinessCalendar, pauses: Sequence[Interval] = ()
) -> int:
    """`business_time` in whole seconds, rounded down."""
    return business_time(start, end, calendar, pauses) // _SECOND


def add_business(
    start: datetime, seconds: int, calendar: BusinessCalendar, pauses: Sequence[Interval] = ()
) -> datetime:
    """The first instant by which `seconds` of open, unpaused time have passed since `start`. Raises NeverOpen."""
    if seconds < 0:
        raise ValueError(f"cannot count {seconds} seconds ahead")
    begin = _utc(start)
    left = timedelta(seconds=seconds)
    if not left:
        return begin
    horizon = begin + MAX_SCAN_DAYS * _DAY
    for span in _unpaused(open_spans(begin, horizon, calendar), merge(pauses)):
        length = span.end - span.start
        if length >= left:
            return span.start + left
        left -= length
    raise NeverOpen(f"calendar {calendar.name!r} has less than {seconds} s of open time in {MAX_SCAN_DAYS} days")


def open_spans(start: datetime, end: datetime, calendar: BusinessCalendar) -> Iterator[Interval]:
    """The open intervals between two UTC instants, in order, cut at both."""
    day = start.astimezone(calendar.zone).date() - _DAY
    # One day of margin on both sides: zones change the calendar date by at most one.
    last = end.astimezone(calendar.zone).date() + _DAY
    while day <= last:
        if day not in calendar.holidays:
            for window in calendar.days[day.weekday()]:
                opens = max(start, _instant(day, window.start, calendar.zone, closing=False))
                closes = min(end, _instant(day, window.end, calendar.zone, closing=True))
                if opens < closes:
                    yield Interval(opens, closes)
        day += _DAY


def merge(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """The same instants as disjoint intervals in order; empty and reversed ones vanish."""
    merged: list[Interval] = []
    for one in sorted(Interval(_utc(each.start), _utc(each.end)) for each in intervals):
        if one.end <= one.start:
            continue
        if merged and one.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return tuple(merged)


def _unpaused(spans: Iterable[Interval], pauses: Sequence[Interval]) -> Iterator[Interval]:
    for span in spans:
        at = span.start
        for pause in pauses:
            if pause.end <= at or pause.start >= span.end:
                continue
            if pause.start > at:
                yield Interval(at, pause.start)
            at = pause.end
        if at < span.end:
            yield Interval(at, span.end)


def _instant(day: date, minute: int, zone: tzinfo, *, closing: bool) -> datetime:
    """The UTC instant of a wall-clock edge (PEP 495).

    A repeated time opens at its first and closes at its second occurrence; a skipped time is the jump itself.
    """
    if minute == DAY_MINUTES:
        day, minute, closing = day + _DAY, 0, False
    wall = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
    first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if closing else first
    return _jump(second, first, zone)


def _jump(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The second at which the offset changes between two UTC instants known to enclose a change."""
    before = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + ((high - low) // 2 // _SECOND) * _SECOND
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone")
    return instant.astimezone(UTC)
