"""RFC 8785 canonical JSON and the leaf: the one byte string whose hash enters the tree.

A leaf is the canonical JSON of exactly tenant, ts, kind, body and, only where present, subject_ref and
ciphertext_sha256. Its place in the tree (seq) is not part of it.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, cast

import msgspec
import rfc8785

MAX_DEPTH: Final = 32
MAX_LEAF_BYTES: Final = 256 * 1024
MAX_NAME_CHARS: Final = 200
MAX_SAFE_INT: Final = 2**53 - 1

JsonValue = None | bool | int | str | list["JsonValue"] | tuple["JsonValue", ...] | dict[str, "JsonValue"]


class LeafError(ValueError):
    """A value that may not enter a leaf. The message names the place: `$.body.amount: ...`."""


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One ledger entry before it is numbered. `canonical` holds the hashed bytes, `leaf_hash` 32 bytes over them."""

    tenant: str
    ts: str
    kind: str
    body: dict[str, Any]
    subject_ref: str | None
    ciphertext: bytes | None
    ciphertext_sha256: str | None
    """Lower-case hexadecimal; stays when the ciphertext is erased."""
    canonical: bytes
    leaf_hash: bytes


_encode = msgspec.json.Encoder(order="sorted").encode


def make_leaf(
    tenant: str,
    ts: datetime,
    kind: str,
    body: dict[str, Any],
    subject_ref: str | None = None,
    ciphertext: bytes | None = None,
) -> Leaf:
    """A leaf over non-personal `body` (no floats), with a commitment to `ciphertext` where one is given.

    `ts` is an aware instant, written in UTC with microseconds. Raises LeafError naming the field at fault.
    """
    digest = None if ciphertext is None else sha256(ciphertext).hexdigest()
    instant = utc_text(ts)
    data = leaf_bytes(tenant, instant, kind, body, subject_ref, digest)
    return Leaf(
        tenant=tenant,
        ts=instant,
        kind=kind,
        body=body,
        subject_ref=subject_ref,
        ciphertext=ciphertext,
        ciphertext_sha256=digest,
        canonical=data,
        leaf_hash=sha256(b"\x00" + data).digest(),
    )


def leaf_bytes(
    tenant: str, ts: str, kind: str, body: dict[str, Any], subject_ref: str | None, ciphertext_sha256: str | None
) -> bytes:
    """The canonical bytes of a leaf from its stored fields. Raises LeafError."""
    fields: dict[str, Any] = {"body": body, "kind": kind, "tenant": tenant, "ts": ts}
    if subject_ref is not None:
        fields["subject_ref"] = subject_ref
    if ciphertext_sha256 is not None:
        fields["ciphertext_sha256"] = ciphertext_sha256
    for name, value in fields.items():
        if name != "body" and not (type(value) is str and 0 < len(value) <= MAX_NAME_CHARS):
            raise LeafError(f"$.{name}: expected a text of 1..{MAX_NAME_CHARS} characters, got {value!r:.60}")
    if type(body) is not dict:
        raise LeafError(f"$.body: expected a map, got {type(body).__name__}")
    data = canonical_bytes(fields)
    if len(data) > MAX_LEAF_BYTES:
        raise LeafError(f"$: the leaf takes {len(data)} bytes, at most {MAX_LEAF_BYTES} are allowed")
    return data


def canonical_bytes(value: JsonValue) -> bytes:
    """RFC 8785 bytes of a value of null, booleans, safe integers, texts, lists and maps. Raises LeafError.

    msgspec sorts keys by code point, which for ASCII keys is RFC 8785's order, and escapes as RFC 8785 does
    (property-tested against the rfc8785 library); other keys take the library, ten times slower.
    """
    ascii_keys = _check(value, "$", 0)
    try:
        return _encode(value) if ascii_keys else rfc8785.dumps(cast("Any", value))
    except (UnicodeEncodeError, rfc8785.CanonicalizationError) as error:
        raise LeafError(f"$: a text holds an unpaired surrogate and has no UTF-8 form ({error})") from error


def utc_text(instant: datetime) -> str:
    """ISO 8601 in UTC with microseconds and Z. Raises LeafError for an instant without a time zone."""
    if instant.tzinfo is None:
        raise LeafError("$.ts: the instant has no time zone")
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _check(value: Any, place: str, depth: int) -> bool:
    """Whether every key below is ASCII; raises LeafError at the first value that JSON of a leaf may not hold."""
    kind = type(value)
    if kind is str:
        if "\x00" in value:
            raise LeafError(f"{place}: a text may not hold U+0000")
        return True
    if value is None or kind is bool:
        return True
    if kind is int:
        if not -MAX_SAFE_INT <= value <= MAX_SAFE_INT:
            raise LeafError(f"{place}: {value} is beyond ±(2^53 - 1); write it as a text")
        return True
    if depth >= MAX_DEPTH:
        raise LeafError(f"{place}: nested deeper than {MAX_DEPTH}")
    if kind is dict:
        return _check_map(value, place, depth)
    if kind is list or kind is tuple:
        ascii_keys = True
        for number, item in enumerate(value):
            ascii_keys = _check(item, f"{place}[{number}]", depth + 1) and ascii_keys
        return ascii_keys
    if kind is float:
        raise LeafError(f"{place}: {value!r} is a floating point number; use integer minor units, ppm or a text")
    raise LeafError(f"{place}: a {kind.__name__} is not a value a leaf can hold")


def _check_map(value: dict[str, Any], place: str, depth: int) -> bool:
    ascii_keys = True
    for key, item in value.items():
        if type(key) is not str:
            raise LeafError(f"{place}: the key {key!r} is not a text")
        if not key.isascii():
            ascii_keys = False
        if "\x00" in key:
            raise LeafError(f"{place}: a key may not hold U+0000")
        # The scalar cases inline: a leaf is mostly these, and a call for each doubles the time.
        scalar = type(item)
        if item is None or scalar is bool or (scalar is str and "\x00" not in item):
            continue
        if not _check(item, f"{place}.{key}", depth + 1):
            ascii_keys = False
    return ascii_keys
