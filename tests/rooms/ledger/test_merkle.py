import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.ledger.merkle import (
    EMPTY_ROOT,
    Tree,
    TreeState,
    append,
    check_state,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from proofdesk.ledger.sequencer import plan_append
from tests.rooms.ledger.support import json_lines, vectors

HASHES = [leaf_hash(number.to_bytes(4)) for number in range(300)]
TREE = Tree(HASHES)


def plain_root(hashes: list[bytes]) -> bytes:
    """The definition of RFC 9162 section 2.1.1, word for word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(plain_root(hashes[:split]), plain_root(hashes[split:]))


def decode(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def test_inclusion_vectors() -> None:
    cases = json_lines(vectors("merkle") / "inclusion.jsonl")
    assert len(cases) == 98
    for case in cases:
        proof = [decode(item) for item in case["proof"] or []]
        args = (case["leafIdx"], case["treeSize"], decode(case["leafHash"]), proof, decode(case["root"]))
        assert verify_inclusion(*args) is not case["wantErr"], case["file"]


def test_consistency_vectors() -> None:
    cases = json_lines(vectors("merkle") / "consistency.jsonl")
    assert len(cases) == 98
    for case in cases:
        proof = [decode(item) for item in case["proof"] or []]
        args = (case["size1"], case["size2"], decode(case["root1"]), decode(case["root2"]), proof)
        assert verify_consistency(*args) is not case["wantErr"], case["file"]


def test_growing_one_by_one_gives_the_root_of_the_definition_up_to_300_leaves() -> None:
    state = TreeState()
    assert root_of(state) == EMPTY_ROOT
    for size in range(1, 301):
        state = append(state, [HASHES[size - 1]])
        check_state(state)
        assert root_of(state) == TREE.root(size)
        if size <= 70 or size in {127, 128, 129, 255, 256, 257, 300}:
            assert TREE.root(size) == plain_root(HASHES[:size])


def test_every_inclusion_proof_verifies_and_no_neighbour_does() -> None:
    for size in (*range(1, 34), 63, 64, 65, 300):
        root = TREE.root(size)
        for index in range(size):
            proof = TREE.inclusion(index, size)
            assert verify_inclusion(index, size, HASHES[index], proof, root)
            assert not verify_inclusion(index, size, HASHES[(index + 1) % 300], proof, root)
            if size > 1:
                assert not verify_inclusion((index + 1) % size, size, HASHES[index], proof, root)


def test_every_consistency_proof_verifies() -> None:
    for size in (*range(1, 34), 64, 65, 129, 300):
        for old in range(1, size + 1):
            proof = TREE.consistency(old, size)
            assert verify_consistency(old, size, TREE.root(old), TREE.root(size), proof)
            assert not verify_consistency(old, size, bytes(32), TREE.root(size), proof)
            assert not verify_consistency(old, size, TREE.root(old), bytes(32), proof)


@given(st.integers(-2, 9), st.integers(-2, 9), st.lists(st.binary(max_size=33), max_size=5), st.binary(max_size=33))
def test_junk_is_refused_without_a_crash(one: int, two: int, proof: list[bytes], junk: bytes) -> None:
    assert not verify_inclusion(one, two, junk, proof, HASHES[0]) or (two == 1 and junk == HASHES[0])
    if proof or one != two:
        assert not verify_consistency(one, two, junk, HASHES[0], proof)


@given(st.integers(0, 200), st.integers(0, 100))
def test_planned_rows_continue_the_tree_without_a_gap(before: int, more: int) -> None:
    state = append(TreeState(), HASHES[:before])
    plan = plan_append(state, [(f"leaf-{n}", HASHES[before + n]) for n in range(more)])
    assert [row.seq for row in plan.rows] == list(range(before, before + more))
    assert [row.leaf_hash for row in plan.rows] == HASHES[before : before + more]
    assert plan.state.size == before + more
    assert root_of(plan.state) == TREE.root(before + more)


def test_impossible_states_and_double_leaves_are_refused() -> None:
    with pytest.raises(ValueError, match="subtrees"):
        append(TreeState(size=3, hashes=(HASHES[0],)), [])
    with pytest.raises(ValueError, match="5 bytes long"):
        append(TreeState(), [b"short"])
    with pytest.raises(ValueError, match="twice"):
        plan_append(TreeState(), [("a", HASHES[0]), ("a", HASHES[1])])
    with pytest.raises(ValueError, match="not in a tree"):
        TREE.inclusion(5, 5)
    with pytest.raises(ValueError, match="no consistency proof"):
        TREE.consistency(0, 5)
