"""C2SP signed notes and tlog checkpoints, signed with Ed25519 by libsodium.

Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint; the private key text is that of golang.org/x/mod/sumdb/note.
OpenSSL accepts signatures under low-order keys, libsodium does not: nothing but PyNaCl may verify here.
"""

import base64
import binascii
from hashlib import sha256
from typing import Final

import msgspec
from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from proofdesk.ledger.merkle import HASH_BYTES, MAX_TREE_SIZE

ED25519: Final = b"\x01"
SIGNATURE_PREFIX: Final = "— "
MAX_NOTE_BYTES: Final = 64 * 1024
MAX_SIGNATURES: Final = 100
MAX_NAME_CHARS: Final = 200
_PRIVATE: Final = "PRIVATE+KEY+"


class NoteKeyError(ValueError):
    """A key text that is not a key, or a key that must not be trusted. The message never holds the key."""


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A pinned verifier key. `key_id`: the first 4 bytes of SHA-256(name || LF || 0x01 || key)."""

    name: str
    key: bytes
    key_id: bytes


class PrivateKey(msgspec.Struct, frozen=True, kw_only=True):
    public: PublicKey
    seed: bytes

    def __repr__(self) -> str:
        return f"PrivateKey(name={self.public.name!r}, seed=<hidden>)"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, tag="checkpoint"):
    """A tree head: which log, how many leaves, and the 32-byte root over them."""

    origin: str
    size: int
    root: bytes


class NoteRejected(msgspec.Struct, frozen=True, kw_only=True, tag="rejected"):
    reason: str


def generate_key(name: str) -> PrivateKey:
    """A fresh key from the system's randomness. `name` is the log's name, without spaces or plus."""
    return _private_key(name, bytes(SigningKey.generate()))


def encode_vkey(key: PublicKey) -> str:
    """name+hash+base64(0x01 || key)."""
    return f"{key.name}+{key.key_id.hex()}+{base64.b64encode(ED25519 + key.key).decode()}"


def encode_skey(key: PrivateKey) -> str:
    """PRIVATE+KEY+name+hash+base64(0x01 || seed). A secret: for a file of mode 0600 or a secret store."""
    return f"{_PRIVATE}{key.public.name}+{key.public.key_id.hex()}+{base64.b64encode(ED25519 + key.seed).decode()}"


def parse_vkey(text: str) -> PublicKey:
    """The key behind a vkey text. Raises NoteKeyError; keys of low or mixed order and invalid points are refused."""
    name, key_id, raw = _split_key(text.strip(), "verifier key")
    key = _public_key(name, raw)
    if key.key_id != key_id:
        raise NoteKeyError("verifier key: its key hash does not belong to its name and key")
    return key


def parse_skey(text: str) -> PrivateKey:
    """The key behind a skey text. Raises NoteKeyError."""
    text = text.strip()
    if not text.startswith(_PRIVATE):
        raise NoteKeyError("signing key: it does not start with PRIVATE+KEY+")
    name, key_id, seed = _split_key(text[len(_PRIVATE) :], "signing key")
    key = _private_key(name, seed)
    if key.public.key_id != key_id:
        raise NoteKeyError("signing key: its key hash does not belong to its name and key")
    return key


def verify_ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    """libsodium's verdict: low-order keys and R, non-canonical points and s are refused. False for any bad length."""
    if len(key) != 32 or len(signature) != 64:
        return False
    try:
        VerifyKey(key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def sign_note(key: PrivateKey, text: str) -> str:
    """The signed note over `text` (ends with a newline). Raises ValueError for a text that a note cannot carry."""
    fault = _text_fault(text)
    if fault:
        raise ValueError(fault)
    signature = SigningKey(key.seed).sign(text.encode()).signature
    line = base64.b64encode(key.public.key_id + signature).decode()
    return f"{text}\n{SIGNATURE_PREFIX}{key.public.name} {line}\n"


def sign_checkpoint(key: PrivateKey, origin: str, size: int, root: bytes) -> str:
    """A signed checkpoint. Raises ValueError for an origin, size or root that a checkpoint cannot carry."""
    if not 0 <= size <= MAX_TREE_SIZE or len(root) != HASH_BYTES:
        raise ValueError(f"a checkpoint needs a size of 0..{MAX_TREE_SIZE} and a root of {HASH_BYTES} bytes")
    if not 0 < len(origin) <= MAX_NAME_CHARS or any(ord(letter) < 0x20 for letter in origin):
        raise ValueError(f"an origin is one line of 1..{MAX_NAME_CHARS} characters")
    return sign_note(key, f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n")


def open_note(note: str, key: PublicKey) -> str | NoteRejected:
    """The text of a note that `key` signed. Signatures of other keys are ignored, a bad one of `key` is fatal."""
    if len(note.encode(errors="replace")) > MAX_NOTE_BYTES:
        return NoteRejected(reason=f"a note may take {MAX_NOTE_BYTES} bytes")
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n"):
        return NoteRejected(reason="not a signed note: no blank line before the signatures, or a torn last line")
    text, lines = note[: cut + 1], note[cut + 2 : -1].split("\n")
    fault = _text_fault(text)
    if fault:
        return NoteRejected(reason=fault)
    if len(lines) > MAX_SIGNATURES:
        return NoteRejected(reason=f"more than {MAX_SIGNATURES} signatures")
    signed = False
    for line in lines:
        match _signature(line):
            case None:
                return NoteRejected(reason="a signature line is malformed")
            case (name, key_id, signature) if name == key.name and key_id == key.key_id:
                if not verify_ed25519(key.key, text.encode(), signature):
                    return NoteRejected(reason=f"the signature of {key.name} is wrong")
                signed = True
    return text if signed else NoteRejected(reason=f"not signed by {key.name} with the pinned key")


def open_checkpoint(note: str, key: PublicKey) -> Checkpoint | NoteRejected:
    """The checkpoint of a note that `key` signed. Extension lines are allowed and ignored, as the format says."""
    text = open_note(note, key)
    if isinstance(text, NoteRejected):
        return text
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        return NoteRejected(reason="a checkpoint needs origin, size and root, each a line that is not empty")
    origin, size_text, root_text = lines[:3]
    size = _decimal(size_text)
    root = _base64(root_text)
    if size is None or size > MAX_TREE_SIZE:
        return NoteRejected(reason="the tree size is not a plain decimal number")
    if root is None or len(root) != HASH_BYTES:
        return NoteRejected(reason=f"the root is not the base64 of {HASH_BYTES} bytes")
    return Checkpoint(origin=origin, size=size, root=root)


def _private_key(name: str, seed: bytes) -> PrivateKey:
    return PrivateKey(public=_public_key(name, bytes(SigningKey(seed).verify_key)), seed=seed)


def _public_key(name: str, raw: bytes) -> PublicKey:
    if not 0 < len(name) <= MAX_NAME_CHARS or "+" in name or any(x.isspace() or ord(x) < 0x20 for x in name):
        raise NoteKeyError(f"a key name has 1..{MAX_NAME_CHARS} characters, no spaces and no plus")
    if not crypto_core_ed25519_is_valid_point(raw):
        raise NoteKeyError(f"the key of {name} is of low order, of mixed order or not on the curve")
    return PublicKey(name=name, key=raw, key_id=sha256(name.encode() + b"\n" + ED25519 + raw).digest()[:4])


def _split_key(text: str, what: str) -> tuple[str, bytes, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise NoteKeyError(f"{what}: expected name+hash+base64")
    name, key_id, encoded = parts
    raw = _base64(encoded)
    if len(key_id) != 8 or not all(letter in "0123456789abcdef" for letter in key_id):
        raise NoteKeyError(f"{what}: the key hash is not 8 lower-case hexadecimal digits")
    if raw is None or len(raw) != 33 or raw[:1] != ED25519:
        raise NoteKeyError(f"{what}: expected the base64 of 0x01 (Ed25519) and 32 bytes")
    return name, bytes.fromhex(key_id), raw[1:]


def _signature(line: str) -> tuple[str, bytes, bytes] | None:
    name, _, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
    raw = _base64(encoded)
    if not line.startswith(SIGNATURE_PREFIX) or not name or "+" in name or raw is None or len(raw) < 5:
        return None
    return name, raw[:4], raw[4:]


def _text_fault(text: str) -> str:
    if not text.endswith("\n") or len(text) < 2:
        return "the text of a note ends with a newline and is not empty"
    if any(ord(letter) < 0x20 and letter != "\n" for letter in text):
        return "the text of a note holds no control characters but newlines"
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        return "the text of a note is not valid UTF-8"
    return ""


def _decimal(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or (len(text) > 1 and text[0] == "0"):
        return None
    return int(text)


def _base64(text: str) -> bytes | None:
    """Standard base64 with padding, in its one canonical form."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None
