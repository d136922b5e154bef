"""Forward-only migrations: `migrations/NNNN_name.sql`, each applied in its own transaction as the owner role.

A first line `-- role: engine` runs a file as the engine role with search_path `queue, public`, so that the objects
belong to it. Files hold no parameters, so `%` needs no doubling. Statements that refuse a transaction
(CREATE INDEX CONCURRENTLY) cannot be used.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import tuple_row

from proofdesk.store.endpoint import Endpoint
from proofdesk.store.errors import StoreError, StoreUnavailable, is_connection_failure
from proofdesk.store.roles import ENGINE

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LOCK_KEY = 7_201_431_002
LOCK_LIMIT_S = 120
_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_ROLE_LINE = re.compile(r"--\s*role:\s*(\S+)\s*")

_TABLE = """
create table if not exists public.schema_migration (
  version integer primary key check (version > 0),
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)
"""


class MigrationError(StoreError):
    """The files and the database do not fit, or a file failed; the message names the file."""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One file. `checksum` is the SHA-256 of its bytes in hex."""

    version: int
    name: str
    checksum: str
    sql: bytes
    as_engine: bool
    file: Path


def migrate(endpoint: Endpoint, folder: Path = MIGRATIONS) -> list[Migration]:
    """Apply what is missing and return it, in order. Simultaneous calls wait for each other.

    Raises MigrationError for a changed or missing file, a database newer than the files, or a failing statement (whose
    file is rolled back as a whole); StoreUnavailable when the server does not answer.
    """
    migrations = load(folder)
    try:
        with psycopg.connect(endpoint.conninfo("owner", application="proofdesk-migrate"), autocommit=True) as conn:
            conn.execute(f"set lock_timeout = '{LOCK_LIMIT_S}s'".encode())
            conn.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
            conn.execute(_TABLE)
            pending = _pending(migrations, _applied(conn), folder)
            for migration in pending:
                _apply(conn, migration)
    except psycopg.OperationalError as error:
        if is_connection_failure(error):
            raise StoreUnavailable(f"migrate: {error}") from error
        raise MigrationError(f"migrate: {error}") from error
    return pending


def pending(endpoint: Endpoint, folder: Path = MIGRATIONS) -> list[Migration]:
    """What `migrate` would apply, without applying it; the same refusals."""
    with psycopg.connect(endpoint.conninfo("owner", application="proofdesk-migrate"), autocommit=True) as conn:
        known = conn.execute("select to_regclass('public.schema_migration') is not null").fetchone()
        return _pending(load(folder), _applied(conn) if known == (True,) else {}, folder)


def load(folder: Path) -> list[Migration]:
    """The migrations of a folder by version. Raises MigrationError for a bad name or a number used twice."""
    found: dict[int, Migration] = {}
    for file in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None or int(match[1]) == 0:
            raise MigrationError(f"{file.name}: call it NNNN_name.sql, numbered from 0001, in lower case")
        version = int(match[1])
        if version in found:
            raise MigrationError(f"{file.name}: number {match[1]} is taken by {found[version].file.name}")
        text = file.read_bytes()
        found[version] = Migration(
            version=version,
            name=match[2],
            checksum=hashlib.sha256(text).hexdigest(),
            sql=text,
            as_engine=_runs_as_engine(file, text),
            file=file,
        )
    return list(found.values())


def _runs_as_engine(file: Path, text: bytes) -> bool:
    first = text.decode("utf-8", errors="replace").partition("\n")[0]
    match = _ROLE_LINE.fullmatch(first.strip())
    if match and match[1] not in ("owner", "engine"):
        raise MigrationError(f"{file.name}:1: role {match[1]!r} is unknown; write owner or engine")
    return bool(match and match[1] == "engine")


def _applied(conn: psycopg.Connection[Any]) -> dict[int, tuple[str, str]]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute("select version, name, checksum from public.schema_migration").fetchall()
    return {version: (name, checksum) for version, name, checksum in rows}


def _pending(migrations: Sequence[Migration], applied: dict[int, tuple[str, str]], folder: Path) -> list[Migration]:
    by_version = {migration.version: migration for migration in migrations}
    newest = max(applied, default=0)
    for version, (name, checksum) in sorted(applied.items()):
        file = f"{version:04d}_{name}.sql"
        mine = by_version.get(version)
        if mine is None:
            raise MigrationError(
                f"the database has migration {file}, which {folder.name}/ lacks: it belongs to another, probably newer "
                f"proofdesk; install that version, there is no way back"
            )
        if mine.checksum != checksum:
            raise MigrationError(
                f"{mine.file.name} was changed after it had been applied: restore the file and "
                f"put the change in a new one"
            )
    missing = [migration for migration in migrations if migration.version not in applied]
    for migration in missing:
        if migration.version < newest:
            raise MigrationError(
                f"{migration.file.name} is new but older than the applied {newest:04d}: give it the next free number"
            )
    return missing


def _apply(conn: psycopg.Connection[Any], migration: Migration) -> None:
    try:
        with conn.transaction():
            if migration.as_engine:
                conn.execute(f"set local role {ENGINE}; set local search_path = queue, public".encode())
            conn.execute(migration.sql, prepare=False)
            conn.execute("reset role; set local search_path = public")
            conn.execute(
                "insert into public.schema_migration (version, name, checksum) values (%s, %s, %s)",
                [migration.version, migration.name, migration.checksum],
            )
    except psycopg.Error as error:
        if is_connection_failure(error):
            raise
        raise MigrationError(f"{migration.file.name}:{_line(migration, error)}: {error}") from error


def _line(migration: Migration, error: psycopg.Error) -> int:
    """The line of the statement that failed; 1 when the server gives no position."""
    position = error.diag.statement_position
    if not position:
        return 1
    return 1 + migration.sql.decode("utf-8", errors="replace")[: int(position) - 1].count("\n")
