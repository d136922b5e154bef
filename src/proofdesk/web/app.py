"""Builds the HTTP application from what the composition root holds."""

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig

from proofdesk.flows.context import Shell
from proofdesk.settings import Settings
from proofdesk.store.pool import Pool
from proofdesk.web import books, desk, health, knowledge, openapi, pages, tickets, topics
from proofdesk.web.access import NOBODY, guard
from proofdesk.web.body import StrictRequest
from proofdesk.web.faults import handle
from proofdesk.web.state import Web

API = "/api/v1"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    # Not no-referrer: browsers then send "Origin: null" with our own forms, which the forms' check must refuse.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def create_app(shell: Shell, engine_pool: Pool, settings: Settings, *, vkey: str) -> Litestar:
    """The API below /api/v1 and the result page. `vkey` is the ledger key's public half, given out with proofs.

    Opens nothing and listens nowhere: the caller owns the pools and binds the server (to loopback by default).
    """
    api = Router(
        API, route_handlers=[*tickets.HANDLERS, *desk.HANDLERS, *books.HANDLERS, *topics.HANDLERS, *knowledge.HANDLERS]
    )
    return Litestar(
        route_handlers=[api, *health.HANDLERS, *pages.HANDLERS, *openapi.HANDLERS],
        guards=[guard],
        request_class=StrictRequest,
        request_max_body_size=settings.max_body_bytes,
        exception_handlers={Exception: handle},
        response_headers=HEADERS,
        openapi_config=OpenAPIConfig(
            title="proofdesk",
            version="1",
            description=openapi.DESCRIPTION,
            # Litestar's own pages need a CDN: ours are in openapi.py, and nobody may call these.
            openapi_router=Router("/api/unused", route_handlers=[], opt=NOBODY, include_in_schema=False),
        ),
        state=State({"web": Web(shell, engine_pool, settings, vkey)}),
        logging_config=None,
    )
