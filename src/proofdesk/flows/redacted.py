"""The redacted copy of a ticket: what may go to prompts, training, topics and articles. One place makes it.

A value has the same token in every text of its data subject. What stands behind a token is sealed under the subject's
key: somebody authorised can put it back, and nobody can after the erasure.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from proofdesk.core.records import Records
from proofdesk.flows.context import Shell
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.queries import MessageView
from proofdesk.flows.settle import add_leaf
from proofdesk.flows.subjects import Subjects, unseal
from proofdesk.language.pii import KnownEntity, UnknownTokens, known_entities, redact, restore
from proofdesk.ledger.shred import seal
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.rows import HandoffRow, MessageRow, TicketRow

MAX_KNOWN_PER_TICKET = 200
MAX_TICKETS_KNOWN = 20
"""Newest tickets of the same person whose records are masked too."""
PIECE_CHARS = 100_000
NO_TICKET = Refusal(code="not_found", message="there is no such ticket", field="ticket_id")
ERASED = Refusal(code="conflict", message="the person was erased: nothing of theirs can be read or put back any more")


class RedactedTicket(msgspec.Struct, frozen=True, kw_only=True):
    """`known`: entities of the requester's records that were masked wherever they appear. 0: nobody's records were
    read, so a name is found only where the text introduces it. `packet`: of the handoff, "" without one."""

    ticket_id: UUID
    subject: str
    messages: list[MessageView]
    packet: str
    known: int


class RestoredText(msgspec.Struct, frozen=True, kw_only=True):
    text: str


def known_of(records: Records) -> tuple[KnownEntity, ...]:
    """What a ticket remembers of its requester's records to mask."""
    return known_entities(records)[:MAX_KNOWN_PER_TICKET]


def without_personal(text: str, known: Sequence[KnownEntity]) -> str:
    """For what is only counted or compared: personal data cut out, nothing kept to put it back."""
    out = []
    for start in range(0, len(text), PIECE_CHARS):
        piece = text[start : start + PIECE_CHARS]
        at = 0
        for span in redact(piece, known).spans:
            out.append(piece[at : span.start])
            at = span.end
        out.append(piece[at:])
    return " ".join("".join(out).split(" "))


async def redacted_ticket(shell: Shell, tenant: str, ticket_id: UUID) -> RedactedTicket | Refusal:
    """The ticket's subject, messages and context packet with tokens for personal data; new tokens go to the vault."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        if ticket is None:
            return NO_TICKET
        vault = await _open_vault(conn, shell.subjects, tenant, ticket.subject_ref)
        if vault is None:
            return ERASED
        messages = await t.messages(conn, tenant=tenant, ticket_id=ticket_id)
        handoff = await t.handoff_of(conn, tenant=tenant, ticket_id=ticket_id)
        copy = await asyncio.to_thread(_copy, vault, ticket, messages, handoff)
        await vault.save(conn, tenant, shell.clock.now())
    return copy


async def restore_text(shell: Shell, tenant: str, ticket_id: UUID, text: str, *, by: str) -> RestoredText | Refusal:
    """Put the values back into a redacted text of this ticket; the ledger records it with `by`, the login of who asked.

    A token the person never had, or a bracket that is no token, refuses the whole text.
    """
    async with tenant_transaction(shell.pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        if ticket is None:
            return NO_TICKET
        vault = await _open_vault(conn, shell.subjects, tenant, ticket.subject_ref)
        if vault is None:
            return ERASED
        found = restore(text, vault.tokens)
        if isinstance(found, UnknownTokens):
            unknown = ", ".join(found.found[:5])
            return Refusal(code="invalid", message=f"not tokens of this ticket's requester: {unknown}", field="text")
        used = sum(token in text for token in vault.tokens)
        said: dict[str, object] = {"ticket_id": str(ticket_id), "by": by, "tokens": used}
        await add_leaf(conn, tenant, shell.clock.now(), "data.restored", said, ticket_id)
    return RestoredText(text=found.text)


class _Vault:
    """One subject's tokens, opened while their row is locked."""

    def __init__(self, ref: UUID, key: bytes, tokens: Mapping[str, str], known: Sequence[KnownEntity]) -> None:
        self._ref, self._key, self._kept = ref, key, frozenset(tokens)
        self.tokens = dict(tokens)
        self.known = known

    def redact(self, text: str) -> str:
        out = []
        for at in range(0, len(text), PIECE_CHARS):
            done = redact(text[at : at + PIECE_CHARS], self.known, self.tokens)
            self.tokens = done.tokens
            out.append(done.text)
        return "".join(out)

    async def save(self, conn: Connection, tenant: str, now: datetime) -> None:
        new = {
            token: seal(self._key, value.encode()) for token, value in self.tokens.items() if token not in self._kept
        }
        if new:
            await t.add_tokens(
                conn, tenant=tenant, subject_ref=self._ref, now=now, tokens=list(new), sealed=list(new.values())
            )


async def _open_vault(conn: Connection, subjects: Subjects, tenant: str, subject_ref: UUID) -> _Vault | None:
    """None once the subject is erased."""
    place: dict[str, Any] = {"tenant": tenant, "subject_ref": subject_ref}
    await t.lock_subject(conn, **place)
    key = await subjects.key_in(conn, tenant, subject_ref)
    if key is None:
        return None
    rows = await t.tokens_of_subject(conn, **place)
    known = await t.known_of_subject(conn, **place, limit=MAX_TICKETS_KNOWN)
    entities = [each for row in known for each in msgspec.convert(row.known, list[KnownEntity])]
    return _Vault(
        subject_ref, key, {row.token: unseal(key, row.sealed).decode() for row in rows}, list(dict.fromkeys(entities))
    )


def _copy(vault: _Vault, ticket: TicketRow, messages: list[MessageRow], handoff: HandoffRow | None) -> RedactedTicket:
    known = len(vault.known)
    if ticket.sender:
        vault.known = [KnownEntity(kind="EMAIL", value=ticket.sender), *vault.known]
    return RedactedTicket(
        ticket_id=ticket.ticket_id,
        subject=vault.redact(ticket.subject),
        messages=[
            msgspec.convert({**msgspec.structs.asdict(each), "text": vault.redact(each.text)}, MessageView)
            for each in messages
        ],
        packet="" if handoff is None else vault.redact(handoff.packet_text),
        known=known,
    )
