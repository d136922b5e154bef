"""One database server, one back office and one fork server for all of chaos; a fresh database for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.chaos.desk import Chaos, Stage, chaos_desk, open_stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with open_stage() as opened:
        yield opened


@pytest_asyncio.fixture
async def chaos(stage: Stage) -> AsyncIterator[Chaos]:
    async with chaos_desk(stage) as desk:
        yield desk
