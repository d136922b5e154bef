import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.ledger.shred import (
    NONCE_BYTES,
    CannotOpen,
    Opened,
    keyed_hash,
    new_key,
    open_sealed,
    seal,
    unwrap_key,
    wrap_key,
)


@given(st.binary(max_size=200))
def test_sealed_text_opens_with_its_key_only(plaintext: bytes) -> None:
    key = new_key()
    sealed = seal(key, plaintext)
    assert open_sealed(key, sealed) == Opened(plaintext=plaintext)
    assert isinstance(open_sealed(new_key(), sealed), CannotOpen)
    for place in (0, len(sealed) // 2, len(sealed) - 1):
        altered = bytearray(sealed)
        altered[place] ^= 1
        assert isinstance(open_sealed(key, bytes(altered)), CannotOpen)
    assert isinstance(open_sealed(key, sealed[:39]), CannotOpen)


def test_the_nonce_may_be_given_and_otherwise_never_repeats() -> None:
    key, nonce = new_key(), bytes(NONCE_BYTES)
    assert seal(key, b"x", nonce) == seal(key, b"x", nonce)
    assert len({seal(key, b"x") for _ in range(50)}) == 50
    with pytest.raises(ValueError, match="nonce"):
        seal(key, b"x", b"short")
    with pytest.raises(ValueError, match="key"):
        open_sealed(b"short", b"x")


def test_a_subject_is_unreadable_once_its_wrapped_key_is_gone() -> None:
    master, subject = new_key(), new_key()
    wrapped = wrap_key(master, subject)
    assert subject not in wrapped
    assert unwrap_key(master, wrapped) == Opened(plaintext=subject)
    assert isinstance(unwrap_key(new_key(), wrapped), CannotOpen)
    assert isinstance(unwrap_key(master, seal(master, b"not a key")), CannotOpen)


def test_a_keyed_hash_needs_the_key() -> None:
    digest, key = bytes(range(32)), new_key()
    assert keyed_hash(key, digest) == keyed_hash(key, digest)
    assert keyed_hash(new_key(), digest) != keyed_hash(key, digest)
    assert keyed_hash(bytes(32), digest).hex() == "7b0f5cca3441b539dcb874dd806f8e04ef08ad2977dbe237257b4c5467927e4c"
    with pytest.raises(ValueError, match="digest"):
        keyed_hash(key, b"short")
    with pytest.raises(ValueError, match="key"):
        keyed_hash(b"short", digest)
