"""The OpenAPI document, made true: schema components from msgspec, every error documented; and a page that lists it.

Litestar's components lack `additionalProperties: false` and discriminators, and its tuples are wrong (docs/adr).
"""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
from litestar import MediaType, Response, get

from proofdesk.web.access import PUBLIC, ROLES_OPT
from proofdesk.web.body import StrictRequest
from proofdesk.web.faults import ErrorBody
from proofdesk.web.markup import Html, link, page, safe, table

DESCRIPTION = (
    "Tickets in, proofs out. Every call needs an API key: `Authorization: Bearer pd_<prefix>_<secret>`. The tenant is "
    "the key's; each operation names the roles that may use it."
)
ERRORS = {
    "400": "The input cannot be used; `field` names the place.",
    "401": "No valid API key.",
    "403": "The key's roles do not allow this.",
    "404": "There is no such thing in this tenant.",
    "409": "It contradicts what is recorded.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "429": "The key has used up its requests.",
    "503": "The database is away.",
}
_PUBLIC_ERRORS = ("400", "503")


def document(app: Any) -> dict[str, Any]:
    """The whole OpenAPI 3.1 document of `app`."""
    found = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    ordered = sorted({ErrorBody, *_structs(app)}, key=str)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    found["components"] = {
        "schemas": components,
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "pd_<prefix>_<secret>"}},
    }
    allowed = _roles(app)
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(operation, allowed.get((path, method.upper())), has_body="requestBody" in operation)
    return dict(found)


def _structs(app: Any) -> Iterator[type[msgspec.Struct]]:
    """The bodies and answers of every operation; msgspec finds what they are made of."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            body, returned = handler.parsed_data_field, handler.parsed_return_field
            for each in (body.annotation if body else None, returned.annotation, *get_args(returned.annotation)):
                if isinstance(each, type) and issubclass(each, msgspec.Struct):
                    yield each


def _roles(app: Any) -> dict[tuple[str, str], frozenset[str] | None]:
    return {
        (route.path_format, str(method)): handler.opt.get(ROLES_OPT, frozenset())
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    }


def _complete(operation: dict[str, Any], allowed: frozenset[str] | None, *, has_body: bool) -> None:
    if allowed is not None:
        operation["security"] = [{"key": []}]
        operation["x-roles"] = sorted(allowed)
    if operation.get("operationId", "").endswith(("CreateTicket", "AddMessage")):
        operation["responses"]["200"] = {**operation["responses"]["201"], "description": "It was here already."}
    codes = [c for c in (ERRORS if allowed is not None else _PUBLIC_ERRORS) if has_body or c not in ("413", "415")]
    for code in codes:
        operation["responses"][code] = {
            "description": ERRORS[code],
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
        }


@get("/api/v1/openapi.json", opt=PUBLIC, include_in_schema=False)
async def openapi_json(request: StrictRequest) -> Response[bytes]:
    return Response(msgspec.json.encode(_document(request)), media_type=MediaType.JSON)


@get("/api/docs", opt=PUBLIC, include_in_schema=False)
async def docs(request: StrictRequest) -> Response[str]:
    """The operations as a plain page: nothing is loaded from elsewhere."""
    rows = [
        (
            f"{method.upper()} {path}",
            operation.get("summary", ""),
            operation.get("description", ""),
            ", ".join(operation.get("x-roles", ["no key needed"])),
        )
        for path, operations in sorted(_document(request)["paths"].items())
        for method, operation in operations.items()
    ]
    intro = Html(f"<h1>proofdesk API</h1><p>{safe(DESCRIPTION)} {link('/api/v1/openapi.json', 'OpenAPI document')}</p>")
    listed = table("Operations", ("Operation", "Summary", "Notes", "Roles"), rows)
    return Response(page("proofdesk API", intro, listed), media_type=MediaType.HTML)


def _document(request: StrictRequest) -> dict[str, Any]:
    state = request.app.state
    if not hasattr(state, "openapi"):
        state.openapi = document(request.app)
    made: dict[str, Any] = state.openapi
    return made


HANDLERS = (openapi_json, docs)
