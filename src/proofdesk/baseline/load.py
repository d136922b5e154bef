"""From clean files to one typed table `ticket`: a row a ticket, times as epoch seconds, durations in minutes.

Everything the columns cannot say is NULL; every value that could not be read is a problem with its line and column.
"""

from pathlib import Path
from typing import Final

import msgspec

from proofdesk.baseline.columns import MappingFile, Recognised, Sample, normal, recognise
from proofdesk.baseline.database import Database
from proofdesk.baseline.dates import epoch_sql
from proofdesk.baseline.events import fold_events
from proofdesk.baseline.export import SAMPLE_ROWS, Export
from proofdesk.baseline.expressions import flag_sql, minutes_sql, number_sql, score_sql
from proofdesk.baseline.source import LINE, CleanFile, Problems

MOST_REPORTED: Final = 100_000
"""Faulty rows of one kind that are looked up; the counts beyond it say "at least"."""
_SHOWN: Final = 60
"""Characters of a value that a problem shows."""
SOLVED: Final = ("solved", "closed", "resolved", "done", "complete", "completed", "fixed", "finished")
_SPAM: Final = ("spam", "deleted", "junk")
_TIMES: Final = ("created", "first_reply", "first_human", "solved", "closed", "updated", "reopened")
_TEXTS: Final = ("requester", "account", "intent", "type", "channel", "group", "agent", "priority", "tier", "status",
                 "subject", "body", "resolution_code", "sla_first", "sla_resolution", "tags", "language")  # fmt: skip
_NUMBERS: Final = ("reopens", "replies", "owners")
_DURATIONS: Final = ("handle_minutes", "first_reply_minutes", "resolution_minutes")
_SCORES: Final = ("csat", "ces", "nps")


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What was recognised in each file, and what had to be assumed on the way."""

    recognised: tuple[Recognised, ...]
    rows: int
    notes: tuple[str, ...]

    def has(self, field: str) -> bool:
        return any(one.column(field) is not None for one in self.recognised)


def load(database: Database, files: list[CleanFile], mapping: MappingFile, problems: Problems) -> Loaded:
    """Fills the table `ticket`. Raises columns.UnknownColumn."""
    _create(database)
    notes: list[str] = []
    found, rows = [], 0
    for place, file in enumerate(files):
        columns = _raw(database, file)
        recognised = recognise(_samples(database, columns), mapping)
        found.append(recognised)
        rows += int(database.row("SELECT count(*) FROM raw")[0])
        names = {title: f"c{number}" for number, title in enumerate(columns)}
        export = Export(
            database=database, place=place, file=file.name, mapping=mapping, problems=problems, notes=notes,
            names={column.field: names[column.column] for column in recognised.columns},
            titles={column.field: column.column for column in recognised.columns},
        )  # fmt: skip
        if recognised.shape == "events":
            fold_events(export)
        else:
            _tickets(export)
        database.run("DROP TABLE raw")
    _drop_duplicates(database, problems, files)
    _mark(database, mapping)
    _impossible(database, problems, files)
    return Loaded(recognised=tuple(found), rows=rows, notes=tuple(dict.fromkeys(notes)))


def _create(database: Database) -> None:
    columns = [f"{name} DOUBLE" for name in (*_TIMES, *_NUMBERS, *_DURATIONS, *_SCORES)]
    texts = [f'"{name}" VARCHAR' for name in _TEXTS]
    database.run(
        "CREATE TABLE ticket (file INTEGER, line BIGINT, id VARCHAR, spam BOOLEAN, merged BOOLEAN, "
        + ", ".join([*columns, *texts])
        + ")"
    )


def _raw(database: Database, file: CleanFile) -> tuple[str, ...]:
    """The table `raw` with columns c0.. and source_line; the titles in the order of the columns."""
    if not file.parquet:
        database.run(
            "CREATE TABLE raw AS SELECT * FROM read_csv(?, header = true, all_varchar = true, delim = ',', "
            "quote = '\"', escape = '\"', max_line_size = 16777216, parallel = false)",
            [str(file.path)],
        )
        return file.columns
    database.run("CREATE TEMP TABLE parquet AS SELECT * FROM read_parquet(?)", [str(file.path)])
    titles = [str(row[0]) for row in database.rows("SELECT column_name FROM (DESCRIBE parquet)")]
    quoted = [title.replace('"', '""') for title in titles]
    chosen = ", ".join(f'CAST("{title}" AS VARCHAR) AS c{place}' for place, title in enumerate(quoted))
    database.run(f"CREATE TABLE raw AS SELECT row_number() OVER () AS {LINE}, {chosen} FROM parquet")
    database.run("DROP TABLE parquet")
    return tuple(titles)


def _samples(database: Database, columns: tuple[str, ...]) -> list[Sample]:
    total = int(database.row("SELECT count(*) FROM raw")[0])
    samples = []
    for place, title in enumerate(columns):
        name = f"c{place}"
        filled, different = database.row(
            f"SELECT count(nullif(trim({name}), '')), approx_count_distinct({name}) FROM raw"
        )
        rows = database.rows(
            f"SELECT DISTINCT {name} FROM (SELECT {name} FROM raw WHERE trim({name}) <> '' LIMIT {SAMPLE_ROWS}) "
            f"ORDER BY hash({name}) LIMIT 1000"
        )
        values = tuple(str(row[0]) for row in rows)
        samples.append(
            Sample(title=title, values=values, filled=filled / max(total, 1), distinct=different / max(filled, 1))
        )
    return samples


def _tickets(export: Export) -> None:
    chosen = {"file": str(export.place), "line": f"TRY_CAST({LINE} AS BIGINT)"}
    named = export.names.get("id")
    chosen["id"] = f"coalesce(nullif(trim({named}), ''), 'line ' || {LINE})" if named else f"'line ' || {LINE}"
    for name, column in export.names.items():
        if name in _TIMES:
            chosen[name] = epoch_sql(column, export.date_order(name), export.mapping.time_zone)
        elif name in _TEXTS:
            chosen[f'"{name}"'] = f"nullif(trim(regexp_replace({column}, '\\s+', ' ', 'g')), '')"
        elif name in _NUMBERS:
            chosen[name] = number_sql(column)
        elif name in _DURATIONS:
            chosen[name] = minutes_sql(column, normal(export.titles[name]))
        elif name in _SCORES:
            chosen[name] = score_sql(column, export.mapping.csat_scale if name == "csat" else None)
    for name in ("spam", "merged"):
        chosen[name] = flag_sql(export.names[name]) if name in export.names else "false"
    export.database.run(f"INSERT INTO ticket ({', '.join(chosen)}) SELECT {', '.join(chosen.values())} FROM raw")
    for name in (*_TIMES, *_NUMBERS, *_DURATIONS, *_SCORES):
        if name in export.names:
            _report_unread(export, name)


def _report_unread(export: Export, field: str) -> None:
    """Values that are there but could not be read, each with its line."""
    column = export.names[field]
    words = "'offered', 'unoffered', 'not offered', 'not rated', 'none', '-', 'n/a'"
    silent = f" AND lower(trim(r.{column})) NOT IN ({words})" if field in _SCORES else ""
    rows = export.database.rows(
        f"SELECT r.{LINE}, r.{column} FROM raw r JOIN ticket t ON t.line = TRY_CAST(r.{LINE} AS BIGINT) "
        f"AND t.file = {export.place} WHERE t.{field} IS NULL AND trim(r.{column}) <> ''{silent} "
        f"ORDER BY t.line LIMIT {MOST_REPORTED}"
    )
    kind = "unreadable time" if field in _TIMES else "unreadable number"
    for line, value in rows:
        export.problem(int(line), kind, f"{str(value)[:_SHOWN]!r} is left out", field)


def _drop_duplicates(database: Database, problems: Problems, files: list[CleanFile]) -> None:
    """Of rows with one id the last one counts."""
    database.run(
        "CREATE TABLE kept AS SELECT *, row_number() OVER (PARTITION BY id ORDER BY file DESC, line DESC) AS nth,"
        " max(line) OVER (PARTITION BY id) AS last_line FROM ticket"
    )
    for place, line, last in database.rows(
        f"SELECT file, line, last_line FROM kept WHERE nth > 1 ORDER BY file, line LIMIT {MOST_REPORTED}"
    ):
        problems.add(files[place].name, line, "repeated ticket", f"the id comes again in line {last}, which counts")
    database.run("DROP TABLE ticket")
    database.run("CREATE TABLE ticket AS SELECT * EXCLUDE (nth, last_line) FROM kept WHERE nth = 1")
    database.run("DROP TABLE kept")


def _mark(database: Database, mapping: MappingFile) -> None:
    """`solved` falls back to `closed`; `open_again` is a solved ticket whose status says it is not."""
    statuses = [status.lower() for status in (mapping.solved_statuses or SOLVED)]
    database.run("UPDATE ticket SET solved = closed WHERE solved IS NULL AND closed IS NOT NULL")
    database.run("ALTER TABLE ticket ADD COLUMN open_again BOOLEAN DEFAULT false")
    database.run("ALTER TABLE ticket ADD COLUMN done BOOLEAN DEFAULT false")
    database.run(
        "UPDATE ticket SET done = CASE WHEN status IS NULL THEN solved IS NOT NULL ELSE lower(status) IN "
        "(SELECT unnest(?)) END",
        [statuses],
    )
    database.run("UPDATE ticket SET open_again = true WHERE solved IS NOT NULL AND NOT done")
    database.run("UPDATE ticket SET spam = true WHERE lower(status) IN (SELECT unnest(?))", [list(_SPAM)])
    database.run("UPDATE ticket SET spam = true WHERE lower(coalesce(intent, '')) = 'spam'")
    database.run(
        "UPDATE ticket SET spam = true WHERE "
        "list_contains(str_split_regex(lower(coalesce(tags, '')), '[,; ]+'), 'spam')"
    )
    database.run("UPDATE ticket SET merged = true WHERE lower(status) = 'merged'")


def _impossible(database: Database, problems: Problems, files: list[CleanFile]) -> None:
    """Replies and solutions before the creation: the time is dropped, the ticket stays."""
    for field in ("first_reply", "first_human", "solved", "reopened"):
        for place, line in database.rows(
            f"SELECT file, line FROM ticket WHERE {field} < created ORDER BY file, line LIMIT {MOST_REPORTED}"
        ):
            problems.add(files[place].name, line, "impossible order", f"{field.replace('_', ' ')} lies before created: "
                         "that time is left out", column=field)  # fmt: skip
        database.run(f"UPDATE ticket SET {field} = NULL WHERE {field} < created")


def clean_path(folder: Path, place: int) -> Path:
    return folder / f"clean-{place}.csv"
