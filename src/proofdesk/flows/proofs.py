"""Inclusion proofs to the latest checkpoint, without holding a tenant's whole tree in memory.

The tree is cut into tiles of 1,024 leaves. A full tile never changes, so its root is computed once and kept (32 bytes
per 1,024 leaves); a proof reads the tile of its leaf and the last, partial one.
"""

import msgspec

from proofdesk.flows.clock import iso
from proofdesk.flows.outcome import Refusal
from proofdesk.ledger.merkle import HASH_BYTES, Tree, verify_inclusion
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, Pool, tenant_transaction

TILE = 1_024
"""A power of two, so that every split of the tree above a tile falls on a tile's edge (RFC 9162 section 2.1.1)."""


class LedgerInconsistent(Exception):
    """The leaves do not hash to the signed checkpoint: somebody changed the database. A person has to look."""


class CheckpointView(msgspec.Struct, frozen=True, kw_only=True):
    """`note` is the signed C2SP checkpoint, `vkey` the key it verifies with, `root` hexadecimal."""

    size: int
    root: str
    at: str
    note: str
    vkey: str


class ProofView(msgspec.Struct, frozen=True, kw_only=True):
    """Proof (RFC 9162 section 2.1.3) that leaf `seq` is in the checkpoint's tree. Hashes are hexadecimal."""

    seq: int
    canonical: str
    leaf_hash: str
    proof: list[str]
    checkpoint: CheckpointView


class Proofs:
    def __init__(self, pool: Pool, vkey: str) -> None:
        self._pool = pool
        self._vkey = vkey
        self._tiles: dict[str, list[bytes]] = {}

    async def checkpoint(self, tenant: str) -> CheckpointView | Refusal:
        """The newest signed checkpoint."""
        async with tenant_transaction(self._pool, tenant) as conn:
            return await self._checkpoint(conn, tenant)

    async def prove(self, tenant: str, seq: int) -> ProofView | Refusal:
        """Raises LedgerInconsistent when the leaves and the checkpoint disagree."""
        async with tenant_transaction(self._pool, tenant) as conn:
            checkpoint = await self._checkpoint(conn, tenant)
            if isinstance(checkpoint, Refusal):
                return checkpoint
            leaf = await t.leaf_of_seq(conn, tenant=tenant, seq=seq)
            if leaf is None or seq >= checkpoint.size:
                return Refusal(code="not_found", message="no checkpoint covers such a leaf yet", field="seq")
            path = await self._path(conn, tenant, seq, checkpoint.size)
        if not verify_inclusion(seq, checkpoint.size, leaf.leaf_hash, path, bytes.fromhex(checkpoint.root)):
            raise LedgerInconsistent(f"leaf {seq} of {tenant} is not in the tree of checkpoint {checkpoint.size}")
        return ProofView(
            seq=seq,
            canonical=leaf.canon.decode(),
            leaf_hash=leaf.leaf_hash.hex(),
            proof=[node.hex() for node in path],
            checkpoint=checkpoint,
        )

    async def _checkpoint(self, conn: Connection, tenant: str) -> CheckpointView | Refusal:
        row = await t.latest_checkpoint(conn, tenant=tenant)
        if row is None:
            return Refusal(code="not_found", message="there is no checkpoint yet: is a worker running?")
        return CheckpointView(size=row.size, root=row.root.hex(), at=iso(row.at), note=row.note, vkey=self._vkey)

    async def _path(self, conn: Connection, tenant: str, seq: int, size: int) -> list[bytes]:
        own, full = seq // TILE, size // TILE
        tiles = self._tiles.setdefault(tenant, [])
        while len(tiles) < full:
            here = len(tiles)
            root = Tree(await self._leaves(conn, tenant, here, size)).root()
            # Another request may have computed the same tile meanwhile.
            if len(tiles) == here:
                tiles.append(root)
        roots = tiles[:full]
        if size % TILE:
            roots.append(Tree(await self._leaves(conn, tenant, full, size)).root())
        within = Tree(await self._leaves(conn, tenant, own, size)).inclusion(seq - own * TILE)
        return [*within, *Tree(roots).inclusion(own)]

    async def _leaves(self, conn: Connection, tenant: str, tile: int, size: int) -> list[bytes]:
        first, end = tile * TILE, min((tile + 1) * TILE, size)
        rows = await t.own_leaf_hashes(conn, tenant=tenant, from_seq=first, to_seq=end)
        if [row.seq for row in rows] != list(range(first, end)) or any(len(r.leaf_hash) != HASH_BYTES for r in rows):
            raise LedgerInconsistent(f"leaves {first} to {end - 1} of {tenant} are not all there")
        return [row.leaf_hash for row in rows]
