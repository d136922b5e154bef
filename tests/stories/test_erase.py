"""A person is erased: nothing readable is left, the ledger still proves, replay says so."""

import json
from typing import Any

import psycopg

from proofdesk.flows.erase import Deferred, Erased, NothingToErase, erase_subject, find_subject
from proofdesk.flows.ids import new_id
from proofdesk.flows.intake import Incoming, Rejected, receive
from proofdesk.flows.replay import CannotReplay, replay_ticket
from tests.stories.desk import TENANT, Desk
from tests.stories.orders import pending_order

WORDS = "heliotrope wheelbarrow"


def where_found(desk: Desk, canaries: list[str]) -> list[str]:
    """Tables and columns of the whole database in which a canary can be read, bytes included."""
    found = []
    with psycopg.connect(desk.house.endpoint.admin_conninfo()) as admin:
        columns = admin.execute(
            "select c.table_schema, c.table_name, c.column_name, c.data_type from information_schema.columns c "
            "join information_schema.tables t using (table_schema, table_name) "
            "where t.table_type = 'BASE TABLE' and c.table_schema not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(columns) > 150
        for schema, table, column, kind in columns:
            text = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
            for canary in canaries:
                query = f'select 1 from "{schema}"."{table}" where position(%s in {text}) > 0 limit 1'
                if admin.execute(query.encode(), (canary,)).fetchone():
                    found.append(f"{table}.{column}: {canary}")
    return found


async def one_of_everything(desk: Desk) -> tuple[Any, Any, list[Any]]:
    """A solved ticket, one that waits for an answer and one handed over, all of one person."""
    order, customer = pending_order(desk)
    solved = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.write(customer.email, "yes", ticket=solved)
    waiting = await desk.write(customer.email, "please cancel my order")
    handed = await desk.write(customer.email, f"{WORDS}, or my lawyer writes to you")
    assert [(await desk.ticket(each)).status for each in (solved, handed)] == ["solved", "handed_off"]
    return order, customer, [solved, waiting, handed]


async def test_nothing_readable_is_left(desk: Desk, tmp_path: Any) -> None:
    order, customer, tickets = await one_of_everything(desk)
    shell = desk.house.shell
    canaries = [customer.email, WORDS, order.id, customer.family_name, customer.address.postcode]
    before = {line.partition(":")[0] for line in where_found(desk, canaries)}
    assert {"message.text", "ticket.sender", "ticket.state", "effect.args", "handoff.packet_text"} <= before
    subject = await find_subject(shell, TENANT, customer.email)
    assert subject is not None
    erased = await erase_subject(shell, TENANT, subject, requested_by="ada")
    assert erased == Erased(subject_ref=subject, tickets=len(tickets))
    assert where_found(desk, canaries) == []
    audit = await desk.audit(tmp_path / "after")
    assert audit["ok"], audit
    assert audit["erased"] > 0
    lines = [json.loads(line) for line in (tmp_path / "after/leaves.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines].count("subject.erased") == 1
    assert not [line for line in lines if line.get("subject_ref") == str(subject) and "ciphertext" in line]
    for ticket_id in tickets:
        replayed = await replay_ticket(shell, TENANT, ticket_id)
        assert isinstance(replayed, CannotReplay)
        assert replayed.reason == "subject_erased"
    assert await erase_subject(shell, TENANT, subject, requested_by="ada") == NothingToErase()


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
