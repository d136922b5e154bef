"""Who may do what: every route of the application against every role, tenants apart, keys revoked, limits kept."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar, get
from litestar.testing import AsyncTestClient

from proofdesk.flows.ids import new_id
from proofdesk.flows.people import ROLES
from proofdesk.settings import Settings
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import Pool, open_pool
from proofdesk.web.access import ROLES_OPT
from proofdesk.web.app import API
from proofdesk.web.body import StrictRequest
from tests.rooms.web.support import OneTenant, Server, make_app, make_shell
from tests.stories.desk import serving

PUBLIC_PATHS = {
    "/",
    "/healthz",
    "/readyz",
    "/api/docs",
    "/api/v1/openapi.json",
    "/assets/proofdesk.css",
    "/session",
    "/session/end",
    "/t/{ticket_id}",
}
DANGEROUS = {
    ("POST", f"{API}/approvals/{{approval_id}}/decide"): {"approver"},
    ("POST", f"{API}/tickets/{{ticket_id}}/reply"): {"agent"},
    ("POST", f"{API}/handoffs/{{handoff_id}}/accept"): {"agent"},
    ("POST", f"{API}/people"): {"administrator"},
    ("POST", f"{API}/people/{{login}}/keys"): {"administrator"},
    ("DELETE", f"{API}/keys/{{prefix}}"): {"administrator"},
    ("POST", f"{API}/tickets/{{ticket_id}}/confirm"): {"administrator", "requester_api"},
    ("POST", f"{API}/tickets/{{ticket_id}}/rating"): {"administrator", "requester_api"},
}


def operations(app: Litestar) -> list[tuple[str, str, frozenset[str] | None]]:
    """(method, path with {names}, roles or None for public), leaving out automatic OPTIONS."""
    found = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods - {"OPTIONS"}:
                assert ROLES_OPT in handler.opt, f"{method} {route.path} says neither roles nor PUBLIC"
                found.append((str(method), route.path_format, handler.opt[ROLES_OPT]))
    return found


def filled(path: str) -> str:
    given = {"login": "nobody", "prefix": "0" * 12, "seq": "0"}
    for name in ("ticket_id", "handoff_id", "approval_id", *given):
        path = path.replace(f"{{{name}}}", given.get(name, str(new_id())))
    return path


async def test_every_route_keeps_to_its_roles(server: Server) -> None:
    tenant = await server.tenant()
    keys = {role: await server.key(tenant, role) for role in ROLES}
    kept = [each for each in operations(server.app) if each[2] is not None]
    assert len(kept) > 20
    for method, path, allowed in kept:
        url = filled(path)
        body = {"json": {}} if method == "POST" else {}
        assert (await server.client.request(method, url, **body)).status_code == 401, (method, path)
        for role, headers in keys.items():
            status = (await server.client.request(method, url, headers=headers, **body)).status_code
            expected = allowed is not None and role in allowed
            assert (status not in (401, 403)) == expected, (method, path, role, status)
            assert status < 500, (method, path, role, status)


def test_only_these_paths_are_public(server: Server) -> None:
    assert {path for _, path, allowed in operations(server.app) if allowed is None} == PUBLIC_PATHS


def test_what_moves_money_or_rights_has_exactly_these_roles(server: Server) -> None:
    found = {(method, path): allowed for method, path, allowed in operations(server.app)}
    assert {place: set(found[place] or ()) for place in DANGEROUS} == DANGEROUS


async def test_a_route_that_says_nothing_is_refused_to_everybody(server: Server) -> None:
    @get("/forgotten")
    async def forgotten(request: StrictRequest) -> str:
        return "open"

    server.app.register(forgotten)
    tenant = await server.tenant()
    assert (await server.client.get("/forgotten")).status_code == 401
    everybody = await server.key(tenant, *ROLES)
    assert (await server.client.get("/forgotten", headers=everybody)).status_code == 403


async def test_another_tenants_ids_do_not_exist(server: Server) -> None:
    mine, theirs = await server.tenant(), await server.tenant()
    headers = await server.key(mine, *ROLES)
    ticket_id = await server.solved(theirs)
    handed, handoff_id = await server.handed_off(theirs)
    _, approval_id = await server.waiting_approval(theirs)
    their_key = (await server.key(theirs, "agent", login="theirs"))["Authorization"].split("_")[1]
    for path in ("", "/status", "/ledger"):
        assert (await server.client.get(f"{API}/tickets/{ticket_id}{path}", headers=headers)).status_code == 404
    for path, body in (
        (f"/tickets/{ticket_id}/confirm", {}),
        (f"/tickets/{ticket_id}/rating", {"score": 1}),
        (f"/tickets/{ticket_id}/messages", {"delivery_id": "x", "text": "x"}),
        (f"/tickets/{handed}/reply", {"text": "x"}),
        (f"/handoffs/{handoff_id}/accept", {}),
        (f"/approvals/{approval_id}/decide", {"verdict": "approved"}),
        ("/people/theirs/keys", {}),
    ):
        assert (await server.client.post(f"{API}{path}", headers=headers, json=body)).status_code == 404, path
    assert (await server.client.delete(f"{API}/keys/{their_key}", headers=headers)).status_code == 404
    for path in ("tickets", "handoffs", "approvals"):
        assert (await server.client.get(f"{API}/{path}", headers=headers)).json()["items"] == []
    assert (await server.client.get(f"{API}/summary", headers=headers)).json()["tickets"] == []


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer pd_",
        "Basic cGQ6cGQ=",
        "Bearer pd_000000000000_" + "0" * 64,
        "Bearer pd_0000\x0000000000_" + "0" * 64,
        "Bearer " + "x" * 5_000,
    ],
)
async def test_what_is_no_key_is_refused(server: Server, value: str) -> None:
    answer = await server.client.get(f"{API}/summary", headers={"Authorization": value} if value else {})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_right_prefix_with_another_secret_is_refused(server: Server) -> None:
    tenant = await server.tenant()
    one, two = await server.key(tenant, "manager"), await server.key(tenant, "manager")
    mixed = one["Authorization"].rsplit("_", 1)[0] + "_" + two["Authorization"].rsplit("_", 1)[1]
    assert (await server.client.get(f"{API}/summary", headers={"Authorization": mixed})).status_code == 401
    assert (await server.client.get(f"{API}/summary", headers=one)).status_code == 200


async def test_the_role_is_judged_before_the_body_is_read(server: Server) -> None:
    tenant = await server.tenant()
    finance = await server.key(tenant, "finance")
    answer = await server.client.post(f"{API}/tickets", headers=finance, content=b"{not json")
    assert answer.status_code == 403
    assert (await server.client.post(f"{API}/tickets", content=b"{not json")).status_code == 401


async def test_people_get_keys_and_lose_them(server: Server) -> None:
    tenant = await server.tenant()
    boss = await server.key(tenant, "administrator", login="boss")
    made = await server.client.post(f"{API}/people", headers=boss, json={"login": "ada", "roles": ["agent"]})
    assert made.json() == {"login": "ada", "roles": ["agent"]}
    issued = await server.client.post(f"{API}/people/ada/keys", headers=boss)
    assert issued.status_code == 201
    ada = {"Authorization": f"Bearer {issued.json()['key']}"}
    assert (await server.client.get(f"{API}/handoffs", headers=ada)).status_code == 200
    listed = (await server.client.get(f"{API}/people", headers=boss)).json()["items"]
    assert [person["login"] for person in listed] == ["ada", "boss"]
    await server.client.post(f"{API}/people", headers=boss, json={"login": "ada", "roles": ["finance"]})
    assert (await server.client.get(f"{API}/handoffs", headers=ada)).status_code == 403
    prefix = issued.json()["prefix"]
    assert (await server.client.delete(f"{API}/keys/{prefix}", headers=boss)).status_code == 204
    assert (await server.client.delete(f"{API}/keys/{prefix}", headers=boss)).status_code == 404
    assert (await server.client.get(f"{API}/summary", headers=ada)).status_code == 401
    kinds = await server.kinds(tenant, None)
    assert kinds[-4:] == ["person.saved", "key.issued", "person.saved", "key.revoked"]
    own = await server.client.post(f"{API}/people", headers=boss, json={"login": "boss", "roles": []})
    assert (own.status_code, own.json()["error"]["field"]) == (409, "roles")


async def test_a_key_that_asks_too_often_must_wait(app_pool: Pool, engine_pool: Pool) -> None:
    tenants = OneTenant()
    shell = make_shell(app_pool, tenants)
    app = make_app(shell, engine_pool, Settings(max_requests_per_minute=12))
    async with AsyncTestClient(app) as client:
        server = Server(shell, tenants, app, client)
        tenant = await server.tenant()
        hasty, calm = await server.key(tenant, "manager"), await server.key(tenant, "manager")
        codes = [(await client.get(f"{API}/summary", headers=hasty)).status_code for _ in range(4)]
        assert codes[:2] == [200, 200] and codes[-1] == 429
        refused = await client.get(f"{API}/summary", headers=hasty)
        assert int(refused.headers["retry-after"]) >= 1
        assert (await client.get(f"{API}/summary", headers=calm)).status_code == 200


async def test_a_large_body_is_refused(app_pool: Pool, engine_pool: Pool) -> None:
    tenants = OneTenant()
    shell = make_shell(app_pool, tenants)
    app = make_app(shell, engine_pool, Settings(max_body_bytes=2_000))
    async with AsyncTestClient(app) as client:
        server = Server(shell, tenants, app, client)
        headers = await server.key(await server.tenant(), "agent")
        body = msgspec.json.encode({"delivery_id": "1", "sender": "a", "text": "x" * 3_000})
        answer = await client.post(f"{API}/tickets", headers=headers, content=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


async def test_a_large_body_in_pieces_is_refused_by_a_real_server(app_pool: Pool, engine_pool: Pool) -> None:
    """No Content-Length says how much comes: the limit must hold while it is read."""
    tenants = OneTenant()
    shell = make_shell(app_pool, tenants)
    app = make_app(shell, engine_pool, Settings(max_body_bytes=20_000))

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 1_000

    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        server = Server(shell, tenants, app, cast(Any, client))
        headers = await server.key(await server.tenant(), "agent")
        answer = await client.post(f"{API}/tickets", headers=headers, content=pieces())
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        body = {"delivery_id": "1", "sender": "a@example.org", "text": "hello"}
        assert (await client.post(f"{API}/tickets", headers=headers, json=body)).status_code == 201


async def test_without_a_database_the_answer_is_503(database: Endpoint) -> None:
    async with open_pool(database, "app", max_size=1) as app_pool, open_pool(database, "engine", max_size=1) as engine:
        tenants = OneTenant()
        app = make_app(make_shell(app_pool, tenants), engine)
        async with AsyncTestClient(app) as client:
            server = Server(make_shell(app_pool, tenants), tenants, app, client)
            headers = await server.key(await server.tenant(), "agent")
            assert (await client.get("/readyz")).status_code == 200
            await app_pool.close()
            await engine.close()
            key = "pd_" + "1" * 12 + "_" + "2" * 64
            for path, sent in ((f"{API}/summary", {"Authorization": f"Bearer {key}"}), ("/readyz", headers)):
                answer = await client.get(path, headers=sent)
                assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
            assert (await client.get("/healthz")).status_code == 200


async def test_a_failed_commit_is_never_answered_with_success(server: Server, owner_pool: Pool) -> None:
    """A deferred constraint refuses at COMMIT, after every statement succeeded."""
    tenant = await server.tenant()
    headers = await server.key(tenant, "agent")
    body = {"delivery_id": "d1", "sender": "a@example.org", "text": "hello"}
    async with owner_pool.connection() as conn:
        await conn.execute(
            "create function refuse_commit() returns trigger language plpgsql as "
            "$$ begin raise exception 'refused at commit'; end $$"
        )
        await conn.execute(
            "create constraint trigger at_commit after insert on inbox deferrable initially deferred "
            "for each row execute function refuse_commit()"
        )
        try:
            failed = await server.client.post(f"{API}/tickets", headers=headers, json=body)
        finally:
            await conn.execute("drop trigger at_commit on inbox")
            await conn.execute("drop function refuse_commit")
    assert failed.status_code == 500
    assert "refused at commit" not in failed.text
    assert (await server.client.get(f"{API}/tickets", headers=headers)).json()["items"] == []
    assert (await server.client.post(f"{API}/tickets", headers=headers, json=body)).status_code == 201
