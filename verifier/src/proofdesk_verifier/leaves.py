"""leaves.jsonl, line by line: each leaf's bytes are recomputed from its fields and hashed again."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from proofdesk_verifier.canonical import BadJson, canonical_bytes, read_json
from proofdesk_verifier.tree import leaf_hash

MAX_LINE_BYTES: Final = 64 * 1024 * 1024
_TEXTS: Final = ("ts", "kind", "tenant", "leaf_hash")
_OPTIONAL: Final = ("subject_ref", "ciphertext_sha256", "ciphertext")
_FIELDS: Final = frozenset(("seq", "body", *_TEXTS, *_OPTIONAL))


@dataclass(frozen=True)
class Leaf:
    """One leaf. `digest` is the recomputed leaf hash, `stated` the one in the file (None where it is no hash)."""

    seq: int
    ts: str
    kind: str
    tenant: str
    body: dict[str, Any]
    digest: bytes
    stated: bytes | None
    has_subject: bool
    erased: bool
    fault: str
    """What is wrong beside the hash: the ciphertext does not match its commitment. Empty where nothing is."""


class BadLeaf(ValueError):
    """A line from which no leaf can be recomputed, or one that breaks the sequence."""


def read_leaves(path: Path) -> Iterator[Leaf]:
    """Leaves in order of seq from 0. Raises BadLeaf at the first line that is not the next leaf, OSError."""
    with path.open("rb") as source:
        seq = 0
        while line := source.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                raise BadLeaf(f"line {seq + 1} is longer than {MAX_LINE_BYTES} bytes")
            try:
                yield _leaf(line, seq)
            except BadJson as error:
                raise BadLeaf(f"leaf {seq} (line {seq + 1}): {error}") from error
            seq += 1


def _leaf(line: bytes, seq: int) -> Leaf:
    fields = read_json(line)
    _check_shape(fields)
    if fields["seq"] != seq:
        raise BadJson(f"its seq is {fields['seq']} where {seq} has to follow: a leaf was deleted, inserted or moved")
    hashed = {name: fields[name] for name in ("tenant", "ts", "kind", "body")}
    hashed |= {name: fields[name] for name in ("subject_ref", "ciphertext_sha256") if name in fields}
    return Leaf(
        seq=seq,
        ts=fields["ts"],
        kind=fields["kind"],
        tenant=fields["tenant"],
        body=fields["body"],
        digest=leaf_hash(canonical_bytes(hashed)),
        stated=_hex(fields["leaf_hash"]),
        has_subject="subject_ref" in fields,
        erased="ciphertext_sha256" in fields and "ciphertext" not in fields,
        fault=_ciphertext_fault(fields),
    )


def _check_shape(fields: Any) -> None:
    if not isinstance(fields, dict):
        raise BadJson("not an object")
    unknown = sorted(set(fields) - _FIELDS)
    if unknown:
        raise BadJson(f"unknown field {unknown[0]!r:.60}")
    for name in _TEXTS:
        if not isinstance(fields.get(name), str):
            raise BadJson(f"the field {name} is missing or not a text")
    for name in _OPTIONAL:
        if name in fields and not isinstance(fields[name], str):
            raise BadJson(f"the field {name} is not a text")
    if type(fields.get("seq")) is not int:
        raise BadJson("the field seq is missing or not an integer")
    if not isinstance(fields.get("body"), dict):
        raise BadJson("the field body is missing or not an object")


def _ciphertext_fault(fields: dict[str, Any]) -> str:
    if "ciphertext" not in fields:
        return ""
    if "ciphertext_sha256" not in fields:
        return "it has a ciphertext that its hash does not commit to"
    try:
        ciphertext = base64.b64decode(fields["ciphertext"], validate=True)
    except (binascii.Error, ValueError):
        return "its ciphertext is not base64"
    if base64.b64encode(ciphertext).decode() != fields["ciphertext"]:
        return "its ciphertext is not base64 in its one canonical form"
    if sha256(ciphertext).hexdigest() != fields["ciphertext_sha256"]:
        return "its ciphertext is not the one its hash commits to"
    return ""


def _hex(text: str) -> bytes | None:
    if len(text) != 64 or not all(letter in "0123456789abcdef" for letter in text):
        return None
    return bytes.fromhex(text)
