"""Escalations: every reason has words, every handoff an owner, every packet what an agent needs."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.escalation import (
    ALWAYS_ESCALATE,
    REASONS,
    RouteRule,
    RoutingConfig,
    must_escalate,
    reason_for,
    route_handoff,
)
from proofdesk.core.packet import (
    MAX_QUOTE_CHARS,
    MAX_TIMELINE,
    AccountSummary,
    Attempt,
    ContextPacket,
    PacketFacts,
    Source,
    TimelineItem,
    build_packet,
    packet_text,
)
from proofdesk.core.reading import Doubt, Reading, Request, Signal, SlotValue, Span
from proofdesk.core.records import Requester

TEXT = "Please refund order 17. My lawyer is informed. Zorp."


def span(words: str) -> Span:
    start = TEXT.index(words)
    return Span(start=start, end=start + len(words))


FACTS = PacketFacts(
    ticket_id="t1",
    issue_id="i1",
    subject="Refund",
    text=TEXT,
    reason="read_back_failed",
    detail="expected refunded, found paid",
    reading=Reading(
        requests=(
            Request(
                id="r1",
                procedure="refund",
                slots={"order": SlotValue(value="17", provenance="requester", shown="order 17")},
                doubts=(Doubt(kind="ambiguous", slot="method", question="To which card?"),),
                confidence_ppm=973_000,
                span=span("refund order 17"),
            ),
        ),
        signals=(Signal(code="legal_threat", span=span("My lawyer")), Signal(code="upset_requester")),
        unread=(span("Zorp"),),
    ),
    requester=Requester(id="u1", given_name="Ada", family_name="Berg", emails=("ada@example.org",)),
    authenticated_by="verified_sender",
    account=AccountSummary(id="a1", name="Berg AG", tier="premier", renews_at="2026-09-01", open_tickets=2),
    timeline=(TimelineItem(at="2026-03-01T10:00:00Z", who="worker", what="refund sent"),),
    attempts=(Attempt(step="pay_back", what="refund 12.00 EUR", state="uncertain", read_back="status paid"),),
    environment={"procedure": "refund v4", "policy_hash": "p", "model_hash": "m"},
    sources=(Source(title="Order 17", ref="order/17"),),
)


def test_every_reason_has_words_for_people() -> None:
    for code, reason in REASONS.items():
        assert reason.code == code and reason.title and reason.why.endswith(".") and reason.next_step.endswith(".")
    always = {"legal_threat", "contract_dispute", "regulator_complaint", "sla_breach", "asks_for_human"}
    assert always <= ALWAYS_ESCALATE


def test_signals_that_always_go_to_a_person() -> None:
    assert [each.code for each in must_escalate(["upset_requester", "sla_breach", "legal_threat"])] == [
        "legal_threat",
        "sla_breach",
    ]
    assert must_escalate(["upset_requester", "unheard_of"]) == ()
    assert reason_for("unheard_of").code == "procedure_decided"


def test_first_fitting_rule_owns_the_ticket_and_says_why() -> None:
    config = RoutingConfig(
        default_queue="support",
        rules=(
            RouteRule(queue="legal", signals=("legal_threat",)),
            RouteRule(queue="premier-de", tiers=("premier",), languages=("de", "fr")),
        ),
    )
    legal = route_handoff("low_confidence", "de", "premier", ["legal_threat"], config)
    assert (legal.queue, legal.why) == ("legal", "rule 1: signal legal_threat")
    german = route_handoff("low_confidence", "de", "premier", [], config)
    assert (german.queue, german.why) == ("premier-de", "rule 2: language de and tier premier")
    assert route_handoff("low_confidence", "en", "premier", [], config).queue == "support"


@given(st.text(), st.text(), st.text(), st.lists(st.text()))
def test_no_ticket_without_an_owner(reason: str, language: str, tier: str, signals: list[str]) -> None:
    config = RoutingConfig(default_queue="support", rules=(RouteRule(queue="x", reasons=("outage",)),))
    routed = route_handoff(reason, language, tier, signals, config)
    assert routed.queue in ("support", "x") and routed.why


def test_routing_needs_a_default_queue() -> None:
    with pytest.raises(ValueError, match="default_queue is empty"):
        RoutingConfig(default_queue=" ")
    with pytest.raises(ValueError, match=r"rules\[0\]\.queue"):
        RoutingConfig(default_queue="q", rules=(RouteRule(queue=""),))


def test_the_packet_holds_what_an_agent_needs() -> None:
    packet = build_packet(FACTS)
    assert packet.requests[0].quote == "refund order 17"
    assert packet.signals == ("legal_threat: My lawyer", "upset_requester")
    assert packet.unread == ("Zorp",)
    assert packet.summary == "Refund. Wants: refund (order order 17). 1 action(s) with unknown result."
    assert "expected refunded, found paid" in packet.why_it_stopped
    assert packet.suggested_next_step == REASONS["read_back_failed"].next_step
    assert msgspec.json.decode(msgspec.json.encode(packet), type=ContextPacket) == packet


def test_the_text_names_every_part() -> None:
    text = packet_text(build_packet(FACTS))
    for expected in (
        "Ada Berg (u1), ada@example.org, proven by verified_sender",
        "Berg AG (a1), tier premier",
        "certainty 97.3 %",
        "To which card?",
        "pay_back: refund 12.00 EUR, uncertain",
        "read-back: status paid",
        "refund sent",
        "procedure: refund v4",
        "Order 17 [order/17]",
        '"Zorp"',
    ):
        assert expected in text


def test_an_empty_packet_says_so() -> None:
    empty = PacketFacts(ticket_id="t", issue_id="i", subject="", text="", reason="my_rule", detail="ask finance")
    packet = build_packet(empty)
    assert packet.reason == "procedure_decided" and "(my_rule: ask finance)" in packet.why_it_stopped
    text = packet_text(packet)
    assert "identity not proven" in text and text.count("- none") == 11 and "Nothing has been changed" in text


def test_limits_keep_the_newest() -> None:
    items = tuple(TimelineItem(at=str(n), who="w", what="x") for n in range(MAX_TIMELINE + 5))
    long = msgspec.structs.replace(
        FACTS, timeline=items, text="y" * 9000, reading=Reading(unread=(Span(start=0, end=9000),))
    )
    packet = build_packet(long)
    assert len(packet.timeline) == MAX_TIMELINE and packet.timeline[-1].at == str(MAX_TIMELINE + 4)
    assert len(packet.unread[0]) == MAX_QUOTE_CHARS + 1
