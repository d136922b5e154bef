"""The one place that numbers leaves: takes what was committed, in order, and grows each tenant's tree.

Every `checkpoint_every_s` it signs the tree of each tenant that grew and hands the note and the new leaf hashes to the
witness, a directory outside the database. A crash between the two is repaired at the next turn: the witness is
brought up from the database's own checkpoints and refuses what does not extend what it saw.

A tenant whose witness refuses, or is damaged, or whose tree cannot be continued, is stopped alone (`ledger_halt`): none
of its tickets acts until the witness takes a checkpoint again; the others go on. The witness waits for the disk in a
thread, never on the loop.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
import structlog

from proofdesk.flows.clock import Clock
from proofdesk.ledger.merkle import TreeState, root_of
from proofdesk.ledger.notes import PrivateKey, sign_checkpoint
from proofdesk.ledger.sequencer import plan_append
from proofdesk.ledger.witness import Witness, WitnessBusy, WitnessDamaged, WitnessRefused
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection
from proofdesk.store.rows import TenantTree

LOCK_KEY = 7_201_431_011
BATCH = 2_000
HASH_PAGE = 10_000
LOOK_AGAIN_S = 30.0
"""A stopped tenant's witness is tried again after this long: somebody may have put it right."""
T = TypeVar("T")
log = structlog.get_logger("engine")


class WitnessDiverged(Exception):
    """The database's ledger no longer extends what the witness saw: its tenant stops, a person must look."""


class TreeBroken(WitnessDiverged):
    """What the database says of a tenant's tree or numbers cannot be continued: somebody else wrote there."""

    def __init__(self, tenant: str, why: Exception) -> None:
        super().__init__(f"ledger of {tenant}: its tree cannot be continued: {str(why).partition(chr(10))[0]}")
        self.tenant = tenant


def origin_of(tenant: str) -> str:
    """The checkpoint origin line of a tenant's log."""
    return f"proofdesk/{tenant}"


class Sequencer:
    def __init__(
        self,
        key: PrivateKey,
        witness_dir: Path,
        clock: Clock,
        *,
        every_s: float,
        checkpoint_every_s: float,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._key = key
        self._witness_dir = witness_dir
        self._clock = clock
        self._every_s = every_s
        self._checkpoint_every_s = checkpoint_every_s
        self._checked_at = 0.0
        self._look_again_s = look_again_s
        self._witnesses: dict[str, Witness] = {}
        self._look_again_at: dict[str, float] = {}
        self._broken: dict[str, TreeBroken] = {}
        """Found while numbering; nothing of these is signed before they could be numbered again."""

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

    async def drain(self, conn: Connection, *, tenant: str = "") -> None:
        """Number and sign everything committed so far (export and tests). Raises WitnessDiverged or WitnessDamaged
        once the others are done: of `tenant` where one is named, else of the first that has to stop."""
        self._look_again_at.clear()
        while await self._number(conn):
            pass
        stopped = await self._sign(conn)
        for name, why in stopped.items():
            if tenant in ("", name):
                raise why

    def close(self) -> None:
        for witness in self._witnesses.values():
            witness.close()
        self._witnesses.clear()

    async def _number(self, conn: Connection) -> bool:
        """Number one batch, without the tenants whose tree cannot be continued. True when there may be more."""
        for tenant in [each for each in self._broken if self._look_again_at.get(each, 0.0) <= time.monotonic()]:
            del self._broken[tenant]
        while True:
            try:
                return await self._number_batch(conn, sorted(self._broken))
            except TreeBroken as why:
                self._broken[why.tenant] = why
                await self._stop(conn, why.tenant, why)

    async def _number_batch(self, conn: Connection, aside: list[str]) -> bool:
        """All or nothing. Raises TreeBroken, with every leaf still waiting."""
        async with conn.transaction():
            taken = await t.take_leaves(conn, limit=BATCH, aside=aside)
            by_tenant: dict[str, list[tuple[int, bytes]]] = {}
            for leaf in sorted(taken, key=lambda each: each.leaf_no):
                by_tenant.setdefault(leaf.tenant, []).append((leaf.leaf_no, leaf.leaf_hash))
            for tenant, leaves in sorted(by_tenant.items()):
                try:
                    await self._append(conn, tenant, leaves)
                except (
                    ValueError,  # of the tree itself
                    psycopg.IntegrityError,  # a number or a leaf that is there already
                    psycopg.DataError,  # a size out of range
                    psycopg.errors.RaiseException,  # by engine_append
                ) as why:
                    raise TreeBroken(tenant, why) from why
        return len(taken) == BATCH

    async def _append(self, conn: Connection, tenant: str, leaves: list[tuple[int, bytes]]) -> None:
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

    async def _sign(self, conn: Connection) -> dict[str, WitnessDiverged | WitnessDamaged]:
        """Bring every tenant's checkpoint up to its tree. Gives those that had to stop, and why."""
        stopped: dict[str, WitnessDiverged | WitnessDamaged] = {**self._broken}
        for tree in await t.trees(conn):
            if tree.tenant in self._broken or self._look_again_at.get(tree.tenant, 0.0) > time.monotonic():
                continue
            try:
                await self._sign_one(conn, tree)
            except (WitnessDiverged, WitnessDamaged) as why:
                stopped[tree.tenant] = why
                await self._stop(conn, tree.tenant, why)
            except OSError as error:
                # The disk of the witness, not the tenant's ledger: the next turn tries again.
                log.error("the witness cannot be written", tenant=tree.tenant, error=str(error))
        return stopped

    async def _sign_one(self, conn: Connection, tree: TenantTree) -> None:
        witness = await self._witness(tree)
        if tree.size != tree.checkpointed or tree.size > witness.size:
            root = root_of(TreeState(size=tree.size, hashes=tuple(tree.range)))
            note = sign_checkpoint(self._key, origin_of(tree.tenant), tree.size, root)
            await self._remember(conn, tree.tenant, witness, tree.size, note)
            await t.add_checkpoint(conn, tenant=tree.tenant, size=tree.size, root=root, note=note, at=self._clock.now())
        self._look_again_at.pop(tree.tenant, None)
        if tree.halted:
            await t.resume(conn, tenant=tree.tenant)
            log.warning("the ledger extends its witness again, its tickets go on", tenant=tree.tenant)

    async def _stop(self, conn: Connection, tenant: str, why: Exception) -> None:
        self._look_again_at[tenant] = time.monotonic() + self._look_again_s
        held = self._witnesses.pop(tenant, None)
        if held is not None:
            held.close()
        await t.halt(conn, tenant=tenant, reason=str(why), at=self._clock.now())
        log.critical("LEDGER STOPPED, a person must look: its tickets do nothing", tenant=tenant, reason=str(why))

    async def _remember(self, conn: Connection, tenant: str, witness: Witness, size: int, note: str) -> None:
        hashes: list[bytes] = []
        while witness.size + len(hashes) < size:
            page = await t.leaf_hashes(conn, tenant=tenant, from_seq=witness.size + len(hashes), limit=HASH_PAGE)
            if not page:
                break
            hashes.extend(row.leaf_hash for row in page[: size - witness.size - len(hashes)])
        answer = await _in_thread(partial(witness.append, note, hashes))
        if isinstance(answer, WitnessRefused):
            raise WitnessDiverged(f"ledger of {tenant}: {answer.reason}")

    async def _witness(self, tree: TenantTree) -> Witness:
        """The tenant's witness; when it is opened, the tree must not lag behind it nor be another of the same size."""
        held = self._witnesses.get(tree.tenant)
        if held is not None:
            return held
        opened = await _in_thread(partial(self._open, tree.tenant))
        if tree.size < opened.size:
            raise WitnessDiverged(
                f"ledger of {tree.tenant}: it does not extend what was witnessed: it has {tree.size} leaves, "
                f"{opened.size} were witnessed. Was an older copy of the database restored?"
            )
        if tree.size == opened.size and root_of(TreeState(size=tree.size, hashes=tuple(tree.range))) != opened.root:
            raise WitnessDiverged(f"ledger of {tree.tenant}: its root at size {tree.size} is not the witnessed one")
        return opened

    def _open(self, tenant: str) -> Witness:
        """Kept at once, in the thread: a witness opened for nobody would stay locked."""
        opened = Witness(self._witness_dir, origin_of(tenant), self._key.public)
        self._witnesses[tenant] = opened
        return opened


async def _in_thread(work: Callable[[], T]) -> T:
    """Run `work` beside the event loop. Whoever is cancelled meanwhile waits for its end all the same: the witness is
    let go only when nothing writes to it any more."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
