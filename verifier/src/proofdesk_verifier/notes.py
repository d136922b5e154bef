"""C2SP signed notes and checkpoints: reading and verifying. libsodium's verdict, never OpenSSL's (low-order keys)."""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from proofdesk_verifier.tree import HASH_BYTES

NOTE_SEPARATOR: Final = "\n\n----\n"
MAX_NOTE_CHARS: Final = 64 * 1024
MAX_SIZE_DIGITS: Final = 18


class BadKey(ValueError):
    """Not a verifier key that may be trusted."""


class BadNote(ValueError):
    """Not a checkpoint signed by the pinned key."""


@dataclass(frozen=True)
class PinnedKey:
    name: str
    key: bytes
    key_id: bytes


@dataclass(frozen=True)
class Head:
    """A signed tree head and where it was found."""

    origin: str
    size: int
    root: bytes
    source: str


def parse_vkey(text: str) -> PinnedKey:
    """name+hash+base64(0x01 || key). Raises BadKey; keys of low or mixed order are refused."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    if not name or raw is None or len(raw) != 33 or raw[0] != 1:
        raise BadKey("expected name+hash+base64 of 0x01 and 32 bytes")
    if not crypto_core_ed25519_is_valid_point(raw[1:]):
        raise BadKey(f"the key of {name} is of low order, of mixed order or not on the curve")
    expected = sha256(name.encode() + b"\n" + raw).digest()[:4]
    if key_id != expected.hex():
        raise BadKey(f"the key hash {key_id[:16]} does not belong to {name} and its key")
    return PinnedKey(name=name, key=raw[1:], key_id=expected)


def verify_ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    """libsodium's verdict; False for any bad length."""
    if len(key) != 32 or len(signature) != 64:
        return False
    try:
        VerifyKey(key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def split_notes(text: str) -> tuple[list[str], str]:
    """The whole notes of a checkpoints file and what follows the last of them. A file of one bare note is taken too."""
    if NOTE_SEPARATOR not in text:
        return ([text], "") if text.endswith("\n") else ([], text)
    *whole, rest = text.split(NOTE_SEPARATOR)
    return [f"{note}\n" for note in whole], rest


def open_checkpoint(note: str, key: PinnedKey, source: str) -> Head:
    """The head of a checkpoint signed by `key`. Raises BadNote."""
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n") or len(note) > MAX_NOTE_CHARS:
        raise BadNote("not a signed note")
    text = note[: cut + 1]
    _check_signed(text, note[cut + 2 : -1].split("\n"), key)
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise BadNote("not a checkpoint: origin, size and root are needed")
    size, root = lines[1], _base64(lines[2])
    if not (size.isascii() and size.isdigit()) or len(size) > MAX_SIZE_DIGITS or (len(size) > 1 and size[0] == "0"):
        raise BadNote("the tree size is not a plain decimal number")
    if root is None or len(root) != HASH_BYTES:
        raise BadNote("the root is not the base64 of 32 bytes")
    return Head(origin=lines[0], size=int(size), root=root, source=source)


def _check_signed(text: str, lines: list[str], key: PinnedKey) -> None:
    signed = False
    for line in lines:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = _base64(encoded)
        if dash != "—" or not name or raw is None or len(raw) < 5:
            raise BadNote("a signature line is malformed")
        if name != key.name or raw[:4] != key.key_id:
            continue
        try:
            message = text.encode()
        except UnicodeEncodeError as error:
            raise BadNote("the text is not UTF-8") from error
        if not verify_ed25519(key.key, message, raw[4:]):
            raise BadNote(f"the signature of {key.name} is wrong")
        signed = True
    if not signed:
        raise BadNote(f"not signed by {key.name} with the pinned key")


def _base64(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None
