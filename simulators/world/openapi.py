"""The OpenAPI 3.1 document of a world, generated from its routes and their shapes."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from simulators.world.route import Refusal, Route

_PARAMETER = re.compile(r"\{(\w+)\}")


def openapi_document(title: str, routes: Sequence[Route]) -> dict[str, Any]:
    types = list(dict.fromkeys(kind for route in routes for kind in (route.answer, route.body) if kind is not None))
    types.append(Refusal)
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(route: Route, by_type: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": text} for name in _PARAMETER.findall(route.path)
    ]
    parameters += [{"name": name, "in": "query", "required": True, "schema": text} for name in route.query]
    if route.writes:
        parameters.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": text})
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "parameters": parameters,
        "responses": {
            "200": {"description": "done", "content": _json(by_type[repr(route.answer)])},
            "4XX": {"description": "refused", "content": _json(by_type[repr(Refusal)])},
        },
        "x-scope": route.scope,
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(by_type[repr(route.body)])}
    return operation


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
