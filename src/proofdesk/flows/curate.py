"""What an operator says about topics: confirm, name, merge, split. Kept as examples that bind every later run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from proofdesk.flows.context import Shell
from proofdesk.flows.ids import new_id
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.settle import add_leaf
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.topic_rows import TopicRow

EXAMPLES = 30
"""The most typical tickets of a confirmed topic that stand for it."""
MAX_NAME_CHARS = 120
MAX_SPLIT = 1_000
Change = Literal["new", "same", "growing", "spiking", "merged", "split"]


class TopicView(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: suggested until a person confirms it. `change`: what the last run or choice did to it."""

    topic_id: UUID
    name: str
    named_by: str
    state: Literal["suggested", "confirmed", "retired"]
    change: Change
    parents: list[UUID]
    terms: list[str]
    size: int
    created_at: datetime
    updated_at: datetime


class TopicList(msgspec.Struct, frozen=True, kw_only=True):
    """Largest first. `unassigned`: tickets of the last run that resemble no topic; null before the first run."""

    items: list[TopicView]
    tickets: int | None
    unassigned: int | None
    ran_at: datetime | None
    notice: str


async def list_topics(shell: Shell, tenant: str, *, retired: bool = False) -> TopicList:
    async with tenant_transaction(shell.pool, tenant) as conn:
        rows = await t.topics(conn, tenant=tenant, retired=retired)
        run = await t.last_topic_run(conn, tenant=tenant)
    return TopicList(
        items=[_view(row) for row in rows],
        tickets=run.tickets if run else None,
        unassigned=run.unassigned if run else None,
        ran_at=run.ran_at if run else None,
        notice=run.notice if run else "",
    )


async def confirm_topic(
    shell: Shell, tenant: str, topic_id: UUID, *, by: str, name: str | None = None
) -> TopicView | Refusal:
    """The topic is real: its most typical tickets become its examples. With `name` it is called so from now on."""
    if name is not None and not 1 <= len(name.strip()) <= MAX_NAME_CHARS:
        return Refusal(code="invalid", message=f"a name has 1 to {MAX_NAME_CHARS} characters", field="name")
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        row = await _open(conn, tenant, topic_id)
        if isinstance(row, Refusal):
            return row
        await _exemplify(conn, tenant, topic_id)
        if name is None:
            kept = msgspec.structs.replace(row, state="confirmed")
        else:
            kept = msgspec.structs.replace(row, state="confirmed", name=name.strip(), named_by=by)
        await _keep(conn, tenant, kept, now)
        await _say(conn, tenant, now, "confirmed" if name is None else "named", topic_id, by)
    return _view(kept, now)


async def merge_topics(shell: Shell, tenant: str, topic_id: UUID, into_id: UUID, *, by: str) -> TopicView | Refusal:
    """`topic_id` becomes part of `into_id` for good: tickets and examples move, the first retires."""
    if topic_id == into_id:
        return Refusal(code="invalid", message="a topic cannot be merged into itself", field="into")
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        row, into = await _open(conn, tenant, topic_id), await _open(conn, tenant, into_id)
        if isinstance(row, Refusal):
            return row
        if isinstance(into, Refusal):
            return msgspec.structs.replace(into, field="into")
        for each in (topic_id, into_id):
            await _exemplify(conn, tenant, each)
        place = {"tenant": tenant, "topic_id": topic_id, "into_id": into_id}
        await t.move_topic_examples(conn, **place)
        await t.move_topic_members(conn, **place)
        await t.retire_topics(conn, tenant=tenant, topic_ids=[topic_id], now=now)
        parents = [*into.parents, topic_id]
        kept = msgspec.structs.replace(
            into, state="confirmed", change="merged", parents=parents, size=into.size + row.size
        )
        await _keep(conn, tenant, kept, now)
        await _say(conn, tenant, now, "merged", topic_id, by, into_id)
    return _view(kept, now)


async def split_topic(
    shell: Shell, tenant: str, topic_id: UUID, tickets: Sequence[UUID], name: str, *, by: str
) -> TopicView | Refusal:
    """The given tickets of a topic become examples of a new one, its most typical others stay its own."""
    if not 1 <= len(name.strip()) <= MAX_NAME_CHARS:
        return Refusal(code="invalid", message=f"a name has 1 to {MAX_NAME_CHARS} characters", field="name")
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        row = await _open(conn, tenant, topic_id)
        if isinstance(row, Refusal):
            return row
        members = await t.members_of_topic(conn, tenant=tenant, topic_id=topic_id, limit=MAX_SPLIT * 100)
        wanted = set(tickets)
        leaving = [m for m in members if m.ticket_id in wanted]
        if not wanted or len(leaving) < len(wanted) or len(leaving) == len(members) or len(wanted) > MAX_SPLIT:
            message = f"name 1 to {MAX_SPLIT} tickets of this topic, not all of them"
            return Refusal(code="invalid", message=message, field="tickets")
        new = TopicRow(
            topic_id=new_id(), name=name.strip(), named_by=by, state="confirmed", change="split", parents=[topic_id],
            terms=[], size=len(leaving), created_at=now, updated_at=now,
        )  # fmt: skip
        await _keep(conn, tenant, new, now)
        moved = [m.ticket_id for m in leaving]
        await t.set_topic_members(
            conn, tenant=tenant, ticket_ids=moved, topic_ids=[new.topic_id] * len(moved), scores=[1.0] * len(moved)
        )
        await t.set_topic_examples(conn, tenant=tenant, topic_id=new.topic_id, ticket_ids=moved)
        await _exemplify(conn, tenant, topic_id)
        rest = msgspec.structs.replace(row, state="confirmed", change="split", size=max(row.size - len(moved), 0))
        await _keep(conn, tenant, rest, now)
        await _say(conn, tenant, now, "split", topic_id, by, new.topic_id)
    return _view(new, now)


async def _open(conn: Connection, tenant: str, topic_id: UUID) -> TopicRow | Refusal:
    await t.lock_topics(conn, tenant=tenant)
    row = await t.load_topic(conn, tenant=tenant, topic_id=topic_id)
    if row is None:
        return Refusal(code="not_found", message="there is no such topic")
    if row.state == "retired":
        return Refusal(code="conflict", message="this topic has retired: it was merged or is found no more")
    return row


async def _exemplify(conn: Connection, tenant: str, topic_id: UUID) -> None:
    """Typical members become examples where the topic has none yet: what a person chose is never diluted."""
    if (await t.count_topic_examples(conn, tenant=tenant, topic_id=topic_id)).n:
        return
    typical = await t.members_of_topic(conn, tenant=tenant, topic_id=topic_id, limit=EXAMPLES)
    ticket_ids = [member.ticket_id for member in typical]
    await t.set_topic_examples(conn, tenant=tenant, topic_id=topic_id, ticket_ids=ticket_ids)


async def _keep(conn: Connection, tenant: str, row: TopicRow, now: datetime) -> None:
    fields = msgspec.structs.asdict(row)
    del fields["created_at"], fields["updated_at"]
    await t.save_topic(conn, tenant=tenant, now=now, **fields)


async def _say(
    conn: Connection, tenant: str, now: datetime, change: str, topic_id: UUID, by: str, other: UUID | None = None
) -> None:
    said: dict[str, object] = {"topic_id": str(topic_id), "change": change, "by": by}
    if other is not None:
        said["other_id"] = str(other)
    await add_leaf(conn, tenant, now, "topic.changed", said, None)


def _view(row: TopicRow, now: datetime | None = None) -> TopicView:
    return msgspec.convert(
        msgspec.structs.asdict(row) | ({"updated_at": now} if now else {}), TopicView, from_attributes=True
    )
