"""The in-process analytical database: bounded memory, no network, no extension fetched, gone when it is closed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

MEMORY: Final = "1500MB"
THREADS: Final = 2


Values = Sequence[Any] | Mapping[str, Any]


def _bound(values: Values) -> Any:
    return dict(values) if isinstance(values, Mapping) else list(values)


class Database:
    """Plain SQL over one connection. Names that come from outside never enter a statement; only values do."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self.folder = folder

    def run(self, statement: str, values: Values = ()) -> None:
        self._connection.execute(statement, _bound(values))

    def rows(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, _bound(values)).fetchall()

    def row(self, statement: str, values: Values = ()) -> tuple[Any, ...]:
        found = self._connection.execute(statement, _bound(values)).fetchone()
        if found is None:
            raise LookupError(f"no row: {statement}")
        return found

    def dicts(self, statement: str, values: Values = ()) -> list[dict[str, Any]]:
        done = self._connection.execute(statement, _bound(values))
        names = [column[0] for column in done.description or ()]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]


@contextmanager
def open_database() -> Iterator[Database]:
    with TemporaryDirectory(prefix="proofdesk-audit-") as folder:
        connection = duckdb.connect(
            str(Path(folder) / "audit.duckdb"),
            config={
                "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
                "memory_limit": MEMORY, "threads": str(THREADS), "temp_directory": folder,
                "preserve_insertion_order": "false",
            },
        )  # fmt: skip
        try:
            yield Database(connection, Path(folder))
        finally:
            connection.close()
