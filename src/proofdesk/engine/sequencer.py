"""The one place that numbers leaves: takes what was committed, in order, and grows each tenant's tree.

Every `checkpoint_every_s` it signs the tree of each tenant that grew and hands the note and the new leaf hashes to the
witness, a directory outside the database. A crash between the two is repaired at the next turn: the witness is
brought up from the database's own checkpoints and refuses what does not extend what it saw.
"""

import time
from pathlib import Path

import structlog

from proofdesk.flows.clock import Clock
from proofdesk.ledger.merkle import TreeState, root_of
from proofdesk.ledger.notes import PrivateKey, sign_checkpoint
from proofdesk.ledger.sequencer import plan_append
from proofdesk.ledger.witness import Witness, WitnessBusy, WitnessRefused
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection

LOCK_KEY = 7_201_431_011
BATCH = 2_000
HASH_PAGE = 10_000
log = structlog.get_logger("engine")


class WitnessDiverged(Exception):
    """The database's ledger no longer extends what the witness saw: stop numbering, a person must look."""


def origin_of(tenant: str) -> str:
    """The checkpoint origin line of a tenant's log."""
    return f"proofdesk/{tenant}"


class Sequencer:
    def __init__(
        self, key: PrivateKey, witness_dir: Path, clock: Clock, *, every_s: float, checkpoint_every_s: float
    ) -> None:
        self._key = key
        self._witness_dir = witness_dir
        self._clock = clock
        self._every_s = every_s
        self._checkpoint_every_s = checkpoint_every_s
        self._checked_at = 0.0
        self._witnesses: dict[str, Witness] = {}

    async def turn(self, conn: Connection) -> float:
        """Number what was committed; sign where it is time. A failure lets the witness go: another may lead now."""
        try:
            full = await self._number(conn)
            if time.monotonic() - self._checked_at >= self._checkpoint_every_s:
                self._checked_at = time.monotonic()
                await self._sign(conn)
        except WitnessBusy as busy:
            # A leader that was cut off still holds it; leaves are numbered meanwhile, checkpoints follow.
            log.warning("another process still holds the witness", reason=str(busy))
            return self._every_s
        except BaseException:
            self.close()
            raise
        return 0.0 if full else self._every_s

    async def drain(self, conn: Connection) -> None:
        """Number and sign everything committed so far (export and tests)."""
        while await self._number(conn):
            pass
        await self._sign(conn)

    def close(self) -> None:
        for witness in self._witnesses.values():
            witness.close()
        self._witnesses.clear()

    async def _number(self, conn: Connection) -> bool:
        async with conn.transaction():
            taken = await t.take_leaves(conn, limit=BATCH)
            by_tenant: dict[str, list[tuple[int, bytes]]] = {}
            for leaf in sorted(taken, key=lambda each: each.leaf_no):
                by_tenant.setdefault(leaf.tenant, []).append((leaf.leaf_no, leaf.leaf_hash))
            for tenant, leaves in sorted(by_tenant.items()):
                tree = await t.load_tree(conn, tenant=tenant)
                state = TreeState(size=tree.size, hashes=tuple(tree.range)) if tree else TreeState()
                plan = plan_append(state, [(str(leaf_no), digest) for leaf_no, digest in leaves])
                await t.append_sequence(
                    conn,
                    tenant=tenant,
                    first=state.size,
                    leaf_nos=[leaf_no for leaf_no, _ in leaves],
                    range=list(plan.state.hashes),
                )
        return len(taken) == BATCH

    async def _sign(self, conn: Connection) -> None:
        for tree in await t.trees(conn):
            witness = self._witness(tree.tenant)
            if tree.size == tree.checkpointed and tree.size <= witness.size:
                continue
            root = root_of(TreeState(size=tree.size, hashes=tuple(tree.range)))
            note = sign_checkpoint(self._key, origin_of(tree.tenant), tree.size, root)
            await self._remember(conn, tree.tenant, witness, tree.size, note)
            await t.add_checkpoint(conn, tenant=tree.tenant, size=tree.size, root=root, note=note, at=self._clock.now())

    async def _remember(self, conn: Connection, tenant: str, witness: Witness, size: int, note: str) -> None:
        hashes: list[bytes] = []
        while witness.size + len(hashes) < size:
            page = await t.leaf_hashes(conn, tenant=tenant, from_seq=witness.size + len(hashes), limit=HASH_PAGE)
            if not page:
                break
            hashes.extend(row.leaf_hash for row in page[: size - witness.size - len(hashes)])
        answer = witness.append(note, hashes)
        if isinstance(answer, WitnessRefused):
            raise WitnessDiverged(f"ledger of {tenant}: {answer.reason}")

    def _witness(self, tenant: str) -> Witness:
        if tenant not in self._witnesses:
            self._witnesses[tenant] = Witness(self._witness_dir, origin_of(tenant), self._key.public)
        return self._witnesses[tenant]
