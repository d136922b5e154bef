"""Keeps the queue shallow and fair: the best due ticket of every tenant first, then the second best, and so on."""

from proofdesk.engine.queue import Queue
from proofdesk.flows.clock import Clock
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection

LOCK_KEY = 7_201_431_010
SWEEP_EVERY_TURNS = 50


class Feeder:
    """`depth`: how many jobs may wait or run at once, about three times the total concurrency of all workers."""

    def __init__(self, queue: Queue, clock: Clock, *, depth: int, lease_s: float, every_s: float) -> None:
        self._queue = queue
        self._clock = clock
        self._depth = depth
        self._lease_s = lease_s
        self._every_s = every_s
        self._turns = 0

    async def turn(self, conn: Connection) -> float:
        """Claim due tickets up to the free depth and queue them, in one transaction."""
        self._turns += 1
        if self._turns % SWEEP_EVERY_TURNS == 1:
            await t.drop_stalled(conn)
        free = self._depth - (await t.queued(conn)).n
        if free <= 0:
            return self._every_s
        async with conn.transaction():
            claimed = await t.claim_due(conn, now=self._clock.now(), limit=free, lease_s=self._lease_s)
            if claimed:
                await self._queue.defer(conn, [(row.tenant, row.ticket_id, row.rank) for row in claimed])
        # A full claim means more is due: come back soon, the workers are about to run dry.
        return self._every_s / 4 if len(claimed) == free else self._every_s
