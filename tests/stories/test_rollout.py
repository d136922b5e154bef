"""From shadow to acting for some, and back: a contract, judgements, a gate, a stop, a roll-back."""

import msgspec

from proofdesk.core.gate import KpiContract
from proofdesk.flows.govern import (
    overview,
    promote,
    resume_actions,
    review_decision,
    roll_back,
    sign_contract,
    stop_actions,
)
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.people import save_person
from proofdesk.flows.replay import Replayed, replay_ticket
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from tests.stories.desk import TENANT, Desk

CANCEL = "cancel_order"
TERMS = KpiContract(accuracy=0.5, alpha=0.5, min_labels=3)


def fresh(desk: Desk) -> tuple[str, str]:
    """A pending order nobody used yet, and its customer's address."""
    world = desk.office.world
    order = next(o for o in world.orders.values() if o.status == "pending" and o.id not in desk.used_orders)
    desk.used_orders.add(order.id)
    return order.id, world.customers[order.customer_id].email


async def people(desk: Desk) -> None:
    for login, role in (("ann", "approver"), ("bob", "agent")):
        await save_person(desk.house.shell, TENANT, login, [role], by="test")  # type: ignore[list-item]


async def look_again(desk: Desk) -> None:
    desk.house.shell.rules.clear()


async def leaves(desk: Desk, kind: str) -> list[str]:
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        cursor = await conn.execute("select convert_from(canon, 'UTF8') as body from leaf where kind = %s", (kind,))
        return [row["body"] for row in await cursor.fetchall()]


async def cancelled(desk: Desk) -> bool:
    """Ask for a cancellation and agree to it; whether it happened."""
    order, address = fresh(desk)
    ticket = await desk.write(address, f"please cancel my order {order}")
    if (await desk.ticket(ticket)).status == "waiting_requester":
        await desk.write(address, "yes", ticket=ticket)
    return desk.office.world.orders[order].status == "cancelled"


async def test_from_shadow_to_acting_and_back(desk: Desk) -> None:
    shell = desk.house.shell
    await people(desk)
    assert isinstance(await sign_contract(shell, TENANT, TERMS, login="bob"), Refusal)
    assert not isinstance(await sign_contract(shell, TENANT, TERMS, login="ann"), Refusal)
    await look_again(desk)

    judged = []
    for _ in range(8):
        order, address = fresh(desk)
        ticket = await desk.write(address, f"please cancel my order {order}")
        assert (await desk.handoff(ticket))[1] == "shadow"
        assert not any(order in reply for reply in await desk.replies(ticket))
        assert desk.office.world.orders[order].status == "pending"
        desk.used_orders.discard(order)
        judged.append(ticket)
    replayed = await replay_ticket(shell, TENANT, judged[0])
    assert isinstance(replayed, Replayed)
    assert replayed.agrees
    assert "cohort" in {decision.kind for decision in replayed.decisions}

    early = await promote(shell, TENANT, CANCEL, login="ann")
    assert isinstance(early, Refusal)
    assert "gate is closed" in early.message
    for ticket in judged:
        assert await review_decision(shell, TENANT, ticket, login="bob", right=True, human_right=None, breach=False)
    assert isinstance(await promote(shell, TENANT, CANCEL, login="bob"), Refusal)
    for percent in (1, 5, 25, 50, 100):
        standing = await promote(shell, TENANT, CANCEL, login="ann")
        assert not isinstance(standing, Refusal), standing
        assert standing.percent == percent
    assert isinstance(await promote(shell, TENANT, CANCEL, login="ann"), Refusal)
    async with tenant_transaction(shell.pool, TENANT) as conn:
        await conn.execute("update rollout set holdout_ppm = 0")
    await look_again(desk)
    assert await cancelled(desk)

    assert isinstance(await stop_actions(shell, TENANT, login="bob", reason="odd refunds"), str)
    await look_again(desk)
    before = len(desk.writes())
    assert not await cancelled(desk)
    assert len(desk.writes()) == before
    assert isinstance(await resume_actions(shell, TENANT, login="bob", reason="checked"), Refusal)
    assert isinstance(await resume_actions(shell, TENANT, login="ann", reason="checked"), str)
    await look_again(desk)

    order, address = fresh(desk)
    ticket = await desk.write(address, f"please cancel my order {order}")
    await desk.write(address, "yes", ticket=ticket)
    assert desk.office.world.orders[order].status == "cancelled"
    await review_decision(shell, TENANT, ticket, login="bob", right=False, human_right=None, breach=True)
    await look_again(desk)
    found = await overview(shell, TENANT)
    standing = next(each for each in found.standings if each.procedure == CANCEL)
    assert (standing.percent, standing.changed_by) == (0, "guardrail")
    assert not await cancelled(desk)
    for kind in ("kpi.signed", "rollout.judged", "rollout.set", "actions.stopped", "actions.resumed"):
        assert await leaves(desk, kind), kind
    assert "guardrail" in (await leaves(desk, "rollout.rolled_back"))[-1]
    assert isinstance(await roll_back(shell, TENANT, CANCEL, login="ann", reason="again"), Refusal)


async def test_a_stop_between_the_yes_and_the_act_hands_the_ticket_over(desk: Desk) -> None:
    shell = desk.house.shell
    await people(desk)
    order, address = fresh(desk)
    ticket = await desk.write(address, f"please cancel my order {order}")
    assert (await desk.ticket(ticket)).status == "waiting_requester"
    await stop_actions(shell, TENANT, login="bob", reason="fire drill")
    await look_again(desk)
    await desk.write(address, "yes", ticket=ticket)
    assert (await desk.handoff(ticket))[1] == "actions_stopped"
    assert desk.office.world.orders[order].status == "pending"


async def test_reopened_tickets_roll_a_procedure_back(desk: Desk) -> None:
    shell = desk.house.shell
    await people(desk)
    strict = msgspec.structs.replace(TERMS, bad_rate=0.0001, bad_rate_alarm=0.9)
    await sign_contract(shell, TENANT, strict, login="ann")
    async with tenant_transaction(shell.pool, TENANT) as conn:
        await t.save_rollout(
            conn, tenant=TENANT, procedure=CANCEL, percent=100, holdout_ppm=0, tiers=[], jurisdictions=[], channels=[],
            login="ann", now=shell.clock.now(), reason="test",
        )  # fmt: skip
    await look_again(desk)
    order, address = fresh(desk)
    ticket = await desk.write(address, f"please cancel my order {order}")
    await desk.write(address, "yes", ticket=ticket)
    await desk.write(address, "wait, it still shows as pending on my side", ticket=ticket)
    assert "guardrail" in (await leaves(desk, "rollout.rolled_back"))[-1]
