"""The loader of named queries."""

from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

import msgspec
import pytest

from proofdesk.store import sql
from proofdesk.store.pool import Pool, connection


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    at: datetime
    size: int | None = None


class Cat(msgspec.Struct, frozen=True, kw_only=True, tag="cat"):
    lives: int


class Dog(msgspec.Struct, frozen=True, kw_only=True, tag="dog"):
    tricks: tuple[str, ...]


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    pet: Cat | Dog


GOOD = """-- What this file is about: 100 percent comments.

-- name: thing :one Thing
-- A comment below the heading.
select '00000000-0000-0000-0000-000000000001'::uuid as id, timestamptz '2026-01-02 03:04:05+00' as at,
  %(size)s::int as size;

-- name: some :many Thing
select 'a' || n as id, now() as at from generate_series(1, %(n)s::int) n

-- name: maybe :optional
select n from generate_series(1, %(n)s::int) n where 7 %% 4 = 3 and 'x' like '%%'

-- name: owner :one Owner
select %(pet)s::jsonb as pet
-- name: touch :execute
select 1 from generate_series(1, 3)
"""


@pytest.fixture
def queries(tmp_path: Path) -> sql.Queries:
    (tmp_path / "thing.sql").write_text(GOOD, encoding="utf-8")
    return sql.Queries(tmp_path)


async def test_rows_become_the_type_they_are_bound_to(queries: sql.Queries, app_pool: Pool) -> None:
    one, many = queries.one("thing.sql", "thing", Thing), queries.many("thing.sql", "some", Thing)
    maybe, owner = queries.optional("thing.sql", "maybe", int), queries.one("thing.sql", "owner", Owner)
    touch = queries.execute("thing.sql", "touch")
    async with connection(app_pool) as conn:
        for _ in range(3):  # unprepared, being prepared, prepared
            thing = await one(conn, size=3)
            assert_type(thing, Thing)
            assert thing == Thing(
                id="00000000-0000-0000-0000-000000000001", at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), size=3
            )
        assert (await one(conn, size=None)).size is None
        assert [row.id for row in await many(conn, n=2)] == ["a1", "a2"]
        number = await maybe(conn, n=1)
        assert_type(number, int | None)
        assert (number, await maybe(conn, n=0)) == (1, None)
        assert await owner(conn, pet=Dog(tricks=("sit",))) == Owner(pet=Dog(tricks=("sit",)))
        assert await touch(conn) == 3


async def test_wrong_use_is_named_with_file_and_line(queries: sql.Queries, app_pool: Pool) -> None:
    one, maybe = queries.one("thing.sql", "thing", Thing), queries.optional("thing.sql", "maybe", int)
    wrong, no_scalar = queries.many("thing.sql", "some", Thing), queries.one("thing.sql", "owner", Owner)
    async with connection(app_pool) as conn:
        with pytest.raises(sql.QueryError, match=r"thing\.sql:3: thing: argument missing size, unknown sise"):
            await one(conn, sise=3)
        with pytest.raises(sql.QueryError, match=r"argument unknown x; takes n"):
            await wrong(conn, n=1, x=2)
        with pytest.raises(sql.WrongRowCount, match=r"thing\.sql:11: maybe: at most one row expected, got 2"):
            await maybe(conn, n=2)
        with pytest.raises(sql.QueryError, match=r"the row does not fit .*Owner.*pet"):
            await no_scalar(conn, pet={"type": "fish"})


async def test_a_one_query_without_a_row_and_a_scalar_with_two_columns(tmp_path: Path, app_pool: Pool) -> None:
    text = "-- name: none :one\nselect 1 where false\n-- name: two :one\nselect 1 as a, 2 as b\n"
    (tmp_path / "x.sql").write_text(text, encoding="utf-8")
    queries = sql.Queries(tmp_path)
    async with connection(app_pool) as conn:
        with pytest.raises(sql.WrongRowCount, match="exactly one row expected, got 0"):
            await queries.one("x.sql", "none", int)(conn)
        with pytest.raises(sql.QueryError, match=r"x\.sql:3: two: one column expected .* got a, b"):
            await queries.one("x.sql", "two", int)(conn)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("-- name: a :one\n\n-- why\nselect 1\n where x like '%'", r"bad\.sql:5: a: bare \"%'\""),
        ("-- name: a :one\nselect 100 % 3", r"bad\.sql:2: a: bare '% 3'"),
        ("-- name: a :one\nselect %s", r"bad\.sql:2: a: bare '%s'"),
        ("-- name: a :single\nselect 1", r"bad\.sql:1: write `-- name"),
        ("-- name: a :one\n-- name: b :one\nselect 1", r"bad\.sql:1: a has no statement"),
        ("-- name: a :one\nselect 1\n-- name: a :one\nselect 1", r"bad\.sql:3: a is defined twice, first in line 1"),
        ("select 1\n-- name: a :one\nselect 1", r"bad\.sql:1: statement before"),
        ("-- name: a :one\nselect '" + "x" * sql.QUERY_LIMIT_BYTES + "'", r"bad\.sql:1: a is longer than"),
    ],
)
def test_a_bad_file_is_refused_when_it_is_loaded(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "bad.sql").write_text(text, encoding="utf-8")
    with pytest.raises(sql.QueryError, match=fault):
        sql.Queries(tmp_path).all_queries()


def test_binding_checks_file_name_kind_and_type(queries: sql.Queries) -> None:
    with pytest.raises(sql.QueryError, match="no such file"):
        queries.one("nothing.sql", "thing", Thing)
    with pytest.raises(sql.QueryError, match=r"no query named 'think'; it has thing, some"):
        queries.one("thing.sql", "think", Thing)
    with pytest.raises(sql.QueryError, match="is :one, but is bound as :many"):
        queries.many("thing.sql", "thing", Thing)
    with pytest.raises(sql.QueryError, match="gives Thing, but is bound to Owner"):
        queries.one("thing.sql", "thing", Owner)


def test_unused_queries_are_found(queries: sql.Queries) -> None:
    queries.one("thing.sql", "thing", Thing)
    queries.execute("thing.sql", "touch")
    assert [text.name for text in queries.unused()] == ["some", "maybe", "owner"]


def test_role_and_numbered_form(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    text = "-- name: a :one\nselect %(b)s, %(a)s, %(b)s, 5 %% 2\n"
    (tmp_path / "engine" / "x.sql").write_text(text, encoding="utf-8")
    (tmp_path / "y.sql").write_text("-- role: owner\n" + text, encoding="utf-8")
    found = {query.file.name: query for query in sql.Queries(tmp_path).all_queries()}
    assert {name: query.role for name, query in found.items()} == {"x.sql": "engine", "y.sql": "owner"}
    assert found["x.sql"].numbered() == "select $2, $1, $2, 5 % 2"
