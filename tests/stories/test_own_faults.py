"""Our own side changes or fails while tickets are under way: nobody is stranded, and nothing is done twice."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proofdesk.core.procedure import Evaluate
from proofdesk.flows.fault import MAX_FAULTS
from proofdesk.flows.load_tenant import load_tenant
from proofdesk.flows.registry import CHECK_S, Registry
from proofdesk.flows.replay import Replayed, replay_ticket
from proofdesk.flows.resolve import advance
from proofdesk.flows.tenancy import Runtime
from tests.stories.desk import TENANT, Desk, tenant_folder
from tests.stories.orders import pending_order, refundable_order

LATER = timedelta(seconds=70)


async def reload(desk: Desk, home: Path, change: Callable[[Path], None]) -> None:
    """Load another revision of the tenant and wait until the workers see it."""
    root = tenant_folder(home / "changed")
    change(root)
    env = {"LARKFIELD_URL": desk.url, "LARKFIELD_READ_TOKEN": "read", "LARKFIELD_WRITE_TOKEN": "write"}
    await load_tenant(desk.house.shell, root, loaded_by="test", env=env, encoder=desk.house.encoder)
    await asyncio.sleep(CHECK_S + 0.1)


def second_version(root: Path) -> None:
    path = root / "procedures/cancel_order.yaml"
    path.write_text(path.read_text().replace("version: 1", "version: 2").replace("is cancelled;", "was stopped;"))


def without_cancelling(root: Path) -> None:
    (root / "procedures/cancel_order.yaml").unlink()
    policy = root / "policy.cedar"
    rules = policy.read_text().split(";")
    policy.write_text(";".join(rule for rule in rules if '"orders.cancel"' not in rule))
    path = root / "connector.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.strip().startswith("orders.cancel:")]
    path.write_text("\n".join(lines) + "\n")


async def test_a_waiting_ticket_goes_on_by_the_version_it_began_with(desk: Desk, tmp_path: Path) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await reload(desk, tmp_path, second_version)
    await desk.write(customer.email, "yes", ticket=ticket_id)
    assert (await desk.ticket(ticket_id)).status == "solved", await desk.handoff(ticket_id)
    assert desk.office.world.orders[order.id].status == "cancelled"
    assert "is cancelled" in (await desk.replies(ticket_id))[-1]
    replayed = await replay_ticket(desk.house.shell, TENANT, ticket_id)
    assert isinstance(replayed, Replayed)
    assert replayed.agrees
    other, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {other.id}")
    await desk.write(customer.email, "yes", ticket=ticket_id)
    assert "was stopped" in (await desk.replies(ticket_id))[-1]


async def test_what_no_connected_system_can_do_any_more_goes_to_a_person(desk: Desk, tmp_path: Path) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await reload(desk, tmp_path, without_cancelling)
    await desk.write(customer.email, "yes", ticket=ticket_id)
    assert (await desk.ticket(ticket_id)).status == "handed_off"
    assert (await desk.handoff(ticket_id))[1] == "procedure_error"
    assert desk.office.world.orders[order.id].status == "pending"


class Faulty:
    """The tenants of a worker whose expressions fail where `fails` says so, `times` times."""

    def __init__(self, inner: Any, fails: Callable[[Mapping[str, Any]], bool], times: int) -> None:
        self._inner: Registry = inner
        self._fails = fails
        self.left = times

    async def get(self, tenant: str) -> Runtime:
        runtime = await self._inner.get(tenant)
        return msgspec.structs.replace(runtime, evaluate=self._evaluate(runtime.evaluate))

    async def rules(self, tenant: str, kind: Any, rule_hash: str) -> Any:
        return await self._inner.rules(tenant, kind, rule_hash)

    def _evaluate(self, inner: Evaluate) -> Evaluate:
        def evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
            if self.left and self._fails(scope):
                self.left -= 1
                raise RuntimeError(f"cannot look at {scope}")
            return inner(expression, scope)

        return evaluate


async def run(desk: Desk, ticket_id: Any, tenants: Faulty) -> str:
    """Advance over the faults until somebody else has to act; the status then."""
    shell = msgspec.structs.replace(desk.house.shell, tenants=tenants)
    for _ in range(MAX_FAULTS + 2):
        await advance(shell, TENANT, ticket_id)
        ticket = await desk.ticket(ticket_id)
        if ticket.status not in ("new", "open"):
            return ticket.status
        desk.pass_time(LATER)
    raise AssertionError("the ticket never came to rest")


async def test_a_passing_fault_is_tried_again(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    order, customer = refundable_order(desk, most=5_000)
    ticket_id = await desk.say(customer.email, f"I want a refund for order {order.id}")
    assert await run(desk, ticket_id, Faulty(desk.house.shell.tenants, lambda scope: "order" in scope, 2)) == "solved"
    assert (await desk.kinds(ticket_id)).count("fault") == 2
    assert (await desk.ticket(ticket_id)).state["faults"] == 0
    printed = capsys.readouterr()
    assert "RuntimeError" in printed.out + printed.err
    assert customer.email not in printed.out + printed.err


async def test_a_lasting_fault_goes_to_a_person(desk: Desk) -> None:
    order, customer = refundable_order(desk, most=5_000)
    ticket_id = await desk.say(customer.email, f"I want a refund for order {order.id}")
    broken = Faulty(desk.house.shell.tenants, lambda scope: "order" in scope, 1_000)
    assert await run(desk, ticket_id, broken) == "handed_off"
    assert (await desk.handoff(ticket_id))[1] == "internal_fault"
    assert "effect.intent" not in await desk.kinds(ticket_id)


async def test_a_lasting_fault_in_the_middle_of_an_action_is_said_to_be_uncertain(desk: Desk) -> None:
    order, customer = refundable_order(desk, most=5_000)
    ticket_id = await desk.say(customer.email, f"I want a refund for order {order.id}")
    broken = Faulty(desk.house.shell.tenants, lambda scope: "read" in scope, 1_000)
    assert await run(desk, ticket_id, broken) == "handed_off"
    assert (await desk.handoff(ticket_id))[1] == "effect_uncertain"
    kinds = await desk.kinds(ticket_id)
    assert "effect.uncertain" in kinds
    assert "effect.confirmed" not in kinds
    assert desk.office.doubled() == []
