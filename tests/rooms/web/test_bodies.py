"""Whatever is sent, the answer names the fault; never a 500."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofdesk.flows.ids import new_id
from proofdesk.web.app import API
from tests.rooms.web.support import Server

GOOD: dict[str, Any] = {"delivery_id": "d", "sender": "a@example.org", "text": "hello"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (GOOD | {"text": "a\x00b"}, "text"),
        (GOOD | {"sender": "\x00"}, "sender"),
        (GOOD | {"text": 5}, "text"),
        (GOOD | {"verified": "true"}, "verified"),
        (GOOD | {"verified": 1}, "verified"),
        (GOOD | {"subject": None}, "subject"),
        (GOOD | {"subject": "x" * 301}, "subject"),
        (GOOD | {"text": " \n "}, "text"),
        (GOOD | {"text": ""}, "text"),
        (GOOD | {"text": "x" * 100_001}, "text"),
        (GOOD | {"tenant": "other"}, "tenant"),
        ({"sender": "a", "text": "b"}, "delivery_id"),
    ],
)
async def test_a_faulty_ticket_names_its_field(server: Server, body: dict[str, Any], field: str) -> None:
    headers = await server.key(await server.tenant(), "agent")
    answer = await server.client.post(f"{API}/tickets", headers=headers, json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), answer.text
    assert answer.json()["error"].keys() == {"code", "message", "field"}


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{", b'"x"', b"\xff\xfe", b'{"a":"\\ud800"}', b"[" * 100_000, b'{"delivery_id":"\x01"}'],
)
async def test_what_is_no_ticket_at_all(server: Server, content: bytes) -> None:
    headers = await server.key(await server.tenant(), "agent")
    answer = await server.client.post(f"{API}/tickets", headers=headers, content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_only_json_is_taken(server: Server) -> None:
    headers = await server.key(await server.tenant(), "agent")
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        answer = await server.client.post(
            f"{API}/tickets", headers=headers | {"Content-Type": kind}, content=json.dumps(GOOD)
        )
        assert answer.status_code == 415


@pytest.mark.parametrize("wrong", ["1", "x", "%00", "0" * 36, "%2e%2e", "ü"])
async def test_a_wrong_id_names_the_parameter(server: Server, wrong: str) -> None:
    headers = await server.key(await server.tenant(), "agent")
    answer = await server.client.get(f"{API}/tickets/{wrong}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "ticket_id"), answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("status=gone", "status"),
    ],
)
async def test_a_wrong_page_names_the_parameter(server: Server, query: str, field: str) -> None:
    headers = await server.key(await server.tenant(), "agent")
    answer = await server.client.get(f"{API}/tickets?{query}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), answer.text


async def test_a_wrong_person_names_the_field(server: Server) -> None:
    boss = await server.key(await server.tenant(), "administrator")
    for body, field in (
        ({"login": "No Spaces", "roles": []}, "login"),
        ({"login": "ada\n", "roles": []}, "login"),
        ({"login": "ada", "roles": ["king"]}, "roles[0]"),
        ({"login": "ada", "roles": "agent"}, "roles"),
    ):
        answer = await server.client.post(f"{API}/people", headers=boss, json=body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), answer.text
    assert (await server.client.post(f"{API}/people/nobody/keys", headers=boss)).status_code == 404
    for login in ("A B", "x" * 200, "%00"):
        assert (await server.client.post(f"{API}/people/{login}/keys", headers=boss)).status_code == 400


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "delivery_id": st.text(max_size=220) | VALUES,
        "sender": st.text(max_size=330) | VALUES,
        "text": st.text(max_size=60) | VALUES,
        "subject": st.text(max_size=310) | VALUES,
        "verified": VALUES,
        "more": VALUES,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
async def test_no_body_gives_a_500(server: Server, body: Any) -> None:
    if not hasattr(server, "fuzzer"):
        server.fuzzer = await server.key(await server.tenant(), "requester_api")  # type: ignore[attr-defined]
    # The delivery id is made anew now and then, so that some bodies are whole tickets.
    content = json.dumps(body | ({"delivery_id": str(new_id())} if len(body) == 3 else {})).encode()
    answer = await server.client.post(f"{API}/tickets", headers=server.fuzzer, content=content)  # type: ignore[attr-defined]
    assert answer.status_code in (200, 201, 400, 409), answer.text
    if answer.status_code == 400:
        assert answer.json()["error"]["code"] == "invalid"
