"""A desk per test, or one per module where tests use different orders. Every story ends with its books proven."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from proofdesk.store.endpoint import Endpoint
from tests.database import fresh_database
from tests.stories.desk import Desk, open_desk


async def prove_books(desk: Desk, folder: Path) -> None:
    """The self-check is clean and the export verifies against the witness."""
    assert await desk.findings() == []
    audit = await desk.audit(folder / "export")
    assert audit["ok"], audit
    shutil.rmtree(folder / "export")


@pytest.fixture
async def desk(database_template: Endpoint, tmp_path: Path) -> AsyncIterator[Desk]:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path) as running:
            yield running
            if not running.tampered:
                await prove_books(running, tmp_path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_desk(database_template: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path_factory.mktemp("desk")) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="module")
async def shared_desk(module_desk: Desk, tmp_path: Path) -> AsyncIterator[Desk]:
    """The module's desk, its books proven after each test, its back office without faults."""
    yield module_desk
    await module_desk.set_faults()
    await prove_books(module_desk, tmp_path)
