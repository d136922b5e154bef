"""Every named query is planned by the real database as the role that runs it: names, types and rights fit."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import psycopg
import pytest

from proofdesk.store import sql
from proofdesk.store.endpoint import Endpoint, Role

Connections = dict[str, psycopg.Connection[tuple[object, ...]]]


@contextmanager
def connections(database: Endpoint) -> Iterator[Connections]:
    roles: tuple[Role, ...] = ("app", "engine", "owner")
    opened = {role: psycopg.connect(database.conninfo(role), autocommit=True) for role in roles}
    try:
        yield cast(Connections, opened)
    finally:
        for conn in opened.values():
            conn.close()


def faults(queries: list[sql.Text], opened: Connections) -> list[str]:
    """What the planner refuses, one line for each query."""
    found = []
    for query in queries:
        try:
            plan = opened[query.role].execute(b"explain (generic_plan) " + query.numbered().encode(), prepare=False)
            if not plan.fetchall():
                found.append(f"{query.where}: no plan")
        except psycopg.Error as error:
            found.append(f"{query.where}: {error.diag.message_primary}")
    return found


def test_every_query_can_be_planned_by_its_role(database: Endpoint) -> None:
    with connections(database) as opened:
        assert faults(sql.all_queries(), opened) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("delete from schema_migration", "permission denied for table schema_migration"),
        ("select * from no_such_table", 'relation "no_such_table" does not exist'),
        ("select %(v)s::int || 1", "operator does not exist: integer || integer"),
    ],
)
def test_the_check_finds_a_bad_query(database: Endpoint, tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "bad.sql").write_text(f"-- name: bad :many\n{text}\n", encoding="utf-8")
    with connections(database) as opened:
        assert faults(sql.Queries(tmp_path).all_queries(), opened) == [f"bad.sql:1: bad: {fault}"]
