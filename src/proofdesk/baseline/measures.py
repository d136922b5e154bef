"""Rates and durations of all tickets and of each intent, channel and group, counted in the database.

The definitions are those of core.metrics; this module says them in SQL because a million tickets do not fit a loop.
A test holds both against each other on random exports.
"""

from typing import Any, Final

from proofdesk.baseline.database import Database
from proofdesk.core.audit import Group, Spread
from proofdesk.core.metrics.rate import Rate, rate
from proofdesk.core.statistics.bounds import normal_quantile

DIMENSIONS: Final = ("intent", "channel", "group")
MOST_GROUPS: Final = 25
OTHERS: Final = "(all others)"
_DAY: Final = 86_400
_HALF_WIDTH: Final = normal_quantile(0.975) / 2


class Known:
    """Which fields the export has; decides what may be published."""

    def __init__(self, database: Database) -> None:
        fields = (
            "requester", "intent", "channel", "group", "created", "first_reply", "first_human", "solved", "replies",
            "owners", "reopened", "reopens", "handle_minutes", "first_reply_minutes", "resolution_minutes", "csat",
            "ces", "nps", "sla_first", "sla_resolution", "resolution_code", "status",
        )  # fmt: skip
        counts = ", ".join(f'count("{field}")' for field in fields)
        found = database.row(f"SELECT {counts} FROM ticket")
        self._filled = {field: int(count) for field, count in zip(fields, found, strict=True)}

    def __call__(self, field: str) -> bool:
        return self._filled[field] > 0

    @property
    def reopening(self) -> bool:
        return self("reopened") or self("reopens")


def prepare(database: Database, as_of: float, window_days: int) -> None:
    """Flags per ticket: `genuine`, `mature`, `one_touch`, `again` (reopened in the window), `recontact`, groups."""
    w = window_days * _DAY
    for dimension in DIMENSIONS:
        _group(database, dimension)
    database.run(_FLAGGED, {"w": w, "as_of": as_of})
    database.run(_RECONTACT, {"w": w})
    database.run(_CHAINED, {"w": w})
    for name in ("flagged", "contacted"):
        database.run(f"DROP TABLE {name}")


def groups(
    database: Database, known: Known, as_of: float, as_of_open: float, dimension: str | None
) -> tuple[Group, ...]:
    """All tickets together (no dimension), or each value of a dimension, most tickets first."""
    by = f'"{dimension}_of"' if dimension else "'all tickets'"
    counts = database.dicts(_COUNTS.format(by=by))
    issues = {row["name"]: row for row in database.dicts(_ISSUES.format(by=by))}
    spreads = _spreads(database, known, by, as_of, as_of_open)
    found = [
        Group(
            name=str(row["name"]), tickets=row["tickets"],
            rates=_rates(row, issues.get(row["name"], {}), known), spreads=spreads.get(row["name"], {}),
        )
        for row in counts
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda group: (group.name == OTHERS, -group.tickets, group.name)))


def _group(database: Database, dimension: str) -> None:
    database.run(f'ALTER TABLE ticket ADD COLUMN "{dimension}_of" VARCHAR')
    database.run(
        f'UPDATE ticket SET "{dimension}_of" = CASE WHEN "{dimension}" IS NULL THEN \'(none)\' WHEN "{dimension}" IN '
        f'(SELECT "{dimension}" FROM ticket WHERE "{dimension}" IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 '
        f"LIMIT {MOST_GROUPS}) THEN \"{dimension}\" ELSE '{OTHERS}' END"
    )


_FLAGGED: Final = """
CREATE TABLE flagged AS SELECT *, NOT spam AND NOT merged AS genuine,
       NOT spam AND NOT merged AND solved IS NOT NULL AND solved + $w <= $as_of AS mature,
       coalesce(replies, 1) <= 1 AND coalesce(owners, 1) = 1 AS one_touch,
       open_again OR coalesce(reopened > solved AND reopened <= solved + $w, coalesce(reopens, 0) > 0) AS again,
       NOT done AND created + $w > $as_of AS too_young
FROM ticket
"""

_RECONTACT: Final = """
CREATE TABLE contacted AS SELECT f.*, coalesce(o.created <= f.solved + $w, false) AS recontact
FROM flagged f ASOF LEFT JOIN (SELECT requester, coalesce(intent, '') AS matter, created FROM flagged WHERE genuine) o
  ON f.requester = o.requester AND coalesce(f.intent, '') = o.matter AND f.solved < o.created
"""

_CHAINED: Final = """
CREATE OR REPLACE TABLE ticket AS SELECT *, sum(begins) OVER (PARTITION BY requester, coalesce(intent, ''), mature
    ORDER BY created, id) AS chain
FROM (SELECT *, CASE WHEN created <= lag(solved) OVER (PARTITION BY requester, coalesce(intent, ''), mature
                                                     ORDER BY created, id) + $w THEN 0 ELSE 1 END AS begins
      FROM contacted)
"""

_COUNTS: Final = """
SELECT {by} AS name, count(*) AS tickets,
       count(*) FILTER (NOT genuine) AS dropped,
       count(*) FILTER (genuine AND NOT too_young) AS eligible,
       count(*) FILTER (genuine AND too_young) AS young,
       count(*) FILTER (genuine AND NOT too_young AND done) AS done,
       count(*) FILTER (genuine AND solved IS NULL) AS unsolved,
       count(*) FILTER (genuine AND solved IS NOT NULL AND NOT mature) AS immature,
       count(*) FILTER (mature) AS mature,
       count(*) FILTER (mature AND one_touch) AS one_touch,
       count(*) FILTER (mature AND one_touch AND NOT again) AS kept_closed,
       count(*) FILTER (mature AND one_touch AND NOT again AND NOT recontact) AS first_contact,
       count(*) FILTER (mature AND NOT again AND NOT recontact) AS recontact_free,
       count(*) FILTER (mature AND again) AS again,
       count(*) FILTER (genuine AND owners IS NOT NULL) AS owned,
       count(*) FILTER (genuine AND owners > 1) AS transferred,
       count(*) FILTER (genuine AND csat IS NOT NULL) AS answered,
       count(*) FILTER (genuine AND csat >= 4) AS content,
       count(*) FILTER (genuine AND done) AS asked,
       count(*) FILTER (genuine AND regexp_matches(lower(sla_first), {met})) AS first_met,
       count(*) FILTER (genuine AND regexp_matches(lower(sla_first), {missed})) AS first_missed,
       count(*) FILTER (genuine AND regexp_matches(lower(sla_resolution), {met})) AS resolution_met,
       count(*) FILTER (genuine AND regexp_matches(lower(sla_resolution), {missed})) AS resolution_missed
FROM ticket GROUP BY 1
""".replace("{met}", "'^(within.*|met|achieved|true|yes|ok|fulfilled)$'").replace(
    "{missed}", "'(violat|breach|miss|^false$|^no$|overdue|exceeded)'"
)

_ISSUES: Final = """
SELECT name, count(*) AS issues, count(*) FILTER (n = 1 AND clean) AS first_contact FROM (
    SELECT any_value({by}) AS name, count(*) AS n, bool_and(one_touch AND NOT again) AS clean
    FROM ticket WHERE mature AND requester IS NOT NULL GROUP BY requester, coalesce(intent, ''), chain
) GROUP BY 1
"""


def _rates(row: dict[str, Any], issues: dict[str, Any], known: Known) -> dict[str, Rate]:
    left = {"excluded": row["dropped"] + row["unsolved"], "immature": row["immature"]}
    found = {"resolution": rate(row["done"], row["eligible"], excluded=row["dropped"], immature=row["young"])}
    if known("replies"):
        found["one_touch"] = rate(row["one_touch"], row["mature"], **left)
    if known("replies") and known("requester"):
        found["fcr_ticket"] = rate(row["first_contact"], row["mature"], **left)
        found["fcr_issue"] = rate(issues.get("first_contact", 0), issues.get("issues", 0), **left)
    elif known("replies") and known.reopening:
        found["fcr_reopen_only_upper_bound"] = rate(row["kept_closed"], row["mature"], **left)
    if known("requester"):
        found["recontact_free"] = rate(row["recontact_free"], row["mature"], **left)
    if known.reopening or known("status"):
        found["reopen"] = rate(row["again"], row["mature"], **left)
    if known("owners"):
        found["transfer"] = rate(row["transferred"], row["owned"], excluded=row["dropped"])
    if known("csat"):
        found["csat"] = rate(row["content"], row["answered"], excluded=row["dropped"])
        found["csat_response"] = rate(row["answered"], max(row["asked"], row["answered"]), excluded=row["dropped"])
    for name, field in (("first", "sla_first"), ("resolution", "sla_resolution")):
        met, missed = row[f"{name}_met"], row[f"{name}_missed"]
        if known(field) and met + missed:
            found[f"sla_{'first_reply' if name == 'first' else name}"] = rate(met, met + missed)
    return found


def _spreads(
    database: Database, known: Known, by: str, as_of: float, as_of_open: float
) -> dict[str, dict[str, Spread]]:
    found: dict[str, dict[str, Spread]] = {}

    def add(metric: str, rows: dict[str, Spread]) -> None:
        for name, spread in rows.items():
            found.setdefault(name, {})[metric] = spread

    if known("first_reply"):
        waits = "CASE WHEN first_reply IS NULL THEN coalesce(solved{o}, $now) ELSE first_reply{o} END - created{o}"
        add("ttfr_calendar", _survival(database, by, waits.format(o=""), "first_reply IS NOT NULL", as_of))
        add("ttfr_business", _survival(database, by, waits.format(o="_open"), "first_reply IS NOT NULL", as_of_open))
    elif known("first_reply_minutes"):
        add("ttfr_as_reported", _plain(database, by, "first_reply_minutes", "the export's own clock"))
    if known("first_human"):
        waits = "coalesce(first_human{o}, solved{o}, $now) - created{o}"
        add("ttfr_human_calendar", _survival(database, by, waits.format(o=""), "first_human IS NOT NULL", as_of))
    if known("solved"):
        waits = "coalesce(solved{o}, $now) - created{o}"
        add("ttr_calendar", _survival(database, by, waits.format(o=""), "solved IS NOT NULL", as_of))
        add("ttr_business", _survival(database, by, waits.format(o="_open"), "solved IS NOT NULL", as_of_open))
    elif known("resolution_minutes"):
        add("ttr_as_reported", _plain(database, by, "resolution_minutes", "the export's own clock"))
    if known("handle_minutes"):
        add("handle", _handle(database, by))
    for name in ("ces", "nps"):
        if known(name):
            add(name, _plain(database, by, name, "raw answers", unit="score"))
    return found


def _survival(database: Database, by: str, waits: str, over: str, now: float) -> dict[str, Spread]:
    """Kaplan-Meier: tickets still waiting count as at least as long. Negative waits are left out and counted."""
    rows = database.dicts(_KAPLAN_MEIER.format(by=by, waits=waits, over=over), {"now": now})
    return {row["name"]: _minutes(row) for row in rows}


_KAPLAN_MEIER: Final = """
WITH wait AS (
    SELECT {by} AS name, ({waits}) / 60 AS d, {over} AS seen FROM ticket WHERE genuine AND created IS NOT NULL
),
step AS (SELECT name, d, count(*) FILTER (seen) AS ended, count(*) AS leaving FROM wait WHERE d >= 0 GROUP BY 1, 2),
risk AS (SELECT *, sum(leaving) OVER (PARTITION BY name ORDER BY d DESC) AS at_risk FROM step),
curve AS (
    SELECT name, d, exp(sum(ln(greatest(1 - ended / at_risk, 1e-300))) OVER (PARTITION BY name ORDER BY d)) AS s
    FROM risk
),
tally AS (
    SELECT name, count(*) FILTER (d >= 0) AS n, count(*) FILTER (d >= 0 AND NOT seen) AS censored,
           count(*) FILTER (d IS NULL OR d < 0) AS excluded, avg(d) FILTER (d >= 0 AND seen) AS mean
    FROM wait GROUP BY 1
)
SELECT t.name, t.n, t.censored, t.excluded, t.mean,
       min(d) FILTER (s <= 0.5) AS median, min(d) FILTER (s <= 0.1) AS p90,
       min(d) FILTER (s <= 0.5 + {half} / sqrt(t.n)) AS low, min(d) FILTER (s <= 0.5 - {half} / sqrt(t.n)) AS high
FROM tally t LEFT JOIN curve c USING (name) GROUP BY ALL
""".replace("{half}", str(_HALF_WIDTH))


def _minutes(row: dict[str, Any]) -> Spread:
    return Spread(
        unit="minutes", n=row["n"], median=row["median"], mean=row["mean"], p90=row["p90"], low=row["low"],
        high=row["high"], censored=row["censored"], excluded=row["excluded"],
        note="median and p90 count those still waiting; the mean is of those that ended" if row["censored"] else "",
    )  # fmt: skip


def _handle(database: Database, by: str) -> dict[str, Spread]:
    """Winsorised at the 99th percentile of all; tickets without a time are not imputed but counted."""
    statement = _PLAIN.format(
        by=by, value="least(handle_minutes, (SELECT quantile_cont(handle_minutes, 0.99) FROM ticket WHERE genuine))"
    )
    return {
        row["name"]: _plain_spread(row, "minutes", "winsorised at the 99th percentile")
        for row in database.dicts(statement)
    }


def _plain(database: Database, by: str, column: str, note: str, unit: Any = "minutes") -> dict[str, Spread]:
    rows = database.dicts(_PLAIN.format(by=by, value=column))
    return {row["name"]: _plain_spread(row, unit, note) for row in rows}


_PLAIN: Final = """
WITH given AS (SELECT {by} AS name, {value} AS v FROM ticket WHERE genuine)
SELECT name, count(v) AS n, count(*) - count(v) AS excluded, avg(v) AS mean, quantile_cont(v, 0.5) AS median,
       quantile_cont(v, 0.9) AS p90,
       list_sort(list(v))[greatest(1, floor(count(v) / 2 - {half} * sqrt(count(v)))::BIGINT)] AS low,
       list_sort(list(v))[least(count(v), ceil(count(v) / 2 + {half} * sqrt(count(v)) + 1)::BIGINT)] AS high
FROM given GROUP BY 1
""".replace("{half}", str(_HALF_WIDTH))


def _plain_spread(row: dict[str, Any], unit: Any, note: str) -> Spread:
    return Spread(
        unit=unit, n=row["n"], median=row["median"], mean=row["mean"], p90=row["p90"], low=row["low"],
        high=row["high"], excluded=row["excluded"], note=note,
    )  # fmt: skip
