import hashlib
import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core import one_time_code as otc

KEY = bytes(range(32))
CODE = otc.IssuedCode(ticket_id="t-1", address="ada@example.com", counter=0, expires_at_s=1_000)


def test_the_digits_are_the_documented_construction() -> None:
    octets = b"".join(
        len(field).to_bytes(4, "big") + field
        for field in (b"proofdesk one-time code 1", b"t-1", b"ada@example.com", b"0", b"1000")
    )
    digest = hmac.new(KEY, octets, hashlib.sha256).digest()
    assert otc.code_digits(KEY, CODE) == f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


@pytest.mark.parametrize(
    "change", [{"ticket_id": "t-2"}, {"address": "bob@example.com"}, {"counter": 1}, {"expires_at_s": 1_001}]
)
def test_a_code_is_bound_to_everything_it_was_issued_for(change: dict[str, object]) -> None:
    assert not otc.check_code(KEY, msgspec.structs.replace(CODE, **change), otc.code_digits(KEY, CODE))


def test_codes_spread_over_all_digits() -> None:
    codes = {otc.code_digits(KEY, msgspec.structs.replace(CODE, counter=n)) for n in range(2_000)}
    assert len(codes) > 1_980
    assert {code[0] for code in codes} == set("0123456789")


def test_spaces_and_hyphens_do_not_matter() -> None:
    digits = otc.code_digits(KEY, CODE)
    assert otc.check_code(KEY, CODE, f" {digits[:3]}-{digits[3:]} ")


@given(st.text())
def test_anything_else_is_no_code(text: str) -> None:
    digits = otc.code_digits(KEY, CODE)
    assert otc.check_code(KEY, CODE, text) == (text.replace(" ", "").replace("-", "") == digits)


def test_the_last_try_counts_and_the_next_is_refused_even_when_right() -> None:
    right = otc.code_digits(KEY, CODE)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    code = CODE
    for tries in range(1, otc.MAX_TRIES + 1):
        outcome = otc.decide_code(KEY, code, wrong, 0)
        assert isinstance(outcome, otc.Denied)
        assert (outcome.reason, outcome.code.tries) == ("wrong", tries)
        code = outcome.code
    assert otc.decide_code(KEY, code, right, 0) == otc.Denied(reason="too_many_tries", code=code)


def test_it_expires_on_the_second() -> None:
    right = otc.code_digits(KEY, CODE)
    assert otc.decide_code(KEY, CODE, right, 999) == otc.Accepted(address="ada@example.com")
    assert otc.decide_code(KEY, CODE, right, 1_000) == otc.Denied(reason="expired", code=CODE)


def test_a_malformed_try_counts_too() -> None:
    outcome = otc.decide_code(KEY, CODE, "my code?", 0)
    assert isinstance(outcome, otc.Denied)
    assert (outcome.reason, outcome.code.tries) == ("malformed", 1)


def test_only_so_many_codes_for_a_ticket() -> None:
    issued = [otc.issue_code("t", "a@b.example", issued_before=n, now_s=10) for n in range(otc.MAX_CODES + 1)]
    assert [code.counter for code in issued if code] == [0, 1, 2]
    assert issued[-1] is None
    assert issued[0] is not None and issued[0].expires_at_s == 10 + otc.VALID_S


def test_a_short_key_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        otc.code_digits(b"short", CODE)
