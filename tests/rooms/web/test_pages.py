"""The result page: a session for a key, escaped, read-only, nothing from elsewhere; and the API's own documents."""

import re

import httpx

from proofdesk.web.app import API
from tests.rooms.web.support import Server


async def signed_in(server: Server, headers: dict[str, str]) -> httpx.Response:
    key = headers["Authorization"].removeprefix("Bearer ")
    return await server.client.post("/session", data={"key": key}, follow_redirects=False)


async def test_a_key_opens_a_session_that_shows_tickets_escaped(server: Server) -> None:
    tenant = await server.tenant()
    manager = await server.key(tenant, "manager")
    assert "API key" in (await server.client.get("/")).text
    ticket_id = await server.ticket(tenant, text="<script>alert(1)</script> & more")
    opened = await signed_in(server, manager)
    assert opened.status_code == 303 and opened.headers["location"] == "/"
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert manager["Authorization"].split("_")[-1] not in cookie
    home = await server.client.get("/")
    assert home.status_code == 200 and str(ticket_id) in home.text and "API key" not in home.text
    assert home.headers["content-security-policy"].startswith("default-src 'self'")
    seen = await server.client.get(f"/t/{ticket_id}")
    assert "<script>" not in seen.text and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in seen.text
    assert "message.received" in seen.text
    other = await server.ticket(await server.tenant())
    assert (await server.client.get(f"/t/{other}")).status_code == 404


async def test_a_revoked_key_ends_its_session(server: Server) -> None:
    tenant = await server.tenant()
    manager, boss = await server.key(tenant, "manager"), await server.key(tenant, "administrator")
    await signed_in(server, manager)
    assert "Sign out" in (await server.client.get("/")).text
    prefix = manager["Authorization"].split("_")[1]
    await server.client.delete(f"{API}/keys/{prefix}", headers=boss)
    assert "Sign out" not in (await server.client.get("/")).text


async def test_signing_out_ends_the_session_on_the_server(server: Server) -> None:
    tenant = await server.tenant()
    await signed_in(server, await server.key(tenant, "auditor"))
    session = server.client.cookies["proofdesk_session"]
    await server.client.post("/session/end", follow_redirects=False)
    server.client.cookies.clear()
    again = await server.client.get("/", headers={"Cookie": f"proofdesk_session={session}"})
    assert "Sign out" not in again.text


async def test_who_may_not_look_gets_no_session(server: Server) -> None:
    tenant = await server.tenant()
    for role, status in (("requester_api", 403), ("finance", 403)):
        refused = await signed_in(server, await server.key(tenant, role))  # type: ignore[arg-type]
        assert refused.status_code == status and "set-cookie" not in refused.headers
    wrong = await server.client.post("/session", data={"key": "pd_x_<b>"})
    assert wrong.status_code == 401 and "set-cookie" not in wrong.headers
    for content in (b"\xff", b"&".join([b"a=1"] * 9)):
        assert (await server.client.post("/session", content=content)).status_code == 400
    assert (await server.client.post("/session", content=b"x" * 2_000)).status_code == 413


async def test_another_site_cannot_sign_anybody_in(server: Server) -> None:
    key = (await server.key(await server.tenant(), "manager"))["Authorization"].removeprefix("Bearer ")
    answer = await server.client.post("/session", data={"key": key}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


async def test_a_cookie_does_not_open_the_api(server: Server) -> None:
    await signed_in(server, await server.key(await server.tenant(), "manager"))
    assert (await server.client.get(f"{API}/summary")).status_code == 401


async def test_the_documents_work_without_a_network(server: Server) -> None:
    document = (await server.client.get(f"{API}/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    names = set(document["components"]["schemas"])
    for ref in re.findall(r'"\$ref":\s*"([^"]+)"', (await server.client.get(f"{API}/openapi.json")).text):
        assert ref.removeprefix("#/components/schemas/") in names, ref
    assert document["components"]["schemas"]["NewTicket"]["additionalProperties"] is False
    create = document["paths"][f"{API}/tickets"]["post"]
    assert create["x-roles"] == ["administrator", "agent", "requester_api"]
    assert {"200", "201", "400", "401", "403", "409", "413", "429", "503"} <= create["responses"].keys()
    for path in ("/api/docs", "/"):
        page = (await server.client.get(path)).text
        assert not re.findall(r"(?:src|href|action)=\"(?!/)", page)
    assert f"{API}/approvals/{{approval_id}}/decide" in (await server.client.get("/api/docs")).text
    style = await server.client.get("/assets/proofdesk.css")
    assert style.headers["content-type"].startswith("text/css") and "url(" not in style.text


async def test_a_form_of_our_own_page_is_taken_and_one_of_another_site_is_not(server: Server) -> None:
    tenant = await server.tenant()
    key = (await server.key(tenant, "manager"))["Authorization"].removeprefix("Bearer ")
    # Under no-referrer browsers send "Origin: null" with a page's own forms, and nobody could sign in.
    assert (await server.client.get("/")).headers["referrer-policy"] == "same-origin"
    own = str(server.client.base_url).rstrip("/")
    for origin, status in ((own, 303), ("https://elsewhere.example", 403), ("null", 403)):
        answer = await server.client.post(
            "/session", data={"key": key}, headers={"Origin": origin}, follow_redirects=False
        )
        assert answer.status_code == status, origin
