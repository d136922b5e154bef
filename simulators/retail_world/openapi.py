"""The OpenAPI 3.1 document of the world, generated from its routes and shapes."""

import re
from typing import Any

import msgspec

from simulators.retail_world import shapes
from simulators.retail_world.routes import ROUTES, Route

_PARAMETER = re.compile(r"\{(\w+)\}")


def openapi_document() -> dict[str, Any]:
    types = list(dict.fromkeys(kind for route in ROUTES for kind in (route.answer, route.body) if kind is not None))
    types.append(shapes.Refusal)
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Retail world", "version": "1"},
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
            "4XX": {"description": "refused", "content": _json(by_type[repr(shapes.Refusal)])},
        },
        "x-scope": route.scope,
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(by_type[repr(route.body)])}
    return operation


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
