"""`python -m tests.chaos.taker SENDER TEXT DELIVERY_ID`: takes in one message, in a process that may be killed."""

import asyncio
import sys

from proofdesk.app import open_database, open_house
from proofdesk.flows.intake import Incoming, receive
from proofdesk.settings import load_settings


async def take(sender: str, text: str, delivery_id: str) -> None:
    settings = load_settings()
    endpoint, _ = open_database(settings)
    async with open_house(settings, endpoint) as house:
        runtime = await house.shell.tenants.get("larkfield")
        incoming = Incoming(
            channel="email", delivery_id=delivery_id, sender=sender, verified=True, subject="My order", text=text
        )
        await receive(house.shell, runtime, incoming)


if __name__ == "__main__":
    asyncio.run(take(*sys.argv[1:4]))
