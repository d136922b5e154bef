"""Product time. Verification windows last days; a faster clock lets tests and the demo live through them in seconds.

Leases, timeouts and rate limits are always wall-clock; everything a requester or an invoice sees is product time.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec


class Clock:
    """`now()` never goes back within a process, even when the machine's clock does.

    `speed` seconds of product time pass per second since `anchor`; 1.0 is real time. All processes on one
    database must be given the same speed and anchor (the setting says so).
    """

    def __init__(self, speed: float = 1.0, anchor: datetime | None = None, wall: Callable[[], float] = time.time):
        if not 0 < speed <= 10_000_000:
            raise ValueError(f"clock speed must be above 0 and at most 10,000,000, not {speed}")
        self._wall = wall
        self.speed = speed
        self._anchor = (anchor or datetime.fromtimestamp(wall(), UTC)).timestamp()
        self._latest = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        wall = self._wall()
        seconds = wall if self.speed == 1.0 else self._anchor + (wall - self._anchor) * self.speed
        self._latest = max(self._latest, datetime.fromtimestamp(seconds, UTC))
        return self._latest

    def wall_seconds(self, product: timedelta) -> float:
        """How long `product` time takes on the wall clock."""
        return product.total_seconds() / self.speed


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with microseconds and Z: the only way instants are written to the ledger."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_iso(text: str) -> datetime:
    return msgspec.convert(text, datetime)
