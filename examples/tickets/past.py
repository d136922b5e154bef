"""Larkfield's tickets as an export of past ones: with what the back office held then and what a careful person did.

`python -m examples.tickets.past --out past.jsonl [--copies N]`: input of `proofdesk simulate`.
"""

import argparse
import asyncio
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from examples.backoffice.api import OPERATIONS, Call
from examples.backoffice.model import Customer
from examples.backoffice.seed import make_world
from examples.backoffice.world import No, World
from examples.tickets.effects import operations
from examples.tickets.ticket import Ticket, load
from proofdesk.connectors.backoffice.records import RecordsMapping
from proofdesk.core.records import Records
from proofdesk.core.triage import TriageConfig
from proofdesk.flows.folder import build, read_folder, runtime_of
from proofdesk.flows.simulation.decider import environment
from proofdesk.flows.simulation.first import first_decision
from proofdesk.flows.simulation.past import PastLookup, PastTicket
from proofdesk.flows.tenancy import Runtime
from proofdesk.ports import Answer, Capability, Refused

EXAMPLES = Path(__file__).parents[1]
DAY = "2026-03-09"
"""The day the back office is seeded for, and the last one a ticket is of."""
PER_DAY = 40


class Recorder:
    """The back office's own operations without HTTP; remembers what was looked up."""

    def __init__(self, world: World, capabilities: Mapping[str, Capability]) -> None:
        self.seen: list[PastLookup] = []
        self._world, self._capabilities, self._names = world, capabilities, operations()

    def capabilities(self) -> Mapping[str, Capability]:
        return self._capabilities

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        assert not key, "only look-ups are recorded"
        assert not self._capabilities[capability].writes
        op = OPERATIONS[self._names[capability]]
        path = {name: args[name] for name in re.findall(r"\{(\w+)\}", op.path)}
        call = Call(world=self._world, path=path, query={name: args[name] for name in op.query}, body=None)
        try:
            value = msgspec.to_builtins(op.handle(call))
        except No as no:
            self.seen.append(PastLookup(capability=capability, args=dict(args), refused=no.code))
            return Refused(code=no.code, message=no.code)
        self.seen.append(PastLookup(capability=capability, args=dict(args), value=value))
        return Answer(value=value)


def rows_of(tickets: list[Ticket]) -> list[dict[str, Any]]:
    """One row per ticket, in order, PER_DAY to a day, the last ones on DAY."""
    return asyncio.run(_rows(tickets))


async def _rows(tickets: list[Ticket]) -> list[dict[str, Any]]:
    built = await build(read_folder(EXAMPLES / "larkfield"), environment())
    try:
        runtime, world = runtime_of(built, 0, None), make_world(7, DAY)
        return [await _row(runtime, world, ticket, _when(place, len(tickets))) for place, ticket in enumerate(tickets)]
    finally:
        await built.close()


def _when(place: int, total: int) -> datetime:
    last = datetime.fromisoformat(f"{DAY}T18:00:00").replace(tzinfo=UTC)
    return last - timedelta(minutes=(total - 1 - place) * 24 * 60 / PER_DAY)


async def _row(runtime: Runtime, world: World, ticket: Ticket, at: datetime) -> dict[str, Any]:
    gold = ticket.gold
    row: dict[str, Any] = {
        "id": ticket.id, "at": at.isoformat(), "text": ticket.text, "subject": ticket.subject,
        "requester": ticket.sender, "channel": ticket.channel, "verified": ticket.verified,
        "handed_over": gold.outcome == "escalated", "solved": gold.outcome in ("resolved", "informed", "refused"),
    }  # fmt: skip
    if gold.procedures:
        row["intent"] = gold.procedures
    if gold.effects:
        row["action"] = gold.effects[0].capability
    customer = next((each for each in world.customers.values() if each.email == ticket.sender), None)
    if customer is None:
        return row
    records = records_of(world, customer, runtime.records)
    office = Recorder(world, runtime.back_office.capabilities())
    past = PastTicket(
        id=ticket.id, at=at, text=ticket.text, line=1, requester=ticket.sender, channel=ticket.channel,
        verified=ticket.verified, records=records,
    )  # fmt: skip
    await first_decision(runtime, TriageConfig(), past, office)
    return row | {"records": msgspec.to_builtins(records), "lookups": msgspec.to_builtins(office.seen)}


def records_of(world: World, customer: Customer, mapping: RecordsMapping) -> Records:
    """What `records.yaml` makes of the back office's answers about one customer."""
    plain = msgspec.to_builtins
    orders = [plain(world.orders[one]) for one in customer.order_ids]
    products = dict.fromkeys(line["product_id"] for order in orders for line in order["lines"])
    return mapping.from_answers(
        {
            "requester_id": customer.id,
            "customer": plain(customer),
            "orders": {"items": orders},
            "subscriptions": {"items": [plain(world.subscriptions[one]) for one in customer.subscription_ids]},
            "products": [plain(world.products[one]) for one in products],
            "plans": {"items": [plain(plan) for plan in world.plans.values()]},
        }
    )


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--copies", type=int, default=1)
    asked = given.parse_args()
    rows = rows_of(load(EXAMPLES / "tickets" / "tickets.jsonl"))
    with asked.out.open("wb") as target:
        for copy in range(asked.copies):
            for row in rows:
                named = row if copy == 0 else row | {"id": f"{row['id']}-{copy}"}
                target.write(msgspec.json.encode(named) + b"\n")


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
