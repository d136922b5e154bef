"""The list of operations, and the OpenAPI 3.1 document made from it."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from examples.backoffice.world import World


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, checked. `path` and `query` hold texts, `body` the decoded struct."""

    world: World
    path: dict[str, str]
    query: dict[str, str]
    body: Any


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    method: str
    path: str
    scope: str
    summary: str
    answer: Any
    handle: Callable[[Call], Any]
    body: Any = None
    query: tuple[str, ...] = ()
    subject: tuple[str, str] | None = None
    """(table, path parameter) of the record whose version If-Match names."""
    business: Callable[[Call], str] | None = None
    """Says what a write did, in business terms. None: it reads."""
    status: int = 200


OPERATIONS: dict[str, Operation] = {}


def operation(id_: str, route: str, **options: Any) -> Callable[[Callable[[Call], Any]], Callable[[Call], Any]]:
    """Register a handler: `@operation("getOrder", "GET /orders/{order_id}", scope=…, answer=Order)`."""
    method, path = route.split(" ")

    def register(handle: Callable[[Call], Any]) -> Callable[[Call], Any]:
        OPERATIONS[id_] = Operation(
            id=id_, method=method, path=path, summary=(handle.__doc__ or "").strip(), handle=handle, **options
        )
        return handle

    return register


def read(table: str, parameter: str) -> Callable[[Call], Any]:
    """A handler that gives one record."""

    def handle(call: Call) -> Any:
        return call.world.get(table, call.path[parameter])

    return handle


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Every refusal looks like this."""

    code: str
    message: str


def document() -> dict[str, Any]:
    """The whole service as OpenAPI 3.1."""
    types = [Problem]
    for op in OPERATIONS.values():
        types += [op.answer] if op.body is None else [op.answer, op.body]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for op in OPERATIONS.values():
        paths.setdefault(op.path, {})[op.method.lower()] = _described(op, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Larkfield back office", "version": "1", "description": "Money is in minor units."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _described(op: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": text} for name in re.findall(r"\{(\w+)\}", op.path)
    ]
    parameters += [{"name": name, "in": "query", "required": True, "schema": text} for name in op.query]
    statuses = ["401", "403", "404", "422", "429"]
    if op.business is not None:
        parameters.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": text})
        statuses.append("409")
    if op.subject is not None:
        parameters.append({"name": "If-Match", "in": "header", "required": False, "schema": text})
        statuses.append("412")
    problem = {"application/json": {"schema": schemas[Problem]}}
    responses: dict[str, Any] = {
        str(op.status): {"description": "Done", "content": {"application/json": {"schema": schemas[op.answer]}}}
    }
    responses |= {status: {"description": "Refused", "content": problem} for status in sorted(statuses)}
    described: dict[str, Any] = {
        "operationId": op.id,
        "summary": op.summary,
        "x-scope": op.scope,
        "parameters": parameters,
        "responses": responses,
    }
    if op.body is not None:
        content = {"application/json": {"schema": schemas[op.body]}}
        described["requestBody"] = {"required": True, "content": content}
    return described
