"""A compact checker for the JSON Schema subset that service documents use.

Checked: type (also a list of types), nullable, enum, const, required, properties, additionalProperties, items,
minItems, maxItems, minLength, maxLength, pattern, minimum, maximum, exclusiveMinimum, exclusiveMaximum, allOf,
anyOf, oneOf. `format` and texts are annotations. Other keywords that constrain are refused for arguments and left
unchecked in answers. (JSON Schema 2020-12; OpenAPI 3.0 `nullable` too.)
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], str]
"""Gives "" when the value fits, else `field: what is wrong`, the field written as `.items[0].price`."""

UNSUPPORTED = frozenset(
    ("not", "if", "then", "else", "patternProperties", "propertyNames", "prefixItems", "contains", "dependentRequired",
     "dependentSchemas", "unevaluatedProperties", "unevaluatedItems", "multipleOf", "uniqueItems", "minProperties",
     "maxProperties", "$dynamicRef")
)  # fmt: skip
MAX_SCHEMA_NODES = 50_000
_ABSENT: Any = object()


class SchemaError(ValueError):
    """The schema itself cannot be used. The text names the place inside it."""


def resolve(schema: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `schema` with every local `$ref` replaced. A schema inside itself becomes `{}` (anything)."""
    budget = [MAX_SCHEMA_NODES]

    def walk(node: Any, inside: tuple[str, ...]) -> Any:
        budget[0] -= 1
        if budget[0] < 0:
            raise SchemaError(f"schema has more than {MAX_SCHEMA_NODES} parts once its references are filled in")
        if isinstance(node, dict):
            ref = node.get("$ref")
            if isinstance(ref, str):
                if ref in inside:
                    return {}
                target = walk(look_up(document, ref), (*inside, ref))
                rest = {key: walk(value, inside) for key, value in node.items() if key != "$ref"}
                return {**target, **rest} if isinstance(target, dict) else target
            return {key: walk(value, inside) for key, value in node.items()}
        if isinstance(node, list):
            return [walk(item, inside) for item in node]
        return node

    found = walk(schema, ())
    if isinstance(found, bool):
        return {} if found else {"enum": []}
    if not isinstance(found, dict):
        raise SchemaError(f"schema must be an object, found {type(found).__name__}")
    return found


def look_up(document: Mapping[str, Any], ref: str) -> Any:
    if not ref.startswith("#/"):
        raise SchemaError(f"reference {ref!r} points outside the document; only #/… is followed")
    node: Any = document
    for part in ref[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            raise SchemaError(f"reference {ref!r} points at nothing")
        node = node[name]
    return node


def compile_schema(schema: Any, *, strict: bool = False, where: str = "schema") -> Check:
    """The checker of a resolved schema. `strict` refuses keywords that this checker does not know."""
    if schema is True or schema == {}:
        return _anything
    if schema is False:
        return lambda _value: ": nothing is allowed here"
    if not isinstance(schema, dict):
        raise SchemaError(f"{where} must be an object")
    if strict and (odd := sorted(UNSUPPORTED & schema.keys())):
        raise SchemaError(f"{where} uses {', '.join(odd)}, which arguments cannot be checked against")
    checks = [
        check
        for make in (_type, _enum, _number, _text, _array, _object, _combined)
        if (check := make(schema, strict, where)) is not None
    ]
    if not checks:
        return _anything
    if len(checks) == 1:
        return checks[0]
    sequence = tuple(checks)

    def run(value: Any) -> str:
        for check in sequence:
            if wrong := check(value):
                return wrong
        return ""

    return run


def _anything(_value: Any) -> str:
    return ""


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: (isinstance(v, int) and not isinstance(v, bool)) or (isinstance(v, float) and v.is_integer()),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "null": lambda v: v is None,
}


def _type(schema: dict[str, Any], _strict: bool, where: str) -> Check | None:
    declared = schema.get("type")
    if declared is None:
        return None
    names = [declared] if isinstance(declared, str) else list(declared)
    if schema.get("nullable") is True:
        names.append("null")
    if odd := [name for name in names if name not in _TYPES]:
        raise SchemaError(f"{where} has the unknown type {odd[0]!r}")
    tests = tuple(_TYPES[name] for name in names)
    expected = " or ".join(names)
    if len(tests) == 1:
        test = tests[0]
        return lambda value: "" if test(value) else f": expected {expected}, found {_kind(value)}"
    return lambda value: "" if any(test(value) for test in tests) else f": expected {expected}, found {_kind(value)}"


def _enum(schema: dict[str, Any], _strict: bool, where: str) -> Check | None:
    if "const" in schema:
        allowed = [schema["const"]]
    elif "enum" in schema:
        allowed = schema["enum"]
        if not isinstance(allowed, list):
            raise SchemaError(f"{where}.enum must be a list")
    else:
        return None
    nullable = schema.get("nullable") is True
    shown = ", ".join(str(item) for item in allowed[:12])

    def check(value: Any) -> str:
        if value is None and nullable:
            return ""
        fits = any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in allowed)
        return "" if fits else f": must be one of {shown}"

    return check


def _number(schema: dict[str, Any], _strict: bool, _where: str) -> Check | None:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is True:
        above, low = low, None
    if below is True:
        below, high = high, None
    if low is None and high is None and above in (None, False) and below in (None, False):
        return None

    def check(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return ""
        if low is not None and value < low:
            return f": must be at least {low}"
        if high is not None and value > high:
            return f": must be at most {high}"
        if isinstance(above, (int, float)) and above is not False and value <= above:
            return f": must be more than {above}"
        if isinstance(below, (int, float)) and below is not False and value >= below:
            return f": must be less than {below}"
        return ""

    return check


def _text(schema: dict[str, Any], _strict: bool, where: str) -> Check | None:
    shortest, longest, pattern = schema.get("minLength"), schema.get("maxLength"), schema.get("pattern")
    if shortest is None and longest is None and pattern is None:
        return None
    try:
        compiled = re.compile(pattern) if pattern is not None else None
    except re.error as error:
        raise SchemaError(f"{where}.pattern is not a regular expression this checker knows: {error}") from error

    def check(value: Any) -> str:
        if not isinstance(value, str):
            return ""
        if shortest is not None and len(value) < shortest:
            return f": must have at least {shortest} characters"
        if longest is not None and len(value) > longest:
            return f": must have at most {longest} characters"
        if compiled is not None and compiled.search(value) is None:
            return f": must match {pattern}"
        return ""

    return check


def _array(schema: dict[str, Any], strict: bool, where: str) -> Check | None:
    fewest, most = schema.get("minItems"), schema.get("maxItems")
    items = compile_schema(schema["items"], strict=strict, where=f"{where}.items") if "items" in schema else None
    if items is None and fewest is None and most is None:
        return None

    def check(value: Any) -> str:
        if not isinstance(value, list):
            return ""
        if fewest is not None and len(value) < fewest:
            return f": must have at least {fewest} items"
        if most is not None and len(value) > most:
            return f": must have at most {most} items"
        if items is not None:
            for index, item in enumerate(value):
                if wrong := items(item):
                    return f"[{index}]{wrong}"
        return ""

    return check


def _object(schema: dict[str, Any], strict: bool, where: str) -> Check | None:
    properties = schema.get("properties") or {}
    required = tuple(schema.get("required") or ())
    if not properties and not required and "additionalProperties" not in schema:
        return None
    known = {name: compile_schema(inner, strict=strict, where=f"{where}.{name}") for name, inner in properties.items()}
    closed = schema.get("additionalProperties") is False
    extra = schema.get("additionalProperties")
    other = compile_schema(extra, strict=strict, where=f"{where}.*") if isinstance(extra, dict) else None
    checked = tuple(known.items())

    def check(value: Any) -> str:
        if not isinstance(value, dict):
            return ""
        for name in required:
            if name not in value:
                return f".{name}: is missing"
        for name, inner in checked:
            item = value.get(name, _ABSENT)
            if item is not _ABSENT and (wrong := inner(item)):
                return f".{name}{wrong}"
        if closed or other is not None:
            for name, item in value.items():
                if name in known:
                    continue
                if closed:
                    return f".{name}: is not known here"
                if other is not None and (wrong := other(item)):
                    return f".{name}{wrong}"
        return ""

    return check


def _combined(schema: dict[str, Any], strict: bool, where: str) -> Check | None:
    parts: list[Check] = []
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword not in schema:
            continue
        inner = [
            compile_schema(item, strict=strict, where=f"{where}.{keyword}[{index}]")
            for index, item in enumerate(schema[keyword])
        ]
        parts.append(_all(inner) if keyword == "allOf" else _some(inner, exactly_one=keyword == "oneOf"))
    return _all(parts) if parts else None


def _all(checks: list[Check]) -> Check:
    def check(value: Any) -> str:
        return next((wrong for inner in checks if (wrong := inner(value))), "")

    return check


def _some(checks: list[Check], *, exactly_one: bool) -> Check:
    def check(value: Any) -> str:
        wrong = [inner(value) for inner in checks]
        fits = wrong.count("")
        if fits == 0:
            return wrong[0] if len(wrong) == 1 else f": fits none of the {len(wrong)} allowed forms"
        return f": fits {fits} forms where exactly one is allowed" if exactly_one and fits > 1 else ""

    return check


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}.get(
        type(value), type(value).__name__
    )
