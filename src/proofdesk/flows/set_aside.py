"""Mails that become no ticket: each has its row with why, where it lies, and, where it was refused, itself.

A mail that a fault of ours keeps from being taken in is tried MAX_ATTEMPTS times, then set aside like one that cannot
be read. The mails behind it do not wait for that.
"""

from uuid import UUID

import msgspec
import structlog

from proofdesk.connectors.channel.email.imap import FetchedMail
from proofdesk.flows.context import Shell
from proofdesk.flows.fault import described
from proofdesk.flows.ids import new_id
from proofdesk.flows.subjects import unseal
from proofdesk.ledger.shred import seal
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction

CHANNEL = "email"
MAX_ATTEMPTS = 5
MAX_KEPT_BYTES = 2_000_000
"""Of a larger mail the beginning is kept; the whole of it stays in the mailbox, which is never changed."""
MAX_REASON_CHARS = 300
log = structlog.get_logger("mail")


class NotTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Why a mail became no ticket. ignored: nobody's fault and nothing to do; rejected: a person should look.

    `sender`: whose mail it is, where that could be read. `by_machine`: it counts against the loop guard.
    """

    outcome: str
    reason: str
    sender: str = ""
    by_machine: bool = False


async def note(shell: Shell, tenant: str, mail: FetchedMail, delivery_id: str, not_taken: NotTaken) -> bool:
    """Write its inbox row, once. False where this delivery has one already."""
    sender, inbox_id, now = not_taken.sender, new_id(), shell.clock.now()
    counted = shell.subjects.address_hmac(tenant, sender) if not_taken.by_machine and sender else None
    async with tenant_transaction(shell.pool, tenant) as conn:
        written = await t.inbox_add(
            conn,
            tenant=tenant,
            inbox_id=inbox_id,
            channel=CHANNEL,
            delivery_id=shell.subjects.delivery_hmac(tenant, CHANNEL, delivery_id),
            now=now,
            raw_hmac=None,
            outcome=not_taken.outcome,
            reason=not_taken.reason[:MAX_REASON_CHARS],
            ticket_id=None,
            sender_hmac=counted,
            brought_by="",
            place=f"uid {mail.uid}, uidvalidity {mail.uid_validity}",
        )
        if written and not_taken.outcome == "rejected" and mail.raw:
            subject_ref, key = await shell.subjects.ensure(conn, tenant, sender or f"mail {inbox_id}", now)
            sealed = seal(key, mail.raw[:MAX_KEPT_BYTES])
            await t.keep_raw(
                conn, tenant=tenant, inbox_id=inbox_id, subject_ref=subject_ref, size_bytes=mail.size, sealed=sealed
            )
    return bool(written)


async def failed(shell: Shell, tenant: str, mail: FetchedMail, delivery_id: str, why: Exception) -> bool:
    """Taking it in failed by a fault of ours. True once it is set aside, False while it is to be tried again."""
    what = described(why)
    hidden, now = shell.subjects.delivery_hmac(tenant, CHANNEL, delivery_id), shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        attempts = (await t.mail_failed(conn, tenant=tenant, channel=CHANNEL, delivery_id=hidden, now=now)).n
    log.error("a mail was not taken in, a fault of our own", tenant=tenant, uid=mail.uid, attempts=attempts, **what)
    if attempts < MAX_ATTEMPTS:
        return False
    reason = f"a fault on our side, {attempts} times: {what['error']} at {what['place']}"
    await note(shell, tenant, mail, delivery_id, NotTaken(outcome="rejected", reason=reason))
    return True


async def read_raw(shell: Shell, tenant: str, inbox_id: UUID) -> bytes | None:
    """A refused mail as it was kept; None where there is none, or where its person was erased."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        row = await t.mail_raw(conn, tenant=tenant, inbox_id=inbox_id)
        key = None if row is None else await shell.subjects.key_in(conn, tenant, row.subject_ref)
    return None if row is None or key is None else unseal(key, row.sealed)
