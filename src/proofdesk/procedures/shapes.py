"""JSON Schema to CEL declarations: what an expression may say about a value, known when the file is loaded."""

from collections.abc import Mapping
from typing import Any

import msgspec

MAX_SHAPE_DEPTH = 12


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """`type`: a CEL type in words ("string", "int", "bool", "list(string)", "map", "dyn").

    `fields` are the known fields of an object; `closed` says that there are no others.
    """

    type: str = "dyn"
    fields: "dict[str, Shape]" = {}
    closed: bool = False


DYN = Shape()
STRING = Shape(type="string")
INT = Shape(type="int")

_SCALARS = {"string": "string", "integer": "int", "boolean": "bool"}

ADDRESS = Shape(
    type="map",
    closed=True,
    fields=dict.fromkeys(("line1", "line2", "city", "region", "postcode", "country"), STRING),
)
PERSON = Shape(type="map", closed=True, fields=dict.fromkeys(("given_name", "family_name", "born"), STRING))
REQUESTER = Shape(
    type="map",
    closed=True,
    fields={
        **dict.fromkeys(("id", "given_name", "family_name", "account_id", "tier", "jurisdiction"), STRING),
        "emails": Shape(type="list(string)"),
        "methods": Shape(type="list(map)"),
        "address": Shape(fields=ADDRESS.fields, closed=True),
        "extra": DYN,
    },
)
SLOT_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(("order", "subscription", "plan", "method", "enum", "text", "email", "date"), STRING),
    "lines": Shape(type="list(string)"),
    "line_changes": Shape(type="list(map)"),
    "address": ADDRESS,
    "number": INT,
    "person": PERSON,
    "amount": Shape(type="map", closed=True, fields={"minor": INT, "currency": STRING}),
}


def shape_of_schema(schema: Mapping[str, Any] | bool, depth: int = 0) -> Shape:
    """The shape a JSON Schema (references resolved) promises. What it does not promise is dyn."""
    if isinstance(schema, bool) or not schema or depth > MAX_SHAPE_DEPTH:
        return DYN
    schema = _merged(schema)
    kinds = _kinds(schema)
    if kinds == ["object"] or (not kinds and "properties" in schema):
        return _object(schema, depth)
    if kinds == ["array"]:
        return Shape(type=f"list({_item(schema.get('items', {}), depth)})")
    if len(kinds) == 1 and kinds[0] in _SCALARS:
        return Shape(type=_SCALARS[kinds[0]])
    if "null" in kinds and "object" in kinds:
        known = _object(schema, depth)
        return Shape(fields=known.fields, closed=known.closed)
    return DYN


def declarations(prefix: str, shape: Shape) -> dict[str, str]:
    """Flat CEL declarations: {"order": "map", "order.status": "string", …}."""
    flat = {prefix: shape.type}
    for name, field in shape.fields.items():
        flat.update(declarations(f"{prefix}.{name}", field))
    return flat


def nullable(shape: Shape) -> Shape:
    """The same fields, but the value itself may be null."""
    return Shape(fields=shape.fields, closed=shape.closed)


def _object(schema: Mapping[str, Any], depth: int) -> Shape:
    properties = schema.get("properties", {})
    if not properties:
        return Shape(type="map")
    required = set(schema.get("required", ()))
    fields = {name: shape_of_schema(sub, depth + 1) for name, sub in properties.items()}
    fields = {name: field if name in required else nullable(field) for name, field in fields.items()}
    closed = schema.get("additionalProperties", False) is False
    return Shape(type="map", fields=fields, closed=closed)


def _merged(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fold allOf into one schema, and `X or null` into a nullable X. Other alternatives stay unknown (dyn)."""
    if "allOf" in schema:
        merged: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
        for part in map(_merged, schema["allOf"]):
            merged = {
                **part,
                **merged,
                "properties": {**part.get("properties", {}), **merged.get("properties", {})},
                "required": [*part.get("required", ()), *merged.get("required", ())],
            }
        return merged
    for word in ("anyOf", "oneOf"):
        options = [o for o in schema.get(word, ()) if isinstance(o, Mapping)]
        rest = [o for o in options if o.get("type") != "null"]
        if len(rest) == 1 and len(options) == 2:
            inner = _merged(rest[0])
            return {**inner, "type": [*_kinds(inner), "null"]}
    return schema


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type", [])
    kinds = [kind] if isinstance(kind, str) else [str(k) for k in kind]
    return [*kinds, "null"] if schema.get("nullable") is True and "null" not in kinds else kinds


def _item(schema: Mapping[str, Any] | bool, depth: int) -> str:
    item = shape_of_schema(schema, depth + 1)
    return item.type if item.type in ("string", "int", "bool", "map") else "dyn"
