"""One embedded server per test run, one database per test module, cloned from a migrated template."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
from psycopg import sql

from bench.processes import temporary_home
from proofdesk.engine.queue import install_queue
from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.migrate import MIGRATIONS, migrate
from proofdesk.store.roles import create_database, prepare_schemas

TEMPLATE = "proofdesk_template"


@contextmanager
def running_server() -> Iterator[EmbeddedServer]:
    with temporary_home("proofdesk-test-") as home, EmbeddedServer.start(home) as server:
        yield server


def make_template(server: EmbeddedServer, name: str = TEMPLATE, folder: Path = MIGRATIONS) -> Endpoint:
    """A database with the migrations of `folder` applied; nobody stays connected, so it can be cloned."""
    endpoint = msgspec.structs.replace(server.endpoint, database=name)
    with psycopg.connect(endpoint.admin_conninfo("postgres"), autocommit=True) as admin:
        create_database(admin, name)
    with psycopg.connect(endpoint.admin_conninfo()) as admin:
        prepare_schemas(admin)
    migrate(endpoint, folder)
    if folder == MIGRATIONS:
        install_queue(endpoint)
    return endpoint


@contextmanager
def fresh_database(template: Endpoint) -> Iterator[Endpoint]:
    """A clone of `template` for the length of the block."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(template.admin_conninfo("postgres"), autocommit=True) as admin:
        create_database(admin, name, template.database)
    try:
        yield msgspec.structs.replace(template, database=name)
    finally:
        with psycopg.connect(template.admin_conninfo("postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
