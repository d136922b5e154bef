"""Business time over a million tickets: the calendar's open intervals once, then one ordered join per time.

Business seconds between two instants are the difference of "open seconds since the beginning" at each: exact over
daylight saving and holidays, because the intervals' edges are UTC instants.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from proofdesk.baseline.database import Database
from proofdesk.core.calendar import BusinessCalendar, open_spans

_MARGIN: Final = timedelta(days=8)
_BLOCK: Final = 500
TIMED: Final = ("created", "first_reply", "first_human", "solved")


def add_business_time(database: Database, calendar: BusinessCalendar, as_of: float) -> None:
    """Adds `created_open`, `first_reply_open`, ...: open seconds since before the first ticket."""
    first = database.row("SELECT min(created) FROM ticket")[0]
    database.run("CREATE TABLE opening (start DOUBLE, before DOUBLE, length DOUBLE)")
    if first is not None:
        _fill(database, calendar, datetime.fromtimestamp(first, UTC) - _MARGIN, datetime.fromtimestamp(as_of, UTC))
    database.run("CREATE TABLE instant AS SELECT 0::DOUBLE AS moment")
    for name in TIMED:
        database.run(f"INSERT INTO instant SELECT DISTINCT {name} FROM ticket WHERE {name} IS NOT NULL")
    database.run("INSERT INTO instant VALUES (?)", [as_of])
    database.run(
        "CREATE TABLE open_at AS SELECT moment, max(before + least(moment - start, length)) AS open FROM "
        "(SELECT DISTINCT moment FROM instant) ASOF JOIN opening ON moment >= start GROUP BY moment"
    )
    database.run("DROP TABLE instant")
    joins = " ".join(f"LEFT JOIN open_at o_{name} ON o_{name}.moment = t.{name}" for name in TIMED)
    chosen = ", ".join(f"o_{name}.open AS {name}_open" for name in TIMED)
    database.run(f"CREATE TABLE timed AS SELECT t.*, {chosen} FROM ticket t {joins}")
    database.run("DROP TABLE ticket")
    database.run("ALTER TABLE timed RENAME TO ticket")


def open_seconds_until(database: Database, as_of: float) -> float:
    found = database.rows("SELECT open FROM open_at WHERE moment = ?", [as_of])
    return float(found[0][0]) if found else 0.0


def _fill(database: Database, calendar: BusinessCalendar, start: datetime, end: datetime) -> None:
    rows: list[float] = []
    before = 0.0
    for span in open_spans(start, end + _MARGIN, calendar):
        length = (span.end - span.start).total_seconds()
        rows += [span.start.timestamp(), before, length]
        before += length
        if len(rows) >= 3 * _BLOCK:
            _insert(database, rows)
            rows = []
    _insert(database, rows)


def _insert(database: Database, rows: list[float]) -> None:
    if rows:
        database.run(f"INSERT INTO opening VALUES {', '.join(['(?, ?, ?)'] * (len(rows) // 3))}", rows)
