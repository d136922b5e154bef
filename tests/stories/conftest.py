"""A desk per test: its own database, back office and tenant."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proofdesk.store.endpoint import Endpoint
from tests.database import fresh_database
from tests.stories.desk import Desk, open_desk


@pytest.fixture
async def desk(database_template: Endpoint, tmp_path: Path) -> AsyncIterator[Desk]:
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path) as running:
            yield running
