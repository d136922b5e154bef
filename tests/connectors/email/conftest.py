import os
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from simulators.mail import MailSimulator
from tests.connectors.email.endpoint import Endpoint


@pytest_asyncio.fixture(loop_scope="function")
async def mail() -> AsyncIterator[MailSimulator]:
    async with MailSimulator(slow_s=5.0) as simulator:
        yield simulator


@pytest_asyncio.fixture(loop_scope="function", params=["simulator", pytest.param("real", marks=pytest.mark.real)])
async def endpoint(request: pytest.FixtureRequest) -> AsyncIterator[Endpoint]:
    if request.param == "real":
        described = os.environ.get("PROOFDESK_REAL_MAIL")
        if not described:
            pytest.skip("PROOFDESK_REAL_MAIL is not set: start a real server with scripts/real_mail.sh")
        yield msgspec.json.decode(described, type=Endpoint)
        return
    async with MailSimulator() as simulator:
        yield Endpoint(smtp_port=simulator.smtp_port, imap_port=simulator.imap_port, password=simulator.password)
