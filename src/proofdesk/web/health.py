"""Whether the process lives, and whether it can work."""

from litestar import get

from proofdesk.store.pool import connection
from proofdesk.web.access import PUBLIC
from proofdesk.web.body import StrictRequest
from proofdesk.web.shapes import Health
from proofdesk.web.state import web_of


@get("/healthz", opt=PUBLIC, summary="The process answers", tags=["health"])
async def healthz() -> Health:
    return Health(status="ok")


@get("/readyz", opt=PUBLIC, summary="The database answers", tags=["health"])
async def readyz(request: StrictRequest) -> Health:
    """503 while it does not."""
    async with connection(web_of(request).shell.pool):
        return Health(status="ok")


HANDLERS = (healthz, readyz)
