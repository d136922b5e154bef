"""A person is erased: nothing readable is left, the ledger still proves, replay says so."""

import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import rfc8785
from psycopg.rows import dict_row

from proofdesk.core.approval import action_hash
from proofdesk.flows.erase import Deferred, Erased, NothingToErase, erase_subject, find_subject
from proofdesk.flows.ids import new_id
from proofdesk.flows.intake import Incoming, Received, Rejected, receive
from proofdesk.flows.replay import Replayed, replay_ticket
from proofdesk.ledger.shred import Opened, open_sealed, unwrap_key
from proofdesk.store.endpoint import Endpoint
from tests.stories.desk import TENANT, Desk
from tests.stories.orders import pending_order, take_order
from tests.stories.post import SUPPORT, open_post

WORDS = "heliotrope wheelbarrow"


OF_THE_COMPANY = {"config_blob", "config_revision", "rule_version", "model_version", "schema_migration"}
"""What the company wrote and trained itself; too large to look through for every hash."""
HASH_DIGITS = 16
"""Enough hexadecimal digits to find a hash by, cut short or not."""


def columns_of(admin: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """(table, column as text, its name) of every table of ours and of the queue."""
    columns = admin.execute(
        "select c.table_schema, c.table_name, c.column_name, c.data_type from information_schema.columns c "
        "join information_schema.tables t using (table_schema, table_name) "
        "where t.table_type = 'BASE TABLE' and c.table_schema not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert len(columns) > 150
    found = []
    for schema, table, column, kind in columns:
        forms = ["encode({}, 'escape')", "encode({}, 'hex')"] if kind == "bytea" else ["{}::text"]
        found += [(f'"{schema}"."{table}"', form.format(f'"{column}"'), f"{table}.{column}") for form in forms]
    return found


def where_found(desk: Desk, canaries: list[str]) -> list[str]:
    """Tables and columns of the whole database in which a canary can be read, bytes included."""
    found = []
    with psycopg.connect(desk.house.endpoint.admin_conninfo()) as admin:
        for table, text, name in columns_of(admin):
            for canary in canaries:
                query = f"select 1 from {table} where position(%s in {text}) > 0 limit 1"
                if admin.execute(query.encode(), (canary,)).fetchone():
                    found.append(f"{name}: {canary}")
    return found


def hashes_in(text: str, hashes: set[str]) -> set[str]:
    """Which of `hashes` (their first digits) can be read in `text`."""
    runs = re.findall(rf"[0-9a-f]{{{HASH_DIGITS},}}", text)
    return {run[at : at + HASH_DIGITS] for run in runs for at in range(len(run) - HASH_DIGITS + 1)} & hashes


def where_hashed(desk: Desk, hashes: set[str]) -> dict[str, set[str]]:
    """Columns of the whole database in which a plain hash of something personal lies."""
    found = {}
    with psycopg.connect(desk.house.endpoint.admin_conninfo()) as admin:
        for table, text, name in columns_of(admin):
            if name.partition(".")[0] in OF_THE_COMPANY:
                continue
            rows = admin.execute(f"select {text} from {table} where {text} is not null".encode()).fetchall()
            if hit := hashes_in("\n".join(row[0] for row in rows), hashes):
                found[name] = hit
    return found


def within(value: Any) -> Iterator[Any]:
    """The value and everything in it."""
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from within(each)


def hashes_of(value: Any) -> set[str]:
    """The plain SHA-256 a value could be found by: of its text and of its canonical JSON, bare or wrapped."""
    texts = {value.encode(), f"{TENANT}\0{value.casefold()}".encode()} if isinstance(value, str) else set()
    for each in (value, {"value": value}, {"receipt": value}):
        texts |= {rfc8785.dumps(each), msgspec.json.encode(each, order="sorted")}
    return {hashlib.sha256(text).hexdigest()[:HASH_DIGITS] for text in texts}


def personal_hashes(desk: Desk, subject: Any) -> set[str]:
    """Plain hashes of everything there is about the person, sealed or in clear, value by value: facts and outputs of
    decisions, messages, arguments and answers of actions, and what keys of actions and approvals are made of."""
    hashes: set[str] = set()
    with psycopg.connect(desk.house.endpoint.admin_conninfo(), row_factory=dict_row) as admin:

        def of(columns: str, table: str) -> list[dict[str, Any]]:
            mine = "(select ticket_id from ticket where subject_ref = %s)"
            query = f"select {columns} from {table} where ticket_id in {mine}"
            return admin.execute(query.encode(), (subject,)).fetchall()

        stored = admin.execute("select wrapped from subject_key where subject_ref = %s", (subject,)).fetchone()
        assert stored is not None
        key = unwrap_key(desk.house.keys.master, stored["wrapped"])
        assert isinstance(key, Opened)
        values: list[Any] = []
        for row in of("facts, output", "decision"):
            for sealed in row.values():
                opened = open_sealed(key.plaintext, sealed)
                assert isinstance(opened, Opened)
                hashes.add(hashlib.sha256(opened.plaintext).hexdigest()[:HASH_DIGITS])
                values += within(json.loads(opened.plaintext))
        tickets = of("ticket_id, sender, subject, state", "ticket")
        effects = of("ticket_id, kind, args, answer, receipt", "effect")
        values += [*within(effects), *within(of("text", "message")), *within(tickets)]
        for row in of("capability, args, policy_hash", "approval"):
            hashes.add(action_hash(row["capability"], row["args"], row["policy_hash"])[:HASH_DIGITS])
        for ticket in tickets:
            for request in ticket["state"].get("requests", ()):
                for step, effect in itertools.product(request["run"]["acted"], effects):
                    place = [TENANT, str(ticket["ticket_id"]), request["request"]["id"], step, effect["args"], False]
                    hashes.add(hashlib.sha256(msgspec.json.encode(place, order="sorted")).hexdigest()[:HASH_DIGITS])
    for value in values:
        if isinstance(value, str | dict | list) and value:
            hashes |= hashes_of(json.loads(json.dumps(value, default=str)))
    return hashes


def is_costly(order: Any) -> bool:
    """Whether a refund of it needs a second pair of eyes."""
    return bool(order.status == "delivered" and order.currency == "EUR" and order.refundable_minor >= 20_000)


def pending_of(desk: Desk, customer: Any) -> Any:
    """A pending order of this customer, None without one."""
    theirs = (order for order in desk.office.world.orders.values() if order.customer_id == customer.id)
    return next((order for order in theirs if order.status == "pending"), None)


async def one_of_everything(desk: Desk) -> tuple[Any, Any, list[Any]]:
    """A solved ticket, one that waits for an answer, one handed over and one that waits for an approval, all of one
    person."""
    costly, customer = take_order(desk, lambda each, owner: is_costly(each) and pending_of(desk, owner) is not None)
    order = pending_of(desk, customer)
    assert order is not None
    solved = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.write(customer.email, "yes", ticket=solved)
    waiting = await desk.write(customer.email, "please cancel my order")
    handed = await desk.write(customer.email, f"{WORDS}, or my lawyer writes to you")
    approval = await desk.write(customer.email, f"I want a refund for order {costly.id}")
    assert [(await desk.ticket(each)).status for each in (solved, handed)] == ["solved", "handed_off"]
    assert (await desk.ticket(approval)).status == "waiting_approval"
    return order, customer, [solved, waiting, handed, approval]


async def test_nothing_readable_is_left(desk: Desk, tmp_path: Any) -> None:
    order, customer, tickets = await one_of_everything(desk)
    shell = desk.house.shell
    canaries = [customer.email, WORDS, order.id, customer.family_name, customer.address.line1]
    before = {line.partition(":")[0] for line in where_found(desk, canaries)}
    assert {"message.text", "ticket.sender", "ticket.state", "effect.args", "handoff.packet_text"} <= before
    subject = await find_subject(shell, TENANT, customer.email)
    assert subject is not None
    hashes = personal_hashes(desk, subject)
    assert len(hashes) > 500
    erased = await erase_subject(shell, TENANT, subject, requested_by="ada")
    assert erased == Erased(subject_ref=subject, tickets=len(tickets))
    assert where_found(desk, canaries) == []
    assert where_hashed(desk, hashes) == {}
    audit = await desk.audit(tmp_path / "after")
    assert audit["ok"], audit
    assert audit["erased"] > 0
    for file in (tmp_path / "after").iterdir():
        text = file.read_text()
        assert not [canary for canary in canaries if canary in text]
        assert hashes_in(text, hashes) == set()
    lines = [json.loads(line) for line in (tmp_path / "after/leaves.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines].count("subject.erased") == 1
    assert not [line for line in lines if line.get("subject_ref") == str(subject) and "ciphertext" in line]
    assert await erase_subject(shell, TENANT, subject, requested_by="ada") == NothingToErase()


async def test_replay_says_erased_and_still_finds_what_was_altered(desk: Desk) -> None:
    _, customer, (ticket_id, *_) = await one_of_everything(desk)
    shell = desk.house.shell
    subject = await find_subject(shell, TENANT, customer.email)
    assert subject is not None
    await erase_subject(shell, TENANT, subject, requested_by="ada")
    assert await desk.findings() == []
    replayed = await replay_ticket(shell, TENANT, ticket_id)
    assert isinstance(replayed, Replayed)
    assert replayed.agrees is None
    assert {each.outcome for each in replayed.decisions} == {"erased"}
    desk.tampered = True
    with psycopg.connect(desk.house.endpoint.admin_conninfo(), autocommit=True) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(
            "update decision set facts_hash = decode(repeat('00', 32), 'hex') where ordinal = 0 and ticket_id = %s",
            (ticket_id,),
        )
    altered = await replay_ticket(shell, TENANT, ticket_id)
    assert isinstance(altered, Replayed)
    assert altered.agrees is False
    assert [each.ordinal for each in altered.decisions if each.outcome == "differs"] == [0]


async def test_a_delivery_is_recognised_after_the_erasure(desk: Desk) -> None:
    order, customer = pending_order(desk)
    await desk.write(customer.email, f"please cancel my order {order.id}")
    subject = await find_subject(desk.house.shell, TENANT, customer.email)
    assert subject is not None
    runtime = await desk.house.shell.tenants.get(TENANT)
    text = f"please cancel my order {order.id}"
    again = Incoming(channel="api", delivery_id="d1", sender=customer.email, verified=True, text=text)
    received = await receive(desk.house.shell, runtime, again)
    assert isinstance(received, Received)
    assert received.duplicate
    await erase_subject(desk.house.shell, TENANT, subject, requested_by="ada")
    refused = await receive(desk.house.shell, runtime, again)
    assert isinstance(refused, Rejected)
    assert "erased" in refused.reason


async def test_an_erased_ticket_takes_no_more_messages_and_the_person_starts_anew(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    subject = await find_subject(desk.house.shell, TENANT, customer.email)
    assert subject is not None
    await erase_subject(desk.house.shell, TENANT, subject, requested_by="ada")
    runtime = await desk.house.shell.tenants.get(TENANT)
    answer = Incoming(channel="api", delivery_id="late", sender=customer.email, text="yes", ticket_id=ticket_id)
    refused = await receive(desk.house.shell, runtime, answer)
    assert isinstance(refused, Rejected)
    assert "erased" in refused.reason
    await desk.advance(ticket_id)
    assert desk.office.world.orders[order.id].status == "pending"
    await desk.write(customer.email, "please cancel my order")
    assert await find_subject(desk.house.shell, TENANT, customer.email) not in (None, subject)


async def test_an_action_under_way_defers_the_erasure(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    subject = await find_subject(desk.house.shell, TENANT, customer.email)
    assert subject is not None
    with psycopg.connect(desk.house.endpoint.admin_conninfo(), autocommit=True) as admin:
        admin.execute(
            "insert into effect (tenant, effect_key, ticket_id, kind, capability, args, args_hash, idempotency, state, "
            "created_at, updated_at) "
            "values (%s, 'k', %s, 'action', 'orders.cancel', '{}', '', 'A', 'sent', now(), now())",
            (TENANT, ticket_id),
        )
        found = await erase_subject(desk.house.shell, TENANT, subject, requested_by="ada")
        assert found == Deferred(tickets=(ticket_id,))
        assert (await desk.ticket(ticket_id)).sender == customer.email
        admin.execute("delete from effect where effect_key = 'k'")


async def test_an_unknown_person(desk: Desk) -> None:
    assert await find_subject(desk.house.shell, TENANT, "nobody@example.com") is None
    assert await erase_subject(desk.house.shell, TENANT, new_id(), requested_by="ada") == NothingToErase()


async def test_nothing_of_a_mail_is_left(database_template: Endpoint, tmp_path: Path) -> None:
    async with open_post(database_template, tmp_path) as post:
        order, customer = pending_order(post.desk)
        text = f"please cancel my order {order.id}"
        message_id = await post.arrives(customer.email, text)
        raw = post.mail.mailbox(SUPPORT).mails[0].raw
        subject = await find_subject(post.desk.house.shell, TENANT, customer.email)
        assert subject is not None
        hashes = personal_hashes(post.desk, subject) | {hashlib.sha256(raw).hexdigest()[:HASH_DIGITS]}
        for said in (text, f"{text}\n", f"{text}\r\n"):
            parts = "\0".join((message_id, customer.email, said)).encode()
            hashes |= {hashlib.sha256(each).hexdigest()[:HASH_DIGITS] for each in (parts, said.encode())}
        await erase_subject(post.desk.house.shell, TENANT, subject, requested_by="ada")
        assert where_found(post.desk, [customer.email, order.id, message_id]) == []
        assert where_hashed(post.desk, hashes) == {}
        before = len(await post.tickets())
        post.mail.deliver(raw, SUPPORT)
        await post.poll()
        assert len(await post.tickets()) == before
