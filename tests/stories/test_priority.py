"""Priority comes from what the whole message says, with reasons a person can read; account and tone stand beside it."""

from proofdesk.flows.queries import TicketView, ticket_view
from proofdesk.flows.replay import Replayed, replay_ticket
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
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
