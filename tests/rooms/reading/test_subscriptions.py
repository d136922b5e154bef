"""Slots that are no orders: subscriptions, seats, colleagues, documents, addresses; and procedures that only tell."""

import pytest

from proofdesk.core.reading import Hint, Reading, Span
from proofdesk.core.records import Address, Plan, Records, Requester, Subscription
from proofdesk.language.reading import LANGUAGES, Profile, Reader, SlotProfile

SUBSCRIPTION = SlotProfile(type="subscription", ask="Which subscription?")
PROFILES = (
    Profile(
        procedure="add_seats",
        acts=("add seats", "more seats", "weitere lizenzen", "lizenzen hinzufügen"),
        slots={"subscription": SUBSCRIPTION, "more": SlotProfile(type="number", ask="How many more?")},
    ),
    Profile(
        procedure="set_seats",
        acts=("increase seats", "set seats", "anzahl der lizenzen ändern"),
        slots={"subscription": SUBSCRIPTION, "seats": SlotProfile(type="number", ask="How many in all?")},
    ),
    Profile(
        procedure="change_plan",
        acts=("switch to plan", "switch subscription", "tarif umstellen", "umstellen"),
        slots={"subscription": SUBSCRIPTION, "plan": SlotProfile(type="plan", ask="Which plan?")},
    ),
    Profile(
        procedure="grant",
        acts=("give access", "add as"),
        slots={
            "colleague": SlotProfile(type="email", ask="Whose address?"),
            "role": SlotProfile(type="enum", ask="Which role?", values={"editor": ("edit",), "viewer": ("read",)}),
        },
    ),
    Profile(
        procedure="document",
        acts=("send report", "share report"),
        slots={"document": SlotProfile(type="enum", ask="Which?", values={"audit": ("audit report",), "test": ()})},
    ),
    Profile(
        procedure="move", acts=("update address",), slots={"address": SlotProfile(type="address", ask="Which address?")}
    ),
    Profile(
        procedure="tell",
        kind="information",
        acts=("how many seats", "when renew"),
        slots={"subscription": SUBSCRIPTION},
    ),
    Profile(procedure="reset", acts=("reset password",)),
)
ONE = Subscription(id="SUB-11", plan_id="p-1", plan_name="Team", status="active")
TWO = Subscription(id="SUB-12", plan_id="p-1", plan_name="Team", status="active")
PLANS = (Plan(id="p-1", name="Team", price_minor=100), Plan(id="p-2", name="Business", price_minor=200))
READER = Reader(PROFILES, None, LANGUAGES)


def read(text: str, *subscriptions: Subscription, hints: tuple[Hint, ...] = ()) -> Reading:
    records = Records(requester=Requester(id="c1"), subscriptions=subscriptions or (ONE, TWO), plans=PLANS)
    return READER.read(text, records, (), hints)


def slots(text: str, *subscriptions: Subscription) -> dict[str, object]:
    """The slots of the one request of `text`, which must be free of doubt."""
    reading = read(text, *subscriptions)
    (one,) = reading.requests
    assert one.doubts == ()
    assert reading.unread == ()
    assert one.mood == "asserted"
    return {name: slot.value for name, slot in one.slots.items()}


def doubts(text: str, *subscriptions: Subscription) -> set[str]:
    return {doubt.kind for request in read(text, *subscriptions).requests for doubt in request.doubts}


def test_numbers_on_top_and_numbers_in_all() -> None:
    assert slots("Please add 2 seats to SUB-11.") == {"subscription": "SUB-11", "more": 2}
    assert slots("We need three more seats on SUB-12.") == {"subscription": "SUB-12", "more": 3}
    assert slots("Bitte 2 weitere Lizenzen zu SUB-11 hinzufügen.") == {"subscription": "SUB-11", "more": 2}
    assert slots("Could you please increase our seats from 6 to 9 on SUB-11?") == {"subscription": "SUB-11", "seats": 9}
    assert slots("Bitte die Anzahl der Lizenzen von SUB-11 auf 11 ändern.") == {"subscription": "SUB-11", "seats": 11}


@pytest.mark.parametrize(
    "text", ["Please add 2 seats, 4 seats to SUB-11.", "Please increase our seats from 6 on SUB-11."]
)
def test_numbers_that_disagree_are_asked_about(text: str) -> None:
    assert doubts(text)


def test_a_subscription_is_taken_from_anywhere_and_alone_needs_no_name() -> None:
    assert slots("Could you switch us to the Business plan? It's SUB-12.")["subscription"] == "SUB-12"
    assert slots("Please switch our subscription to Business.", ONE) == {"subscription": "SUB-11", "plan": "p-2"}
    assert "ambiguous" in doubts("Please switch our subscription to Business.")
    assert slots("Bitte unser Abo SUB-11 auf Business umstellen.") == {"subscription": "SUB-11", "plan": "p-2"}


def test_a_second_sentence_completes_the_first() -> None:
    text = "My colleague bo@post.example needs help. Please give access to bo@post.example. Please add them as editor."
    assert slots(text) == {"colleague": "bo@post.example", "role": "editor"}


def test_a_purpose_is_left_aside_only_where_nothing_else_is_to_be_filled() -> None:
    assert slots("Please share the audit report for our vendor review.") == {"document": "audit"}
    assert doubts("Please add 2 seats to SUB-11 for our vendor review.")


@pytest.mark.parametrize(
    ("text", "line1", "postcode", "city"),
    [
        ("12 Willow Court, Bologna 40105", "12 Willow Court", "40105", "Bologna"),
        ("9 Willow Court, 12252 Albany", "9 Willow Court", "12252", "Albany"),
        ("9 Willow Court, Sacramento, 95849", "9 Willow Court", "95849", "Sacramento"),
        ("9 Willow Court, Austin, TX 78701", "9 Willow Court", "78701", "Austin"),
        ("Am Stadtpark 9, 79117 Freiburg", "Am Stadtpark 9", "79117", "Freiburg"),
        ("12 Willow Court\nValencia\n46048", "12 Willow Court", "46048", "Valencia"),
        ("4 Mill Road, Leeds LS1 2QD", "4 Mill Road", "LS1 2QD", "Leeds"),
    ],
)
def test_addresses_as_people_write_them(text: str, line1: str, postcode: str, city: str) -> None:
    address = Address(line1=line1, city=city, postcode=postcode, region="TX" if "TX" in text else "")
    found = slots(f"Please update my address to {text}")["address"]
    assert found == {
        "line1": address.line1, "line2": "", "city": address.city, "region": address.region,
        "postcode": address.postcode, "country": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Please update my address to 9 Willow Court, 12252 Albany or 4 Mill Road, 79117 Freiburg.",
        "Please update my address to 9 Willow Court.",
        "Please update my address to 9 Willow Court, 12252 Albany, second door.",
    ],
)
def test_half_an_address_or_two_are_asked_about(text: str) -> None:
    assert doubts(text)


def test_a_question_asks_to_be_told_but_never_to_act() -> None:
    assert slots("How many seats do we have on SUB-11?") == {"subscription": "SUB-11"}
    assert "mood" in doubts("Add seats to SUB-11?")


HINT = Hint(procedure="tell", score_ppm=800_000, span=Span(start=0, end=20))


def test_a_proposal_of_the_model_is_resolved_by_the_same_rules() -> None:
    (one,) = read("Any word about SUB-11?", hints=(HINT,)).requests
    assert (one.procedure, one.slots["subscription"].value, one.confidence_ppm) == ("tell", "SUB-11", 800_000)


@pytest.mark.parametrize(
    ("text", "procedure"),
    [
        ("Any word about my thing?", "tell"),
        ("I do not get in any more", "reset"),
        ("Cannot get in with my password and blorf", "reset"),
        ("Not SUB-11", "tell"),
    ],
)
def test_a_proposal_in_any_doubt_is_no_request(text: str, procedure: str) -> None:
    hint = Hint(procedure=procedure, score_ppm=990_000, span=Span(start=0, end=5))
    assert read(text, hints=(hint,)).requests == ()


def test_two_different_proposals_are_none() -> None:
    other = Hint(procedure="reset", score_ppm=990_000, span=Span(start=0, end=5))
    assert read("Any word about SUB-11?", hints=(HINT, other)).requests == ()


def test_the_rules_go_before_the_model() -> None:
    (one,) = read("Please add 2 seats to SUB-11.", hints=(HINT,)).requests
    assert one.procedure == "add_seats"
