"""Every expected effect comes about when its procedure runs with the right slots by the back office's own rules."""

import pathlib
import re
from typing import Any

import msgspec
import pytest

from examples.backoffice.api import OPERATIONS, Call
from examples.backoffice.model import Customer
from examples.backoffice.seed import make_world
from examples.backoffice.world import No, World, Write
from examples.score import Happened, score
from examples.tickets.effects import operations
from examples.tickets.ticket import Effect, Ticket, load
from proofdesk.connectors.backoffice.openapi import OpenApiConnector
from proofdesk.connectors.backoffice.records import RecordsMapping
from proofdesk.core.directive import (
    Act,
    Acted,
    ActFailed,
    Close,
    Compensate,
    Confirm,
    Confirmed,
    Done,
    Facts,
    LookedUp,
    Lookup,
    LookupRefused,
    Outcome,
    Read,
    ReadBack,
    Reply,
)
from proofdesk.core.interpreter import next_step, resume, start
from proofdesk.core.procedure import Procedure
from proofdesk.core.reading import SlotValue
from proofdesk.core.records import Records
from proofdesk.procedures import evaluate, load_procedure

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples"
DAY = "2026-03-09"
SIMPLE = {
    "order_id": "order", "method_id": "method", "changes": "changes", "address": "address", "plan_id": "plan",
    "subscription_id": "subscription", "role": "role", "document_id": "document", "line_ids": "lines",
}  # fmt: skip


class Office:
    """The back office's own operations, called without HTTP."""

    def __init__(self) -> None:
        self.world = make_world(7, DAY)
        self.names = operations()

    def call(self, capability: str, args: dict[str, Any]) -> Any:
        op = OPERATIONS[self.names[capability]]
        path = {name: args[name] for name in re.findall(r"\{(\w+)\}", op.path)}
        query = {name: args[name] for name in op.query}
        rest = {name: value for name, value in args.items() if name not in path and name not in query}
        body = msgspec.convert(rest, op.body) if op.body is not None else None
        call = Call(world=self.world, path=path, query=query, body=body)
        business = op.business(call) if op.business else ""
        answer = msgspec.to_builtins(op.handle(call))
        if business:
            self.world.writes.append(
                Write(seq=len(self.world.writes) + 1, operation=op.id, key="test", business=business)
            )
        return answer


@pytest.fixture(scope="module")
def connector() -> OpenApiConnector:
    env = {"LARKFIELD_URL": "http://127.0.0.1:1", "LARKFIELD_READ_TOKEN": "r", "LARKFIELD_WRITE_TOKEN": "w"}
    return OpenApiConnector.load(EXAMPLES / "larkfield" / "connector.yaml", env)


@pytest.fixture(scope="module")
def procedures(connector: OpenApiConnector) -> dict[str, Procedure]:
    found = {}
    for path in sorted((EXAMPLES / "larkfield" / "procedures").glob("*.yaml")):
        procedure = load_procedure(path.read_text(encoding="utf-8"), path.name, connector.capabilities())
        assert isinstance(procedure, Procedure)
        found[procedure.id] = procedure
    return found


@pytest.fixture(scope="module")
def mapping(connector: OpenApiConnector) -> RecordsMapping:
    return RecordsMapping.load(EXAMPLES / "larkfield" / "records.yaml", connector.capabilities())


def records_of(world: World, customer: Customer, mapping: RecordsMapping) -> Records:
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


def slots_of(procedure: str, effect: Effect, world: World) -> dict[str, Any]:
    """What a perfect reader would have found."""
    slots = {SIMPLE[name]: value for name, value in effect.args.items() if name in SIMPLE}
    match procedure:
        case "refund_damaged":
            lines = world.orders[effect.args["order_id"]].lines
            slots["lines"] = [next(line.id for line in lines if line.price_minor == effect.args["amount_minor"])]
        case "change_seats":
            slots["seats"] = effect.args["seats"]
        case "add_seats":
            slots["more"] = effect.args["seats"] - world.subscriptions[effect.args["subscription_id"]].seats
        case "invoice_copy":
            slots["subscription"] = f"SUB-{3000 + int(effect.args['invoice_id'].rsplit('-', 1)[1])}"
        case "grant_permission" | "revoke_permission":
            slots["colleague"] = world.customers[effect.args["customer_id"]].email
            workspace = effect.args["workspace_id"]
            slots["subscription"] = next(s.id for s in world.subscriptions.values() if s.workspace_id == workspace)
    return slots


def carried(office: Office, procedure: Procedure, facts: Facts) -> str:
    """Run to the end, the requester agreeing to everything; the outcome in words."""
    run = start(procedure)
    for _ in range(100):
        run, directive = next_step(procedure, run, facts, evaluate)
        outcome: Outcome
        match directive:
            case Lookup() | ReadBack() | Act():
                outcome = answered(office, directive)
            case Confirm():
                outcome = Confirmed(yes=True)
            case Reply():
                outcome = Done()
            case Close():
                return directive.outcome
            case Compensate():
                raise AssertionError("nothing has to be undone here")
            case _:
                return f"{type(directive).__name__}: {directive}"
        run = resume(procedure, run, outcome)
    raise AssertionError("the procedure does not end")


def answered(office: Office, directive: Lookup | ReadBack | Act) -> Outcome:
    try:
        value = office.call(directive.capability, directive.args)
    except No as no:
        if isinstance(directive, Act):
            return ActFailed(code=no.code, message=no.message)
        return LookupRefused(code=no.code, message=no.message)
    match directive:
        case Lookup():
            return LookedUp(value=value)
        case ReadBack():
            return Read(value=value)
        case Act():
            return Acted(value=value)


def test_a_perfect_reader_resolves_every_ticket(procedures: dict[str, Procedure], mapping: RecordsMapping) -> None:
    tickets = [t for t in load(EXAMPLES / "tickets" / "tickets.jsonl") if t.gold.outcome == "resolved"]
    office = Office()
    by_email = {customer.email: customer for customer in office.world.customers.values()}
    happened = {}
    for ticket in tickets:
        customer = by_email.get(ticket.sender) or owner(office.world, ticket)
        requester = records_of(office.world, customer, mapping).requester
        for name, effect in pairs(ticket):
            slots = {
                slot: SlotValue(value=value, provenance="record")
                for slot, value in slots_of(name, effect, office.world).items()
            }
            facts = Facts(
                slots=slots, requester=requester, authenticated_by="verified_sender", now=f"{DAY}T12:00:00Z"
            )  # fmt: skip
            assert carried(office, procedures[name], facts) == "resolved", f"{ticket.id}: {ticket.text}"
        happened[ticket.id] = Happened(outcome="resolved")
    state = msgspec.json.decode(msgspec.json.encode(office.world))
    found = score(tickets, happened, [write.business for write in office.world.writes], state)
    assert found["wrong"] == []
    assert (found["correct_outcomes"], found["missed"]) == (len(tickets), 0)


def pairs(ticket: Ticket) -> list[tuple[str, Effect]]:
    return list(zip(ticket.gold.procedures, ticket.gold.effects, strict=True))


def owner(world: World, ticket: Ticket) -> Customer:
    return world.customers[world.orders[ticket.gold.effects[0].args["order_id"]].customer_id]
