"""Times as exports write them, many formats in one column, turned into SQL that yields epoch seconds or NULL.

Day and month are told apart by the column's own evidence: one value above 12 settles it. Without evidence the order
is assumed and said. A time without an offset is read in the audit's time zone.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

Order = Literal["dmy", "mdy"]

_CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f")
_NAMED: Final = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%y", "%d/%b/%Y",
                 "%a %d %b %Y", "%a %b %d %Y")  # fmt: skip
_NUMERIC: Final = re.compile(r"^\s*(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})\b")
_DATE_LIKE: Final = re.compile(
    r"^\s*(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
    r"|\d{1,2}[ /-][A-Za-z]{3,9}\.?,?[ /-]\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}"
    r"|\d{10}(\.\d+)?|\d{13}|\d{8}T?\d{0,6})"
)

_OFFSET: Final = r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})\s*$"
_SAMPLE: Final = 200
_EARLIEST: Final = 631_152_000
"""1990: an older ticket is a misread date."""
_LATEST: Final = 4_102_444_800


class DateOrder(msgspec.Struct, frozen=True, kw_only=True):
    order: Order
    evidence: Literal["column", "mapping", "assumed", "none needed", "contradictory"]
    usual: tuple[str, ...] = ()
    """Formats met in a sample, the most frequent first: tried before all others."""


def looks_like_a_time(value: str) -> bool:
    return _DATE_LIKE.match(value) is not None


def date_order(values: Sequence[str], wanted: Order | None) -> DateOrder:
    """How the column writes its times, from a sample of it."""
    found = _day_order(values, wanted)
    return msgspec.structs.replace(found, usual=_usual(values[:_SAMPLE], found.order))


def _usual(values: Sequence[str], order: Order) -> tuple[str, ...]:
    hits: dict[str, int] = {}
    for value in values:
        text = " ".join(value.replace(",", " ").replace("T", " ").split())
        found = next((one for one in hits if _fits(text, one)), None)
        found = found or next((one for one in _formats(order) if _fits(text, one)), None)
        if found:
            hits[found] = hits.get(found, 0) + 1
    return tuple(sorted(hits, key=lambda one: -hits[one]))


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 only whether it fits
    except ValueError:
        return False
    return True


def _day_order(values: Iterable[str], wanted: Order | None) -> DateOrder:
    """Which of 03/04/2026 is the day, from the column's other values."""
    first = second = seen = dotted = 0
    for value in values:
        if found := _NUMERIC.match(value):
            seen += 1
            dotted += found[2] == "."
            first, second = max(first, int(found[1])), max(second, int(found[3]))
    if not seen:
        return DateOrder(order="dmy", evidence="none needed")
    if wanted:
        return DateOrder(order=wanted, evidence="mapping")
    if first > 12 and second > 12:
        return DateOrder(order="dmy", evidence="contradictory")
    if first > 12 or second > 12:
        return DateOrder(order="dmy" if first > 12 else "mdy", evidence="column")
    return DateOrder(order="dmy", evidence="column" if dotted == seen else "assumed")


def epoch_sql(column: str, shape: DateOrder, zone: str) -> str:
    """An expression for epoch seconds (double) of a text column. `column` and `zone` must be trusted identifiers."""
    text = f"trim({column})"
    plain = f"regexp_replace(replace(replace({text}, ',', ' '), 'T', ' '), '\\s+', ' ', 'g')"
    zulu = f"regexp_replace({text}, '\\s*(Z|UTC|GMT)\\s*$', '+00:00')"
    iso = f"regexp_replace({zulu}, '([+-]\\d{{2}})(\\d{{2}})$', '\\1:\\2')"
    own = _strptime(f"regexp_replace({plain}, '{_OFFSET}', '')", shape)
    dashed = f"CASE WHEN regexp_matches({text}, '^\\d{{4}}-') THEN try_cast({text} AS TIMESTAMP) END"
    naive = f"coalesce({dashed}, {_strptime(plain, shape)})"
    parsed = (
        f"CASE WHEN {column} IS NULL OR {text} = '' THEN NULL"
        f" WHEN regexp_full_match({text}, '\\d{{10}}(\\.\\d+)?') THEN try_cast({text} AS DOUBLE)"
        f" WHEN regexp_full_match({text}, '\\d{{13}}') THEN try_cast({text} AS DOUBLE) / 1000"
        f" WHEN regexp_matches({text}, '\\d:\\d.*{_OFFSET}')"
        f" THEN coalesce(epoch(try_cast({iso} AS TIMESTAMPTZ)), epoch({own}) - {_offset(text)})"
        f" ELSE epoch(timezone('{zone}', {naive})) END"
    )
    return f"(SELECT CASE WHEN e BETWEEN {_EARLIEST} AND {_LATEST} THEN e END FROM (SELECT {parsed} AS e))"


def _strptime(plain: str, shape: DateOrder) -> str:
    """The usual formats first; then all; last the other order of day and month, for a column that mixes both.

    Two-digit years are read only where two digits stand, for a four-digit year would swallow them.
    """
    other: Order = "mdy" if shape.order == "dmy" else "dmy"
    short = f"regexp_matches({plain}, '^\\d{{1,2}}[./-](\\d{{1,2}}|[A-Za-z]{{3}})[./-]\\d{{2}}( |$)')"
    long = [*_formats(shape.order), *_numeric_formats(other)]
    two, four = ([one for one in long if ("%y" in one) is wanted] for wanted in (True, False))
    usual = [one for one in shape.usual if "%y" not in one]
    first = f"try_strptime({plain}, {_list(usual)}), " if usual else ""
    return (
        f"CASE WHEN {short} THEN try_strptime({plain}, {_list(two)})"
        f" ELSE coalesce({first}try_strptime({plain}, {_list(four)})) END"
    )


def _offset(text: str) -> str:
    """Seconds east of UTC at the end of the text; 0 for Z, UTC and GMT."""
    sign = f"CASE WHEN regexp_extract({text}, '([+-])\\d{{2}}:?\\d{{2}}\\s*$', 1) = '-' THEN -1 ELSE 1 END"
    hours = f"coalesce(try_cast(regexp_extract({text}, '[+-](\\d{{2}}):?\\d{{2}}\\s*$', 1) AS INTEGER), 0)"
    minutes = f"coalesce(try_cast(regexp_extract({text}, '[+-]\\d{{2}}:?(\\d{{2}})\\s*$', 1) AS INTEGER), 0)"
    return f"({sign}) * ({hours} * 3600 + {minutes} * 60)"


def _formats(order: Order) -> tuple[str, ...]:
    dates = ("%Y-%m-%d", "%Y/%m/%d", *_NAMED, "%Y%m%d")
    return (*(date + clock for date in dates for clock in _CLOCKS), *_numeric_formats(order))


def _numeric_formats(order: Order) -> tuple[str, ...]:
    parts = ("%d", "%m") if order == "dmy" else ("%m", "%d")
    return tuple(
        f"{parts[0]}{mark}{parts[1]}{mark}{year}{clock}" for mark in "./-" for year in ("%Y", "%y") for clock in _CLOCKS
    )


def _list(formats: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{one}'" for one in formats) + "]"
