"""Planning of the single sequencer: which number each new leaf gets and how the tree grows. Pure: no SQL."""

from collections.abc import Sequence

import msgspec

from proofdesk.ledger.merkle import TreeState, append


class SequencedLeaf(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf with its place in the tree, counted from 0."""

    seq: int
    leaf_id: str
    leaf_hash: bytes


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What one run writes, in one transaction: the rows, and `state` in place of the state it was planned from."""

    state: TreeState
    rows: tuple[SequencedLeaf, ...]


def plan_append(state: TreeState, leaves: Sequence[tuple[str, bytes]]) -> Plan:
    """Number (leaf_id, leaf_hash) pairs, in the given order, gap-free after `state`.

    Raises ValueError for a state or hash that cannot be, and for a leaf id that comes twice.
    """
    if len({leaf_id for leaf_id, _ in leaves}) != len(leaves):
        raise ValueError("a leaf id comes twice in one run of the sequencer")
    grown = append(state, (digest for _, digest in leaves))
    rows = tuple(
        SequencedLeaf(seq=state.size + place, leaf_id=leaf_id, leaf_hash=digest)
        for place, (leaf_id, digest) in enumerate(leaves)
    )
    return Plan(state=grown, rows=rows)
