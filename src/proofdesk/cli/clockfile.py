"""The product clock of a home: speed and anchor are kept in a file, so that every process on it agrees.

Product time is anchor + (wall - anchor) * speed. After a fast run it is ahead of the wall clock; it must never go back,
so a later start goes on from there, at the wanted speed or, for real time, as close to 1 as the formula allows.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

NAME = "clock.json"
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No anchor before this instant: what remains ahead is then carried by a speed of a little more than 1."""


class ClockRun(msgspec.Struct, frozen=True, kw_only=True):
    """One way the product clock of a home runs: `speed` 1.0 is real time and needs no anchor."""

    speed: float = 1.0
    anchor: datetime | None = None

    def at(self, wall: datetime) -> datetime:
        if self.speed == 1.0 or self.anchor is None:
            return wall
        return self.anchor + (wall - self.anchor) * self.speed


def carry_on(before: ClockRun, speed: float, wall: datetime) -> ClockRun:
    """A run at `speed` that shows at `wall` what `before` shows. Ahead of the wall, 1.0 becomes a little more."""
    ahead = before.at(wall) - wall
    if ahead <= timedelta(0):
        return ClockRun() if speed == 1.0 else ClockRun(speed=speed, anchor=wall)
    if speed <= 1.0:
        speed = 1.0 + ahead / (wall - EARLIEST)
    # anchor + (wall - anchor) * speed = wall + ahead, solved for the anchor
    return ClockRun(speed=speed, anchor=wall - ahead / (speed - 1.0))


def read_clock(home: Path) -> ClockRun:
    path = home / NAME
    if not path.exists():
        return ClockRun()
    return msgspec.json.decode(path.read_bytes(), type=ClockRun)


def write_clock(home: Path, clock: ClockRun) -> None:
    home.mkdir(parents=True, exist_ok=True)
    path = home / NAME
    if clock == ClockRun() and not path.exists():
        return
    draft = path.with_name(f".{NAME}")
    draft.write_bytes(msgspec.json.encode(clock))
    draft.replace(path)
