"""Topics of a tenant's tickets: found, confirmed, merged, split over HTTP; what a person said binds the next run."""

import asyncio
from typing import Any
from uuid import UUID

from proofdesk.flows.erase import erase_subject
from proofdesk.flows.topics import find_topics
from proofdesk.language.topics import WordVectors
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.web.app import API
from tests.rooms.topics.test_discover import KINDS, TEXTS
from tests.rooms.web.support import Server


async def filled(server: Server) -> tuple[str, dict[UUID, str], dict[str, str]]:
    """A tenant with tickets of three matters: (tenant, matter of each ticket, headers of a manager)."""
    tenant = await server.tenant()
    kinds = {await server.ticket(tenant, text): kind for text, kind in zip(TEXTS, KINDS, strict=True)}
    return tenant, kinds, await server.key(tenant, "manager", login="mia")


async def run(server: Server, tenant: str, limit: int = 1_000) -> Any:
    """As the API does it, with word statistics for vectors: the test needs no weights."""
    return await find_topics(
        server.shell, tenant, days=30, by="test", limit=limit, vectors=lambda texts: (WordVectors(texts), "words")
    )


async def members(server: Server, tenant: str) -> dict[UUID, UUID]:
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        return {row.ticket_id: row.topic_id for row in await t.topic_members(conn, tenant=tenant)}


async def listed(server: Server, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = await server.client.get(f"{API}/topics", headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def post(server: Server, headers: dict[str, str], path: str, **body: Any) -> Any:
    return await server.client.post(f"{API}/topics/{path}", headers=headers, json=body or None)


async def test_topics_are_found_keep_their_ids_and_are_named(server: Server) -> None:
    tenant, kinds, mia = await filled(server)
    assert await listed(server, mia) == []
    first = await run(server, tenant)
    assert (first.tickets, first.notice) == (len(kinds), "words")
    topics = await listed(server, mia)
    assert len(topics) == first.topics > 1
    assert sum(topic["size"] for topic in topics) == first.tickets - first.unassigned
    assert {topic["state"] for topic in topics} == {"suggested"} and {topic["change"] for topic in topics} == {"new"}
    await run(server, tenant)
    again = await listed(server, mia)
    assert [topic["topic_id"] for topic in again] == [topic["topic_id"] for topic in topics]
    assert {topic["change"] for topic in again} == {"same"}
    named = (await post(server, mia, f"{topics[0]['topic_id']}/name", name="Lost parcels")).json()
    assert (named["name"], named["named_by"], named["state"]) == ("Lost parcels", "mia", "confirmed")
    await run(server, tenant)
    assert any(topic["name"] == "Lost parcels" for topic in await listed(server, mia))


async def test_a_merge_binds_the_next_run(server: Server) -> None:
    tenant, _, mia = await filled(server)
    await run(server, tenant)
    topics = await listed(server, mia)
    gone, kept = topics[1]["topic_id"], topics[0]["topic_id"]
    merged = (await post(server, mia, f"{gone}/merge", into=kept)).json()
    assert (merged["topic_id"], merged["change"], merged["size"]) == (
        kept, "merged", topics[0]["size"] + topics[1]["size"],
    )  # fmt: skip
    assert merged["parents"] == [gone]
    assert (await post(server, mia, f"{gone}/confirm")).status_code == 409
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        examples = [
            row.ticket_id for row in await t.members_of_topic(conn, tenant=tenant, topic_id=UUID(kept), limit=9)
        ]
    await run(server, tenant)
    after = await members(server, tenant)
    assert {after[ticket_id] for ticket_id in examples} == {UUID(kept)}
    assert gone not in {topic["topic_id"] for topic in await listed(server, mia)}


async def test_a_split_binds_the_next_run(server: Server) -> None:
    tenant, _, mia = await filled(server)
    await run(server, tenant)
    topic = (await listed(server, mia))[0]
    inside = [ticket for ticket, of in (await members(server, tenant)).items() if of == UUID(topic["topic_id"])]
    off = [str(ticket) for ticket in inside[:4]]
    refused = await post(server, mia, f"{topic['topic_id']}/split", tickets=[str(i) for i in inside], name="All")
    assert refused.status_code == 422 or refused.status_code == 400
    new = (await post(server, mia, f"{topic['topic_id']}/split", tickets=off, name="Another matter")).json()
    assert (new["name"], new["size"], new["parents"]) == ("Another matter", 4, [topic["topic_id"]])
    await run(server, tenant)
    after = await members(server, tenant)
    assert {str(after[UUID(ticket)]) for ticket in off} == {new["topic_id"]}


async def test_who_may_and_whose_topics(server: Server) -> None:
    tenant, _, mia = await filled(server)
    await run(server, tenant)
    topic_id = (await listed(server, mia))[0]["topic_id"]
    agent = await server.key(tenant, "agent", login="ann")
    assert (await server.client.get(f"{API}/topics", headers=agent)).status_code == 200
    assert (await post(server, agent, f"{topic_id}/confirm")).status_code == 403
    other = await server.key(await server.tenant(), "manager", login="eve")
    assert await listed(server, other) == []
    assert (await post(server, other, f"{topic_id}/confirm")).status_code == 404
    assert (await post(server, mia, f"{topic_id}/merge", into=topic_id)).status_code in (400, 422)


async def test_an_erased_persons_words_are_read_no_more(server: Server) -> None:
    tenant, kinds, _ = await filled(server)
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        row = await t.load_ticket(conn, tenant=tenant, ticket_id=next(iter(kinds)))
    assert row is not None
    await erase_subject(server.shell, tenant, row.subject_ref, requested_by="test")
    assert (await run(server, tenant)).tickets == len(kinds) - 1


async def test_a_choice_made_during_a_run_is_not_overwritten(server: Server) -> None:
    tenant, _, mia = await filled(server)
    await run(server, tenant)
    topic_id = (await listed(server, mia))[0]["topic_id"]
    loop_vectors = []

    def meanwhile(texts):
        loop_vectors.append(asyncio.run_coroutine_threadsafe(
            post(server, mia, f"{topic_id}/name", name="Meanwhile"), loop).result(timeout=20).status_code)  # fmt: skip
        return WordVectors(texts), ""

    loop = asyncio.get_running_loop()
    done = await find_topics(server.shell, tenant, days=30, by="test", vectors=meanwhile)
    assert loop_vectors == [200] and getattr(done, "code", "") == "conflict"
    assert any(topic["name"] == "Meanwhile" for topic in await listed(server, mia))


async def test_the_limit_is_said(server: Server) -> None:
    tenant, _, _ = await filled(server)
    found = await run(server, tenant, limit=30)
    assert found.tickets == 30 and "newest 30" in found.notice
