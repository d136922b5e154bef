"""Migrations: once, in order, never changed afterwards."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import psycopg
import pytest

from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.migrate import MigrationError, migrate, pending
from tests.database import fresh_database, make_template


@pytest.fixture(scope="module")
def empty_template(database_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    return make_template(database_server, "empty_template", tmp_path_factory.mktemp("no_migrations"))


@pytest.fixture
def empty(empty_template: Endpoint) -> Iterator[Endpoint]:
    with fresh_database(empty_template) as endpoint:
        yield endpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "0001_first.sql", "create table a (x text default '100%');\ninsert into a values ('5 % 2 %s');")
    write(tmp_path, "0002_queue.sql", "-- role: engine\ncreate table job (id int);")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def query(endpoint: Endpoint, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(endpoint.admin_conninfo()) as admin:
        return admin.execute(text.encode()).fetchall()


def test_all_files_are_applied_once_and_recorded(empty: Endpoint, folder: Path) -> None:
    assert [migration.version for migration in pending(empty, folder)] == [1, 2]
    assert [migration.name for migration in migrate(empty, folder)] == ["first", "queue"]
    assert (migrate(empty, folder), pending(empty, folder)) == ([], [])
    rows = query(empty, "select version, name, length(checksum) from schema_migration order by version")
    assert rows == [(1, "first", 64), (2, "queue", 64)]
    assert query(empty, "select x from a") == [("5 % 2 %s",)]


def test_an_engine_file_makes_objects_of_the_engine_role_in_queue(empty: Endpoint, folder: Path) -> None:
    migrate(empty, folder)
    owners = query(empty, "select schemaname, tablename, tableowner from pg_tables where tablename in ('a', 'job')")
    assert sorted(owners) == [("public", "a", "proofdesk_owner"), ("queue", "job", "proofdesk_engine")]


def test_a_later_file_is_applied_alone(empty: Endpoint, folder: Path) -> None:
    migrate(empty, folder)
    write(folder, "0003_more.sql", "create table b ();")
    assert [migration.version for migration in migrate(empty, folder)] == [3]


def test_simultaneous_calls_apply_each_file_once(empty: Endpoint, folder: Path) -> None:
    write(folder, "0003_slow.sql", "select pg_sleep(0.2); create table c ();")
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda _: migrate(empty, folder), range(3)))
    assert sorted(len(applied) for applied in done) == [0, 0, 3]


def test_a_changed_file_is_refused(empty: Endpoint, folder: Path) -> None:
    migrate(empty, folder)
    write(folder, "0001_first.sql", "create table a ();")
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed after"):
        migrate(empty, folder)


def test_a_database_newer_than_the_files_is_refused(empty: Endpoint, folder: Path) -> None:
    migrate(empty, folder)
    (folder / "0002_queue.sql").unlink()
    with pytest.raises(MigrationError, match=r"has migration 0002_queue\.sql, which .* lacks"):
        migrate(empty, folder)


def test_a_file_put_in_between_is_refused(empty: Endpoint, folder: Path) -> None:
    (folder / "0001_first.sql").unlink()
    migrate(empty, folder)
    write(folder, "0001_first.sql", "create table a ();")
    with pytest.raises(MigrationError, match=r"0001_first\.sql is new but older than the applied 0002"):
        migrate(empty, folder)


def test_a_failing_file_is_rolled_back_as_a_whole_and_named_with_its_line(empty: Endpoint, folder: Path) -> None:
    write(folder, "0003_bad.sql", "create table d ();\n\nselect nowhere.x from d;")
    with pytest.raises(MigrationError, match=r"0003_bad\.sql:3: missing FROM-clause"):
        migrate(empty, folder)
    assert query(empty, "select to_regclass('d'), max(version) from schema_migration") == [(None, 2)]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("3_short.sql", "", "call it NNNN_name.sql"),
        ("0002_again.sql", "", r"0002_queue\.sql: number 0002 is taken by 0002_again\.sql"),
        ("0003_role.sql", "-- role: app\nselect 1", r"0003_role\.sql:1: role 'app' is unknown"),
    ],
)
def test_a_bad_file_is_refused_before_anything_is_applied(
    empty: Endpoint, folder: Path, name: str, text: str, fault: str
) -> None:
    write(folder, name, text)
    with pytest.raises(MigrationError, match=fault):
        migrate(empty, folder)
    assert query(empty, "select to_regclass('a')") == [(None,)]


def test_a_server_that_is_away_is_unavailable(empty: Endpoint, folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="migrate: "):
        migrate(msgspec.structs.replace(empty, base="host=127.0.0.1 port=1"), folder)
