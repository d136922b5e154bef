"""A PostgreSQL that somebody else runs."""

import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.errors import StoreError, StoreUnavailable
from proofdesk.store.external import judge_server, use_external
from proofdesk.store.pool import open_pool, tenant_transaction

FIT: dict[str, Any] = {
    "version": 170_002, "vector": True, "installed": True, "superuser": False, "createrole": True, "owner": True,
    "name": "me", "database": "desk",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, ""),
        ({"superuser": True, "installed": False, "createrole": False, "owner": False}, ""),
        ({"version": 160_009}, "the server is PostgreSQL 16; version 17 or newer is needed"),
        ({"vector": False}, "lacks the extension vector"),
        ({"installed": False}, "a superuser must run CREATE EXTENSION vector in database desk first"),
        ({"createrole": False}, "user me must have CREATEROLE and own database desk"),
        ({"owner": False}, "user me must have CREATEROLE and own database desk"),
    ],
)
def test_what_makes_a_server_unfit(change: dict[str, Any], fault: str) -> None:
    found = judge_server({**FIT, **change})
    assert fault in found
    assert bool(fault) == bool(found)


async def test_a_fit_server_is_prepared_and_the_app_role_logs_in(
    database: Endpoint, database_server: EmbeddedServer, tmp_path: Path
) -> None:
    # The same passwords: roles belong to the whole server, and other tests log in to it.
    (tmp_path / "secrets").mkdir(mode=0o700)
    for role, password in database.passwords.items():
        (tmp_path / "secrets" / f"{role}.password").write_text(password)
    with psycopg.connect(database.admin_conninfo(), autocommit=True) as admin:
        admin.execute("create role outside login superuser password 'outside-password'")
        try:
            url = make_conninfo(database.base, user="outside", password="outside-password", dbname=database.database)
            endpoint = use_external(url, tmp_path)
            assert use_external(url, tmp_path) == endpoint
            async with open_pool(endpoint, "app") as pool, tenant_transaction(pool, "t1") as conn:
                row = await (await conn.execute("select current_user as role, current_database() as db")).fetchone()
        finally:
            admin.execute("drop role outside")
    assert row == {"role": "proofdesk_app", "db": database.database}
    assert "outside" not in endpoint.conninfo("app")
    shutil.rmtree(tmp_path / "secrets")


def test_a_user_without_rights_is_named(database: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="proofdesk_app must have CREATEROLE"):
        use_external(database.conninfo("app"), tmp_path)
    assert not (tmp_path / "secrets").exists()


def test_a_bad_address_and_a_silent_server(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="PROOFDESK_DATABASE_URL is no PostgreSQL address"):
        use_external("http:/what", tmp_path)
    with pytest.raises(StoreUnavailable, match="PROOFDESK_DATABASE_URL: "):
        use_external("postgresql://u:secret@127.0.0.1:1/d", tmp_path)
