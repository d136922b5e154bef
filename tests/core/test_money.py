"""Money: exponents, exact parsing, one rounding, no mixing of currencies."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.money import (
    EXPONENTS,
    BadAmount,
    CurrencyMismatch,
    Money,
    UnknownCurrency,
    exponent,
    format_money,
    line_amount,
    parse_money,
    share_of,
    to_decimal,
)

currencies = st.sampled_from(sorted(EXPONENTS))


@pytest.mark.parametrize(
    ("code", "digits"), [("JPY", 0), ("KRW", 0), ("EUR", 2), ("KWD", 3), ("TND", 3), ("CLF", 4), ("UYW", 4), ("ISK", 0)]
)
def test_exponents(code: str, digits: int) -> None:
    assert exponent(code) == digits


@pytest.mark.parametrize("code", ["eur", "XXX", "XAU", "HRK", "DEM", "", "EURO"])
def test_unknown_currency_names_the_code(code: str) -> None:
    with pytest.raises(UnknownCurrency, match="ISO 4217"):
        Money(1, code)


def test_decoded_money_is_checked_too() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown currency"):
        msgspec.json.decode(b'{"minor": 1, "currency": "ZZZ"}', type=Money)


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError, match="integers"):
        Money(1.5, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [("12.5", "EUR", 1250), ("-0.01", "USD", -1), ("1000", "JPY", 1000), ("1.234", "KWD", 1234), ("1.500", "EUR", 150),
     (" 7 ", "EUR", 700), ("0.10", "USD", 10), ("4.35", "EUR", 435)],
)  # fmt: skip
def test_parse_exactly(text: str, code: str, minor: int) -> None:
    assert parse_money(text, code) == Money(minor, code)


@pytest.mark.parametrize("text", ["1.005", "1,00", "1e3", "", ".", "1.", "NaN", "٣", "9" * 25, "1" * 5000, "--1"])
def test_bad_amounts_are_values(text: str) -> None:
    assert isinstance(parse_money(text, "EUR"), BadAmount)


@given(st.integers(-(10**15), 10**15), currencies)
def test_decimal_text_round_trips(minor: int, code: str) -> None:
    money = Money(minor, code)
    assert parse_money(f"{to_decimal(money):f}", code) == money


@given(st.integers(), st.integers(), currencies)
def test_sums_are_exact(left: int, right: int, code: str) -> None:
    assert Money(left, code) + Money(right, code) - Money(right, code) == Money(left, code)
    assert -Money(left, code) == Money(0, code) - Money(left, code)


def test_currencies_never_mix() -> None:
    with pytest.raises(CurrencyMismatch, match="EUR with USD"):
        Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize(
    ("price", "quantity", "code", "minor"),
    [("0.99", 1234, "EUR", 122166), ("0.005", 1, "EUR", 1), ("0.0049", 1, "EUR", 0), ("0.995", 1, "USD", 100),
     ("0.5", 1, "JPY", 1), ("-0.005", 1, "EUR", -1), ("0.3333", 3, "KWD", 1000)],
)  # fmt: skip
def test_a_line_is_rounded_once_half_up(price: str, quantity: int, code: str, minor: int) -> None:
    assert line_amount(Decimal(price), quantity, code) == Money(minor, code)


def test_share_is_rounded_half_up() -> None:
    assert share_of(Money(507_870, "USD"), Decimal("0.15")) == Money(76_181, "USD")


@pytest.mark.parametrize(
    ("minor", "code", "language", "text"),
    [(123_450, "USD", "en", "$1,234.50"), (-500, "USD", "en", "-$5.00"), (123_450, "EUR", "de", "1.234,50\u00a0€"),
     (500, "CAD", "en", "CAD\u00a05.00"), (1000, "JPY", "en", "¥1,000"), (1234, "KWD", "de", "1,234\u00a0KWD"),
     (123_456_789, "EUR", "fr", "1\u202f234\u202f567,89\u00a0€"), (5, "EUR", "xx", "€0.05")],
)  # fmt: skip
def test_format_for_people(minor: int, code: str, language: str, text: str) -> None:
    assert format_money(Money(minor, code), language) == text
