"""One file of an export while it is read into the database: its columns, and where to say what is wrong."""

from typing import Final

import msgspec

from proofdesk.baseline.columns import MappingFile
from proofdesk.baseline.database import Database
from proofdesk.baseline.dates import DateOrder, date_order
from proofdesk.baseline.source import Problems

SAMPLE_ROWS: Final = 20_000
_SPOKEN: Final = {"dmy": "day first", "mdy": "month first"}


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """The rows stand in the table `raw`. `names`: field -> column (c0, c1, ...); `titles`: field -> its title."""

    database: Database
    place: int
    file: str
    mapping: MappingFile
    problems: Problems
    notes: list[str]
    names: dict[str, str]
    titles: dict[str, str]

    def problem(self, line: int | None, kind: str, text: str, field: str) -> None:
        self.problems.add(self.file, line, kind, text, column=self.titles[field])

    def date_order(self, field: str) -> DateOrder:
        """How the column writes times; says so where day and month had to be assumed."""
        column = self.names[field]
        rows = self.database.rows(
            f"SELECT DISTINCT {column} FROM raw WHERE trim({column}) <> '' ORDER BY hash({column}) LIMIT {SAMPLE_ROWS}"
        )
        found = date_order([str(row[0]) for row in rows], self.mapping.date_order)
        spoken = _SPOKEN[found.order]
        if found.evidence == "assumed":
            self.notes.append(
                f"{self.titles[field]}: no date tells day and month apart; read as {spoken} (date_order settles it)"
            )
        if found.evidence == "contradictory":
            text = f"some dates put the day first, others the month; read as {spoken} wherever both are possible"
            self.problem(None, "mixed date orders", text, field)
        return found
