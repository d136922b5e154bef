from pathlib import Path

import pytest

from proofdesk.core.reading import Reading
from proofdesk.core.records import Line, Method, Order, Records, Requester
from proofdesk.language.reading import (
    Profile,
    Reader,
    SlotProfile,
    TenantWords,
    WordFileError,
    load_tenant_words,
)


def test_words_that_yaml_takes_for_truth_values_stay_words(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("values:\n  on: [yes, 12]\npolarity:\n  tall: {option: height, direction: -1}\n", encoding="utf-8")
    words = load_tenant_words(file)
    assert words.values == {"on": ("yes", "12")}
    assert words.polarity["tall"].direction == -1


@pytest.mark.parametrize("text", ["products: [", "prodcts: {a: [b]}", "products: {a: b}", "- a"])
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WordFileError, match=r"words\.yaml"):
        load_tenant_words(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordFileError, match="cannot be read"):
        load_tenant_words(tmp_path / "absent.yaml")


NIGHT = Line(id="n1", product_id="p1", name="Night", price_minor=9000)
STAYS = Records(
    requester=Requester(id="ada_1", methods=(Method(id="card_1", kind="credit_card"),)),
    orders=(Order(id="7QX4R", status="open", lines=(NIGHT,), method_ids=("card_1",)), Order(id="8KX1B", status="open")),
)


def read(text: str, *, stated: bool = False) -> Reading:
    slots = {"order": SlotProfile(type="order"), "pays": SlotProfile(type="method", stated=stated)}
    acts = Profile(procedure="cancel", acts=("cancel",), serves={"order": ("open",)}, slots={"order": slots["order"]})
    lines = SlotProfile(type="lines", of="order")
    moves = Profile(procedure="move", acts=("move",), serves={"order": ("open",)}, slots=slots | {"what": lines})
    words = TenantWords(orders=("stay",), neutral=("for the both of us",))
    return Reader([acts, moves], words).read(text, STAYS)


def test_a_tenants_own_word_for_an_order_and_ids_of_mixed_letters_and_digits() -> None:
    reading = read("Please cancel my stay 7QX4R for the both of us.")
    assert [(request.slots["order"].value, request.doubts) for request in reading.requests] == [("7QX4R", ())]
    assert reading.unread == ()
    assert read("Please cancel my visit 7QX4R for the both of us.").unread != ()


def test_a_negation_before_the_wish_denies_something_else() -> None:
    assert read("I cannot come and I want to cancel 7QX4R.").requests[0].mood == "asserted"
    denied = read("I do not want to cancel 7QX4R.").requests
    assert all(request.mood == "retracted" for request in denied)


def test_a_denial_belongs_to_the_act_it_stands_before() -> None:
    reading = read("Please move everything in 7QX4R but I don't want to cancel 8KX1B.")
    assert [(request.procedure, request.mood) for request in reading.requests] == [("move", "asserted")]
    assert reading.unread == ()
    assert read("Please cancel my stay but I don't want to cancel 8KX1B.").unread != ()


def test_a_reason_right_before_the_act_denies_it() -> None:
    reason = SlotProfile(type="enum", values={"unneeded": ("no longer need",)}, optional=True)
    slots = {"order": SlotProfile(type="order"), "reason": reason}
    reader = Reader([Profile(procedure="cancel", acts=("cancel",), serves={"order": ("open",)}, slots=slots)])
    denied = reader.read("I no longer need to cancel 7QX4R.", STAYS).requests
    assert all(request.mood == "retracted" for request in denied)
    wanted = reader.read("I no longer need it, please cancel 7QX4R.", STAYS).requests
    assert [(request.mood, request.slots["reason"].value) for request in wanted] == [("asserted", "unneeded")]


def test_a_method_that_must_be_stated_is_not_assumed() -> None:
    assert "pays" in read("Please move everything in 7QX4R.").requests[0].slots
    held = read("Please move everything in 7QX4R.", stated=True).requests[0]
    assert "pays" in {doubt.slot for doubt in held.doubts}
