"""The small path language of records.yaml: where in an answer a value lies. Nothing is ever evaluated.

`$` the current item, `$^` the item around it, `$name` an answer or claim; then `.name`, `["any name"]`, `[0]`,
`[*]` (every element of a list) and `.*` (every value of a mapping).
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

MAX_STEPS = 20
MAX_VALUES = 10_000
_ROOT = re.compile(r"\$(\^|[A-Za-z_][A-Za-z0-9_]*)?")
_STEP = re.compile(r"""\.(?P<name>[A-Za-z_][A-Za-z0-9_\-]*)|\["(?P<text>[^"]{1,200})"\]|\[(?P<index>\d{1,6})\]"""
                   r"""|(?P<all>\[\*\])|(?P<values>\.\*)""")  # fmt: skip
MISSING: Any = object()


class PathError(ValueError):
    """The text is not a path."""


class Every(msgspec.Struct, frozen=True, kw_only=True):
    """`[*]` (of a list) or `.*` (of a mapping)."""

    of: str


Step = str | int | Every


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """`root`: "" current item, "^" the one around it, else a name."""

    text: str
    root: str
    steps: tuple[Step, ...]

    @property
    def many(self) -> bool:
        return any(isinstance(step, Every) for step in self.steps)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a path may look at."""

    names: Mapping[str, Any]
    item: Any = MISSING
    outer: Any = MISSING


def parse(text: str) -> Path:
    found = _ROOT.match(text)
    if found is None:
        raise PathError(f"{text!r} is not a path: it must begin with $")
    at = found.end()
    steps: list[Step] = []
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise PathError(f'{text!r} is not a path at character {at + 1}: use .name, ["name"], [0], [*] or .*')
        if step["name"] is not None or step["text"] is not None:
            steps.append(step["name"] or step["text"])
        elif step["index"] is not None:
            steps.append(int(step["index"]))
        else:
            steps.append(Every(of="list" if step["all"] else "mapping"))
        at = step.end()
    if len(steps) > MAX_STEPS:
        raise PathError(f"{text!r} has more than {MAX_STEPS} steps")
    return Path(text=text, root=found[1] or "", steps=tuple(steps))


def values(path: Path, scope: Scope) -> list[Any]:
    """Every value the path leads to; absent and null ones are left out."""
    found: list[Any] = [_start(path, scope)]
    for step in path.steps:
        following: list[Any] = []
        for value in found:
            if isinstance(step, Every):
                if step.of == "list" and isinstance(value, list):
                    following.extend(value)
                elif step.of == "mapping" and isinstance(value, dict):
                    following.extend(value.values())
            elif isinstance(step, int):
                if isinstance(value, list) and step < len(value):
                    following.append(value[step])
            elif isinstance(value, dict) and step in value:
                following.append(value[step])
        if len(following) > MAX_VALUES:
            raise PathError(f"{path.text} leads to more than {MAX_VALUES} values")
        found = following
    return [value for value in found if value is not MISSING and value is not None]


def value(path: Path, scope: Scope) -> Any:
    """The one value of a path without `[*]` and `.*`, else MISSING."""
    found = _start(path, scope)
    for step in path.steps:
        # A straight descent: thousands of these are made for one requester, `values` costs five times as much.
        if type(step) is str:
            found = found.get(step, MISSING) if type(found) is dict else MISSING
        elif type(step) is int:
            found = found[step] if type(found) is list and step < len(found) else MISSING
        else:
            many = values(path, scope)
            return many[0] if many else MISSING
        if found is MISSING:
            return MISSING
    return MISSING if found is None else found


def _start(path: Path, scope: Scope) -> Any:
    if path.root == "":
        return scope.item
    return scope.outer if path.root == "^" else scope.names.get(path.root, MISSING)


def follow_schema(path: Path, schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of what the path leads to, as far as it is known ({} where it is not).

    Raises PathError when the schema lists its properties and the path asks for another.
    """
    for step in path.steps:
        schema = _one_form(schema)
        if isinstance(step, str):
            properties = schema.get("properties")
            extra = schema.get("additionalProperties")
            if isinstance(properties, dict) and properties and step not in properties and not isinstance(extra, dict):
                known = ", ".join(sorted(properties))
                raise PathError(f"{path.text}: the answer has no field {step}; it has {known}")
            found = (properties or {}).get(step, extra)
        elif isinstance(step, int) or step.of == "list":
            found = schema.get("items")
        else:
            found = schema.get("additionalProperties")
        schema = found if isinstance(found, dict) else {}
    return schema


def _one_form(schema: dict[str, Any]) -> dict[str, Any]:
    """`anyOf: [X, null]` and its like are X; any other choice is unknown."""
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema and "properties" not in schema:
            forms = [form for form in schema[keyword] if isinstance(form, dict) and form.get("type") != "null"]
            return forms[0] if len(forms) == 1 else {}
    return schema
