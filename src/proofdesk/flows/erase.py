"""Erasure of one data subject: the key that everything personal was sealed under is destroyed, clear copies are wiped.

The ledger keeps its leaves and their hashes, so it still proves what happened; nobody can read to whom. Every hash of
something personal is keyed with the destroyed key, so that nobody can find a value by trying it either.
"""

from uuid import UUID

import msgspec

from proofdesk.flows.context import Shell
from proofdesk.flows.transition import append_leaves
from proofdesk.ledger.canonical import make_leaf
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction


class Erased(msgspec.Struct, frozen=True, kw_only=True, tag="erased"):
    subject_ref: UUID
    tickets: int


class Deferred(msgspec.Struct, frozen=True, kw_only=True, tag="deferred"):
    """Nothing was erased: an action of these tickets is under way in another system. Ask again in a minute."""

    tickets: tuple[UUID, ...]


class NothingToErase(msgspec.Struct, frozen=True, kw_only=True, tag="nothing"):
    """There is no such data subject, or it was erased before."""


async def find_subject(shell: Shell, tenant: str, address: str) -> UUID | None:
    """The data subject who writes from `address`."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        digest = shell.subjects.address_hmac(tenant, address)
        row = await t.subject_by_address(conn, tenant=tenant, address_hmac=digest)
    return row.subject_ref if row else None


async def erase_subject(
    shell: Shell, tenant: str, subject_ref: UUID, *, requested_by: str
) -> Erased | Deferred | NothingToErase:
    """Erase in one transaction; other processes forget the key within a minute and can write nothing meanwhile,
    because every ticket has moved on under them. `requested_by`: the login of the person who ordered it.
    """
    now = shell.clock.now()
    place = {"tenant": tenant, "subject_ref": subject_ref}
    async with tenant_transaction(shell.pool, tenant) as conn:
        tickets = await t.tickets_of_subject(conn, **place)
        under_way = await t.actions_under_way(conn, **place)
        if under_way:
            return Deferred(tickets=tuple(dict.fromkeys(row.ticket_id for row in under_way)))
        await t.forget_sender(conn, **place)
        if await t.destroy_subject(conn, **place, now=now) != 1:
            return NothingToErase()
        for reply in await t.give_up_replies(conn, **place):
            body = {"ticket_id": str(reply.ticket_id), "effect_key": reply.effect_key}
            await append_leaves(conn, tenant, [make_leaf(tenant, now, "reply.given_up", body)], reply.ticket_id)
        await t.forget_tokens(conn, **place)
        await t.forget_deliveries(conn, **place)
        await t.forget_messages(conn, **place)
        await t.forget_effects(conn, **place)
        await t.forget_approvals(conn, **place, now=now)
        await t.forget_handoffs(conn, **place, now=now)
        await t.forget_tickets(conn, **place, now=now)
        said: dict[str, object] = {"subject_ref": str(subject_ref), "tickets": len(tickets)}
        said["requested_by"] = requested_by
        await append_leaves(conn, tenant, [make_leaf(tenant, now, "subject.erased", said)], None)
    shell.subjects.forget(tenant, subject_ref)
    return Erased(subject_ref=subject_ref, tickets=len(tickets))
