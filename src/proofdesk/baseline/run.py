"""The audit from files to figures."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from proofdesk.baseline import clocks, measures, money
from proofdesk.baseline.columns import MappingFile
from proofdesk.baseline.database import Database, open_database
from proofdesk.baseline.gaps import underivable
from proofdesk.baseline.load import Loaded, clean_path, load
from proofdesk.baseline.measures import Known
from proofdesk.baseline.source import CleanFile, Problems, Unreadable, clean_copy
from proofdesk.core import audit
from proofdesk.core.calendar import BusinessCalendar

MAX_FILES: Final = 50
Progress = Callable[[str], None]
Topics = Callable[[Sequence[str]], Sequence[str | None]]
"""Texts to topic names, for an export without intents."""
TOPIC_ROWS: Final = 8_000
"""Texts that are grouped; the rest of a larger export stays without an intent and is said so."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `as_of` None: the last instant in the export."""

    files: tuple[Path, ...]
    mapping: MappingFile
    costs: money.CostFile
    calendar: BusinessCalendar
    as_of: datetime | None = None
    window_days: int = 7


def run_audit(order: Order, progress: Progress, topics: Topics | None = None) -> audit.Audit:
    """Raises source.Unreadable, columns.UnknownColumn, money.CostError."""
    if not 1 <= len(order.files) <= MAX_FILES:
        raise Unreadable(f"{len(order.files)} files given; an audit takes 1 to {MAX_FILES}")
    money.labour_of(order.costs)  # wrong costs are said before a million rows are read
    problems = Problems()
    with open_database() as database:
        files = [_clean(database, place, path, problems, progress) for place, path in enumerate(order.files)]
        progress("recognising columns")
        found = load(database, files, order.mapping, problems)
        known = Known(database)
        notes = list(found.notes)
        if topics is not None and not known("intent"):
            known = _topics(database, topics, notes, progress) or known
        as_of = _as_of(database, order.as_of)
        progress("business time")
        clocks.add_business_time(database, order.calendar, as_of)
        measures.prepare(database, as_of, order.window_days)
        progress("rates and durations")
        figures = _figures(database, known, as_of, progress)
        gathered = _Found(
            order=order, files=files, loaded=found, problems=problems, notes=notes, gaps=underivable(known), as_of=as_of
        )
        return _report(gathered, figures, database)


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    order: Order
    files: list[CleanFile]
    loaded: Loaded
    problems: Problems
    notes: list[str]
    gaps: tuple[audit.Underivable, ...]
    as_of: float


class _Figures(msgspec.Struct, frozen=True, kw_only=True):
    overall: audit.Group
    by: dict[str, tuple[audit.Group, ...]]


def _figures(database: Database, known: Known, as_of: float, progress: Progress) -> _Figures:
    now_open = clocks.open_seconds_until(database, as_of)
    overall = measures.groups(database, known, as_of, now_open, None)[0]
    by = {}
    for dimension in measures.DIMENSIONS:
        if known(dimension):
            progress(f"by {dimension}")
            by[dimension] = measures.groups(database, known, as_of, now_open, dimension)
    return _Figures(overall=overall, by=by)


def _report(found: _Found, figures: _Figures, database: Database) -> audit.Audit:
    order, problems = found.order, found.problems
    labour = money.labour_of(order.costs)
    costs = money.costs_of(order.costs, figures.overall, labour)
    rows = money.use_cases(database, figures.by.get("intent", ()), order.costs, labour.per_minute)
    rows = tuple(row for row in rows if row.intent not in (measures.OTHERS, "(none)"))
    first = found.loaded.recognised[0]
    return audit.Audit(
        files=tuple(file.name for file in found.files), shape=first.shape, source=first.source,
        as_of=datetime.fromtimestamp(found.as_of, UTC).isoformat(), calendar=order.calendar.name,
        window_days=order.window_days, rows=found.loaded.rows, tickets=figures.overall.tickets, columns=first.columns,
        unused_columns=first.unused, problems=tuple(problems.kept), notes=tuple(found.notes),
        problem_counts=tuple(audit.ProblemCount(kind=kind, rows=n) for kind, n in sorted(problems.counts.items())),
        overall=figures.overall, by=figures.by, underivable=found.gaps, weeks=money.weeks(database),
        use_cases=rows, first_cohorts=money.first_cohorts(rows), costs=costs,
        roi=money.roi_section(database, order.costs, costs, rows),
    )  # fmt: skip


def _clean(database: Database, place: int, path: Path, problems: Problems, progress: Progress) -> CleanFile:
    progress(f"reading {path.name}")
    return clean_copy(path, clean_path(database.folder, place), problems)


def _as_of(database: Database, given: datetime | None) -> float:
    if given is not None:
        return given.timestamp()
    latest = database.row("SELECT max(greatest(created, first_reply, solved, closed, updated, reopened)) FROM ticket")[
        0
    ]
    if latest is None:
        latest = database.row("SELECT max(coalesce(created, 0)) FROM ticket")[0]
    return float(latest)


def _topics(database: Database, topics: Topics, notes: list[str], progress: Progress) -> Known | None:
    rows = database.rows(
        "SELECT id, trim(coalesce(subject, '') || ' ' || coalesce(body, '')) FROM ticket WHERE NOT spam AND NOT merged "
        f"AND (subject IS NOT NULL OR body IS NOT NULL) ORDER BY hash(id) LIMIT {TOPIC_ROWS}"
    )
    if not rows:
        return None
    progress("finding topics in the texts")
    names = topics([str(text) for _, text in rows])
    database.run("CREATE TABLE topic (id VARCHAR, name VARCHAR)")
    pairs = [(str(row[0]), name) for row, name in zip(rows, names, strict=True) if name is not None]
    for start in range(0, len(pairs), 500):
        block = pairs[start : start + 500]
        values = ", ".join(["(?, ?)"] * len(block))
        database.run(f"INSERT INTO topic VALUES {values}", [cell for pair in block for cell in pair])
    database.run("UPDATE ticket SET intent = topic.name FROM topic WHERE ticket.id = topic.id")
    notes.append(
        f"no intents in the export: {len(rows):,} of its texts, drawn evenly, were grouped into topics; names are "
        "suggestions, and figures by intent are of these texts"
    )
    return Known(database)
