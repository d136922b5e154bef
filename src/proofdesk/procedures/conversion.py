"""Convert plain values to document types, reporting every fault with its place instead of the first one only."""

import difflib
import re
import typing
from typing import Any

import msgspec

from proofdesk.procedures.yaml_source import Path, Source

_HINTS = {
    "^[a-z][a-z0-9_]{0,63}$": "use lower-case letters, digits and _, starting with a letter",
}


def convert(kind: Any, value: Any, path: Path, source: Source) -> Any:
    """`value` as `kind`, or None after its faults were added to `source`."""
    before = len(source.faults)
    _check(kind, value, path, source)
    if len(source.faults) > before:
        return None
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        source.fault(path, _plain_words(str(error)))
        return None


def closest(word: str, words: "typing.Iterable[str]") -> str:
    """Hint naming the word that was probably meant, or all of them when there are few."""
    known = sorted(words)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known: {', '.join(known[:20])}" if known else ""


def _check(kind: Any, value: Any, path: Path, source: Source) -> None:
    kind = _without_none(kind, value)
    struct = _struct_of(kind)
    origin = typing.get_origin(_bare(kind))
    if struct is not None:
        _check_struct(struct, value, path, source)
    elif origin is list and isinstance(value, list):
        _check_leaf(kind, value, path, source, inner=False)
        for index, item in enumerate(value):
            _check(typing.get_args(_bare(kind))[0], item, (*path, index), source)
    elif origin is dict and isinstance(value, dict):
        key_kind, item_kind = typing.get_args(_bare(kind))
        for key, item in value.items():
            if _refusal(key_kind, key):
                source.fault((*path, key), f"{key}: {_refusal(key_kind, key)}", _hint(key_kind), on_key=True)
            _check(item_kind, item, (*path, key), source)
    else:
        _check_leaf(kind, value, path, source, inner=True)


def _check_struct(struct: type[msgspec.Struct], value: Any, path: Path, source: Source) -> None:
    if not isinstance(value, dict):
        source.fault(path, f"expected fields ({', '.join(struct.__struct_encode_fields__)}), found {_kind_of(value)}")
        return
    fields = {f.encode_name: f for f in msgspec.structs.fields(struct)}
    for key in value:
        if key not in fields:
            source.fault((*path, key), f"unknown field {key}", closest(key, fields), on_key=True)
    for name, field in fields.items():
        if name in value:
            _check(field.type, value[name], (*path, name), source)
        elif field.required:
            source.fault(path, f"{name} is missing", f"add `{name}:`")


def _check_leaf(kind: Any, value: Any, path: Path, source: Source, *, inner: bool) -> None:
    probe = kind if inner else typing.Annotated[list[Any], *_metadata(kind)] if _metadata(kind) else list[Any]
    refusal = _refusal(probe, value)
    if refusal:
        source.fault(path, refusal, _hint(kind))


def _refusal(kind: Any, value: Any) -> str:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return _plain_words(str(error))
    return ""


def _plain_words(message: str) -> str:
    words = re.sub(r" - at `.*`$", "", message).replace("`", "")
    for typed, plain in (("array", "list"), ("object", "fields"), ("str", "text"), ("int", "whole number")):
        words = re.sub(rf"\b{typed}\b", plain, words)
    return words[:1].lower() + words[1:]


def _hint(kind: Any) -> str:
    pattern = next((m.pattern for m in _metadata(kind) if isinstance(m, msgspec.Meta) and m.pattern), "")
    if pattern:
        return _HINTS.get(pattern, "")
    if typing.get_origin(_bare(kind)) is typing.Literal:
        return f"one of: {', '.join(typing.get_args(_bare(kind)))}"
    return ""


def _without_none(kind: Any, value: Any) -> Any:
    """`X | None` is checked as X, so that an empty field is reported, unless null is meant (requester: null)."""
    args = typing.get_args(kind)
    if type(None) not in args:
        return kind
    rest = [a for a in args if a is not type(None)]
    return rest[0] if len(rest) == 1 and value is not None else kind


def _struct_of(kind: Any) -> type[msgspec.Struct] | None:
    bare = _bare(kind)
    return bare if isinstance(bare, type) and issubclass(bare, msgspec.Struct) else None


def _bare(kind: Any) -> Any:
    return typing.get_args(kind)[0] if hasattr(kind, "__metadata__") else kind


def _metadata(kind: Any) -> tuple[Any, ...]:
    return tuple(getattr(kind, "__metadata__", ()))


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case list():
            return "a list"
        case str():
            return "a text"
        case _:
            return f"{value!r}"
