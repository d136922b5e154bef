"""While nobody is proven: a person, a code, or a question."""

from typing import Any

import msgspec
import pytest

from proofdesk.core.one_time_code import MAX_CODES, IssuedCode
from proofdesk.core.plan import HandOver
from proofdesk.core.unproven import MAX_CODES_PER_DAY, AskWhoItIs, SendCode, UnprovenFacts, decide_unproven

FACTS = UnprovenFacts(
    ticket_id="t",
    at_s=1_000,
    asked=0,
    max_questions=3,
    claimed=False,
    model_hash="m",
    in_scope_ppm=900_000,
    least_in_scope_ppm=300_000,
)


def code(counter: int) -> IssuedCode:
    return IssuedCode(ticket_id="t", address="a@example.org", counter=counter, expires_at_s=1)


@pytest.mark.parametrize(
    ("changes", "decided"),
    [
        ({}, AskWhoItIs()),
        ({"in_scope_ppm": 299_999}, HandOver(reason="out_of_scope")),
        ({"in_scope_ppm": 0, "claimed": True}, AskWhoItIs()),
        ({"in_scope_ppm": 0, "model_hash": ""}, AskWhoItIs()),
        ({"asked": 3}, HandOver(reason="unauthenticated", note="asked and not proven")),
        ({"reason": "conflicting_claims"}, HandOver(reason="unauthenticated", note="conflicting_claims")),
        ({"reason": "not_proven"}, AskWhoItIs()),
        (
            {"code_to": "a@example.org", "codes_today": MAX_CODES_PER_DAY},
            HandOver(reason="unauthenticated", note="too many codes"),
        ),
        (
            {"code_to": "a@example.org", "code": code(MAX_CODES - 1)},
            HandOver(reason="unauthenticated", note="too many codes"),
        ),
    ],
)
def test_each_case(changes: dict[str, Any], decided: object) -> None:
    assert decide_unproven(msgspec.structs.replace(FACTS, **changes)) == decided


def test_a_new_code_counts_on() -> None:
    decided = decide_unproven(msgspec.structs.replace(FACTS, code_to="a@example.org", code=code(0)))
    assert isinstance(decided, SendCode)
    assert (decided.code.counter, decided.code.address) == (1, "a@example.org")
    assert decided.code.expires_at_s > FACTS.at_s
