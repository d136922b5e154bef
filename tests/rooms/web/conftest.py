"""The application on a real database."""

from collections.abc import AsyncIterator

import pytest
from litestar.testing import AsyncTestClient

from proofdesk.store.pool import Pool
from tests.rooms.web.support import OneTenant, Server, make_app, make_shell


@pytest.fixture
async def server(app_pool: Pool, engine_pool: Pool) -> AsyncIterator[Server]:
    tenants = OneTenant()
    shell = make_shell(app_pool, tenants)
    app = make_app(shell, engine_pool)
    async with AsyncTestClient(app) as client:
        yield Server(shell, tenants, app, client)
