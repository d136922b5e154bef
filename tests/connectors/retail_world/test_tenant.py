"""The world's tenant files fit the world: connector, records, procedures and policy load against its document."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from proofdesk.connectors.backoffice.combined import CombinedBackOffice
from proofdesk.connectors.backoffice.openapi import OpenApiConnector
from proofdesk.connectors.backoffice.records import RecordsMapping
from proofdesk.policy.gate import CedarGate
from proofdesk.policy.schema import schema_text
from proofdesk.procedures.load import Loaded, load
from simulators.retail_world.api import RetailApi
from simulators.retail_world.world import Base, World
from tests.connectors.retail_world.small import tables

TENANT = Path(__file__).parents[3] / "bench" / "worlds" / "retail"


@pytest.fixture
async def office() -> AsyncIterator[CombinedBackOffice]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(RetailApi(World(Base(tables()))), log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    environment = {
        "RETAIL_URL": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "RETAIL_READ_TOKEN": "world-read",
        "RETAIL_WRITE_TOKEN": "world-write",
    }
    connector = await asyncio.to_thread(OpenApiConnector.load, TENANT / "connector.yaml", environment)
    yield CombinedBackOffice([connector])
    await connector.aclose()
    server.should_exit = True
    await serving


async def test_tenant_files_load(office: CombinedBackOffice) -> None:
    capabilities = office.capabilities()
    for path in sorted((TENANT / "procedures").glob("*.yaml")):
        loaded = load(path.read_text(encoding="utf-8"), path.name, capabilities)
        assert isinstance(loaded, Loaded), [str(fault) for fault in loaded]
    CedarGate((TENANT / "policy.cedar").read_text(encoding="utf-8"), schema_text(capabilities))


async def test_records_come_out_whole(office: CombinedBackOffice) -> None:
    mapping = RecordsMapping.load(TENANT / "records.yaml", office.capabilities())
    loaded = await mapping.load_records(office.read_only(), "ada_1")
    records = loaded.records
    assert [order.id for order in records.orders] == ["#A1", "#A2", "#A3"]
    assert records.orders[0].total_minor == 3250
    assert records.requester.methods[1].balance_minor == 2000
    assert [variant.available for variant in records.products[0].variants] == [True, True, True, False]
