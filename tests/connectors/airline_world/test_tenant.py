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
from proofdesk.procedures.run_tests import run_tests
from simulators.airline_world.api import AirlineApi
from simulators.airline_world.world import Base, World
from tests.connectors.airline_world.small import tables

TENANT = Path(__file__).parents[3] / "bench" / "worlds" / "airline"


@pytest.fixture
async def office() -> AsyncIterator[CombinedBackOffice]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(AirlineApi(World(Base(tables()))), log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    environment = {
        "AIRLINE_URL": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "AIRLINE_READ_TOKEN": "world-read",
        "AIRLINE_WRITE_TOKEN": "world-write",
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


async def test_every_procedure_keeps_its_own_promises(office: CombinedBackOffice) -> None:
    for path in sorted((TENANT / "procedures").glob("*.yaml")):
        loaded = load(path.read_text(encoding="utf-8"), path.name, office.capabilities())
        assert isinstance(loaded, Loaded)
        results = run_tests(loaded)
        assert results, path.name
        assert [(r.name, r.differences) for r in results if not r.passed] == [], path.name


async def test_records_come_out_whole(office: CombinedBackOffice) -> None:
    mapping = RecordsMapping.load(TENANT / "records.yaml", office.capabilities())
    loaded = await mapping.load_records(office.read_only(), "ada_quill_11")
    records = loaded.records
    assert [(order.id, order.status) for order in records.orders][2:4] == [("CCCC33", "upcoming"), ("DDDD44", "flown")]
    assert records.requester.tier == "silver"
    assert {m.id: m.balance_minor for m in records.requester.methods} == {
        "card_1": None,
        "gift_1": 7000,
        "cert_1": 10000,
    }
    assert records.orders[0].lines[0].product_id == "SEA-DEN-economy"
    offered = next(product for product in records.products if product.id == "SEA-DEN-economy")
    assert len(offered.variants) == 4
