"""A PostgreSQL that somebody else runs, named by PROOFDESK_DATABASE_URL: checked, then prepared like our own."""

from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from proofdesk.store.endpoint import CONNECT_TIMEOUT_S, Endpoint, load_passwords
from proofdesk.store.errors import StoreError, StoreUnavailable
from proofdesk.store.install import MIN_MAJOR
from proofdesk.store.roles import prepare_existing

VARIABLE = "PROOFDESK_DATABASE_URL"
_CHECK = """
select current_setting('server_version_num')::int as version,
  exists (select from pg_available_extensions where name = 'vector') as vector,
  exists (select from pg_extension where extname = 'vector') as installed,
  (select rolsuper from pg_roles where rolname = current_user) as superuser,
  (select rolcreaterole from pg_roles where rolname = current_user) as createrole,
  pg_has_role(current_user, (select datdba from pg_database where datname = current_database()), 'usage') as owner,
  current_user as name, current_database() as database
"""


def use_external(url: str, home: Path) -> Endpoint:
    """Check and prepare the database of `url` and say how to log in. Idempotent.

    `url` logs in as an administrator (superuser, or CREATEROLE and owner of the database where the vector extension is
    installed already). The three roles get random passwords kept in `home`/secrets; processes on other machines need
    the same folder. Raises StoreError naming what is missing, StoreUnavailable when nothing answers.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise StoreError(f"{VARIABLE} is no PostgreSQL address (postgresql://user:password@host/database)") from error
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S, autocommit=True) as admin:
            with admin.cursor(row_factory=psycopg.rows.dict_row) as cursor:
                found = cursor.execute(_CHECK).fetchone() or {}
            fault = judge_server(found)
            if fault:
                raise StoreError(f"{VARIABLE}: {fault}")
            endpoint = Endpoint(
                base=make_conninfo(
                    "", **{key: value for key, value in given.items() if key not in ("user", "password")}
                ),
                admin=url,
                passwords=load_passwords(home / "secrets"),
                database=found["database"],
            )
            prepare_existing(admin, endpoint)
    except psycopg.OperationalError as error:
        raise StoreUnavailable(f"{VARIABLE}: {error}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(f"{VARIABLE}: the user may not prepare the database: {error}") from error
    return endpoint


def judge_server(found: dict[str, Any]) -> str:
    """What makes a server unfit, with the remedy; empty when it is fit."""
    if found["version"] < MIN_MAJOR * 10_000:
        return f"the server is PostgreSQL {found['version'] // 10_000}; version {MIN_MAJOR} or newer is needed"
    if not found["vector"]:
        return "the server lacks the extension vector: install pgvector on it (package postgresql-NN-pgvector)"
    if found["superuser"]:
        return ""
    if not found["installed"]:
        return f"a superuser must run CREATE EXTENSION vector in database {found['database']} first"
    if not found["createrole"] or not found["owner"]:
        return f"user {found['name']} must have CREATEROLE and own database {found['database']} to prepare it"
    return ""
