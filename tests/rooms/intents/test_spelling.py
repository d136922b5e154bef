"""Slips of the keys: put right towards the examples' words, and only where the text shows any."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.language.intents.spelling import Corrector, learn, one_edit

TEXTS = [
    "please cancel my order today", "cancel the order", "where is my order", "please track my parcel",
    "where is the parcel", "I want my money back", "money back please", "track the parcel please",
]  # fmt: skip
CORRECTOR = Corrector(learn(TEXTS, known={"shot", "gnome"}))
WORD = st.text(string.ascii_lowercase, min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("plese cancel my ordr", "please cancel my order"),
        ("Where is the PARCLE?", "Where is the PARCEL?"),
        ("mony bakc please", "money back please"),
    ],
)
def test_one_edit_is_put_right_and_case_and_marks_stay(typed, read):
    assert CORRECTOR.corrected(typed) == read


@pytest.mark.parametrize("text", [*TEXTS, "", "?!", "a gnome took my parcel", "order 7X9-12 please"])
def test_a_text_without_slips_stays_as_it_is(text):
    assert CORRECTOR.corrected(text) == text


def test_a_text_in_another_language_stays_as_it_is():
    text = "mein ordner wo ist er denn bak"
    assert CORRECTOR.corrected(text) == text


def test_corrections_say_where_and_what():
    (found,) = CORRECTOR.corrections("pleaze track my parcel")
    assert (found.start, found.end, found.typed, found.read) == (0, 6, "pleaze", "please")


@given(WORD, st.integers(0, 8), st.sampled_from(string.ascii_lowercase))
def test_one_edit_knows_each_kind(word, place, letter):
    place = min(place, len(word))
    assert one_edit(word, word[:place] + letter + word[place:])
    assert one_edit(word[:place] + letter + word[place:], word)
    assert one_edit(word, word[:place] + letter + word[place + 1 :])
    if place + 1 < len(word):
        assert one_edit(word, word[:place] + word[place + 1] + word[place] + word[place + 2 :])


def test_two_edits_are_not_one():
    assert not one_edit("order", "ordddr")
    assert not one_edit("order", "redro")
    assert not one_edit("cancel", "canel order")


@given(st.text(max_size=60))
def test_any_text_keeps_what_is_no_word(text):
    read = CORRECTOR.corrected(text)
    assert [c for c in read if c in string.digits] == [c for c in text if c in string.digits]
