"""Procrastinate as disposable delivery: its tables in schema `queue`, owned by the engine role, without NOTIFY.

Rules found by experiment (docs/adr/0003): one job per segment; no lock, no queueing lock, no scheduled jobs; the
notify and event triggers are dropped, workers poll. A lost or doubled job changes nothing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import psycopg
import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException, ProcrastinateException
from procrastinate.schema import SchemaManager
from procrastinate.types import JSONValue

from proofdesk.store.endpoint import Endpoint
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.pool import Connection

TASK = "advance"
QUEUE = "tickets"
POLL_S = 0.1
HEARTBEAT_S = 5.0
STALLED_S = 30.0
GRACEFUL_S = 20.0
RESTART_FIRST_S = 0.2
RESTART_MOST_S = 5.0
log = structlog.get_logger("engine")
_INSTALL_LOCK = 7_201_431_003
_TRIGGERS = """
do $$
declare t record;
begin
  for t in select tgname, tgrelid::regclass::text as rel from pg_trigger
           where tgrelid = 'queue.procrastinate_jobs'::regclass and not tgisinternal loop
    execute format('drop trigger %I on %s', t.tgname, t.rel);
  end loop;
end $$;
alter table queue.procrastinate_jobs set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
"""


def install_queue(endpoint: Endpoint) -> bool:
    """Create the queue's tables where they are missing and drop its triggers. True when it created them."""
    with psycopg.connect(endpoint.conninfo("engine"), autocommit=False) as conn:
        conn.execute("select pg_advisory_xact_lock(%s)", (_INSTALL_LOCK,))
        found = conn.execute("select to_regclass('queue.procrastinate_jobs')").fetchone()
        if found is not None and found[0] is not None:
            return False
        conn.execute(SchemaManager.get_schema().encode())
        conn.execute(_TRIGGERS.encode())
    return True


Advance = Callable[[str, UUID], Awaitable[None]]


class Queue:
    """The job queue of one worker process."""

    def __init__(self, endpoint: Endpoint, advance: Advance, *, concurrency: int) -> None:
        self._concurrency = concurrency
        self.app = App(
            connector=PsycopgConnector(
                conninfo=endpoint.conninfo("engine", application="proofdesk-queue"),
                # The queue is disposable: its commits need not wait for the disk.
                kwargs={"options": "-c synchronous_commit=off"},
                min_size=2,
                max_size=max(4, concurrency // 2),
            )
        )

        async def run(tenant: str, ticket_id: str) -> None:
            await advance(tenant, UUID(ticket_id))

        self._task = self.app.task(name=TASK, queue=QUEUE, retry=False)(run)

    async def defer(self, conn: Connection, claimed: Sequence[tuple[str, UUID, int]]) -> None:
        """Put one job per (tenant, ticket, rank) into the queue, inside the caller's transaction on `conn`.

        Raises StoreUnavailable when the connection is lost; Procrastinate says so in a word of its own.
        """
        by_rank: dict[int, list[tuple[str, UUID]]] = {}
        for tenant, ticket_id, rank in claimed:
            by_rank.setdefault(rank, []).append((tenant, ticket_id))
        for rank, tickets in by_rank.items():
            jobs: list[dict[str, JSONValue]] = [
                {"tenant": tenant, "ticket_id": str(ticket_id)} for tenant, ticket_id in tickets
            ]
            try:
                await self._task.configure(priority=-rank, connection=conn).batch_defer_async(*jobs)
            except ConnectorException as error:
                if not conn.closed:
                    raise
                raise StoreUnavailable(f"the database was lost while jobs were queued: {error.__cause__}") from error

    async def run(self, name: str) -> None:
        """Work until cancelled, then finish what is under way. Ends by itself when the database goes away."""
        async with self.app.open_async():
            await self._run(name)

    async def _run(self, name: str) -> None:
        await self.app.run_worker_async(
            queues=[QUEUE],
            name=name,
            concurrency=self._concurrency,
            fetch_job_polling_interval=POLL_S,
            abort_job_polling_interval=60.0,
            listen_notify=False,
            delete_jobs="always",
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_S,
            shutdown_graceful_timeout=GRACEFUL_S,
            install_signal_handlers=False,
        )


async def keep_delivering(make: Callable[[], Queue], name: str) -> None:
    """Run a queue's worker and begin anew whenever it ends: after a restart of the database, or when it was paused
    so long that the others took its registration away. Runs until cancelled.

    What it held is in the tickets' rows; the leases bring it back.
    """
    task = asyncio.current_task()
    wait_s = RESTART_FIRST_S
    while task is None or not task.cancelling():
        began = time.monotonic()
        try:
            await make().run(name)
        except (psycopg.Error, ProcrastinateException, OSError) as error:
            log.warning("the queue's worker ended and begins anew", error=type(error).__name__)
        except ExceptionGroup as group:
            if group.split((psycopg.Error, ProcrastinateException, OSError))[1] is not None:
                raise
            log.warning("the queue's worker ended and begins anew", error=type(group.exceptions[0]).__name__)
        if time.monotonic() - began > RESTART_MOST_S:
            wait_s = RESTART_FIRST_S
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, RESTART_MOST_S)
