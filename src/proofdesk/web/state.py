"""What the handlers of one process share."""

from typing import Any

from litestar.connection import ASGIConnection

from proofdesk.flows.context import Shell
from proofdesk.flows.knowledge.index import Indexes
from proofdesk.flows.proofs import Proofs
from proofdesk.settings import Settings
from proofdesk.store.pool import Pool
from proofdesk.web.access import KeyDoor
from proofdesk.web.sessions import Sessions


class Web:
    def __init__(self, shell: Shell, engine_pool: Pool, settings: Settings, vkey: str) -> None:
        self.shell = shell
        self.engine_pool = engine_pool
        self.settings = settings
        self.door = KeyDoor(engine_pool, settings.max_requests_per_minute)
        self.sessions = Sessions()
        self.indexes = Indexes()
        self.proofs = Proofs(shell.pool, vkey)


def web_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Web:
    web = connection.app.state.web
    assert isinstance(web, Web)
    return web
