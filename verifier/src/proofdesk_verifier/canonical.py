"""Strict JSON reading and RFC 8785 writing, for the values a leaf may hold: no floats, no duplicate keys."""

import json
from json.encoder import encode_basestring
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 64
MAX_SAFE_INT: Final = 2**53 - 1


class BadJson(ValueError):
    """Not the JSON a ledger holds. The message says why."""


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises BadJson."""
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        return json.loads(
            decoded, parse_float=_no_float, parse_constant=_no_float, parse_int=_integer, object_pairs_hook=_object
        )
    except BadJson:
        raise
    except (ValueError, RecursionError) as error:
        raise BadJson(f"not JSON ({type(error).__name__}: {error})") from error


def canonical_bytes(value: Any) -> bytes:
    """RFC 8785 bytes. Raises BadJson for what has none."""
    parts: list[str] = []
    _write(value, parts, 0)
    try:
        return "".join(parts).encode()
    except UnicodeEncodeError as error:
        raise BadJson("a text holds an unpaired surrogate") from error


def _write(value: Any, parts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadJson(f"nested deeper than {MAX_DEPTH}")
    if value is None:
        parts.append("null")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, str):
        parts.append(encode_basestring(value))
    elif isinstance(value, int):
        parts.append(str(value))
    elif isinstance(value, list):
        _write_list(value, parts, depth)
    elif isinstance(value, dict):
        _write_object(value, parts, depth)
    else:
        raise BadJson(f"a {type(value).__name__} is not a value a ledger holds")


def _write_list(value: list[Any], parts: list[str], depth: int) -> None:
    parts.append("[")
    for place, item in enumerate(value):
        if place:
            parts.append(",")
        _write(item, parts, depth + 1)
    parts.append("]")


def _write_object(value: dict[str, Any], parts: list[str], depth: int) -> None:
    """RFC 8785 sorts keys by their UTF-16 code units, which is not the order of code points above U+FFFF."""
    parts.append("{")
    for place, key in enumerate(sorted(value, key=_utf16)):
        if place:
            parts.append(",")
        parts.append(encode_basestring(key))
        parts.append(":")
        _write(value[key], parts, depth + 1)
    parts.append("}")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _no_float(text: str) -> NoReturn:
    raise BadJson(f"{text[:40]} is not an integer, and a ledger holds no other numbers")


def _integer(text: str) -> int:
    if len(text) > 17 or not -MAX_SAFE_INT <= int(text) <= MAX_SAFE_INT:
        raise BadJson(f"{text[:40]} is beyond 2^53 - 1")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadJson("a key comes twice in one object")
    return value
