"""Every named query of the app role, run as one tenant with another's name and ids: nothing seen, nothing changed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from proofdesk.flows.knowledge.gather import Batch, Input
from proofdesk.flows.knowledge.ingest import ingest
from proofdesk.flows.redacted import RedactedTicket, redacted_ticket
from proofdesk.store import sql, tables
from proofdesk.store.pool import Connection, tenant_transaction
from tests.stories.desk import TENANT, Desk
from tests.stories.test_cancel import pending_order

OTHER = "intruder"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


async def victims(desk: Desk) -> dict[str, Any]:
    """Values for every parameter of every query, taken from real rows of the tenant under attack."""
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.write(customer.email, "yes", ticket=ticket_id)
    handed = await desk.write(customer.email, "my lawyer will sue you over everything")
    await desk.drain_ledger()
    topic = await a_topic(desk, ticket_id)
    assert isinstance(await redacted_ticket(desk.house.shell, TENANT, ticket_id), RedactedTicket)
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        row = await _one(conn, "select * from ticket where ticket_id = %s", ticket_id)
        effect = await _one(conn, "select * from effect where ticket_id = %s", ticket_id)
        revision = await _one(conn, "select * from config_revision limit 1")
        leaf = await _one(conn, "select * from leaf order by leaf_no limit 1")
        handoff = await _one(conn, "select * from handoff where ticket_id = %s", handed)
        subject = await _one(conn, "select s.* from subject_key s join pii_token p using (tenant, subject_ref) limit 1")
        rule = await _one(conn, "select * from rule_version limit 1")
        model = await _one(conn, "select * from model_version limit 1")
        inbox = await _one(conn, "select * from inbox limit 1")
        billed = await _one(conn, "select * from billable_event limit 1")
    common = {**billed, **inbox, **effect, **leaf, **subject, **rule, **handoff, **row, **revision}
    common.pop("subject", None)
    return common | {
        "tenant": TENANT,
        "ticket_id": ticket_id,
        "topic_id": topic,
        "topic_ids": [topic],
        "into_id": topic,
        "ticket_ids": [ticket_id],
        "scores": [1.0],
        "since": datetime(2000, 1, 1, tzinfo=UTC),
        "until": datetime(2100, 1, 1, tzinfo=UTC),
        "model_hash": model["model_hash"],
        "rule_hash": billed["contract_id"],
        "terms": Jsonb({}),
    }


async def a_topic(desk: Desk, ticket_id: UUID) -> UUID:
    """A confirmed topic with one ticket, its example, and the run that found it."""
    topic_id = uuid4()
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        place = {"tenant": TENANT, "topic_id": topic_id}
        await tables.save_topic(
            conn, **place, name="late parcels", named_by="", state="confirmed", change="new", parents=[], terms=[],
            size=1, now=NOW,
        )  # fmt: skip
        await tables.set_topic_members(conn, tenant=TENANT, ticket_ids=[ticket_id], topic_ids=[topic_id], scores=[1.0])
        await tables.set_topic_examples(conn, **place, ticket_ids=[ticket_id])
        await tables.add_topic_run(
            conn, tenant=TENANT, run_id=uuid4(), since=NOW, until=NOW, tickets=1, unassigned=0, topics=1, notice="",
            run_by="test", now=NOW,
        )  # fmt: skip
    return topic_id


async def a_document(desk: Desk) -> dict[str, Any]:
    """A document with one section, and what queries of knowledge need to find it."""
    words = b"# Returns\n\nYou have 30 days.\n"
    given = Input(file="returns.md", size=len(words), load=lambda: words)
    await ingest(desk.house.shell, TENANT, [Batch(collection="help", inputs=(given,), whole=True)], by="test")
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        section = await _one(conn, "select * from knowledge_section limit 1")
    return {
        "document_id": section["document_id"], "document_ids": [section["document_id"]], "collection": "help",
        "section_ids": [section["section_id"]], "file": "returns.md", "today": NOW.date(), "after": UUID(int=0),
        "source": "help/returns.md", "generation": 0, "path": section["path"], "offset": 0, "language": "",
        "region": "", "tier": "", "version": 1,
        "sections": Jsonb([{"section_id": str(uuid4()), "ordinal": 7, "path": [], "text": "a", "span_start": 0,
                            "span_end": 1, "suspect": False}]),
    }  # fmt: skip


async def _one(conn: Connection, query: str, *args: Any) -> dict[str, Any]:
    found = await (await conn.execute(query.encode(), args)).fetchone()
    assert found is not None, query
    return dict(found)


BY_TYPE: dict[str, Any] = {
    "text": "",
    "uuid": uuid4(),
    "bytea": b"x",
    "integer": 1,
    "bigint": 1,
    "double precision": 1.0,
    "boolean": True,
    "date": NOW.date(),
    "jsonb": Jsonb({}),
    "timestamp with time zone": NOW,
}


async def arguments(conn: Connection, text: sql.Text, known: dict[str, Any]) -> dict[str, Any]:
    """A value for every parameter: a victim's where there is one, else something of the type PostgreSQL expects."""
    await conn.execute(f"prepare probe as {text.numbered()}".encode(), prepare=False)
    row = await _one(conn, "select parameter_types::text[] as types from pg_prepared_statements where name = 'probe'")
    await conn.execute(b"deallocate probe", prepare=False)
    return {name: _value(name, kind, known) for name, kind in zip(sorted(text.params), row["types"], strict=True)}


def _value(name: str, kind: str, known: dict[str, Any]) -> Any:
    if kind.endswith("[]"):
        return known[name] if isinstance(known.get(name), list) else [BY_TYPE[kind.removesuffix("[]")]]
    given = known.get(name)
    if given is None or (kind == "text" and not isinstance(given, str)):
        return 1_000 if name in ("limit", "to_seq") else BY_TYPE[kind]
    return Jsonb(given) if isinstance(given, dict) else given


async def attempt(conn: Connection, text: sql.Text, args: dict[str, Any]) -> int:
    """Rows seen or changed; an insert the database refuses counts as none."""
    cursor = await conn.execute(text.sql.encode(), args)
    if cursor.description is not None:
        rows = await cursor.fetchall()
        return 0 if all(not any(dict(row).values()) for row in rows) else len(rows)
    return max(cursor.rowcount, 0)


APP_QUERIES = [text for text in sql.all_queries() if text.role == "app"]


async def test_no_query_reaches_another_tenant(desk: Desk) -> None:
    known, document = await victims(desk), await a_document(desk)
    seen_by_owner: set[tuple[str, str]] = set()
    for text in APP_QUERIES:
        async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
            here = known | document if text.file.name == "knowledge.sql" else known
            args = await arguments(conn, text, here)
        for tenant, own in ((OTHER, False), (TENANT, True)):
            try:
                async with tenant_transaction(desk.house.shell.pool, tenant) as conn:
                    touched = await attempt(conn, text, args)
                    raise _Undo(touched)
            except _Undo as undo:
                touched = undo.touched
            except psycopg.errors.InsufficientPrivilege:
                touched = 0
            except psycopg.errors.IntegrityError:
                # The rows' owner may meet a constraint; an intruder must not get as far as one.
                assert own, f"{text.where} got past row-level security"
                touched = 0
            if own:
                seen_by_owner |= {(text.file.name, text.name)} if touched else set()
            else:
                assert touched == 0, f"{text.where} reached another tenant"
    # The same arguments do reach the rows of their owner: the test can fail.
    assert len(seen_by_owner) >= 30
    # `lock` gives no value; the made-up values meet a constraint of `save`.
    of_tokens = {(text.file.name, text.name) for text in APP_QUERIES if text.file.name == "token.sql"}
    assert of_tokens <= seen_by_owner
    of_topics = {(text.file.name, text.name) for text in APP_QUERIES if text.file.name == "topic.sql"}
    assert of_topics - seen_by_owner == {("topic.sql", "lock"), ("topic.sql", "save")}
    # `lock` gives no value; the version to add is there already.
    of_knowledge = {(text.file.name, text.name) for text in APP_QUERIES if text.file.name == "knowledge.sql"}
    assert of_knowledge - seen_by_owner == {("knowledge.sql", "lock"), ("knowledge.sql", "add_version")}


class _Undo(Exception):
    def __init__(self, touched: int) -> None:
        super().__init__()
        self.touched = touched


@pytest.mark.parametrize("table", ["leaf", "leaf_seq", "checkpoint"])
@pytest.mark.parametrize("statement", ["update {t} set tenant = tenant", "delete from {t}", "truncate {t}"])
async def test_the_app_cannot_rewrite_the_ledger(desk: Desk, table: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
            await conn.execute(statement.format(t=table).encode())
