"""Messages in prose: conditions, alternatives, revisions, preferences, references; and what must stay a question."""

import pytest

from proofdesk.core.reading import Reading, Request
from tests.rooms.reading.shop import RECORDS, reader

READER = reader()


def read(text: str) -> Reading:
    return READER.read(text, RECORDS)


def only(text: str) -> Request:
    reading = read(text)
    assert [request.doubts for request in reading.requests] == [()]
    return reading.requests[0]


def values(request: Request) -> dict[str, object]:
    return {name: slot.value for name, slot in request.slots.items()}


def test_a_preference_decides_among_what_fits() -> None:
    one = only("I want to exchange the lamp I received for one with high brightness. I prefer teal over violet.")
    assert values(one)["changes"] == [{"line_id": "910002", "variant_id": "910004"}]


def test_what_cannot_be_had_is_replaced_by_the_stated_alternative() -> None:
    text = (
        "I want to modify the lamp in my pending order to a teal one with low brightness. "
        "If that is not available, I'd go for violet."
    )
    reading = read(text)
    assert all(not request.doubts for request in reading.requests)
    (one,) = reading.requests
    assert values(one)["changes"] == [{"line_id": "910001", "variant_id": "910002"}]


def test_an_alternative_step_is_taken_where_the_first_one_fails() -> None:
    reading = read(
        "I want to return the lamp in order #L100200. If it cannot be done, exchange the small mug of #L100300 "
        "for the large one with the flip lid."
    )
    assert {request.procedure for request in reading.requests if not request.doubts} == {"exchange_items"}


def test_only_after_being_asked_to_confirm_leaves_the_rest_out() -> None:
    reading = read(
        "I want to return the lamp and the small mug from #L100300. If you ask me to confirm, only return the lamp."
    )
    assert [values(request)["items"] for request in reading.requests] == [["910002"]]


def test_a_plan_can_be_seen_beside_the_message() -> None:
    text = "I want to exchange the lamp I received for one with high brightness. I prefer teal over violet."
    (step,) = read(text).plan
    assert step.outcome == "done"
    assert step.span is not None
    assert "exchange the lamp" in text[step.span.start : step.span.end]


@pytest.mark.parametrize(
    "text",
    [
        "I want to exchange the lamp I received for a brighter one. If the moon is full, take the teal one.",
        "I want to return the lamp I received or the mug.",
        "I want to return one of the mugs I received. I prefer not to.",
        "I want to exchange the lamp I received for a teal one with a golden rim.",
        "I want to return the lamp I received. My wife says no.",
        "I want to return the lamp I received to the other card.",
        "I received two mugs. I want to return it.",
        "I want to return the lamp I received if it costs more than 30 dollars.",
        "I no longer need to return the lamp I received.",
    ],
)
def test_what_a_plan_cannot_decide_is_never_done(text: str) -> None:
    assert all(request.doubts for request in read(text).requests)
