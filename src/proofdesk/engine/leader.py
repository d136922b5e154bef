"""One process at a time feeds and numbers: whoever holds the advisory lock on a direct connection."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from proofdesk.store.endpoint import Endpoint
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.pool import ADAPTERS, Connection

RETRY_S = 0.5
log = structlog.get_logger("engine")

Turn = Callable[[Connection], Awaitable[float]]
"""Does one turn of work on the leader's connection and says how many seconds to wait before the next."""


async def lead(endpoint: Endpoint, name: str, lock_key: int, turn: Turn) -> None:
    """Run `turn` again and again while this process is the leader; wait for the lock while it is not.

    A lost connection means lost leadership: reconnect and compete again. Runs until cancelled.
    """
    while True:
        try:
            async with await AsyncConnection[DictRow].connect(
                endpoint.conninfo("engine", application=f"proofdesk-{name}"),
                autocommit=True,
                row_factory=dict_row,
                context=ADAPTERS,
                prepare_threshold=1,
            ) as conn:
                while not await holds(conn, lock_key):  # noqa: ASYNC110 - the lock is another process's
                    await asyncio.sleep(RETRY_S)
                log.info("leading", loop=name)
                while True:  # noqa: ASYNC110 - a turn says itself when the next is due
                    await asyncio.sleep(await turn(conn))
        except (psycopg.OperationalError, psycopg.InterfaceError, StoreUnavailable, OSError) as error:
            log.warning("leader lost its database", loop=name, error=type(error).__name__)
            await asyncio.sleep(RETRY_S)


async def holds(conn: Connection, lock_key: int) -> bool:
    """Whether this connection leads now; the lock is its own until it closes."""
    cursor = await conn.execute("select pg_try_advisory_lock(%s) as held", (lock_key,))
    row = await cursor.fetchone()
    return bool(row and row["held"])
