"""Knowledge over HTTP: who may put what in, who sees what, and a citation that stays."""

from typing import Any

from proofdesk.flows.ids import new_id
from proofdesk.web.app import API
from tests.rooms.web.support import Server

RETURNS = "# Returns\n\nYou may return items within 30 days of delivery.\n"
INSIDE = "# Refund limits\n\nSupport refunds up to 100 EUR without approval.\n"


async def put(server: Server, headers: dict[str, str], name: str, text: str, **more: Any) -> Any:
    body = {"name": name, "kind": "md", "text": text, **more}
    return await server.client.post(f"{API}/knowledge/documents", headers=headers, json=body)


async def ask(server: Server, headers: dict[str, str], text: str, **more: Any) -> Any:
    return await server.client.post(f"{API}/knowledge/answer", headers=headers, json={"text": text, **more})


async def test_a_document_is_answered_from_and_its_citation_stays(server: Server) -> None:
    tenant = await server.tenant()
    mia = await server.key(tenant, "manager")
    done = (await put(server, mia, "returns", RETURNS, audience="public")).json()
    assert (done["added"], done["documents"][0]["source"]) == (1, "uploads/returns.md")
    found = (await ask(server, mia, "How many days may I return items?")).json()
    assert found["outcome"] == "answered" and "30 days" in found["text"]
    cited = found["citations"][0]
    await put(server, mia, "returns", RETURNS.replace("30", "14"), audience="public")
    assert "14 days" in (await ask(server, mia, "How many days may I return items?")).json()["text"]
    then = (await server.client.get(f"{API}/knowledge/sections/{cited['section_id']}", headers=mia)).json()
    assert (then["text"], then["live"]) == (cited["quote"], False)
    removed = await server.client.post(f"{API}/knowledge/documents/{cited['document_id']}/remove", headers=mia)
    assert removed.json()["result"] == "removed"
    assert (await ask(server, mia, "How many days may I return items?")).json()["outcome"] == "abstained"
    assert (await server.client.get(f"{API}/knowledge/documents", headers=mia)).json()["items"] == []


async def test_a_requesting_system_asks_as_its_customers_do(server: Server) -> None:
    tenant = await server.tenant()
    mia, system = await server.key(tenant, "manager"), await server.key(tenant, "requester_api")
    await put(server, mia, "limits", INSIDE)
    question = "Up to what amount does support refund without approval?"
    assert (await ask(server, mia, question, audience="internal")).json()["outcome"] == "answered"
    told = (await ask(server, system, question)).json()
    assert (told["outcome"], told["closest"]) == ("abstained", [])
    assert (await ask(server, system, question, audience="internal")).status_code == 403
    found = await server.client.post(f"{API}/knowledge/search", headers=system, json={"text": question})
    assert found.json()["items"] == []
    assert (await server.client.get(f"{API}/knowledge/documents", headers=system)).status_code == 403


async def test_who_may_change_and_whose_documents(server: Server) -> None:
    mia = await server.key(tenant := await server.tenant(), "manager")
    agent, other = await server.key(tenant, "agent"), await server.key(await server.tenant(), "manager")
    document = (await put(server, mia, "returns", RETURNS)).json()["documents"][0]["document_id"]
    assert (await put(server, agent, "x", "# X\n\nwords")).status_code == 403
    for where in (f"documents/{document}", f"sections/{new_id()}"):
        assert (await server.client.get(f"{API}/knowledge/{where}", headers=other)).status_code == 404
    assert (await server.client.get(f"{API}/knowledge/documents/{document}", headers=agent)).status_code == 200
    gone = await server.client.post(f"{API}/knowledge/documents/{document}/remove", headers=other)
    assert gone.status_code == 404


async def test_a_broken_document_is_an_outcome(server: Server) -> None:
    mia = await server.key(await server.tenant(), "manager")
    done = (await put(server, mia, "a", "---\naudience: all\n---\nwords")).json()
    assert (done["broken"], done["documents"][0]["code"]) == (1, "metadata")
    assert (await put(server, mia, "../a", "words")).status_code == 400
