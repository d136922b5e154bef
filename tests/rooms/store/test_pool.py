"""Pools, tenant transactions and the check of the app role."""

import asyncio

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from proofdesk.store.endpoint import Endpoint
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.pool import Pool, connection, jsonb, open_pool, tenant_transaction, transaction
from proofdesk.store.roles import UnsafeRole, check_role


class Point(msgspec.Struct, frozen=True, kw_only=True):
    x: int


async def tenant_of(conn: psycopg.AsyncConnection[psycopg.rows.DictRow]) -> str | None:
    row = await (await conn.execute("select current_setting('proofdesk.tenant', true) as tenant")).fetchone()
    assert row is not None
    value: str | None = row["tenant"]
    return value


async def test_tenant_is_set_inside_and_gone_outside(app_pool: Pool) -> None:
    name = "o'brien \\ %s -- ü"
    async with tenant_transaction(app_pool, name) as conn:
        assert await tenant_of(conn) == name
    async with connection(app_pool) as conn:
        assert not await tenant_of(conn)


@pytest.mark.parametrize("tenant", ["", "a\x00b"])
async def test_an_impossible_tenant_is_refused(app_pool: Pool, tenant: str) -> None:
    with pytest.raises(ValueError, match="tenant"):
        async with tenant_transaction(app_pool, tenant):
            pass


async def test_commit_on_success_and_rollback_on_error(owner_pool: Pool) -> None:
    async with transaction(owner_pool) as conn:
        await conn.execute("create table kept (x int)")
        await conn.execute("insert into kept values (1)")
    with pytest.raises(RuntimeError, match="stop"):
        async with transaction(owner_pool) as conn:
            await conn.execute("insert into kept values (2)")
            raise RuntimeError("stop")
    async with connection(owner_pool) as conn:
        rows = await (await conn.execute("select x from kept")).fetchall()
        await conn.execute("drop table kept")
    assert rows == [{"x": 1}]


async def test_cancelling_rolls_back_and_gives_the_connection_back(owner_pool: Pool) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with transaction(owner_pool) as conn:
            await conn.execute("create table cancelled (x int)")
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with connection(owner_pool) as conn:
        row = await (await conn.execute("select to_regclass('cancelled') as found")).fetchone()
    assert row == {"found": None}


async def test_a_savepoint_inside_a_tenant_transaction(app_pool: Pool) -> None:
    async with tenant_transaction(app_pool, "t1") as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            async with conn.transaction():
                await conn.execute("select 1/0")
        assert await tenant_of(conn) == "t1"


async def test_values_travel_as_json_and_ids_as_text(app_pool: Pool) -> None:
    async with connection(app_pool) as conn:
        query = "select %s as a, %s as b, %s as c, '00000000-0000-0000-0000-000000000001'::uuid as id"
        row = await (await conn.execute(query, [{"k": [1]}, Point(x=3), jsonb([1, 2])])).fetchone()
    assert row == {"a": {"k": [1]}, "b": {"x": 3}, "c": [1, 2], "id": "00000000-0000-0000-0000-000000000001"}


async def test_a_closed_server_is_store_unavailable(database: Endpoint) -> None:
    nowhere = msgspec.structs.replace(database, base="host=127.0.0.1 port=1")
    with pytest.raises(StoreUnavailable, match="no connection as app"):
        async with open_pool(nowhere, "app", open_limit_s=0.3):
            pass


async def test_dead_connections_are_replaced_unseen(app_pool: Pool, database: Endpoint) -> None:
    async with tenant_transaction(app_pool, "t1") as conn:
        pid = conn.info.backend_pid
    kill(database, pid)
    async with tenant_transaction(app_pool, "t1") as conn:
        assert conn.info.backend_pid != pid


async def test_a_connection_lost_in_a_transaction_is_store_unavailable(app_pool: Pool, database: Endpoint) -> None:
    with pytest.raises(StoreUnavailable) as lost:
        async with tenant_transaction(app_pool, "t1") as conn:
            kill(database, conn.info.backend_pid)
            await conn.execute("select 1")
    assert not lost.value.uncertain


async def test_a_connection_lost_in_the_commit_is_uncertain(app_pool: Pool, database: Endpoint) -> None:
    with pytest.raises(StoreUnavailable) as lost:
        async with tenant_transaction(app_pool, "t1") as conn:
            kill(database, conn.info.backend_pid)
    assert lost.value.uncertain


async def test_a_refusal_of_the_database_stays_itself(app_pool: Pool) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        async with tenant_transaction(app_pool, "t1") as conn:
            await conn.execute("select * from nowhere")


def kill(database: Endpoint, pid: int) -> None:
    with psycopg.connect(database.admin_conninfo(), autocommit=True) as admin:
        assert admin.execute("select pg_terminate_backend(%s, 2000)", [pid]).fetchone() == (True,)


@pytest.mark.parametrize(
    ("give", "take", "fault"),
    [
        ("alter role proofdesk_app bypassrls", "alter role proofdesk_app nobypassrls", "has BYPASSRLS"),
        ("alter role proofdesk_app superuser", "alter role proofdesk_app nosuperuser", "is a superuser"),
        ("alter role proofdesk_app createrole", "alter role proofdesk_app nocreaterole", "has CREATEROLE"),
        ("create role deep bypassrls; create role middle; grant deep to middle; grant middle to proofdesk_app",
         "drop role deep, middle", "can become deep"),
        ("create table mine (x int); alter table mine owner to proofdesk_app", "drop table mine",
         r"owns tables \(public.mine"),
        ("create table theirs (x int); alter table theirs owner to proofdesk_owner; "
         "grant proofdesk_owner to proofdesk_app",
         "revoke proofdesk_owner from proofdesk_app; drop table theirs",
         "can become proofdesk_engine, proofdesk_owner"),
    ],
)  # fmt: skip
async def test_a_role_that_could_pass_row_level_security_is_refused(
    database: Endpoint, give: str, take: str, fault: str
) -> None:
    with psycopg.connect(database.admin_conninfo(), autocommit=True) as admin:
        admin.execute(give.encode())
        try:
            with pytest.raises(UnsafeRole, match=f"'proofdesk_app' {fault}"):
                async with open_pool(database, "app"):
                    pass
        finally:
            admin.execute(take.encode())


async def test_the_owner_and_set_role_are_refused_as_app(database: Endpoint) -> None:
    async with await psycopg.AsyncConnection.connect(database.admin_conninfo(), autocommit=True) as conn:
        await conn.execute("set role proofdesk_app")
        with pytest.raises(UnsafeRole, match="SET ROLE"):
            await check_role(conn)


def test_passwords_are_demanded_and_the_administrator_has_no_door_on_tcp(database: Endpoint) -> None:
    app = database.conninfo("app")
    for wrong in ({"password": "guess"}, {"password": ""}, {"user": "postgres"}):
        with pytest.raises(psycopg.OperationalError, match=r"authentication failed|no password|rejects"):
            psycopg.connect(make_conninfo(app, **wrong)).close()


def test_an_endpoint_never_shows_its_passwords(database: Endpoint) -> None:
    shown = f"{database!r} {database} {[database]} {list(database.__rich_repr__())}"
    assert not any(password in shown for password in database.passwords.values())
