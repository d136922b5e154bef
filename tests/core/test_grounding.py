"""No reply may say a figure, price, date, name or address that its sources do not."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from proofdesk.core.grounding import MAX_CHARS, unsupported

SOURCE = (
    "Returns are free within 30 days of delivery. A label costs €7.50 from the United Kingdom. "
    "Prices change on 2027-01-01. Write to care@larkfield.example. Only Ada Byrne may approve up to 1,500 EUR (5 %)."
)


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        ("You have 30 days.", []),
        ("You have 14 days.", ["14 days"]),
        ("You have 30 months.", ["30 months"]),
        ("It costs €7.50.", []),
        ("It costs $7.50.", ["$7.50"]),
        ("It costs €7.5.", ["€7.5"]),
        ("From 2027-01-01 on.", []),
        ("From 2027-02-01 on.", ["2027-02-01 on"]),
        ("Ask Ada Byrne.", []),
        ("Ask Bob.", ["Bob"]),
        ("Write to care@larkfield.example", []),
        ("Write to help@larkfield.example", ["help@larkfield.example"]),
        ("See https://evil.example/x", ["https://evil.example/x"]),
        ("Returns are not free.", ["not"]),
        ("You have thirty days.", ["thirty"]),
        ("Up to 1,500 EUR.", []),
        ("Up to 1,500 USD.", ["1,500 USD", "USD"]),
        ("It is 6 %.", ["6 %"]),
    ],
)
def test_what_stands_in_no_source_is_named(reply: str, missing: list[str]) -> None:
    found = [claim.said for claim in unsupported(reply, [SOURCE])]
    assert found == missing


SENTENCES = [each for each in re.split(r"(?<=[.)])\s", SOURCE) if each]


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, unique=True))
def test_the_words_of_the_sources_are_supported(chosen: list[str]) -> None:
    assert unsupported("\n\n".join(chosen), [SOURCE]) == ()


@given(st.text(max_size=200))
def test_every_text_supports_itself(text: str) -> None:
    assert unsupported(text, [text]) == ()


@given(st.sampled_from(SENTENCES), st.data())
def test_any_changed_digit_is_found(sentence: str, data: st.DataObject) -> None:
    places = [place for place, char in enumerate(sentence) if char.isdigit()]
    assume(places)
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from("0123456789"))
    assume(digit != sentence[place])
    assert unsupported(sentence[:place] + digit + sentence[place + 1 :], [SOURCE])


@given(st.integers(2, 10**6), st.sampled_from(["€", "$", "%", " days", " EUR", " hours"]))
def test_a_figure_of_no_source_is_found(number: int, unit: str) -> None:
    reply = f"You get {number}{unit} back."
    assert unsupported(reply, ["You get something back.", "Days and hours."])


def test_too_long_a_reply_is_not_believed() -> None:
    text = "a" * (MAX_CHARS + 1)
    assert unsupported(text, [text])
