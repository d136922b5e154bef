"""One transition = one database transaction: the ticket's row, its ledger leaves and its effects, or nothing.

A Transition gathers what a step decided; `commit` writes it behind a compare-and-swap on the ticket's version.
A lost race writes nothing and says so.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncCursor, IntegrityError

from proofdesk.flows.crash import crash_point
from proofdesk.flows.ids import new_id
from proofdesk.flows.state import State
from proofdesk.ledger.canonical import Leaf, make_leaf
from proofdesk.ledger.shred import keyed_hash, seal
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, Pool, tenant_transaction
from proofdesk.store.rows import TicketRow
from proofdesk.store.sql import Execute

Write = Callable[[Connection], Awaitable[object]]


class AlreadyIntended(Exception):
    """This very change was begun before on this ticket; everything of this transition was rolled back."""


class LostRace(Exception):
    """Another worker moved the ticket first; everything of this transition was rolled back."""


def canonical(value: Any) -> bytes:
    """Deterministic JSON of a value: what hashes and replays are made of."""
    return msgspec.json.encode(value, order="sorted")


def hash_of(value: Any) -> str:
    """SHA-256 (hexadecimal) of a value's canonical JSON. Of anything personal it never leaves the process: what is
    stored is `Transition.keyed` of it."""
    return hashlib.sha256(canonical(value)).hexdigest()


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A pure decision: what it was made from and what it came to."""

    kind: str
    facts: Any
    output: Any


class SealedDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it is stored: sealed, with keyed hashes."""

    decision_id: UUID
    ordinal: int
    kind: str
    facts: bytes
    facts_hash: bytes
    output: bytes
    output_hash: bytes

    def leaf_body(self) -> dict[str, Any]:
        return {
            "ordinal": self.ordinal,
            "decision": self.kind,
            "facts_hmac": self.facts_hash.hex(),
            "output_hmac": self.output_hash.hex(),
        }


def seal_decision(key: bytes, ordinal: int, decided: Decided) -> SealedDecision:
    """Under the data subject's key."""
    facts, output = canonical(decided.facts), canonical(decided.output)
    return SealedDecision(
        decision_id=new_id(),
        ordinal=ordinal,
        kind=decided.kind,
        facts=seal(key, facts),
        facts_hash=keyed_hash(key, hashlib.sha256(facts).digest()),
        output=seal(key, output),
        output_hash=keyed_hash(key, hashlib.sha256(output).digest()),
    )


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a transition it can be taken back to before it is committed."""

    state: State
    status: str
    due_at: datetime | None
    leaves: int
    decisions: int
    writes: int
    puts: int


class Transition:
    """Gathers one step's consequences. `key` is the data subject's: what is personal is sealed and hashed under it."""

    def __init__(self, tenant: str, ticket: TicketRow, state: State, now: datetime, key: bytes):
        self.tenant = tenant
        self.ticket = ticket
        self.state = state
        self.now = now
        self.status = ticket.status
        self.priority = ticket.priority
        self.head_start_s = ticket.head_start_s
        self.due_at: datetime | None = now
        self._key = key
        self._leaves: list[Leaf] = []
        self._decisions: list[SealedDecision] = []
        self._writes: list[Write] = []
        self._puts: list[tuple[Execute, dict[str, Any]]] = []
        self.floor: Mark | None = None
        """What must be committed whatever becomes of the rest: the outcome of an effect."""

    def set(self, **changes: Any) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)

    def mark(self) -> Mark:
        return Mark(
            state=self.state,
            status=self.status,
            due_at=self.due_at,
            leaves=len(self._leaves),
            decisions=len(self._decisions),
            writes=len(self._writes),
            puts=len(self._puts),
        )

    def rewind(self, to: Mark) -> None:
        """Forget everything gathered since `to`."""
        self.state, self.status, self.due_at = to.state, to.status, to.due_at
        del self._leaves[to.leaves :], self._decisions[to.decisions :]
        del self._writes[to.writes :], self._puts[to.puts :]

    def keyed(self, digest: str) -> str:
        """What may be stored of a SHA-256 (both hexadecimal) of something personal."""
        return keyed_hash(self._key, bytes.fromhex(digest)).hex()

    def leaf(self, kind: str, body: dict[str, Any], *, personal: bytes | None = None) -> None:
        """Add a ledger leaf. `body` holds nothing personal; `personal` is sealed and committed to by hash."""
        sealed = None if personal is None else seal(self._key, personal)
        subject = None if sealed is None else str(self.ticket.subject_ref)
        body = {"ticket_id": str(self.ticket.ticket_id), **body}
        self._leaves.append(make_leaf(self.tenant, self.now, kind, body, subject_ref=subject, ciphertext=sealed))

    def decided(self, kind: str, facts: Any, output: Any) -> None:
        """Record a pure decision so that it can be replayed: its facts sealed, its keyed hashes in the ledger."""
        sealed = seal_decision(self._key, self.state.ordinal, Decided(kind=kind, facts=facts, output=output))
        self.set(ordinal=self.state.ordinal + 1)
        self._decisions.append(sealed)
        self.leaf("decision", sealed.leaf_body())

    def put(self, statement: Execute, **args: Any) -> None:
        """Add a statement of which nothing needs to come back; all of them travel in one go."""
        self._puts.append((statement, {"tenant": self.tenant, **args}))

    def also(self, write: Write) -> None:
        """Add a write that reads or counts, run after the statements of `put`."""
        self._writes.append(write)

    def message(self, text: str, *, channel_ref: str = "", author: str = "worker") -> None:
        message_id = new_id()
        self.leaf("message.sent", {"message_id": str(message_id), "author": author}, personal=text.encode())
        self.put(
            t.add_message,
            message_id=message_id,
            ticket_id=self.ticket.ticket_id,
            at=self.now,
            direction="out",
            author=author,
            public=True,
            text=text,
            channel_ref=channel_ref,
        )

    def settled(self) -> dict[str, str]:
        """Effects whose outcome is gathered here, by key: their rows still say what was before."""
        found: dict[str, str] = {}
        for statement, args in self._puts:
            if statement is t.settle_effect:
                found[args["effect_key"]] = args["state"]
            elif statement is t.mark_compensated:
                found[args["effect_key"]] = "compensated"
        return found

    async def commit(self, pool: Pool, *, lease_s: float) -> TicketRow:
        """Write it all; gives the moved row. Raises LostRace. `lease_s` 0 lets the lease go."""
        encoded = msgspec.to_builtins(self.state)
        async with tenant_transaction(pool, self.tenant) as conn:
            await self._write_queued(conn, encoded, lease_s)
            crash_point("mid_commit")
            for write in self._writes:
                await write(conn)
        return msgspec.structs.replace(
            self.ticket,
            state=encoded,
            status=self.status,
            version=self.ticket.version + 1,
            due_at=self.due_at,
            priority=self.priority,
            head_start_s=self.head_start_s,
        )

    async def _write_queued(self, conn: Connection, state: dict[str, Any], lease_s: float) -> None:
        """Everything whose answer is only a count, in one round trip. Raises LostRace."""
        moved: AsyncCursor[Any] | None = None
        try:
            async with conn.pipeline():
                moved = await t.move.later(
                    conn,
                    tenant=self.tenant,
                    ticket_id=self.ticket.ticket_id,
                    version=self.ticket.version,
                    status=self.status,
                    state=state,
                    priority=self.priority,
                    head_start_s=self.head_start_s,
                    due_at=self.due_at,
                    now=self.now,
                    lease_s=lease_s,
                )
                for statement, args in self._puts:
                    await statement.later(conn, **args)
                await append_decisions(conn, self.tenant, self._decisions, self.ticket.ticket_id, self.now)
                await append_leaves(conn, self.tenant, self._leaves, self.ticket.ticket_id)
        except IntegrityError as error:
            # The others were on their way before it was known that the ticket had moved.
            if moved is not None and moved.rowcount == 1 and error.diag.constraint_name == "effect_pkey":
                raise AlreadyIntended(str(self.ticket.ticket_id)) from error
            if moved is None or moved.rowcount == 1:
                raise
            raise LostRace(str(self.ticket.ticket_id)) from error
        if moved.rowcount != 1:
            raise LostRace(str(self.ticket.ticket_id))


async def append_decisions(
    conn: Connection, tenant: str, decisions: Sequence[SealedDecision], ticket_id: UUID, now: datetime
) -> None:
    """The rows of `decisions`; their leaves are the caller's."""
    if not decisions:
        return
    await t.add_decisions(
        conn,
        tenant=tenant,
        ticket_id=ticket_id,
        at=now,
        decision_ids=[each.decision_id for each in decisions],
        ordinals=[each.ordinal for each in decisions],
        kinds=[each.kind for each in decisions],
        facts=[each.facts for each in decisions],
        facts_hashes=[each.facts_hash for each in decisions],
        outputs=[each.output for each in decisions],
        output_hashes=[each.output_hash for each in decisions],
    )


async def append_leaves(conn: Connection, tenant: str, leaves: list[Leaf], ticket_id: UUID | None) -> None:
    """Leaves in order, unsequenced; the sequencer numbers them after the commit."""
    if not leaves:
        return
    await t.append_leaves(
        conn,
        tenant=tenant,
        ticket_id=ticket_id,
        ts=[leaf.ts for leaf in leaves],
        kinds=[leaf.kind for leaf in leaves],
        canons=[leaf.canonical for leaf in leaves],
        hashes=[leaf.leaf_hash for leaf in leaves],
        subjects=[leaf.subject_ref for leaf in leaves],
        ciphertexts=[leaf.ciphertext for leaf in leaves],
    )
