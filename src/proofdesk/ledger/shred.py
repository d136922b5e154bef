"""Crypto-shredding: personal data is sealed under one key for each data subject, and that key under the master key.

The database holds wrapped keys only. Erasing a person is deleting the wrapped key; the leaf keeps the SHA-256 of the
ciphertext, so its inclusion still proves. XSalsa20-Poly1305 (libsodium secretbox) throughout. A hash of something
personal is keyed (HMAC-SHA-256, RFC 2104) with the same key: a plain one is found again by trying likely values.
"""

import hmac
import os
from hashlib import sha256
from typing import Final

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

KEY_BYTES: Final = SecretBox.KEY_SIZE
NONCE_BYTES: Final = SecretBox.NONCE_SIZE
MAX_PLAINTEXT_BYTES: Final = 16 * 1024 * 1024
_HASHING: Final = b"proofdesk keyed hashes 1"


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    plaintext: bytes


class CannotOpen(msgspec.Struct, frozen=True, kw_only=True, tag="cannot_open"):
    """Another key, or altered bytes. The two cannot be told apart."""

    reason: str


def new_key() -> bytes:
    """A fresh 32-byte key, for a subject or as a master key."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plaintext: bytes, nonce: bytes | None = None) -> bytes:
    """nonce (24 bytes) || secretbox. A nonce is used once only; leave it out and a random one is made.

    Raises ValueError for a wrong length of key or nonce, or more than MAX_PLAINTEXT_BYTES.
    """
    nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
    if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError(f"a key is {KEY_BYTES} bytes long and a nonce {NONCE_BYTES}")
    if len(plaintext) > MAX_PLAINTEXT_BYTES:
        raise ValueError(f"{len(plaintext)} bytes are more than the {MAX_PLAINTEXT_BYTES} that are sealed at once")
    return bytes(SecretBox(key).encrypt(plaintext, nonce))


def open_sealed(key: bytes, ciphertext: bytes) -> Opened | CannotOpen:
    """The plaintext of what `seal` made with the same key. Raises ValueError for a wrong length of key."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key is {KEY_BYTES} bytes long")
    if len(ciphertext) < NONCE_BYTES + SecretBox.MACBYTES:
        return CannotOpen(reason="too short to hold a nonce and an authenticator")
    try:
        return Opened(plaintext=SecretBox(key).decrypt(ciphertext))
    except CryptoError:
        return CannotOpen(reason="another key sealed this, or its bytes were altered")


def keyed_hash(key: bytes, digest: bytes) -> bytes:
    """32 bytes that stand for `digest`, a SHA-256 of something personal, and mean nothing once the key is destroyed.

    HMAC-SHA-256 under a key derived from the subject's, so that sealing and hashing do not share one. Raises
    ValueError for a wrong length of key or digest.
    """
    if len(key) != KEY_BYTES or len(digest) != sha256().digest_size:
        raise ValueError(f"a key is {KEY_BYTES} bytes long and a digest {sha256().digest_size}")
    return hmac.digest(hmac.digest(key, _HASHING, "sha256"), digest, "sha256")


def wrap_key(master_key: bytes, subject_key: bytes) -> bytes:
    """A subject's key sealed under the master key: what the database stores."""
    if len(subject_key) != KEY_BYTES:
        raise ValueError(f"a key is {KEY_BYTES} bytes long")
    return seal(master_key, subject_key)


def unwrap_key(master_key: bytes, wrapped: bytes) -> Opened | CannotOpen:
    """The subject's key. CannotOpen where the master key is another one."""
    opened = open_sealed(master_key, wrapped)
    if isinstance(opened, Opened) and len(opened.plaintext) != KEY_BYTES:
        return CannotOpen(reason=f"what was wrapped is not a key of {KEY_BYTES} bytes")
    return opened
