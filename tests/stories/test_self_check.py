"""The self-check finds what a hand in the database changed, each under its own name; untouched it finds nothing."""

from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from proofdesk.flows.self_check import Finding, self_check
from proofdesk.store.endpoint import Endpoint
from tests.database import fresh_database
from tests.stories.desk import TENANT, Desk, open_desk
from tests.stories.orders import pending_order, refundable_order

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOOKS = ("effect", "ticket", "budget", "reservation", "billable_event", "decision", "inbox", "leaf_seq", "tree")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worked(database_template: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk with a cancellation, a refund out of the budget and a handover."""
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, tmp_path_factory.mktemp("books")) as desk:
            order, customer = pending_order(desk)
            ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
            await desk.write(customer.email, "yes", ticket=ticket_id)
            order, customer = refundable_order(desk, most=5_000)
            await desk.write(customer.email, f"I want a refund for order {order.id}")
            await desk.write(customer.email, "My lawyer will sue you.")
            await desk.drain_ledger()
            with psycopg.connect(endpoint.admin_conninfo(), autocommit=True) as admin:
                for table in BOOKS:
                    admin.execute(f"create table kept_{table} as table {table}".encode())
            yield desk


async def test_untouched_books_add_up(worked: Desk) -> None:
    assert await worked.findings() == []


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("update effect set state = 'sent', receipt = null where capability = 'orders.cancel'", "effect_confirmed"),
        ("delete from effect where capability = 'orders.cancel'", "effect_confirmed"),
        ("update effect set effect_key = 'other' where capability = 'orders.cancel'", "effect_intent"),
        ("update ticket set status = 'closed'; update effect set state = 'intent'", "effect_open"),
        ("update budget set spent_minor = spent_minor + 1", "budget_sum"),
        ("update reservation set state = 'released'", "reservation_state"),
        ("update billable_event set price_minor = 199", "billing_fold"),
        ("update ticket set due_at = null, status = 'closed'; delete from billable_event", "billing_fold"),
        ("delete from billable_event", "billing_leaf"),
        ("update billable_event set leaf_no = 1", "billing_leaf"),
        ("delete from decision where ordinal = 1", "decision_ordinals"),
        ("delete from decision", "decision_leaves"),
        ("update inbox set ticket_id = gen_random_uuid()", "inbox_ticket"),
        ("delete from inbox where outcome = 'reply'; update inbox set delivery_id = delivery_id || 'x'", "inbox_leaf"),
        ("delete from leaf_seq where seq = 3", "leaf_seq"),
        ("update tree set size = size + 1", "tree_size"),
    ],
)
async def test_a_changed_book_is_found(worked: Desk, change: str, check: str) -> None:
    with psycopg.connect(worked.house.endpoint.admin_conninfo(), autocommit=True) as admin:
        admin.execute("set session_replication_role = replica")
        try:
            for statement in change.split(";"):
                admin.execute(statement.encode())
            found = {finding.check for finding in await self_checked(worked)}
        finally:
            for table in reversed(BOOKS):
                admin.execute(f"delete from {table}".encode())
            for table in BOOKS:
                admin.execute(f"insert into {table} select * from kept_{table}".encode())
    assert check in found
    assert await worked.findings() == []


async def self_checked(desk: Desk) -> list[Finding]:
    """Without numbering first: what was tampered with must not be touched."""
    return await self_check(desk.house.shell.pool, TENANT, desk.house.shell.clock.now())
