"""The OpenAPI connector against Larkfield's back office as a separate process, faults included."""

import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from proofdesk.connectors.backoffice.combined import CombinedBackOffice, DuplicateCapability
from proofdesk.connectors.backoffice.openapi import OpenApiConnector
from proofdesk.ports import Answer, ConnectorError, Refused
from tests.connectors.running import LARKFIELD, TODAY, Hands, http, larkfield_env, process, scripted


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with process("examples.backoffice", "--port", "0", "--today", TODAY) as found:
        yield found


def control(url: str, method: str, what: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/control/{what}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


@pytest.fixture
async def shop(url: str) -> AsyncIterator[OpenApiConnector]:
    control(url, "POST", "reset")
    connector = OpenApiConnector.load(LARKFIELD / "connector.yaml", larkfield_env(url), clock=Hands().clock())
    yield connector
    await connector.aclose()


async def test_a_read_gives_value_and_version(shop: OpenApiConnector) -> None:
    answer = await shop.call("orders.read", {"order_id": "LF-20001"})
    assert isinstance(answer, Answer)
    assert (answer.value["id"], answer.version, answer.operation) == ("LF-20001", '"1"', "getOrder")


async def test_a_refusal_is_a_value(shop: OpenApiConnector) -> None:
    assert await shop.call("orders.read", {"order_id": "LF-1"}) == Refused(
        code="not_found", message="no order LF-1", status=404
    )
    answer = await shop.call("orders.cancel", {"order_id": "LF-20008", "reason": "other"}, key="k")
    assert isinstance(answer, Refused)
    assert (answer.status, answer.code) == (409, "wrong_status")


async def test_arguments_are_checked_before_anything_is_sent(url: str, shop: OpenApiConnector) -> None:
    with pytest.raises(ConnectorError, match="argument reason: must be one of") as raised:
        await shop.call("orders.cancel", {"order_id": "LF-20001", "reason": "bored"}, key="k")
    assert raised.value.permanent
    with pytest.raises(ConnectorError, match="needs a key"):
        await shop.call("orders.cancel", {"order_id": "LF-20001", "reason": "other"})
    with pytest.raises(ConnectorError, match="cannot be empty or dots"):
        await shop.call("orders.read", {"order_id": ".."})
    with pytest.raises(ConnectorError, match="no capability"):
        await shop.call("orders.erase", {})
    assert control(url, "GET", "writes")["items"] == []


async def test_a_path_argument_cannot_leave_its_place(shop: OpenApiConnector) -> None:
    answer = await shop.call("orders.read", {"order_id": "../customers/C-1001"})
    assert isinstance(answer, Refused)
    assert answer.message == "no order ../customers/C-1001"


async def test_a_stale_version_is_refused(shop: OpenApiConnector) -> None:
    answer = await shop.call("orders.cancel", {"order_id": "LF-20001", "reason": "other", "if_match": '"9"'}, key="k")
    assert isinstance(answer, Refused)
    assert (answer.code, answer.status) == ("stale", 412)


@pytest.mark.parametrize("kind", ["error_after_commit", "lost_answer", "rate_limited", "error_before"])
async def test_a_write_with_a_key_happens_once_whatever_fails(url: str, shop: OpenApiConnector, kind: str) -> None:
    control(url, "POST", "faults", [{"operation": "createRefund", "kind": kind, "times": 1}])
    args = {"order_id": "LF-20008", "amount_minor": 100, "currency": "USD", "reason": "damaged"}
    order = await shop.call("orders.read", {"order_id": "LF-20008"})
    assert isinstance(order, Answer)
    answer = await shop.call("refunds.create", {**args, "currency": order.value["currency"]}, key="refund-1")
    assert isinstance(answer, Answer)
    writes = control(url, "GET", "writes")
    assert [write["business"] for write in writes["items"]] == ["refund LF-20008 100"]
    assert writes["doubled"] == []


async def test_an_answer_that_does_not_fit_is_not_believed(url: str, shop: OpenApiConnector) -> None:
    control(url, "POST", "faults", [{"operation": "*", "kind": "wrong_answer", "times": 2}])
    with pytest.raises(ConnectorError, match=r"orders\.read: answer id: is missing") as raised:
        await shop.call("orders.read", {"order_id": "LF-20001"})
    assert (raised.value.permanent, raised.value.uncertain) == (True, False)
    with pytest.raises(ConnectorError) as raised:
        await shop.call("orders.cancel", {"order_id": "LF-20001", "reason": "other"}, key="k")
    assert (raised.value.permanent, raised.value.uncertain) == (True, True)


async def test_reads_use_the_reading_token_only(url: str) -> None:
    env = larkfield_env(url) | {"LARKFIELD_WRITE_TOKEN": "larkfield-read"}
    connector = OpenApiConnector.load(LARKFIELD / "connector.yaml", env)
    assert isinstance(await connector.call("orders.read", {"order_id": "LF-20001"}), Answer)
    answer = await connector.call("orders.cancel", {"order_id": "LF-20001", "reason": "other"}, key="k")
    await connector.aclose()
    assert isinstance(answer, Refused)
    assert answer.code == "scope_missing"


async def test_unknown_credentials_are_a_permanent_error(url: str) -> None:
    connector = OpenApiConnector.load(
        LARKFIELD / "connector.yaml", larkfield_env(url) | {"LARKFIELD_READ_TOKEN": "wrong"}
    )
    with pytest.raises(ConnectorError, match="credentials were not accepted") as raised:
        await connector.call("orders.read", {"order_id": "LF-20001"})
    await connector.aclose()
    assert raised.value.permanent


async def test_the_document_can_come_from_the_service(url: str, tmp_path: Any) -> None:
    text = (LARKFIELD / "connector.yaml").read_text().replace("document: openapi.json", "document: /openapi.json")
    (tmp_path / "connector.yaml").write_text(text)
    served = OpenApiConnector.load(tmp_path / "connector.yaml", larkfield_env(url))
    kept = OpenApiConnector.load(LARKFIELD / "connector.yaml", larkfield_env(url))
    assert served.capabilities() == kept.capabilities()
    await served.aclose()
    await kept.aclose()


async def test_a_view_permits_only_what_it_names(shop: OpenApiConnector) -> None:
    office = CombinedBackOffice([shop])
    view = office.scoped({"orders.read", "orders.cancel"})
    assert set(view.capabilities()) == {"orders.read", "orders.cancel"}
    with pytest.raises(ConnectorError, match=r"refunds\.create is not permitted here"):
        await view.call("refunds.create", {}, key="k")
    reading = view.read_only()
    assert set(reading.capabilities()) == {"orders.read"}
    with pytest.raises(ConnectorError, match="only reading is allowed"):
        await reading.call("orders.cancel", {"order_id": "LF-20001", "reason": "other"}, key="k")
    with pytest.raises(ValueError, match=r"no connected system has the capability orders\.erase"):
        office.scoped({"orders.erase"})


async def test_two_connectors_cannot_share_a_name(shop: OpenApiConnector) -> None:
    with pytest.raises(DuplicateCapability, match="offered by larkfield and by larkfield"):
        CombinedBackOffice([shop, shop])


async def test_classes_without_a_key_are_tried_once(tmp_path: Any) -> None:
    text = (LARKFIELD / "connector.yaml").read_text()
    text = text.replace("idempotency: A, idempotency_header: Idempotency-Key", "idempotency: C")
    (tmp_path / "connector.yaml").write_text(text)
    (tmp_path / "openapi.json").write_bytes(
        (LARKFIELD / "openapi.json").read_bytes().replace(b"Idempotency-Key", b"X-Key")
    )
    async with scripted(http(500), http(500)) as server:
        connector = OpenApiConnector.load(
            tmp_path / "connector.yaml", larkfield_env(f"http://127.0.0.1:{server.port}"), clock=Hands().clock()
        )
        with pytest.raises(ConnectorError) as raised:
            await connector.call("orders.cancel", {"order_id": "LF-1", "reason": "other", "x_key": "1"}, key="k")
        await connector.aclose()
    assert raised.value.uncertain
    assert len(server.requests) == 1
