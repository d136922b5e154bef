"""Topics of a tenant's tickets: found again at each run, keeping their ids and everything an operator said."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from proofdesk.flows.context import Shell
from proofdesk.flows.ids import new_id
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.redacted import without_personal
from proofdesk.flows.settle import add_leaf
from proofdesk.language.pii import KnownEntity
from proofdesk.language.topics import FREE, UNASSIGNED, Topics, Vectors, discover, find_vectors
from proofdesk.language.topics.identity import Earlier, Group, Identity, identify
from proofdesk.language.topics.spikes import spiking
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.topic_rows import TopicMemberRow, TopicRow, TopicTextRow

MAX_TICKETS = 100_000
MAX_DAYS = 366
FindVectors = Callable[[Sequence[str]], tuple[Vectors, str]]


class TopicsFound(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did. `notice`: what was left out or missing, "" when nothing."""

    run_id: UUID
    since: datetime
    until: datetime
    tickets: int
    unassigned: int
    topics: int
    notice: str


class _Before(msgspec.Struct, frozen=True, kw_only=True):
    changed_at: datetime | None
    texts: list[TopicTextRow]
    topics: dict[UUID, TopicRow]
    members: list[TopicMemberRow]


async def find_topics(
    shell: Shell, tenant: str, *, days: int, by: str, limit: int = MAX_TICKETS, vectors: FindVectors = find_vectors
) -> TopicsFound | Refusal:
    """Find the topics of the tickets of the last `days` days (at most `limit`, the newest) and store them.

    Computes in a thread, outside any transaction; refuses to write when somebody changed the topics meanwhile.
    """
    if not 1 <= days <= MAX_DAYS:
        return Refusal(code="invalid", message=f"between 1 and {MAX_DAYS} days", field="days")
    until = shell.clock.now()
    since = until - timedelta(days=days)
    async with tenant_transaction(shell.pool, tenant) as conn:
        before = _Before(
            changed_at=(await t.latest_topic_change(conn, tenant=tenant)).at,
            texts=await t.topic_texts(conn, tenant=tenant, since=since, until=until, limit=limit),
            topics={row.topic_id: row for row in await t.topics(conn, tenant=tenant, retired=False)},
            members=await t.topic_members(conn, tenant=tenant),
        )
    found, notice = await asyncio.to_thread(_found, before, vectors)
    if len(before.texts) >= limit:
        notice = f"Only the newest {limit} tickets were read. {notice}".strip()
    identities = _identities(before, found)
    hot = _spiking(before, found, since, until)
    async with tenant_transaction(shell.pool, tenant) as conn:
        await t.lock_topics(conn, tenant=tenant)
        if (await t.latest_topic_change(conn, tenant=tenant)).at != before.changed_at:
            return Refusal(code="conflict", message="the topics were changed during this run; run it again")
        now = shell.clock.now()
        ids = await _save(conn, tenant, now, before, found, identities, hot)
        unassigned = await _save_members(conn, tenant, before, found, ids)
        run = TopicsFound(
            run_id=new_id(), since=since, until=until, tickets=sum(row.within for row in before.texts),
            unassigned=unassigned, topics=len(ids), notice=notice,
        )  # fmt: skip
        await t.add_topic_run(conn, tenant=tenant, run_by=by, now=now, **msgspec.structs.asdict(run))
        said: dict[str, object] = {"run_id": str(run.run_id), "tickets": run.tickets, "topics": run.topics, "by": by}
        await add_leaf(conn, tenant, now, "topics.found", said, None)
    return run


def _found(before: _Before, vectors: FindVectors) -> tuple[Topics, str]:
    texts = [without_personal(f"{row.subject}\n{row.text}".strip(), _known(row)) for row in before.texts]
    numbers = {topic_id: number for number, topic_id in enumerate(_bound(before))}
    anchors = [FREE if row.example_of is None else numbers.get(row.example_of, FREE) for row in before.texts]
    chosen, notice = vectors(texts)
    return discover(texts, chosen, anchors=anchors, writers=[row.subject_ref for row in before.texts]), notice


def _known(row: TopicTextRow) -> list[KnownEntity]:
    return msgspec.convert(row.known or [], list[KnownEntity])


def _bound(before: _Before) -> list[UUID]:
    """Topics that an operator gave examples of; their place in this list is their anchor."""
    given = {row.example_of for row in before.texts if row.example_of is not None}
    return sorted(given & before.topics.keys())


def _identities(before: _Before, found: Topics) -> list[Identity]:
    bound, groups = _bound(before), []
    for place, topic in enumerate(found.topics):
        members = frozenset(str(row.ticket_id) for row, p in zip(before.texts, found.labels, strict=True) if p == place)
        owner = None if topic.anchor is None else str(bound[topic.anchor])
        groups.append(Group(members=members, share=topic.size / max(len(before.texts), 1), bound=owner))
    held: dict[UUID, set[str]] = {topic_id: set() for topic_id in before.topics}
    for member in before.members:
        held[member.topic_id].add(str(member.ticket_id))
    everything = max(sum(row.size for row in before.topics.values()), 1)
    earlier = [
        Earlier(topic_id=str(row.topic_id), members=frozenset(held[row.topic_id]), share=row.size / everything)
        for row in before.topics.values()
    ]
    return identify(groups, earlier)


def _spiking(before: _Before, found: Topics, since: datetime, until: datetime) -> list[bool]:
    """Judged by the last whole day before `until`."""
    first, days = since.date() + timedelta(days=1), (until.date() - since.date()).days - 1
    counts = [[0] * max(days, 0) for _ in found.topics]
    for row, place in zip(before.texts, found.labels, strict=True):
        day = (row.created_at.astimezone(until.tzinfo).date() - first).days
        if place != UNASSIGNED and row.within and 0 <= day < days:
            counts[place][day] += 1
    return spiking(counts, [first + timedelta(days=day) for day in range(max(days, 0))])


async def _save(
    conn: Connection, tenant: str, now: datetime, before: _Before, found: Topics, identities: list[Identity],
    hot: list[bool],
) -> list[UUID]:  # fmt: skip
    """Topics in order of `found`; those found no more retire, unless an operator confirmed them."""
    sizes = Counter(p for row, p in zip(before.texts, found.labels, strict=True) if row.within and p != UNASSIGNED)
    ids = [UUID(identity.topic_id) if identity.topic_id else new_id() for identity in identities]
    for place, (topic, identity, topic_id) in enumerate(zip(found.topics, identities, ids, strict=True)):
        known = before.topics.get(topic_id)
        await t.save_topic(
            conn, tenant=tenant, topic_id=topic_id, now=now, size=sizes[place], terms=list(topic.terms),
            name=known.name if known else topic.name, named_by=known.named_by if known else "",
            state=known.state if known else "suggested", change="spiking" if hot[place] else identity.change,
            parents=[UUID(parent) for parent in identity.parents] or (known.parents if known else []),
        )  # fmt: skip
    missing = [row.topic_id for row in before.topics.values() if row.topic_id not in ids]
    gone = [topic_id for topic_id in missing if before.topics[topic_id].state != "confirmed"]
    await t.retire_topics(conn, tenant=tenant, topic_ids=gone, now=now)
    return ids


async def _save_members(conn: Connection, tenant: str, before: _Before, found: Topics, ids: list[UUID]) -> int:
    """Gives how many tickets of the time asked for stay unassigned."""
    rows = list(zip(before.texts, found.labels, found.scores, strict=True))
    inside = [(row.ticket_id, ids[place], score) for row, place, score in rows if place != UNASSIGNED]
    await t.set_topic_members(
        conn, tenant=tenant, ticket_ids=[i[0] for i in inside], topic_ids=[i[1] for i in inside],
        scores=[i[2] for i in inside],
    )  # fmt: skip
    outside = [row.ticket_id for row, place, _ in rows if place == UNASSIGNED]
    await t.drop_topic_members(conn, tenant=tenant, ticket_ids=outside)
    return sum(row.within for row, place, _ in rows if place == UNASSIGNED)
