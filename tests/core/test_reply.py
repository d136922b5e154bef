"""Replies: the parts in order, a greeting in the requester's language, and nothing a brand forbids."""

import pytest

from proofdesk.core.reply import (
    LANGUAGES,
    MAX_PARTS,
    Brand,
    ComposedReply,
    ReplyPart,
    UnsendableReply,
    check_reply,
    compose_reply,
    greeting,
)

BRAND = Brand(signature="Team Nordlicht", forbidden=("guarantee", "no problem"))


def part(name: str, text: str) -> ReplyPart:
    return ReplyPart(request_id=name, text=text, source=f"{name}@1")


def test_parts_keep_their_order_and_appear_once() -> None:
    reply = compose_reply([part("b", "Second."), part("a", "First."), part("c", "Second. ")], BRAND, given_name="Ada")
    assert isinstance(reply, ComposedReply)
    assert reply.text == "Hello Ada,\n\nSecond.\n\nFirst.\n\nKind regards\nTeam Nordlicht"
    assert reply.sources == ("b@1", "a@1", "c@1")


@pytest.mark.parametrize(
    ("language", "start"),
    [("en", "Hello Ada,"), ("de", "Guten Tag Ada,"), ("fr", "Bonjour Ada,"), ("es", "Hola, Ada:")],
)
def test_each_language_greets_and_hands_over(language: str, start: str) -> None:
    reply = compose_reply([], BRAND, language=language, given_name="Ada", handed_over=["{x} 5"], upset=True)
    assert isinstance(reply, UnsendableReply)  # the braces would be an unfilled placeholder
    reply = compose_reply([], BRAND, language=language, given_name="Ada", handed_over=["invoice 5"], upset=True)
    assert isinstance(reply, ComposedReply)
    assert reply.text.startswith(start) and "invoice 5" in reply.text and len(reply.text.split("\n\n")) == 4


def test_an_unknown_language_is_answered_in_english() -> None:
    reply = compose_reply([part("a", "Done.")], BRAND, language="tlh")
    assert isinstance(reply, ComposedReply) and reply.language == "en" and reply.text.startswith("Hello,")
    assert LANGUAGES == ("en", "de", "fr", "es")


@pytest.mark.parametrize("name", ["", "  ", "12", "<b>x</b>", "{name}", "x" * 80, "http://a.b"])
def test_a_name_that_cannot_be_one_is_left_out(name: str) -> None:
    assert greeting("en", name) == "Hello,"


@pytest.mark.parametrize("name", ["Ada", "Jean-Luc", "O'Neil", "Zoë", "李"])
def test_names_of_all_sorts(name: str) -> None:
    assert greeting("en", name) == f"Hello {name},"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("We GUARANTEE it", "forbidden phrase"),
        ("No\n problem", "forbidden phrase"),
        ("Hi {name}", "unfilled placeholder"),
        ("{{ order.id }}", "unfilled placeholder"),
        ("⟦PERSON_1⟧", "unfilled placeholder"),
        ("Yes!! ", "exclamation marks"),
        ("x" * 20_001, "length"),
    ],
)
def test_what_must_not_be_sent(text: str, rule: str) -> None:
    assert rule in {finding.rule for finding in check_reply(text, BRAND)}


def test_whole_words_only() -> None:
    assert check_reply("The guaranteed part stays.", BRAND) == ()


def test_nothing_to_say_is_not_sent() -> None:
    reply = compose_reply([part("a", "  ")], BRAND)
    assert isinstance(reply, UnsendableReply) and reply.findings[0].rule == "empty"
    many = compose_reply([part(str(n), f"Part {n}.") for n in range(MAX_PARTS + 1)], BRAND)
    assert isinstance(many, UnsendableReply) and many.findings[0].rule == "too many parts"
