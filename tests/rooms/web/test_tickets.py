"""Tickets over HTTP: made once, read whole, answered, confirmed and rated."""

from typing import Any
from uuid import UUID, uuid4

import msgspec

from proofdesk.core.directive import Run
from proofdesk.core.reading import Request, SlotValue
from proofdesk.flows.ids import new_id
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.state import RequestState, State
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from tests.rooms.web.support import Server


def ticket(**changes: Any) -> dict[str, Any]:
    return {"delivery_id": str(new_id()), "sender": "ada@example.org", "text": "Where is my order 1?"} | changes


async def test_a_ticket_is_created_and_read(server: Server) -> None:
    tenant = await server.tenant()
    system, agent = await server.key(tenant, "requester_api"), await server.key(tenant, "agent")
    made = await server.client.post("/api/v1/tickets", headers=system, json=ticket(subject="Order", verified=True))
    assert made.status_code == 201, made.text
    ticket_id = made.json()["ticket_id"]
    seen = (await server.client.get(f"/api/v1/tickets/{ticket_id}", headers=agent)).json()
    assert (seen["status"], seen["subject"], seen["sender_verified"]) == ("new", "Order", True)
    assert [(m["direction"], m["text"]) for m in seen["messages"]] == [("in", "Where is my order 1?")]
    assert {timer["kind"] for timer in seen["timers"]} == {"first_response", "resolution"}
    assert seen["handoff"] is None and seen["requests"] == []
    status = (await server.client.get(f"/api/v1/tickets/{ticket_id}/status", headers=system)).json()
    assert status.keys() == {"ticket_id", "status", "waiting_for", "messages"}
    ledger = (await server.client.get(f"/api/v1/tickets/{ticket_id}/ledger", headers=agent)).json()["items"]
    assert [leaf["kind"] for leaf in ledger] == ["message.received"]
    assert "order 1" not in ledger[0]["canonical"]


async def test_a_repeated_delivery_gives_the_same_ticket(server: Server) -> None:
    tenant = await server.tenant()
    system = await server.key(tenant, "requester_api")
    body = ticket()
    first = await server.client.post("/api/v1/tickets", headers=system, json=body)
    again = await server.client.post("/api/v1/tickets", headers=system, json=body)
    other = await server.client.post("/api/v1/tickets", headers=system, json=body | {"text": "another"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json() == again.json()
    assert other.json()["error"]["field"] == "delivery_id"
    listed = await server.client.get("/api/v1/tickets", headers=await server.key(tenant, "manager"))
    assert len(listed.json()["items"]) == 1


async def test_only_a_vouching_system_may_say_verified(server: Server) -> None:
    tenant = await server.tenant()
    for role, status in (("agent", 403), ("administrator", 201), ("requester_api", 201)):
        headers = await server.key(tenant, role)
        made = await server.client.post("/api/v1/tickets", headers=headers, json=ticket(verified=True))
        assert made.status_code == status
        made = await server.client.post("/api/v1/tickets", headers=headers, json=ticket())
        assert made.status_code == 201


async def test_an_answer_joins_its_ticket_once(server: Server) -> None:
    tenant = await server.tenant()
    system = await server.key(tenant, "requester_api")
    one, two = await server.ticket(tenant), await server.ticket(tenant)
    body = {"delivery_id": "answer-1", "text": "yes"}
    codes = [
        (await server.client.post(f"/api/v1/tickets/{one}/messages", headers=system, json=body)).status_code
        for _ in range(2)
    ]
    assert codes == [201, 200]
    elsewhere = await server.client.post(f"/api/v1/tickets/{two}/messages", headers=system, json=body)
    assert elsewhere.status_code == 409
    missing = await server.client.post(f"/api/v1/tickets/{uuid4()}/messages", headers=system, json=body)
    assert missing.status_code == 404
    status = (await server.client.get(f"/api/v1/tickets/{one}/status", headers=system)).json()
    assert [message["text"] for message in status["messages"]] == ["Where is my order?", "yes"]


async def test_only_the_requesters_system_speaks_for_the_requester(server: Server) -> None:
    tenant = await server.tenant()
    ticket_id = await server.ticket(tenant)
    path = f"/api/v1/tickets/{ticket_id}/messages"
    for number, (role, status) in enumerate((("agent", 403), ("administrator", 201), ("requester_api", 201))):
        said = {"delivery_id": f"answer-{number}", "text": "yes"}
        made = await server.client.post(path, headers=await server.key(tenant, role), json=said)
        assert made.status_code == status


async def test_a_ticket_that_came_by_mail_is_not_answered_over_the_api(server: Server) -> None:
    tenant = await server.tenant()
    incoming = Incoming(channel="email", delivery_id="m1", sender="ada@example.org", verified=True, text="Cancel it.")
    received = await receive(server.shell, await server.tenants.get(tenant), incoming)
    assert isinstance(received, Received)
    path = f"/api/v1/tickets/{received.ticket_id}/messages"
    said = {"delivery_id": "answer", "text": "yes"}
    answer = await server.client.post(path, headers=await server.key(tenant, "requester_api"), json=said)
    assert (answer.status_code, answer.json()["error"]["field"]) == (409, "ticket_id")
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        rows = await t.messages(conn, tenant=tenant, ticket_id=received.ticket_id)
    assert [row.text for row in rows] == ["Cancel it."]


async def test_pages_and_filter(server: Server) -> None:
    tenant = await server.tenant()
    manager = await server.key(tenant, "manager")
    ids = [await server.ticket(tenant) for _ in range(5)]
    await server.put(tenant, ids[0], "handed_off")
    first = (await server.client.get("/api/v1/tickets?limit=2", headers=manager)).json()
    assert [UUID(item["ticket_id"]) for item in first["items"]] == [ids[4], ids[3]]
    assert first["next_offset"] == 2
    last = (await server.client.get("/api/v1/tickets?limit=2&offset=4", headers=manager)).json()
    assert (len(last["items"]), last["next_offset"]) == (1, None)
    handed = (await server.client.get("/api/v1/tickets?status=handed_off", headers=manager)).json()
    assert [UUID(item["ticket_id"]) for item in handed["items"]] == [ids[0]]


async def test_requests_show_their_path_and_slots_and_replies_hide_codes(server: Server) -> None:
    tenant = await server.tenant()
    ticket_id = await server.ticket(tenant)
    request = Request(id="r1", procedure="cancel", slots={"order": SlotValue(value="1", provenance="requester")})
    run = Run(procedure="cancel", version=3, procedure_hash="h", trail=("find", "ask"))
    await server.put(tenant, ticket_id, "open", State(requests=(RequestState(request=request, run=run),)))
    now = server.shell.clock.now()
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        for kind, key in (("reply", "k1"), ("action", "k2")):
            await t.intend(
                conn,
                tenant=tenant,
                effect_key=key,
                ticket_id=ticket_id,
                kind=kind,
                capability="x",
                args={"text": "code 123456"},
                args_hash="h",
                amount_minor=0,
                currency="",
                idempotency="C",
                now=now,
            )
    agent = await server.key(tenant, "agent")
    seen = (await server.client.get(f"/api/v1/tickets/{ticket_id}", headers=agent)).json()
    assert seen["requests"][0]["path"] == ["find", "ask"]
    assert seen["requests"][0]["slots"] == [{"name": "order", "value": "1", "shown": "", "provenance": "requester"}]
    assert [(e["kind"], e["args"]) for e in seen["effects"]] == [("reply", {}), ("action", {"text": "code 123456"})]


async def test_confirming_charges_once_and_a_bad_rating_takes_it_back(server: Server) -> None:
    tenant = await server.tenant()
    system = await server.key(tenant, "requester_api")
    ticket_id = await server.solved(tenant)
    path = f"/api/v1/tickets/{ticket_id}"
    for _ in range(2):
        said = await server.client.post(f"{path}/confirm", headers=system)
        assert (said.status_code, said.json()["resolution"]) == (200, "billable")
    kinds = await server.kinds(tenant, ticket_id)
    assert kinds.count("billing.charged") == 1 and kinds.count("resolution.event") == 2
    good = await server.client.post(f"{path}/rating", headers=system, json={"score": 2})
    assert (good.status_code, good.json()["resolution"]) == (200, "reversed")
    again = await server.client.post(f"{path}/rating", headers=system, json={"score": 2})
    other = await server.client.post(f"{path}/rating", headers=system, json={"score": 5})
    assert (again.status_code, other.status_code) == (200, 409)
    kinds = await server.kinds(tenant, ticket_id)
    assert kinds.count("rating.received") == 1 and kinds.count("billing.credited") == 1


async def test_a_good_rating_changes_nothing(server: Server) -> None:
    tenant = await server.tenant()
    system = await server.key(tenant, "requester_api")
    ticket_id = await server.solved(tenant, verified=True)
    said = await server.client.post(f"/api/v1/tickets/{ticket_id}/rating", headers=system, json={"score": 3})
    assert said.json()["resolution"] == "billable"


async def test_what_is_not_solved_cannot_be_confirmed_or_rated(server: Server) -> None:
    tenant = await server.tenant()
    system = await server.key(tenant, "requester_api")
    ticket_id = await server.ticket(tenant)
    confirmed = await server.client.post(f"/api/v1/tickets/{ticket_id}/confirm", headers=system)
    rated = await server.client.post(f"/api/v1/tickets/{ticket_id}/rating", headers=system, json={"score": 1})
    assert (confirmed.status_code, rated.status_code) == (409, 409)
    assert await server.kinds(tenant, ticket_id) == ["message.received"]


async def test_the_answer_is_json_the_document_knows(server: Server) -> None:
    tenant = await server.tenant()
    made = await server.client.post(
        "/api/v1/tickets", headers=await server.key(tenant, "agent"), content=msgspec.json.encode(ticket())
    )
    assert made.status_code == 201 and made.headers["content-type"] == "application/json"


async def test_a_redacted_copy_is_put_back_by_an_agent_and_by_nobody_else(server: Server) -> None:
    tenant = await server.tenant()
    system, agent, auditor = [await server.key(tenant, role) for role in ("requester_api", "agent", "auditor")]
    text = "Write to canary@example.org about my order"
    made = await server.client.post("/api/v1/tickets", headers=system, json=ticket(text=text))
    url = f"/api/v1/tickets/{made.json()['ticket_id']}"
    copy = (await server.client.get(f"{url}/redacted", headers=auditor)).json()
    redacted = copy["messages"][0]["text"]
    assert "canary" not in redacted and "⟦EMAIL_1⟧" in redacted and copy["known"] == 0
    back = await server.client.post(f"{url}/restore", headers=agent, json={"text": redacted})
    assert (back.status_code, back.json()) == (200, {"text": text})
    refused = await server.client.post(f"{url}/restore", headers=auditor, json={"text": redacted})
    assert refused.status_code == 403
    assert (await server.client.get(f"{url}/redacted", headers=system)).status_code == 403
    unknown = await server.client.post(f"{url}/restore", headers=agent, json={"text": "⟦EMAIL_7⟧"})
    assert (unknown.status_code, unknown.json()["error"]["field"]) == (400, "text")
    nowhere = f"/api/v1/tickets/{uuid4()}/redacted"
    assert (await server.client.get(nowhere, headers=agent)).status_code == 404
    leaves = (await server.client.get(f"{url}/ledger", headers=agent)).json()["items"]
    assert [leaf["kind"] for leaf in leaves].count("data.restored") == 1
