"""Priority comes from what the whole message says, with reasons a person can read; account and tone stand beside it."""

from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from proofdesk.flows.queries import TicketView, ticket_view
from proofdesk.flows.replay import Replayed, replay_ticket
from proofdesk.store import tables as t
from proofdesk.store.pool import ADAPTERS, tenant_transaction
from tests.stories.desk import TENANT, Desk

QUIET_OUTAGE = (
    "Quick question\n\nHi, hope you are well. I wanted to ask about colours for the new lamps, no rush. "
    "Oh, and since about nine this morning nobody in our office can log in to the planning tool, all 400 of us see a "
    "503 page. Thanks!"
)


async def seen(desk: Desk, sender: str, text: str) -> TicketView:
    ticket_id = await desk.write(sender, text)
    view = await ticket_view(desk.house.shell.pool, TENANT, ticket_id)
    assert view is not None
    return view


def premier(desk: Desk) -> str:
    return next(each.email for each in desk.office.world.customers.values() if each.tier == "premier")


async def test_a_premier_accounts_quick_question_about_an_outage_is_critical(desk: Desk) -> None:
    view = await seen(desk, premier(desk), QUIET_OUTAGE)
    assert view.severity == 1
    assert view.priority == 4
    assert view.handoff is not None
    assert (view.handoff.queue, view.handoff.reason) == ("incident-management", "outage")
    assert view.priority_reasons[0] == "severity 1 (critical): the text reports outage"
    assert "account tier premier" in view.priority_reasons
    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        row = await t.handoff_of(conn, tenant=TENANT, ticket_id=view.ticket_id)
    assert row is not None
    for words in ("severity 1 (critical)", "account tier premier", "frustrated", "nobody in our office can log in"):
        assert words in row.packet_text
    replayed = await replay_ticket(desk.house.shell, TENANT, view.ticket_id)
    assert isinstance(replayed, Replayed)
    assert replayed.agrees is True
    assert "priority" in [each.kind for each in replayed.decisions]
    assert desk.writes() == []


async def test_a_loud_message_about_little_is_not_critical(desk: Desk) -> None:
    view = await seen(desk, premier(desk), "URGENT!!! This is ridiculous, where is my order? I am furious!!!")
    assert view.severity == 3
    assert view.tone is not None
    assert view.tone.frustration.ppm > 500_000
    assert view.tone.urgency.ppm > 500_000
    assert any("frustrated" in reason for reason in view.priority_reasons)


async def test_a_stranger_who_reports_an_outage_is_heard_and_told_nothing_of_others(desk: Desk) -> None:
    view = await seen(desk, "stranger@unknown.example", "The whole platform is down, everything is offline.")
    assert view.severity == 1
    assert view.authenticated_by == ""
    assert view.handoff is not None
    assert view.handoff.queue == "incident-management"


async def turns(desk: Desk) -> list[Any]:
    """Ids of the due tickets in the order the feeder takes them."""
    conn = await AsyncConnection[DictRow].connect(
        desk.house.endpoint.conninfo("engine"), autocommit=True, row_factory=dict_row, context=ADAPTERS
    )
    async with conn:
        rows = await t.claim_due(conn, now=desk.house.shell.clock.now(), limit=10, lease_s=0.0)
    return [row.ticket_id for row in sorted(rows, key=lambda row: row.rank)]


async def test_of_equal_class_a_premier_accounts_ticket_is_taken_first(desk: Desk) -> None:
    customers = list(desk.office.world.customers.values())
    private = next(each for each in customers if each.account_id is None and each.tier == "standard")
    company = next(each for each in customers if each.account_id and each.tier == "premier")
    asked, since = "please cancel my order", "Where is my order? I am annoyed"
    first, second = [await desk.write(each.email, asked) for each in (private, company)]
    views = {each: await ticket_view(desk.house.shell.pool, TENANT, each) for each in (first, second)}
    for each in (first, second):
        view = views[each]
        assert view is not None
        assert (view.status, view.severity) == ("waiting_requester", 3)
    reasons = views[second].priority_reasons  # type: ignore[union-attr]  # seen above
    assert any("renewal in" in reason for reason in reasons)
    assert any("cost of delay" in reason for reason in reasons)
    account = desk.office.world.accounts[str(company.account_id)]
    assert f"{account.users} users" in reasons
    assert not any("cost of delay" in reason for reason in views[first].priority_reasons)  # type: ignore[union-attr]
    for each, sender in ((first, private), (second, company)):
        await desk.say(sender.email, since, each)
    assert await turns(desk) == [second, first]
    # It is a head start, not a wall: what waited for longer than that is reached, however dear the newer ones are.

    async with tenant_transaction(desk.house.shell.pool, TENANT) as conn:
        await conn.execute(b"update ticket set due_at = due_at - %s where ticket_id = %s", (timedelta(hours=3), first))
    order = await turns(desk)
    assert order.index(first) < order.index(second)


async def test_the_issue_type_decides_the_class_where_nothing_grave_is_read(desk: Desk) -> None:
    wish = await seen(desk, premier(desk), "It would be great if the desks came in walnut. A person may answer.")
    assert wish.issue_type is not None
    assert (wish.issue_type.name, wish.issue_type.calibrated, wish.severity) == ("feature_request", False, 4)
    assert wish.priority_reasons[0] == "severity 4 (low): nothing grave is read, it reads as: feature request"
    bug = await seen(desk, premier(desk), "The planner crashes. I want to speak to a human.")
    assert bug.issue_type is not None
    assert (bug.issue_type.name, bug.severity) == ("bug", 3)
    assert bug.handoff is not None
    assert "Issue type\n  - bug, " in bug.handoff.packet_text
    assert "(uncalibrated), by 'crashes'" in bug.handoff.packet_text
