"""Schemathesis over the whole document: no 500, and every answer is one the document knows."""

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, settings

with warnings.catch_warnings():
    # Its own imports use names that jsonschema has deprecated.
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from proofdesk.flows.people import ROLES
from proofdesk.web.app import API
from tests.rooms.web.support import Server

EXAMPLES = 12
"""For each operation. About 250 requests in all."""
CHECKS: list[Callable[..., Any]] = [not_a_server_error, status_code_conformance, response_schema_conformance]


async def test_the_api_keeps_to_its_document(server: Server) -> None:
    tenant = await server.tenant()
    headers = await server.key(tenant, *ROLES)
    await server.solved(tenant, verified=True)
    await server.handed_off(tenant)
    await server.waiting_approval(tenant)
    schema = schemathesis.openapi.from_dict((await server.client.get(f"{API}/openapi.json")).json())
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 20
    loop = asyncio.get_running_loop()

    def call(request: dict[str, Any]) -> httpx.Response:
        # Hypothesis runs in a thread of its own; the application and its pools live in this loop.
        return asyncio.run_coroutine_threadsafe(server.client.request(**request), loop).result(timeout=30)

    sent = [await asyncio.to_thread(probe, operation, headers, call) for operation in operations]
    assert sum(sent) > 150


def probe(operation: Any, headers: dict[str, str], call: Callable[[dict[str, Any]], httpx.Response]) -> int:
    """Bounded, repeatable requests to one operation; gives how many."""
    sent = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def once(case: Any) -> None:
        nonlocal sent
        sent += 1
        request = case.as_transport_kwargs(base_url="http://testserver.local")
        request["headers"] = {**request["headers"], **headers}
        request.pop("cookies", None)
        case.validate_response(call(request), checks=CHECKS)

    once()
    return sent
