import pytest

from proofdesk.core.reading import Reading, Request
from tests.rooms.reading.shop import HOME, OFFICE, RECORDS, reader

READER = reader()


def read(text: str, *answers: str) -> Reading:
    return READER.read(text, RECORDS, answers)


def sure(text: str, *answers: str) -> tuple[Request, ...]:
    """The requests of `text`, which must be free of doubt."""
    reading = read(text, *answers)
    assert [doubt for request in reading.requests for doubt in request.doubts] == []
    assert reading.unread == ()
    assert all(request.mood == "asserted" for request in reading.requests)
    return reading.requests


def values(request: Request) -> dict:
    return {name: slot.value for name, slot in request.slots.items()}


def held(text: str, *answers: str) -> set[str]:
    """Kinds of the doubts of `text`, of which there must be at least one on every request."""
    reading = read(text, *answers)
    assert reading.requests
    assert all(request.doubts for request in reading.requests)
    return {doubt.kind for request in reading.requests for doubt in request.doubts}


def test_cancels_with_reason() -> None:
    (one,) = sure("Please cancel order #L100400 because I don't need it.")
    assert one.procedure == "cancel_order"
    assert values(one) == {"order": "#L100400", "reason": "no longer needed"}
    assert one.slots["order"].provenance == "record"
    assert one.slots["reason"].provenance == "requester"


@pytest.mark.parametrize("order", ["#L100400", "L100400", "l100400"])
def test_order_ids_are_found_with_and_without_mark(order: str) -> None:
    (one,) = sure(f"I want to cancel {order} since it was ordered by mistake")
    assert values(one)["order"] == "#L100400"


def test_verb_and_status_give_the_operation() -> None:
    (pending,) = sure("For #L100200, exchange the lamp to violet.")
    (delivered,) = sure("For #L100300, exchange the lamp to high brightness.")
    assert (pending.procedure, delivered.procedure) == ("change_items", "exchange_items")
    assert values(pending)["changes"] == [{"line_id": "910001", "variant_id": "910002"}]
    assert values(delivered)["changes"] == [{"line_id": "910002", "variant_id": "910003"}]


def test_literal_options_name_line_and_target() -> None:
    (one,) = sure(
        "For #L100300, exchange Travel Mug {'size': 'L', 'lid': 'screw'} to {'lid': 'flip'}; "
        "Reading Lamp {'color': 'violet', 'brightness': 'low'} to {'color': 'amber'}; via voucher_7."
    )
    assert values(one)["changes"] == [
        {"line_id": "920002", "variant_id": "920003"},
        {"line_id": "910002", "variant_id": "910001"},
    ]
    assert values(one)["method"] == "voucher_7"


def test_method_by_brand_and_by_default() -> None:
    (named,) = sure("Return #L100300 via gift card: Reading Lamp;")
    (default,) = sure("Return the lamp I received")
    assert values(named) == {"order": "#L100300", "items": ["910002"], "method": "voucher_7"}
    assert default.slots["method"].rule == "method_of_order"


def test_lines_by_option_and_by_number() -> None:
    (small,) = sure("I want to return the small mug from #L100300.")
    (both,) = sure("Return both mugs from #L100300.")
    (everything,) = sure("Please return all items of #L100300.")
    assert values(small)["items"] == ["920001"]
    assert values(both)["items"] == ["920001", "920002"]
    assert values(everything)["items"] == ["910002", "920001", "920002"]


def test_everything_except() -> None:
    (one,) = sure("Return everything from #L100300 except the lamp.")
    assert values(one)["items"] == ["920001", "920002"]
    assert held("Return the mugs from #L100300 except the large one.")
    assert held("Return everything from #L100300 except the mug.") == {"ambiguous"}


def test_the_cheapest_and_the_dearest() -> None:
    (dear,) = sure("Modify the lamp of #L100200 to the most expensive one.")
    (cheap,) = sure(
        "For #L100300, exchange the lamp for the cheapest one that's available. "
        "Any price difference should go to my gift card."
    )
    assert values(dear)["changes"][0]["variant_id"] == "910004"
    assert values(cheap)["changes"][0]["variant_id"] == "910001"
    assert held("Modify the lamp of #L100200 to the cheapest one.") == {"ambiguous"}


def test_a_wish_to_know_changes_nothing() -> None:
    (one,) = sure(
        "I want to know how many lamps you have. Return the lamp I received, and I want to know the total refund."
    )
    assert values(one)["items"] == ["910002"]
    assert held("Cancel #L100400, ordered by mistake. I want to know if I could keep the mug.")


def test_a_described_item_is_not_a_second_one() -> None:
    assert "unread" in held("Return the lamp that came with the small mug in #L100300.")
    assert held("Return the lamp with the mug.")
    assert held("Return all items of the order with the lamp.")
    assert held("Cancel #L100400 by mistake because #L100200 came first.")


def test_one_of_several_is_a_question_with_the_choices() -> None:
    reading = read("Return the mug from #L100300.")
    (doubt,) = reading.requests[0].doubts
    assert doubt.kind == "ambiguous"
    assert len(doubt.options) == 2
    (answered,) = sure("Return the mug from #L100300.", doubt.options[1])
    assert values(answered)["items"] == ["920002"]


def test_several_requests_keep_their_order_but_items_come_last_on_an_order() -> None:
    requests = sure(
        "For #L100200, modify Reading Lamp {'color': 'amber', 'brightness': 'low'} to {'color': 'violet'}. "
        "For #L100200, change address to "
        "{'line1': '21 Mill Lane', 'line2': 'Floor 3', 'city': 'Dunmere', 'state': 'DM', 'zip': '80808', "
        "'country': 'LK'} (same as #L100300). Cancel order #L100400 because it was ordered by mistake."
    )
    assert [one.procedure for one in requests] == ["change_address", "change_items", "cancel_order"]
    assert values(requests[0])["address"]["line1"] == OFFICE.line1
    assert requests[0].slots["address"].provenance == "record"


def test_changes_of_one_order_are_one_request() -> None:
    (one,) = sure("Modify the lamp of #L100200 to violet. Modify the mug of #L100200 to size L.")
    assert [change["line_id"] for change in values(one)["changes"]] == ["910001", "920001"]


def test_a_changed_payment_pays_the_later_change() -> None:
    payment, items = sure("For #L100200, change payment to gift card. For #L100200, modify the lamp to violet.")
    assert values(payment)["method"] == values(items)["method"] == "voucher_7"


def test_own_address_by_reference() -> None:
    (one,) = sure("Change address of #L100400 to my default address.")
    assert values(one)["address"]["postcode"] == HOME.postcode


def test_nothing_to_change_is_never_a_change() -> None:
    assert held("For #L100200, modify Reading Lamp {'color': 'amber', 'brightness': 'low'} to {};") == {"missing"}
    assert held("For #L100200, modify the lamp to amber.") == {"identical"}


def test_an_unmentioned_option_may_not_drift_unasked() -> None:
    reading = read("For #L100200, modify the lamp to teal.")
    (doubt,) = reading.requests[0].doubts
    assert doubt.options == ("yes", "no")
    assert "brightness low → high" in doubt.question
    (agreed,) = sure("For #L100200, modify the lamp to teal.", "Yes.")
    assert values(agreed)["changes"] == [{"line_id": "910001", "variant_id": "910004"}]
    assert held("For #L100200, modify the lamp to teal.", "no") == {"ambiguous"}


def test_a_missing_reason_is_asked_and_taken_from_the_answer() -> None:
    assert held("Cancel order #L100400.") == {"missing"}
    (one,) = sure("Cancel order #L100400.", "I ordered it accidentally")
    assert values(one)["reason"] == "ordered by mistake"
    assert held("Cancel order #L100400.", "I don't know") == {"missing"}


@pytest.mark.parametrize("answer", ["Yes.", "no", "I don't know", "123 456", "My email is ada@quill.example"])
def test_answers_to_other_questions_change_nothing(answer: str) -> None:
    text = "Cancel order #L100400 because it was ordered by mistake."
    assert read(text, answer).requests == read(text).requests


def test_what_was_said_already_is_not_said_twice() -> None:
    text = "Return the small mug from #L100300. Thank you. Cancel #L100400."
    again = "Return the small mug from #L100300. Cancel #L100400."
    assert read(text, again).requests == read(text).requests


def test_a_later_message_can_take_it_back() -> None:
    assert held("Cancel order #L100400 because it was ordered by mistake.", "Actually, please don't.")


def test_an_order_that_is_not_theirs_is_unread() -> None:
    assert "unread" in held("Cancel order #L999999 because I don't need it. Cancel #L100400, ordered by mistake.")


def test_acts_in_another_language_and_typing_slips() -> None:
    (one,) = sure("Storniere #L100400 by mistake")
    assert one.procedure == "cancel_order"
    (slip,) = sure("Pleese cancle the order #L100400, it was ordered by mistake")
    assert slip.confidence_ppm < one.confidence_ppm


def test_contradictions_are_conflicts() -> None:
    assert "conflict" in held("Cancel #L100200, I don't need it. For #L100200, modify the lamp to violet.")
    assert "conflict" in held("Return the lamp of #L100300. Exchange the small mug of #L100300 to size L, flip lid.")


@pytest.mark.parametrize(
    "sentence",
    [
        "If you ask me to confirm, I will change my mind.",
        "But not the mug.",
        "Actually, forget it.",
        "Only if the refund is more than 20 dollars.",
        "Except the lamp.",
        "Instead I would rather have a discount.",
        "Unless it has been shipped already.",
        "Also return the lamp, maybe.",
        "My other order #L100200 too.",
        "It was 30 dollars cheaper elsewhere.",
        "Otherwise keep everything.",
        "I regret it.",
        "Make it violet.",
        "Unles it is too late.",
        "Whatever happens, keep item 910001.",
    ],
)
@pytest.mark.parametrize(
    "request_text",
    ["Cancel order #L100400 because it was ordered by mistake.", "For #L100200, modify the mug to size L."],
)
def test_what_could_change_the_outcome_is_never_passed_over(request_text: str, sentence: str) -> None:
    sure(request_text)
    for text in (f"{request_text} {sentence}", f"{sentence} {request_text}"):
        assert held(text)


@pytest.mark.parametrize(
    "text",
    [
        "Return both lamps from #L100300",
        "Return all mugs and the lamp with the shade from #L100300",
        "Modify the lamp of #L100200 to violet and then back to amber",
        "Modify the lamp of #L100200 to violet, teal would be fine too",
        "Modify the lamp of #L100200 to violet but not the mug",
        "Can I cancel #L100400? It was ordered by mistake.",
        "I am thinking of cancelling, could I cancel #L100400, ordered by mistake",
        "I want to know whether you can cancel #L100400 ordered by mistake",
        "If possible cancel #L100400, ordered by mistake",
        "Cancel everything but #L100400, ordered by mistake",
        "Cancel #L100400 or #L100200, ordered by mistake",
        "Cancel the lamp in #L100200, ordered by mistake",
        "Exchange the lamp of #L100200 for a violet coat",
        "Exchange the lamp of #L100200 for a brighter violet one",
        "Exchange the lamp of #L100200 for something not violet",
        "Exchange the lamp of #L100200 for the mug",
        "Return the lamp and 3 mugs from #L100300",
        "Return the lamp from #L100300 to my paypal",
        "Return the lamp from #L100300 to the other card",
        "Return something from #L100300",
    ],
)
def test_unclear_wishes_are_not_acted_on(text: str) -> None:
    assert held(text)


def test_a_prohibition_is_no_request() -> None:
    assert read("Do not cancel #L100400.").requests == ()


def test_polite_questions_are_wishes() -> None:
    (one,) = sure("Could you please cancel #L100400? It was ordered by mistake")
    assert one.mood == "asserted"


def test_reading_is_deterministic() -> None:
    text = "Return the mug from #L100300. Cancel #L100400."
    assert read(text) == read(text) == reader().read(text, RECORDS)
