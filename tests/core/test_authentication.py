import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.authentication import (
    STRENGTH,
    Authenticated,
    Found,
    NeedCode,
    Sender,
    Unauthenticated,
    decide_authentication,
)
from proofdesk.core.reading import Claim
from proofdesk.core.records import Address, Requester

ADA = Found(
    requester=Requester(
        id="r-ada",
        given_name="Ada",
        family_name="Åström",
        emails=("ada@example.com", "Ada.Work@example.org"),
        address=Address(line1="1 High St", city="Town", postcode="SW1A 1AA"),
    ),
    order_ids=("#W1", "W2"),
)
BOB = Found(
    requester=Requester(
        id="r-bob",
        given_name="Bob",
        family_name="Berg",
        emails=("bob@example.com",),
        address=Address(line1="2 Low St", city="Town", postcode="10115"),
    ),
    order_ids=("W9",),
)
BOTH = (ADA, BOB)
NOBODY = Sender()


def claims(*pairs: tuple[str, str]) -> tuple[Claim, ...]:
    return tuple(Claim(kind=kind, value=value) for kind, value in pairs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "sender", "method"),
    [
        ((), Sender(address="ADA@example.com", proven=True), "verified_sender"),
        ((), Sender(confirmed_address="ada.work@example.org"), "one_time_code"),
        ((("order_id", "w1"), ("postcode", "sw1a1aa")), NOBODY, "order_postcode"),
        ((("order_id", "W1"), ("order_id", "#W2"), ("postcode", "SW1A 1AA")), NOBODY, "order_postcode"),
        ((("name", "ada astrom"), ("postcode", "SW1A 1AA")), NOBODY, "name_postcode"),
        ((("name", "Åström  Ada"), ("postcode", "SW1A-1AA")), NOBODY, "name_postcode"),
        ((("email", "ada@EXAMPLE.com"),), NOBODY, "email_on_record"),
        ((("requester_id", "R-Ada"),), NOBODY, "id_on_record"),
        ((("requester_id", "r-ada"), ("name", "Ada Astrom")), NOBODY, "id_on_record"),
    ],
)
def test_each_method_proves_its_requester(said: tuple[tuple[str, str], ...], sender: Sender, method: str) -> None:
    outcome = decide_authentication(claims(*said), BOTH, sender, STRENGTH)
    assert outcome == Authenticated(method=method, requester_id="r-ada")  # type: ignore[arg-type]
    others = tuple(other for other in STRENGTH if other != method)
    assert not isinstance(decide_authentication(claims(*said), BOTH, sender, others), Authenticated)


def test_the_strongest_method_that_holds_is_named() -> None:
    said = claims(("email", "ada@example.com"), ("name", "Ada Astrom"), ("postcode", "SW1A1AA"), ("order_id", "W1"))
    sender = Sender(address="ada@example.com", proven=True)
    assert decide_authentication(said, BOTH, sender, STRENGTH) == Authenticated(
        method="verified_sender", requester_id="r-ada"
    )
    assert decide_authentication(said, BOTH, NOBODY, STRENGTH) == Authenticated(
        method="order_postcode", requester_id="r-ada"
    )


@pytest.mark.parametrize(
    ("said", "sender"),
    [
        ((("email", "ada@example.com"), ("email", "bob@example.com")), NOBODY),
        ((("email", "ada@example.com"), ("email", "ada.work@example.org")), NOBODY),
        ((("postcode", "10115"), ("postcode", "SW1A 1AA"), ("name", "Ada Astrom")), NOBODY),
        ((("email", "bob@example.com"), ("order_id", "W1"), ("postcode", "SW1A 1AA")), NOBODY),
        ((("email", "eve@example.net"), ("name", "Ada Astrom"), ("postcode", "SW1A 1AA")), NOBODY),
        ((("order_id", "W1"), ("email", "bob@example.com")), NOBODY),
    ],
)
def test_contradicting_claims_prove_nothing(said: tuple[tuple[str, str], ...], sender: Sender) -> None:
    assert decide_authentication(claims(*said), BOTH, sender, STRENGTH) == Unauthenticated(reason="conflicting_claims")


def test_a_sender_the_channel_does_not_prove_must_bring_a_code() -> None:
    strong = ("one_time_code", "verified_sender", "order_postcode")
    sender = Sender(address="Ada.Work@example.org")
    assert decide_authentication((), BOTH, sender, strong) == NeedCode(
        requester_id="r-ada", address="Ada.Work@example.org"
    )
    assert decide_authentication((), BOTH, sender, ("verified_sender",)) == Unauthenticated(reason="not_proven")


def test_the_code_goes_to_the_record_never_to_an_address_in_the_text() -> None:
    stranger = Sender(address="eve@example.net")
    said = claims(("order_id", "W1"))
    assert decide_authentication(said, BOTH, stranger, STRENGTH) == NeedCode(
        requester_id="r-ada", address="ada@example.com"
    )


def test_an_id_with_someone_elses_name_is_not_proven() -> None:
    said = claims(("requester_id", "r-ada"), ("name", "Bob Brandt"))
    assert decide_authentication(said, BOTH, NOBODY, ("id_on_record",)) == Unauthenticated(reason="not_proven")


def test_an_order_with_someone_elses_postcode_is_not_proven() -> None:
    said = claims(("order_id", "W1"), ("postcode", "10115"))
    assert decide_authentication(said, BOTH, NOBODY, ("order_postcode",)) == Unauthenticated(reason="not_proven")


def test_namesakes_in_one_place_are_not_told_apart() -> None:
    twin = Found(requester=Requester(id="r-2", given_name="Ada", family_name="Astrom", address=ADA.requester.address))
    said = claims(("name", "Ada Astrom"), ("postcode", "SW1A 1AA"))
    assert decide_authentication(said, (ADA, twin), NOBODY, STRENGTH) == Unauthenticated(reason="several_requesters")


def test_letters_that_only_look_or_fold_alike_are_other_addresses() -> None:
    kelvin = Found(requester=Requester(id="r-k", emails=("kim@example.com",)))
    said = claims(("email", "\u212aim@example.com"))
    assert decide_authentication(said, (kelvin,), NOBODY, STRENGTH) == Unauthenticated(reason="unknown_requester")


def test_nothing_said_and_nobody_known() -> None:
    assert decide_authentication((), (), NOBODY, STRENGTH) == Unauthenticated(reason="nothing_claimed")
    stranger = Sender(address="eve@example.net", proven=True)
    assert decide_authentication((), (), stranger, STRENGTH) == Unauthenticated(reason="unknown_requester")
    no_email = Found(requester=Requester(id="r"), order_ids=("W1",))
    said = claims(("order_id", "W1"))
    assert decide_authentication(said, (no_email,), NOBODY, STRENGTH) == Unauthenticated(reason="not_proven")


KINDS = st.sampled_from(["email", "name", "postcode", "requester_id", "order_id", "code"])
VALUES = st.sampled_from(
    ["ada@example.com", "bob@example.com", "Ada Astrom", "SW1A 1AA", "10115", "W1", "W9", "r-bob", ""]
)


@given(
    st.lists(st.tuples(KINDS, VALUES), max_size=6),
    st.lists(st.sampled_from(BOTH), max_size=2, unique_by=lambda f: f.requester.id),
)
def test_without_a_proven_channel_only_matching_records_authenticate(
    said: list[tuple[str, str]], found: list[Found]
) -> None:
    outcome = decide_authentication(claims(*said), found, NOBODY, STRENGTH)
    if isinstance(outcome, Authenticated):
        assert outcome.requester_id in {entry.requester.id for entry in found}
        assert outcome.method in ("order_postcode", "name_postcode", "email_on_record", "id_on_record")
    if isinstance(outcome, NeedCode):
        assert outcome.address in {email for entry in found for email in entry.requester.emails}
    assert outcome == decide_authentication(claims(*reversed(said)), found[::-1], NOBODY, STRENGTH)


@pytest.mark.parametrize("said", [("order_id", "W9"), ("requester_id", "r-bob"), ("email", "bob@example.com")])
def test_what_the_channel_proves_stands_whatever_the_text_says(said: tuple[str, str]) -> None:
    sender = Sender(address="ada@example.com", proven=True)
    judged = decide_authentication(claims(said), BOTH, sender, STRENGTH)
    assert judged == Authenticated(method="verified_sender", requester_id="r-ada")
