"""A tenant's totals: what the result page and the API's summary show."""

from datetime import datetime

import msgspec

from proofdesk.core.ticket import Status
from proofdesk.flows.context import Shell
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction

LOOK_BACK_LEAVES = 5_000


class StatusCountView(msgspec.Struct, frozen=True, kw_only=True):
    status: Status
    tickets: int


class ReasonCountView(msgspec.Struct, frozen=True, kw_only=True):
    reason: str
    handoffs: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """`verified` = charged and not credited. Counts of issues but for `tickets` and `open_handoffs`."""

    tenant: str
    as_of: datetime
    tickets: list[StatusCountView]
    verified: int
    charged: int
    credited: int
    open_handoffs: list[ReasonCountView]
    ledger_size: int
    unsequenced_leaves: int
    mails_rejected: int
    """Mails that could not become a ticket: a person should look (`GET /mails`)."""
    mails_ignored: int
    ledger_stopped: str
    """Why nothing is acted on: the ledger does not extend its witness. Empty while all is well."""


async def summary(shell: Shell, tenant: str) -> Summary:
    async with tenant_transaction(shell.pool, tenant) as conn:
        statuses = await t.count_by_status(conn, tenant=tenant)
        billed = await t.count_verified(conn, tenant=tenant)
        reasons = await t.open_handoffs_by_reason(conn, tenant=tenant)
        checkpoint = await t.latest_checkpoint(conn, tenant=tenant)
        mails = await t.count_not_taken(conn, tenant=tenant)
        halt = await t.ledger_halt(conn, tenant=tenant)
        waiting = await t.unnumbered_leaves(conn, tenant=tenant, look_back=LOOK_BACK_LEAVES)
    return Summary(
        tenant=tenant,
        as_of=shell.clock.now(),
        tickets=[msgspec.convert({"status": row.status, "tickets": row.n}, StatusCountView) for row in statuses],
        verified=billed.charged - billed.credited,
        charged=billed.charged,
        credited=billed.credited,
        open_handoffs=[ReasonCountView(reason=row.reason, handoffs=row.n) for row in reasons],
        ledger_size=checkpoint.size if checkpoint else 0,
        unsequenced_leaves=waiting.n,
        mails_rejected=mails.rejected,
        mails_ignored=mails.ignored,
        ledger_stopped=halt.reason if halt else "",
    )
