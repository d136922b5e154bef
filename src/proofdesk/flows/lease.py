"""Keeps a ticket's lease while another system is waited for, so that no other worker takes the ticket for abandoned.

A lease says only that somebody is alive; the ticket's version says who may write. So renewing stops without a word as
soon as the version has moved, and what this worker was doing then loses the race when it commits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from proofdesk.connectors.http import MAX_CALL_S
from proofdesk.flows.context import Desk
from proofdesk.store import tables as t
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.pool import tenant_transaction

MAX_HELD_S: Final = 3 * MAX_CALL_S
"""A call, its read-back, and what the procedure looks up next; whoever needs longer has stopped working."""
PARTS: Final = 3
"""A lease is renewed after this part of it, so that one renewal may be missed."""


@asynccontextmanager
async def leased(desk: Desk) -> AsyncIterator[None]:
    """Within this block the ticket's lease is renewed, for MAX_HELD_S at most."""
    renewing = asyncio.create_task(_renew(desk), name="lease")
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.wait([renewing])
    if not renewing.cancelled() and (error := renewing.exception()) is not None:
        raise error


async def _renew(desk: Desk) -> None:
    tenant, ticket, lease_s = desk.runtime.tenant, desk.ticket, desk.shell.limits.lease_s
    for _ in range(int(MAX_HELD_S * PARTS / lease_s)):
        await asyncio.sleep(lease_s / PARTS)
        try:
            async with tenant_transaction(desk.shell.pool, tenant) as conn:
                renewed = await t.renew(
                    conn, tenant=tenant, ticket_id=ticket.ticket_id, version=ticket.version, lease_s=lease_s
                )
        except StoreUnavailable:
            continue  # without a database nobody can take the ticket either; the next part tries again
        if renewed != 1:
            return
