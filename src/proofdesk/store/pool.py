"""Connection pools per role, and transactions bound to one tenant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import AdaptersMap, Loader
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import JsonbDumper, set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from proofdesk.store.endpoint import Endpoint, Role
from proofdesk.store.errors import StoreUnavailable, is_connection_failure
from proofdesk.store.roles import check_role

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]

ACQUIRE_LIMIT_S = 5.0
OPEN_LIMIT_S = 30.0
RECONNECT_LIMIT_S = 3.0
"""A failed reconnection is given up after this and begun anew by the next caller: the back-off stays short."""
PREPARE_AFTER = 1
"""Prepared at the second execution on a connection."""
PREPARED_LIMIT = 300
WAITING_LIMIT = 1_000


class _Adapters:
    """How values travel: uuid as text, dict and msgspec.Struct as jsonb, json through msgspec."""

    def __init__(self) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        self.connection = None
        set_json_dumps(msgspec.json.encode, context=self)
        set_json_loads(msgspec.json.decode, context=self)
        self.adapters.register_loader("uuid", _TextLoader)
        dumper = type("_StructDumper", (JsonbDumper,), {"_dumps": staticmethod(msgspec.json.encode)})
        self.adapters.register_dumper(dict, dumper)
        self.adapters.register_dumper(msgspec.Struct, dumper)


class _TextLoader(Loader):
    def load(self, data: bytes | bytearray | memoryview) -> str:
        return bytes(data).decode()


ADAPTERS = _Adapters()


@asynccontextmanager
async def open_pool(
    endpoint: Endpoint,
    role: Role,
    *,
    min_size: int = 1,
    max_size: int = 8,
    name: str = "",
    open_limit_s: float = OPEN_LIMIT_S,
) -> AsyncIterator[Pool]:
    """A pool of autocommit connections as `role`, open while the block runs. Rows are dicts.

    The app role is checked at opening (UnsafeRole). Raises StoreUnavailable when the server does not answer.
    Transactions are explicit: `tenant_transaction`, or `transaction`.
    """
    pool: Pool = AsyncConnectionPool(
        endpoint.conninfo(role, application=name or f"proofdesk-{role}"),
        connection_class=AsyncConnection[DictRow],
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "prepare_threshold": PREPARE_AFTER,
            "context": ADAPTERS,
        },
        min_size=min_size,
        max_size=max_size,
        max_waiting=WAITING_LIMIT,
        timeout=ACQUIRE_LIMIT_S,
        reconnect_timeout=RECONNECT_LIMIT_S,
        configure=_configure,
        name=name or role,
        open=False,
    )
    try:
        try:
            await pool.open(wait=True, timeout=open_limit_s)
        except PoolTimeout as error:
            raise StoreUnavailable(f"no connection as {role} within {open_limit_s:g} s") from error
        if role == "app":
            async with connection(pool) as conn:
                await check_role(conn)
        yield pool
    finally:
        await pool.close()


async def _configure(conn: Connection) -> None:
    conn.prepared_max = PREPARED_LIMIT


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A live autocommit connection: each statement is its own transaction. Raises StoreUnavailable."""
    conn = await _acquire(pool, "select 1")
    async with _lent(pool, conn):
        yield conn


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One transaction without a tenant (engine and owner roles), committed before the block returns."""
    conn = await _acquire(pool, "begin")
    async with _lent(pool, conn), _commits(conn):
        yield conn


@asynccontextmanager
async def tenant_transaction(pool: Pool, tenant: str) -> AsyncIterator[Connection]:
    """One transaction that sees and writes rows of `tenant` only, committed before the block returns.

    Begin and tenant travel in one round trip. An exception rolls back. Raises StoreUnavailable when the connection
    is lost, with `uncertain` set when that happened during the commit.
    """
    if not tenant or "\x00" in tenant:
        raise ValueError("tenant must be a non-empty text without NUL")
    literal = psycopg.sql.Literal(tenant).as_string(None)
    conn = await _acquire(pool, f"begin; select set_config('proofdesk.tenant', {literal}, true)")
    async with _lent(pool, conn), _commits(conn):
        yield conn


async def _acquire(pool: Pool, first: str) -> Connection:
    """Take a connection and run the first statement on it.

    After a server restart the pool still holds dead connections; nothing has happened yet, so each is handed back
    (the pool replaces it) and the next is tried, at most once per connection.
    """
    failure: BaseException | None = None
    for _ in range(pool.max_size + 1):
        try:
            conn = await pool.getconn()
        except (PoolTimeout, PoolClosed, TooManyRequests) as error:
            raise StoreUnavailable(f"no database connection in pool {pool.name!r}: {error}") from (failure or error)
        try:
            await conn.execute(first.encode(), prepare=False)
        except psycopg.Error as error:
            await pool.putconn(conn)
            if not is_connection_failure(error):
                raise
            failure = error
        except BaseException:
            await pool.putconn(conn)
            raise
        else:
            return conn
    raise StoreUnavailable(f"every connection of pool {pool.name!r} is dead: {failure}") from failure


@asynccontextmanager
async def _lent(pool: Pool, conn: Connection) -> AsyncIterator[None]:
    """Hand the connection back in the end, and say connection loss in one word: StoreUnavailable."""
    try:
        yield
    except psycopg.Error as error:
        if is_connection_failure(error) and conn.closed:
            raise StoreUnavailable(f"the database connection was lost: {error}") from error
        raise
    finally:
        await pool.putconn(conn)


@asynccontextmanager
async def _commits(conn: Connection) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        if not conn.closed:
            await conn.rollback()
        raise
    try:
        await conn.commit()
    except psycopg.Error as error:
        if is_connection_failure(error):
            message = f"the connection was lost during the commit, which may have happened: {error}"
            raise StoreUnavailable(message, uncertain=True) from error
        raise


def jsonb(value: Any) -> psycopg.types.json.Jsonb:
    """Pass a list or a scalar as jsonb; dicts and Structs travel as jsonb by themselves."""
    return psycopg.types.json.Jsonb(value, dumps=msgspec.json.encode)
