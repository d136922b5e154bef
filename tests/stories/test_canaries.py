"""Seeded canaries: cards, keys and passwords are kept nowhere; what else is personal leaves no process in clear."""

from pathlib import Path

import pytest
from psycopg.rows import tuple_row

from proofdesk.cli.logs import set_up_logs
from proofdesk.flows.queries import ticket_view
from proofdesk.store.pool import tenant_transaction
from tests.stories.desk import TENANT, Desk
from tests.stories.orders import pending_order

NEVER_KEPT = ("4111111111111111", "4111 1111 1111 1111", "Tr0ub4dor", "AKIAIOSFODNN7EXAMPLE", "Zx81kd92Kq")
SEALED = ("canary.person@example.org", "DE89370400440532013000", "536-22-8726", "Zebulon Quickwater")
MESSAGE = (
    "My name is Zebulon Quickwater, canary.person@example.org. Card 4111 1111 1111 1111, also 4111111111111111, "
    "password: Tr0ub4dor&3, key AKIAIOSFODNN7EXAMPLE, https://example.org/r?token=Zx81kd92Kq "
    "IBAN DE89370400440532013000 ssn 536-22-8726. I want to speak to a human."
)


async def test_no_canary_is_kept_or_leaves(desk: Desk, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    set_up_logs("debug")
    order, customer = pending_order(desk)
    handed = await desk.write("canary.person@example.org", MESSAGE)
    acted = await desk.write(
        customer.email, f"please cancel my order {order.id}. {MESSAGE.removesuffix('I want to speak to a human.')}"
    )
    for ticket_id in (handed, acted):
        view = await ticket_view(desk.house.shell.pool, TENANT, ticket_id)
        assert not found(repr(view).encode(), NEVER_KEPT)
        assert view is not None
        assert "•••• 1111" in view.messages[0].text
    assert not found(await everything_stored(desk), NEVER_KEPT)
    exported = b"".join(
        path.read_bytes() for path in (await desk.export(tmp_path / "out")).rglob("*") if path.is_file()
    )
    assert len(exported) > 1_000
    assert not found(exported, (*NEVER_KEPT, *SEALED))
    logged = "".join(capfd.readouterr())
    assert not found(logged.encode(), (*NEVER_KEPT, *SEALED))


async def everything_stored(desk: Desk) -> bytes:
    """Every row the tenant may see, of every table."""
    parts = []
    async with (
        tenant_transaction(desk.house.shell.pool, TENANT) as conn,
        conn.cursor(row_factory=tuple_row) as cursor,
    ):
        await cursor.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
            " and case when has_schema_privilege(schemaname, 'usage')"
            " then has_table_privilege(format('%I.%I', schemaname, tablename), 'select') else false end"
        )
        names = [name for (name,) in await cursor.fetchall()]
        assert len(names) > 10
        for name in names:
            await cursor.execute(f"select t::text from {name} t")
            parts += [row.encode() for (row,) in await cursor.fetchall()]
    assert any(b"Zebulon" in part for part in parts), "the rows were not seen at all"
    return b"\n".join(parts)


def found(data: bytes, canaries: tuple[str, ...]) -> list[str]:
    return [canary for canary in canaries if canary.encode() in data or canary.encode().hex().encode() in data]
