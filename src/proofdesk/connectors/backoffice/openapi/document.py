"""Reading an OpenAPI 3.0/3.1 document: what one operation takes and gives, as JSON Schema."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from proofdesk.connectors.schema import SchemaError, look_up, resolve

_METHODS = ("get", "put", "post", "delete", "patch")
_PLACES = ("path", "query", "header")
Place = Literal["path", "query", "header", "body", "whole_body"]


class DocumentError(ValueError):
    """The document cannot be used. The text names the operation and the place in it."""


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """Where one property of the flat input goes. `wire_name` is its name there."""

    name: str
    place: Place
    wire_name: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `input_schema` is one flat object of path, query, header and body properties.

    `output_schemas` maps "200", "2XX" or "default" to the resolved schema of the JSON answer (None: no body).
    """

    id: str
    method: str
    path: str
    arguments: tuple[Argument, ...]
    input_schema: dict[str, Any]
    output_schemas: dict[str, dict[str, Any] | None]
    headers: tuple[str, ...] = ()
    """Header parameters it declares, lower-case, the ones that are no arguments included."""

    def output_schema(self) -> dict[str, Any]:
        """The schema of the usual answer: the lowest 2xx that has one."""
        for status in sorted(self.output_schemas):
            schema = self.output_schemas[status]
            if status.startswith("2") and schema is not None:
                return schema
        return {}


def read_operations(document: Any, own_headers: frozenset[str]) -> dict[str, "OperationSource"]:
    """All operations by operationId. `own_headers`: headers the connector fills in itself (lower-case)."""
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        raise DocumentError("is not an OpenAPI 3 document (field openapi)")
    paths = document.get("paths")
    if not isinstance(paths, dict):
        raise DocumentError("has no paths")
    found: dict[str, OperationSource] = {}
    for path, item in paths.items():
        if not isinstance(item, dict):
            raise DocumentError(f"paths.{path} is not an object")
        for method in _METHODS:
            operation = item.get(method)
            if not isinstance(operation, dict) or not (name := operation.get("operationId")):
                continue
            if name in found:
                raise DocumentError(f"operationId {name} is used twice")
            found[name] = OperationSource(document, name, method, path, item, own_headers)
    return found


class OperationSource:
    """An operation not yet worked out: most documents hold many more than a connector uses."""

    def __init__(
        self,
        document: Mapping[str, Any],
        name: str,
        method: str,
        path: str,
        item: Mapping[str, Any],
        own_headers: frozenset[str],
    ) -> None:
        self._document = document
        self._name = name
        self._method = method
        self._path = path
        self._item = item
        self._own = own_headers

    def read(self) -> Operation:
        """Raises DocumentError."""
        try:
            return self._read()
        except SchemaError as error:
            raise DocumentError(f"operation {self._name}: {error}") from error

    def _read(self) -> Operation:
        raw = self._item[self._method]
        arguments: list[Argument] = []
        properties: dict[str, Any] = {}
        required: list[str] = []
        headers: list[str] = []

        def add(name: str, place: Place, wire_name: str, schema: dict[str, Any], needed: bool) -> None:
            if name in properties:
                raise DocumentError(f"operation {self._name}: {name} is both a {place} field and another argument")
            arguments.append(Argument(name=name, place=place, wire_name=wire_name))
            properties[name] = schema
            if needed:
                required.append(name)

        for parameter in self._parameters(raw):
            place, wire = parameter.get("in"), str(parameter.get("name", ""))
            if place == "cookie":
                continue
            if place not in _PLACES:
                raise DocumentError(f"operation {self._name}: parameter {wire} is in {place!r}")
            schema = resolve(parameter.get("schema", {}), self._document)
            name = wire
            if place == "header":
                headers.append(wire.lower())
                if wire.lower() in self._own:
                    continue
                name = wire.lower().replace("-", "_")
            add(name, place, wire, schema, place == "path" or parameter.get("required") is True)
        self._body(raw, add)
        self._check_path(arguments)
        input_schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            input_schema["required"] = required
        return Operation(
            id=self._name,
            method=self._method.upper(),
            path=self._path,
            arguments=tuple(arguments),
            input_schema=input_schema,
            output_schemas=self._outputs(raw),
            headers=tuple(headers),
        )

    def _parameters(self, raw: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Those of the operation replace those of its path with the same name and place."""
        merged: dict[tuple[str, str], dict[str, Any]] = {}
        for parameter in (*self._item.get("parameters", ()), *raw.get("parameters", ())):
            whole = self._follow(parameter)
            merged[(str(whole.get("in")), str(whole.get("name")))] = whole
        return list(merged.values())

    def _follow(self, node: Any) -> dict[str, Any]:
        for _ in range(8):
            if isinstance(node, dict) and isinstance(node.get("$ref"), str):
                node = look_up(self._document, node["$ref"])
        if not isinstance(node, dict):
            raise DocumentError(f"operation {self._name}: a part of it is not an object")
        return node

    def _body(self, raw: Mapping[str, Any], add: Any) -> None:
        if "requestBody" not in raw:
            return
        body = self._follow(raw["requestBody"])
        schema = self._json(body, "request body")
        if schema is None:
            raise DocumentError(f"operation {self._name}: only application/json request bodies are supported")
        needed = body.get("required") is True
        if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
            inner = schema.get("required", [])
            for name, part in schema["properties"].items():
                add(name, "body", name, part, needed and name in inner)
        else:
            add("body", "whole_body", "body", schema, needed)

    def _outputs(self, raw: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
        outputs: dict[str, dict[str, Any] | None] = {}
        for status, response in (raw.get("responses") or {}).items():
            if str(status).startswith("2") or status == "default":
                outputs[str(status).upper() if status != "default" else "default"] = self._json(
                    self._follow(response), f"answer {status}"
                )
        if not outputs:
            raise DocumentError(f"operation {self._name}: no 2xx answer is described")
        return outputs

    def _json(self, node: Mapping[str, Any], what: str) -> dict[str, Any] | None:
        content = node.get("content")
        if not content:
            return None
        for media, described in content.items():
            kind = media.split(";")[0].strip()
            if kind == "application/json" or kind.endswith("+json"):
                return resolve(self._follow(described).get("schema", {}), self._document)
        raise DocumentError(f"operation {self._name}: {what} is not JSON")

    def _check_path(self, arguments: list[Argument]) -> None:
        for argument in arguments:
            if argument.place == "path" and "{" + argument.wire_name + "}" not in self._path:
                raise DocumentError(f"operation {self._name}: path {self._path} lacks {{{argument.wire_name}}}")
        left = self._path
        for argument in arguments:
            left = left.replace("{" + argument.wire_name + "}", "")
        if "{" in left:
            raise DocumentError(f"operation {self._name}: path {self._path} has an undeclared parameter")
