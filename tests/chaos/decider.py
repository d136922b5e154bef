"""`python -m tests.chaos.decider APPROVAL_ID LOGIN`: gives a yes to one approval, in a process that may be killed."""

import asyncio
import sys
from uuid import UUID

from proofdesk.app import open_database, open_house
from proofdesk.flows.approve import decide_approval
from proofdesk.settings import load_settings
from tests.chaos.desk import TENANT


async def decide(approval_id: str, login: str) -> None:
    endpoint, _ = open_database(load_settings())
    async with open_house(load_settings(), endpoint) as house:
        await decide_approval(house.shell, TENANT, UUID(approval_id), "approved", login)


if __name__ == "__main__":
    asyncio.run(decide(*sys.argv[1:3]))
