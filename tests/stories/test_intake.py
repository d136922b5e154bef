"""The same delivery, however often and however simultaneously it comes, is one message of one ticket."""

import asyncio

from proofdesk.flows.intake import Incoming, Received, receive
from tests.stories.desk import TENANT, Desk


async def test_simultaneous_deliveries_open_one_ticket(desk: Desk) -> None:
    shell = desk.house.shell
    runtime = await shell.tenants.get(TENANT)
    for round_number in range(10):
        incoming = Incoming(
            channel="api", delivery_id=f"same-{round_number}", sender="somebody@unknown.example", text="hello there"
        )
        received = await asyncio.gather(*(receive(shell, runtime, incoming) for _ in range(6)))
        assert {type(each) for each in received} == {Received}
        assert len({each.ticket_id for each in received if isinstance(each, Received)}) == 1
        assert sum(each.new for each in received if isinstance(each, Received)) == 1
