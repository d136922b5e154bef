"""Fixtures for every test: a real PostgreSQL, a fresh migrated database per module, pools per role."""

from collections.abc import AsyncIterator, Iterator

import pytest

from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import Pool, open_pool
from tests.database import fresh_database, make_template, running_server


@pytest.fixture(scope="session")
def database_server() -> Iterator[EmbeddedServer]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def database_template(database_server: EmbeddedServer) -> Endpoint:
    return make_template(database_server)


@pytest.fixture(scope="module")
def database(database_template: Endpoint) -> Iterator[Endpoint]:
    """A fresh database with all migrations applied, shared by the tests of one module."""
    with fresh_database(database_template) as endpoint:
        yield endpoint


@pytest.fixture
async def app_pool(database: Endpoint) -> AsyncIterator[Pool]:
    async with open_pool(database, "app", max_size=8) as pool:
        yield pool


@pytest.fixture
async def engine_pool(database: Endpoint) -> AsyncIterator[Pool]:
    async with open_pool(database, "engine", max_size=8) as pool:
        yield pool


@pytest.fixture
async def owner_pool(database: Endpoint) -> AsyncIterator[Pool]:
    async with open_pool(database, "owner", max_size=4) as pool:
        yield pool
