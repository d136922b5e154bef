"""Stories, deadlines and lists around a request are left aside; what could change it never is."""

import pytest

from tests.rooms.reading.test_reader import held, sure, values

STORIES = [
    "I have been a customer for years.",
    "My sister has the violet one and she likes it.",
    "We moved last week and it does not fit under the window.",
    "Honestly, this is getting ridiculous.",
    "I was up late when I ordered it.",
    "Kind regards",
]


@pytest.mark.parametrize("story", STORIES)
def test_a_story_changes_nothing(story: str) -> None:
    (before,) = sure(f"{story} Please cancel order #L100400 because it was ordered by mistake.")
    (after,) = sure(f"Please cancel order #L100400 because it was ordered by mistake. {story}")
    assert values(before) == values(after) == {"order": "#L100400", "reason": "ordered by mistake"}


@pytest.mark.parametrize(
    "passage",
    [
        "I have the violet lamp too.",
        "She wants the violet one.",
        "It is not what I want.",
        "Do not do it.",
        "I am not sure.",
        "That one stays.",
        "My other order is #L100200 and it was late.",
        "It should be violet.",
        "I would rather keep it.",
        "We needed it if it was cheap.",
        "I was charged 30 dollars.",
        "It was half of it.",
    ],
)
def test_what_only_looks_like_a_story_is_asked_about(passage: str) -> None:
    assert held(f"For #L100200, modify the mug to size L. {passage}")


def test_a_deadline_is_kept_by_acting_now() -> None:
    (one,) = sure("Please cancel #L100400 before it ships, it was ordered by mistake.")
    assert values(one)["order"] == "#L100400"


@pytest.mark.parametrize("deadline", ["before you change the mug", "before 5 pm", "before the lamp", "after it ships"])
def test_a_deadline_with_anything_else_in_it_is_asked_about(deadline: str) -> None:
    assert held(f"Please cancel #L100400 {deadline}, it was ordered by mistake.")


def test_list_numbers_are_no_quantities() -> None:
    one, two = sure("Two things: 1. please cancel #L100400, it was ordered by mistake. 2. return the lamp of #L100300.")
    assert (one.procedure, two.procedure) == ("cancel_order", "return_items")


def test_goods_named_before_the_request_are_its_own() -> None:
    (one,) = sure("The lamp in #L100300 looks bad. Please return it.")
    assert values(one)["items"] == ["910002"]


@pytest.mark.parametrize(
    "text",
    [
        "The lamp and the mug in #L100300 look bad. Please return it.",
        "The lamp of #L100300 is fine. The mug is not. Please return it.",
        "I have #L100200 and #L100400. Please cancel it.",
        "Please cancel it. It is not #L100200.",
        "Please cancel my order. #L100200 is great.",
        "I love the lamp of #L100300. Please return it.",
        "Please cancel my order. #L100200 stays as it is.",
    ],
)
def test_it_is_asked_about_where_it_could_be_two_things(text: str) -> None:
    assert held(text)


def test_asking_how_and_asking_for_it_is_one_request() -> None:
    (one,) = sure("How do I return the lamp from #L100300? Please set up a return.")
    assert values(one)["items"] == ["910002"]
