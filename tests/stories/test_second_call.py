"""A change is begun once: a second intent of the same change on the same ticket goes to a person, not to the system."""

import msgspec

from proofdesk.flows.state import State
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from tests.stories.desk import TENANT, Desk
from tests.stories.test_cancel import pending_order


async def test_the_same_change_is_never_called_a_second_time(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.write(customer.email, "yes", ticket=ticket_id)
    calls = len(desk.writes())
    # As if whatever brought a finished ticket back had let it plan its first message again.
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        row = await t.load_ticket(conn, tenant=TENANT, ticket_id=ticket_id)
        assert row is not None
        state = msgspec.convert(row.state, State)
        again = tuple(
            msgspec.structs.replace(each, status="running", run=msgspec.structs.replace(each.run, **START))
            for each in state.requests
        )
        state = msgspec.structs.replace(state, step="prepare", requests=again, confirmed=True)
        now = desk.house.shell.clock.now()
        assert await t.wake(
            conn, tenant=TENANT, ticket_id=ticket_id, version=row.version, state=msgspec.to_builtins(state), now=now
        )
    world_order = desk.office.world.orders[order.id]
    world_order.status = "pending"
    await desk.advance(ticket_id)
    assert len(desk.writes()) == calls
    assert (await desk.ticket(ticket_id)).status == "handed_off"
    desk.tampered = True


START = {"at": 0, "phase": "", "vars": {}, "acted": (), "trail": (), "confirmed": False}
