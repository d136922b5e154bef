"""The tickets: well formed, independent, permitted by the back office, reproducible; and the score over them."""

import pathlib
from collections import Counter

import msgspec
import pytest
import yaml

from examples.backoffice.seed import make_world
from examples.backoffice.world import World
from examples.score import Happened, score
from examples.tickets.effects import business, carry_out, operations
from examples.tickets.make import encoded, tickets
from examples.tickets.ticket import Ticket, load
from proofdesk.core.escalation import REASONS
from proofdesk.core.triage import ALWAYS_HUMAN

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples"
FILE = EXAMPLES / "tickets" / "tickets.jsonl"
DAY = "2026-03-09"
"""Another day than the generator's: nothing in the tickets may depend on it."""


@pytest.fixture(scope="module")
def every() -> list[Ticket]:
    return load(FILE)


def world_after(every: list[Ticket]) -> World:
    world = make_world(7, DAY)
    for ticket in every:
        for effect in ticket.gold.effects:
            carry_out(effect, world)
    return world


def test_the_committed_file_is_what_the_generator_makes() -> None:
    assert encoded(tickets()) == FILE.read_bytes(), "run: python -m examples.tickets.make"


def test_there_are_enough_of_every_kind(every: list[Ticket]) -> None:
    ends = Counter(ticket.gold.outcome for ticket in every)
    assert 280 <= len(every) <= 330
    assert 0.45 <= ends["resolved"] / len(every) <= 0.60
    assert 0.10 <= ends["informed"] / len(every) <= 0.20
    assert 0.25 <= (ends["asked"] + ends["escalated"] + ends["refused"]) / len(every) <= 0.40
    assert len({ticket.id for ticket in every}) == len(every)
    phrasings = yaml.safe_load((EXAMPLES / "tickets" / "phrasings.yaml").read_text(encoding="utf-8"))
    assert len({text for by in phrasings.values() for texts in by.values() for text in texts}) >= 120


def test_tickets_are_independent(every: list[Ticket]) -> None:
    effects = [business(effect) for ticket in every for effect in ticket.gold.effects]
    assert len(effects) == len(set(effects))
    world = make_world(7, DAY)
    for ticket in every:
        named = [word for word in world.orders if word in ticket.text]
        others = [t for t in every if t is not ticket and any(e.args.get("order_id") in named for e in t.gold.effects)]
        assert others == [], f"{ticket.id} and {others[0].id} are about the same order"


def test_the_back_office_permits_every_expected_effect(every: list[Ticket]) -> None:
    world = world_after(every)
    assert len(world.writes) == sum(len(ticket.gold.effects) for ticket in every)


def test_invoices_go_to_those_who_pay_them(every: list[Ticket]) -> None:
    world = world_after(every)
    for copy in world.invoice_copies.values():
        invoice = world.invoices[copy.invoice_id]
        payer = world.customers[world.subscriptions[invoice.subscription_id].customer_id]
        assert copy.sent_to == payer.email


def test_gold_uses_known_words(every: list[Ticket]) -> None:
    procedures = {path.stem for path in (EXAMPLES / "larkfield" / "procedures").glob("*.yaml")}
    known = operations()
    for ticket in every:
        assert set(ticket.gold.procedures) <= procedures, ticket.id
        assert all(effect.capability in known for effect in ticket.gold.effects), ticket.id
        assert bool(ticket.gold.effects) == (ticket.gold.outcome == "resolved"), ticket.id
        if ticket.gold.outcome == "escalated":
            assert ticket.gold.reason in ALWAYS_HUMAN | REASONS.keys(), ticket.id


def test_every_procedure_is_asked_for(every: list[Ticket]) -> None:
    procedures = {path.stem for path in (EXAMPLES / "larkfield" / "procedures").glob("*.yaml")}
    assert {name for ticket in every for name in ticket.gold.procedures} == procedures


def test_a_sender_that_is_vouched_for_is_on_record(every: list[Ticket]) -> None:
    emails = {customer.email for customer in make_world(7, DAY).customers.values()}
    assert all(ticket.sender in emails for ticket in every if ticket.verified)
    assert any(not ticket.verified for ticket in every)


def as_gold(every: list[Ticket]) -> dict[str, Happened]:
    return {t.id: Happened(outcome=t.gold.outcome, reason=t.gold.reason) for t in every}


def test_doing_exactly_what_is_expected_scores_full(every: list[Ticket]) -> None:
    world = world_after(every)
    state = msgspec.json.decode(msgspec.json.encode(world))
    found = score(every, as_gold(every), [write.business for write in world.writes], state)
    assert (found["correct_outcomes"], found["wrong_writes"], found["missed"]) == (len(every), 0, 0)
    assert found["right_reasons"] == found["escalated"]
    assert found["unfinished"] == 0


def test_doing_nothing_is_never_wrong_but_misses(every: list[Ticket]) -> None:
    found = score(every, {t.id: Happened(outcome="escalated", reason="low_confidence") for t in every}, [])
    assert found["wrong_writes"] == 0
    assert found["missed"] == sum(len(ticket.gold.effects) for ticket in every)
    assert found["correct_outcomes"] < len(every) / 5


def test_a_write_nobody_asked_for_and_one_done_twice_are_wrong(every: list[Ticket]) -> None:
    asked = business(next(effect for t in every for effect in t.gold.effects))
    found = score(every, {}, [asked, asked, "cancel LF-99999"])
    assert found["wrong_writes"] == 2
    assert found["wrong"] == [asked, "cancel LF-99999"]
    assert found["unfinished"] == len(every)


def test_a_wrong_detail_is_found_in_the_end_state(every: list[Ticket]) -> None:
    world = world_after(every)
    moved = next(e for t in every for e in t.gold.effects if e.capability == "orders.change_address")
    order = world.orders[moved.args["order_id"]]
    order.address = msgspec.structs.replace(order.address, line1="1 Wrong Street")
    state = msgspec.json.decode(msgspec.json.encode(world))
    found = score(every, as_gold(every), [write.business for write in world.writes], state)
    assert found["wrong_writes"] == 1
    assert order.id in found["wrong"][0]


def test_a_claimed_resolution_without_its_effect_is_not_correct(every: list[Ticket]) -> None:
    found = score(every, as_gold(every), [])
    assert found["correct_outcomes"] == len(every) - sum(bool(ticket.gold.effects) for ticket in every)


def test_waiting_for_the_approval_the_policy_wants_is_correct(every: list[Ticket]) -> None:
    big = [ticket for ticket in every if ticket.gold.approval]
    assert big
    found = score(big, {t.id: Happened(outcome="escalated", waits_for_approval=True) for t in big}, [])
    assert found["correct_outcomes"] == len(big)
