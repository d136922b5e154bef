"""The `map` part of records.yaml: turning answers into core/records.py values. Pure once compiled.

Each entry is compiled against the type it must give, so a wrong name or a missing field is found at load.
"""

import types
import typing
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from proofdesk.connectors.backoffice.paths import (
    MISSING,
    Path,
    PathError,
    Scope,
    follow_schema,
    parse,
    value,
    values,
)
from proofdesk.connectors.yamlfile import FieldPath, YamlFile, field_name

Schemas = dict[str, dict[str, Any]]
"""Schemas of the names a path may start from; "" is the current item, "^" the one around it."""
Make = Callable[[Scope], Any]
MAX_ABS_MINOR = 10**15
MAX_DIGITS = 16


class MappingError(ValueError):
    """An answer cannot be mapped. Names the field of records.yaml, never a value (it may be personal data)."""


class Compiler:
    """Turns nodes of the file into functions. `digits`: decimals of the minor unit."""

    def __init__(self, file: YamlFile, digits: int) -> None:
        self._file = file
        self._digits = digits

    def path(self, text: Any, at: FieldPath, schemas: Schemas) -> tuple[Path, dict[str, Any]]:
        """A parsed path and the schema of what it leads to."""
        if not isinstance(text, str):
            raise self._file.error(at, "must be a path like $.name")
        try:
            path = parse(text)
            if path.root not in schemas:
                known = ", ".join("$" + name for name in sorted(schemas) if name)
                raise PathError(f"${path.root} is not known here; known: {known or 'none'}")
            return path, follow_schema(path, schemas[path.root])
        except PathError as error:
            raise self._file.error(at, str(error)) from error

    def struct(
        self, type_: type[msgspec.Struct], node: Any, at: FieldPath, schemas: Schemas, skip: tuple[str, ...] = ()
    ) -> Make:
        """A function that builds one `type_` from a scope."""
        entries = self._file.mapping(at, node)
        fields = {field.name: field for field in msgspec.structs.fields(type_)}
        hints = typing.get_type_hints(type_)
        makers: list[tuple[str, Make, bool]] = []
        for name, inner in entries.items():
            if name in skip:
                continue
            if name not in fields:
                raise self._file.error((*at, name), f"{type_.__name__} has no field {name}; it has {', '.join(fields)}")
            make = self._field(hints[name], inner, (*at, name), schemas)
            makers.append((name, make, fields[name].required))
        for name, field in fields.items():
            if field.required and name not in entries:
                raise self._file.error(at, f"{type_.__name__} needs the field {name}")
        where = field_name(at)

        def build(scope: Scope) -> msgspec.Struct:
            found: dict[str, Any] = {}
            for name, make, required in makers:
                made = make(scope)
                if made is not MISSING:
                    found[name] = made
                elif required:
                    raise MappingError(f"{where}.{name}: the answer has no such value")
            return type_(**found)

        return build

    def each(self, type_: type[msgspec.Struct], node: Any, at: FieldPath, schemas: Schemas) -> Make:
        """A function that gives a tuple of `type_`, one for each item of the `each` path."""
        entries = self._file.mapping(at, node)
        path, schema = self.path(entries.get("each"), (*at, "each"), schemas)
        spread = not path.many
        if spread and schema:
            if "array" not in (schema.get("type") or "array"):
                raise self._file.error((*at, "each"), "leads to one value, not to a list: add [*] or .*")
            items = schema.get("items")
            schema = items if isinstance(items, dict) else {}
        inner = {**schemas, "^": schemas.get("", {}), "": schema}
        build = self.struct(type_, entries, at, inner, skip=("each",))
        where = field_name(at)

        def make(scope: Scope) -> tuple[Any, ...]:
            found = values(path, scope)
            if spread and len(found) == 1:
                if not isinstance(found[0], list):
                    raise MappingError(f"{where}.each: must lead to a list; add .* for the values of a mapping")
                found = found[0]
            return tuple(build(Scope(names=scope.names, item=item, outer=scope.item)) for item in found)

        return make

    def _field(self, hint: Any, node: Any, at: FieldPath, schemas: Schemas) -> Make:
        hint = _without_none(hint)
        origin = typing.get_origin(hint)
        if origin is tuple:
            inner = typing.get_args(hint)[0]
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                return self.each(inner, node, at, schemas)
            return self._texts(node, at, schemas)
        if origin is dict:
            return self._dict(typing.get_args(hint)[1], node, at, schemas)
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return self._nested(hint, node, at, schemas)
        return self._scalar(hint, node, at, schemas)

    def _nested(self, type_: type[msgspec.Struct], node: Any, at: FieldPath, schemas: Schemas) -> Make:
        entries = self._file.mapping(at, node)
        if "from" not in entries:
            return self.struct(type_, entries, at, schemas)
        path, schema = self.path(entries["from"], (*at, "from"), schemas)
        inner = {**schemas, "^": schemas.get("", {}), "": schema}
        build = self.struct(type_, entries, at, inner, skip=("from",))

        def make(scope: Scope) -> Any:
            found = value(path, scope)
            return MISSING if found is MISSING else build(Scope(names=scope.names, item=found, outer=scope.item))

        return make

    def _texts(self, node: Any, at: FieldPath, schemas: Schemas) -> Make:
        """A tuple of texts, each once, in the order found."""
        nodes = node if isinstance(node, list) else [node]
        paths = [self.path(text, at, schemas)[0] for text in nodes]
        where = field_name(at)

        def make(scope: Scope) -> tuple[str, ...]:
            found = [item for path in paths for item in values(path, scope)]
            if len(found) == 1 and isinstance(found[0], list):
                found = found[0]
            return tuple(dict.fromkeys(_text(item, where) for item in found))

        return make

    def _dict(self, inner: Any, node: Any, at: FieldPath, schemas: Schemas) -> Make:
        where = field_name(at)
        as_text = inner is str
        if isinstance(node, dict):
            parts = {name: self.path(text, (*at, name), schemas)[0] for name, text in node.items()}

            def pick(scope: Scope) -> dict[str, Any]:
                found = {
                    name: (values(path, scope) if path.many else value(path, scope)) for name, path in parts.items()
                }
                present = {name: item for name, item in found.items() if item is not MISSING}
                return {name: _text(item, where) for name, item in present.items()} if as_text else present

            return pick
        path, _ = self.path(node, at, schemas)

        def copy(scope: Scope) -> Any:
            found = value(path, scope)
            if found is MISSING:
                return MISSING
            if not isinstance(found, dict):
                raise MappingError(f"{where}: must be a mapping")
            return {name: _text(item, where) for name, item in found.items()} if as_text else dict(found)

        return copy

    def _scalar(self, hint: Any, node: Any, at: FieldPath, schemas: Schemas) -> Make:
        where = field_name(at)
        convert = _CONVERT[hint]
        if isinstance(node, dict):
            return self._worded(hint, node, at, schemas)
        if isinstance(node, str) and node.startswith("$"):
            path, _ = self.path(node, at, schemas)
            if path.many:
                raise self._file.error(at, f"{node} leads to many values, one is needed: use [0]")

            def read(scope: Scope) -> Any:
                found = value(path, scope)
                return found if found is MISSING else convert(found, where)

            return read
        try:
            fixed = convert(node, where)
        except MappingError as error:
            raise self._file.error(at, str(error).split(": ", 1)[-1]) from error
        return lambda _scope: fixed

    def _worded(self, hint: Any, node: dict[str, Any], at: FieldPath, schemas: Schemas) -> Make:
        """`{minor: path}` (money), or `{of: path, words: {theirs: ours}, default: …}`."""
        where = field_name(at)
        known = ("minor", "sum") if "minor" in node else ("of", "words", "default", "equals")
        for key in node:
            if key not in known:
                raise self._file.error((*at, key), f"unknown key; known keys: {', '.join(known)}")
        if "minor" in node:
            if hint is not int:
                raise self._file.error(at, "minor gives an integer; this field is none")
            return self._minor(node, at, schemas)
        path, _ = self.path(node.get("of"), (*at, "of"), schemas)
        words = self._file.mapping((*at, "words"), node.get("words", {}))
        default = node.get("default", MISSING)
        equals = node.get("equals", MISSING)
        convert = _CONVERT[hint]
        if default is not MISSING:
            try:
                default = convert(default, where)
            except MappingError as error:
                raise self._file.error((*at, "default"), str(error).split(": ", 1)[-1]) from error

        def read(scope: Scope) -> Any:
            found = value(path, scope)
            if found is MISSING:
                return default
            if equals is not MISSING:
                return convert(found == equals, where)
            if words:
                word = str(found).lower() if isinstance(found, bool) else str(found)
                if word not in words:
                    raise MappingError(f"{where}.words: the answer has a word that is not listed")
                return convert(words[word], where)
            return convert(found, where)

        return read

    def _minor(self, node: dict[str, Any], at: FieldPath, schemas: Schemas) -> Make:
        path, _ = self.path(node["minor"], (*at, "minor"), schemas)
        summed = node.get("sum", False) is True
        if path.many != summed:
            raise self._file.error(at, "a path to many amounts needs `sum: true`, a path to one must not have it")
        where, digits = field_name(at), self._digits

        def read(scope: Scope) -> Any:
            if summed:
                return sum(to_minor(item, digits, where) for item in values(path, scope))
            found = value(path, scope)
            return found if found is MISSING else to_minor(found, digits, where)

        return read


def to_minor(amount: Any, digits: int, where: str) -> int:
    """Decimal major units (number or text) to integer minor units, exactly; more decimals are an error."""
    if isinstance(amount, bool) or not isinstance(amount, (int, float, str)):
        raise MappingError(f"{where}: must be an amount")
    try:
        scaled = Decimal(str(amount)).scaleb(digits)
        if not scaled.is_finite() or scaled.adjusted() > MAX_DIGITS:
            # Looked at before int(): a text like 1e400000 would take seconds to write out.
            raise MappingError(f"{where}: is beyond any amount this product handles")
        whole = int(scaled)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise MappingError(f"{where}: must be an amount") from error
    if scaled != whole:
        raise MappingError(f"{where}: has more than {digits} decimals")
    if abs(whole) > MAX_ABS_MINOR:
        raise MappingError(f"{where}: is beyond any amount this product handles")
    return whole


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return next(part for part in typing.get_args(hint) if part is not type(None))
    return hint


def _text(item: Any, where: str) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int):
        return str(item)
    raise MappingError(f"{where}: must be text")


def _whole(item: Any, where: str) -> int:
    if isinstance(item, bool) or not isinstance(item, int):
        raise MappingError(f"{where}: must be a whole number")
    return item


def _flag(item: Any, where: str) -> bool:
    if not isinstance(item, bool):
        raise MappingError(f"{where}: must be true or false")
    return item


_CONVERT: dict[Any, Callable[[Any, str], Any]] = {str: _text, int: _whole, bool: _flag}
