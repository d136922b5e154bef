from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.ledger.canonical import MAX_LEAF_BYTES, MAX_SAFE_INT, LeafError, canonical_bytes, make_leaf

AT = datetime(2026, 3, 1, 10, 5, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INT, MAX_SAFE_INT) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_the_fast_path_writes_what_the_rfc8785_library_writes(value: Any) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


def test_keys_sort_by_utf16_code_units() -> None:
    assert canonical_bytes({"￿": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"￿":1}'.encode()


def test_the_leaf_is_exactly_the_stated_fields() -> None:
    leaf = make_leaf("t", AT, "decision", {"b": 1, "a": [True, None, "x\n"]})
    assert leaf.canonical == (
        b'{"body":{"a":[true,null,"x\\n"],"b":1},"kind":"decision","tenant":"t","ts":"2026-03-01T10:05:00.000000Z"}'
    )
    assert leaf.leaf_hash == sha256(b"\x00" + leaf.canonical).digest()
    sealed = make_leaf("t", AT, "decision", {}, "s-1", b"cipher")
    assert msgspec.json.decode(sealed.canonical) == {
        "body": {},
        "kind": "decision",
        "tenant": "t",
        "ts": "2026-03-01T10:05:00.000000Z",
        "subject_ref": "s-1",
        "ciphertext_sha256": sha256(b"cipher").hexdigest(),
    }


def test_the_instant_is_written_in_utc() -> None:
    east = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert make_leaf("t", east, "k", {}).leaf_hash == make_leaf("t", AT, "k", {}).leaf_hash
    with pytest.raises(LeafError, match="time zone"):
        make_leaf("t", AT.replace(tzinfo=None), "k", {})


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"amount": 1.5}, r"\$\.body\.amount: 1\.5 is a floating"),
        ({"a": [0, {"b": float("nan")}]}, r"\$\.body\.a\[1\]\.b"),
        ({"a": 2**53}, r"\$\.body\.a: .* beyond"),
        ({"a": b"x"}, r"\$\.body\.a: a bytes"),
        ({"a": AT}, r"\$\.body\.a: a datetime"),
        ({1: "x"}, "the key 1 is not a text"),
        ({"a": "x\x00"}, r"\$\.body\.a: .*U\+0000"),
        ({"é": 1, "b": [1.0]}, r"\$\.body\.b\[0\]"),
        ({"a": "\ud800"}, "surrogate"),
        ({"é": "\ud800"}, "surrogate"),
        ({"a": "x" * MAX_LEAF_BYTES}, "the leaf takes"),
    ],
)
def test_values_a_leaf_cannot_hold_are_named(body: Any, place: str) -> None:
    with pytest.raises(LeafError, match=place):
        make_leaf("t", AT, "k", body)


def test_too_deep_and_empty_names_are_refused() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(LeafError, match="deeper"):
        make_leaf("t", AT, "k", {"a": deep})
    with pytest.raises(LeafError, match=r"\$\.tenant"):
        make_leaf("", AT, "k", {})
    with pytest.raises(LeafError, match=r"\$\.subject_ref"):
        make_leaf("t", AT, "k", {}, "")
