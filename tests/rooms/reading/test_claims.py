import pytest

from proofdesk.language.reading.claims import find_claims
from tests.rooms.reading.shop import reader


def said(text: str) -> set[tuple[str, str]]:
    return {(claim.kind, claim.value) for claim in find_claims(text, reader().tongues)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My name is Ada Quill and my zip code is 70707.", {("name", "Ada Quill"), ("postcode", "70707")}),
        ("I am Ada Quill in zipcode 70707.", {("name", "Ada Quill"), ("postcode", "70707")}),
        (
            "This is Bo O'Hara-Lind, bo@post.example",
            {("name", "Bo O'Hara-Lind"), ("email", "bo@post.example")},
        ),
        ("I am ada_quill_1199 living in 70707.", {("requester_id", "ada_quill_1199"), ("postcode", "70707")}),
        ("Thanks\n\nAda Quill", {("name", "Ada Quill")}),
        ("My postcode is SW1A 1AA", {("postcode", "SW1A 1AA")}),
        ("About #L100200 and order number 4455667", {("order_id", "#L100200"), ("order_id", "4455667")}),
        ("The code is 123456", {("code", "123456")}),
        ("I am Ada Quill. My user id is ada_quill_11.", {("name", "Ada Quill"), ("requester_id", "ada_quill_11")}),
        ("My name is Ada B. Quill", {("name", "Ada B. Quill")}),
        ("Nothing here", set()),
    ],
)
def test_claims(text: str, expected: set[tuple[str, str]]) -> None:
    assert said(text) == expected


def test_the_content_of_a_request_is_no_claim() -> None:
    text = "Change address to {'line1': '1 High Road', 'city': 'Dunmere', 'zip': '80808'}"
    assert said(text) == set()


def test_spans_point_at_the_value() -> None:
    text = "Hello, my name is Ada Quill. My email is ada@quill.example."
    for claim in find_claims(text, reader().tongues):
        assert claim.span is not None
        assert text[claim.span.start : claim.span.end] == claim.value
