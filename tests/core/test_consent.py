"""Only a plain yes is a yes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.consent import read_consent

YES = [
    "yes",
    "Yes please.",
    "ok, thank you",
    "Ja, bitte!",
    "go ahead",
    "I confirm",
    "oui merci",
    "Sí, gracias",
    "Sure, do it.",
]
NO = ["no", "No, thanks", "nein danke", "please don't", "stop", "non merci", "no, leave it"]
UNCLEAR = [
    "Is this correct?", "ok?", "Please confirm.", "Bitte?", "sure?", "please", "correct", "yes but only the lamp",
    "yes, order 2 as well", "no wait, yes", "ja, aber nicht die Lampe", "", "hello there my friend", "genau",
    "I would say yes if it is free", "confirm",
]  # fmt: skip


@pytest.mark.parametrize("text", YES)
def test_a_plain_yes_is_one(text: str) -> None:
    assert read_consent(text) == "yes"


@pytest.mark.parametrize("text", NO)
def test_a_plain_no_is_one(text: str) -> None:
    assert read_consent(text) == "no"


@pytest.mark.parametrize("text", UNCLEAR)
def test_questions_nudges_and_conditions_are_neither(text: str) -> None:
    assert read_consent(text) == "unclear"


@given(st.sampled_from(YES), st.sampled_from("?¿？"), st.integers(0, 40))
def test_a_question_mark_anywhere_takes_the_yes_away(text: str, mark: str, place: int) -> None:
    assert read_consent(text[:place] + mark + text[place:]) != "yes"


@given(st.sampled_from(YES), st.text(alphabet="bcdfghjklmnpqrstvwxz", min_size=4, max_size=12))
def test_an_unknown_word_takes_the_yes_away(text: str, word: str) -> None:
    assert read_consent(f"{text} {word}") != "yes"
