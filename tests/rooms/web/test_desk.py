"""Handoffs, replies and approvals over HTTP."""

from datetime import timedelta
from uuid import UUID

import msgspec

from proofdesk.flows.ids import new_id
from proofdesk.flows.state import State
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.web.app import API
from tests.rooms.web.support import Server


async def test_an_agent_accepts_answers_and_solves(server: Server) -> None:
    tenant = await server.tenant()
    ada, bob = await server.key(tenant, "agent", login="ada"), await server.key(tenant, "agent", login="bob")
    ticket_id, handoff_id = await server.handed_off(tenant)
    listed = (await server.client.get(f"{API}/handoffs", headers=ada)).json()["items"]
    assert [each["handoff_id"] for each in listed] == [str(handoff_id)]
    early = await server.client.post(f"{API}/tickets/{ticket_id}/reply", headers=ada, json={"text": "Hello"})
    assert early.status_code == 409
    for _ in range(2):
        taken = await server.client.post(f"{API}/handoffs/{handoff_id}/accept", headers=ada)
        assert (taken.status_code, taken.json()["accepted_by"]) == (200, "ada")
    assert (await server.client.post(f"{API}/handoffs/{handoff_id}/accept", headers=bob)).status_code == 409
    path = f"{API}/tickets/{ticket_id}/reply"
    assert (await server.client.post(path, headers=bob, json={"text": "Hello"})).status_code == 409
    first = await server.client.post(path, headers=ada, json={"text": "We look into it."})
    assert first.json() == {"ticket_id": str(ticket_id), "status": "handed_off", "duplicate": False}
    again = await server.client.post(path, headers=ada, json={"text": "We look into it."})
    assert again.json()["duplicate"] is True
    solved = await server.client.post(path, headers=ada, json={"text": "It is done.", "solved": True})
    assert solved.json()["status"] == "solved"
    seen = (await server.client.get(f"{API}/tickets/{ticket_id}", headers=ada)).json()
    assert [(m["author"], m["text"]) for m in seen["messages"][1:]] == [
        ("agent", "We look into it."),
        ("agent", "It is done."),
    ]
    assert seen["handoff"]["closed_at"] is not None
    assert all(timer["met_at"] is not None for timer in seen["timers"])
    assert seen["due_at"] is not None
    kinds = await server.kinds(tenant, ticket_id)
    assert kinds.count("agent.replied") == 2 and kinds.count("handoff.accepted") == 1
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        row = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        assert row is not None
        events = await t.events_of_issue(conn, tenant=tenant, issue_id=row.issue_id)
    assert {event.event for event in events} == {"human_reply"}
    system = await server.key(tenant, "requester_api")
    confirmed = await server.client.post(f"{API}/tickets/{ticket_id}/confirm", headers=system)
    assert confirmed.json()["resolution"] == "void", "what a person solved is never billed"


async def test_a_reply_needs_a_handed_off_ticket(server: Server) -> None:
    tenant = await server.tenant()
    agent = await server.key(tenant, "agent")
    ticket_id = await server.ticket(tenant)
    answer = await server.client.post(f"{API}/tickets/{ticket_id}/reply", headers=agent, json={"text": "Hi"})
    assert answer.status_code == 409


async def test_four_eyes_decide_and_wake_the_ticket(server: Server) -> None:
    tenant = await server.tenant()
    vera = await server.key(tenant, "approver", login="vera")
    ticket_id, approval_id = await server.waiting_approval(tenant)
    listed = (await server.client.get(f"{API}/approvals", headers=vera)).json()["items"]
    assert [each["approval_id"] for each in listed] == [str(approval_id)]
    path = f"{API}/approvals/{approval_id}/decide"
    for _ in range(2):
        decided = await server.client.post(path, headers=vera, json={"verdict": "approved"})
        assert (decided.status_code, decided.json()["decided_by"]) == (200, "vera")
    other = await server.client.post(path, headers=vera, json={"verdict": "rejected"})
    assert other.status_code == 409
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        row = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    assert row is not None and row.due_at is not None
    assert row.status == "open" and row.due_at <= server.shell.clock.now()
    assert (await server.kinds(tenant, ticket_id)).count("approval.decided") == 1
    assert (await server.client.get(f"{API}/approvals", headers=vera)).json()["items"] == []


async def test_the_one_who_asked_may_not_decide(server: Server) -> None:
    tenant = await server.tenant()
    vera = await server.key(tenant, "approver", login="vera")
    _, approval_id = await server.waiting_approval(tenant, requested_by="Vera ")
    decided = await server.client.post(
        f"{API}/approvals/{approval_id}/decide", headers=vera, json={"verdict": "approved"}
    )
    assert decided.status_code == 403
    assert len((await server.client.get(f"{API}/approvals", headers=vera)).json()["items"]) == 1


async def test_an_expired_or_overtaken_approval_is_a_conflict(server: Server) -> None:
    tenant = await server.tenant()
    vera = await server.key(tenant, "approver")
    _, expired = await server.waiting_approval(tenant, valid_for=timedelta(seconds=-1))
    ticket_id, overtaken = await server.waiting_approval(tenant)
    await server.put(tenant, ticket_id, "handed_off")
    ticket_id, superseded = await server.waiting_approval(tenant)
    _, wanted = await server.waiting_approval(tenant, ticket_id=ticket_id)
    listed = (await server.client.get(f"{API}/approvals", headers=vera)).json()["items"]
    assert [each["approval_id"] for each in listed] == [str(wanted)]
    for approval_id in (expired, overtaken, superseded):
        answer = await server.client.post(
            f"{API}/approvals/{approval_id}/decide", headers=vera, json={"verdict": "approved"}
        )
        assert answer.status_code == 409
    assert str(wanted) in answer.json()["error"]["message"], "the answer names the approval the ticket waits for"
    decided = await server.client.post(f"{API}/approvals/{wanted}/decide", headers=vera, json={"verdict": "approved"})
    assert decided.status_code == 200


async def test_mails_that_became_no_ticket_are_listed_and_counted(server: Server) -> None:
    tenant = await server.tenant()
    ada, vera = await server.key(tenant, "agent"), await server.key(tenant, "approver")
    for number, outcome in enumerate(("rejected", "ignored", "ticket")):
        async with tenant_transaction(server.shell.pool, tenant) as conn:
            await t.inbox_add(
                conn,
                tenant=tenant,
                inbox_id=new_id(),
                channel="email",
                delivery_id=f"m{number}",
                now=server.shell.clock.now(),
                raw_hmac=None,
                outcome=outcome,
                reason=f"why {outcome}",
                ticket_id=None,
                sender_hmac=None,
                brought_by="",
                place="uid 7, uidvalidity 1",
            )
    for query, reason in (("", "why rejected"), ("?outcome=ignored", "why ignored")):
        (mail,) = (await server.client.get(f"{API}/mails{query}", headers=ada)).json()["items"]
        assert (mail["reason"], mail["place"], mail["kept"]) == (reason, "uid 7, uidvalidity 1", False)
    totals = (await server.client.get(f"{API}/summary", headers=ada)).json()
    assert (totals["mails_rejected"], totals["mails_ignored"]) == (1, 1)
    assert (await server.client.get(f"{API}/mails", headers=vera)).status_code == 403
    assert (await server.client.get(f"{API}/mails?outcome=ticket", headers=ada)).status_code == 400


async def test_an_answer_by_a_person_ends_what_the_machine_was_at(server: Server) -> None:
    tenant = await server.tenant()
    ada = await server.key(tenant, "agent", login="ada")
    ticket_id, handoff_id = await server.handed_off(tenant)
    left = State(step="window", news=True, waiting_for="approval", approval_id="an approval")
    await server.put(tenant, ticket_id, "handed_off", left)
    await server.client.post(f"{API}/handoffs/{handoff_id}/accept", headers=ada)
    answer = {"text": "It is done.", "solved": True}
    assert (await server.client.post(f"{API}/tickets/{ticket_id}/reply", headers=ada, json=answer)).status_code == 200
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        row = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    assert row is not None
    state = msgspec.convert(row.state, State)
    assert (state.news, state.waiting_for, state.approval_id, state.under_way) == (False, "", "", None)


async def test_the_same_words_after_the_requester_wrote_leave_once_more(server: Server) -> None:
    tenant = await server.tenant()
    ada, system = await server.key(tenant, "agent", login="ada"), await server.key(tenant, "requester_api")
    ticket_id, handoff_id = await server.handed_off(tenant)
    await server.client.post(f"{API}/handoffs/{handoff_id}/accept", headers=ada)
    path, answer = f"{API}/tickets/{ticket_id}/reply", {"text": "Please send the number."}
    assert (await server.client.post(path, headers=ada, json=answer)).json()["duplicate"] is False
    said = {"delivery_id": "second", "text": "Which number?"}
    await server.client.post(f"{API}/tickets/{ticket_id}/messages", headers=system, json=said)
    assert (await server.client.post(path, headers=ada, json=answer)).json()["duplicate"] is False
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        rows = await t.messages(conn, tenant=tenant, ticket_id=ticket_id)
    sent = [row.channel_ref for row in rows if row.author == "agent"]
    assert len(sent) == len(set(sent)) == 2


async def test_whoever_wrote_to_the_ticket_does_not_decide_about_it(server: Server) -> None:
    tenant = await server.tenant()
    both = await server.key(tenant, "requester_api", "approver", login="both")
    opener = await server.key(tenant, "requester_api", "approver", login="opener")
    second = await server.key(tenant, "approver", login="second")
    body = {"delivery_id": "opened", "sender": "ada@example.org", "text": "Refund me.", "verified": True}
    opened = (await server.client.post(f"{API}/tickets", headers=opener, json=body)).json()["ticket_id"]
    ticket_id, approval_id = await server.waiting_approval(tenant, ticket_id=UUID(opened))
    said = {"delivery_id": "said", "text": "Please hurry."}
    path = f"{API}/tickets/{ticket_id}/messages"
    assert (await server.client.post(path, headers=both, json=said)).status_code == 201
    waiting = State(step="execute", waiting_for="approval", approval_id=str(approval_id))
    await server.put(tenant, ticket_id, "waiting_approval", waiting)
    decide = f"{API}/approvals/{approval_id}/decide"
    for headers, status in ((both, 403), (opener, 403), (second, 200)):
        answer = await server.client.post(decide, headers=headers, json={"verdict": "approved"})
        assert answer.status_code == status, answer.text
