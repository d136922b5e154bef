"""Money as integer minor units, and the one place where it is rounded.

Rounding rule (whole product): an amount is rounded once, on the line it becomes, to the currency's minor unit,
half-up (a tie moves away from zero). Sums are sums of rounded lines, so a total never drifts from its lines.
Exponents: ISO 4217 list one. Codes without a minor unit (gold, drawing rights, test codes) are not money here.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

import msgspec

MAX_DIGITS: Final = 24
"""Longest run of digits accepted in an amount; beyond it the text is refused, never truncated."""

_EXPONENTS_0: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_EXPONENTS_2: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_EXPONENTS_3: Final = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS_4: Final = "CLF UYW"

EXPONENTS: Final[dict[str, int]] = {
    code: digits
    for digits, codes in ((0, _EXPONENTS_0), (2, _EXPONENTS_2), (3, _EXPONENTS_3), (4, _EXPONENTS_4))
    for code in codes.split()
}

_PLAIN: Final = re.compile(r"([+-]?)(\d+)(?:\.(\d+))?", re.ASCII)
_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_NBSP: Final = "\u00a0"
_MARKS: Final = {"en": (",", "."), "de": (".", ","), "es": (".", ","), "fr": ("\u202f", ",")}
"""(group, decimal) marks by language; an unknown language is written as English."""


class UnknownCurrency(ValueError):
    """The code is not an active ISO 4217 currency with a minor unit."""

    def __init__(self, code: str) -> None:
        super().__init__(f"unknown currency {code!r}: use an active ISO 4217 code in capitals, such as EUR or JPY")
        self.code = code


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum: a broken invariant, since nothing here converts."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"cannot combine {left} with {right}: amounts are never converted")


class BadAmount(msgspec.Struct, frozen=True, kw_only=True):
    """Why a text is not an amount of the currency. A value: wrong input is expected."""

    text: str
    why: str


def exponent(currency: str) -> int:
    """Number of decimals of `currency`. Raises UnknownCurrency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency) from None


class Money(msgspec.Struct, frozen=True, order=True):
    """`minor` units (cents, yen, fils) of an ISO 4217 `currency`. Raises UnknownCurrency when made."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        if type(self.minor) is not int:
            raise TypeError(f"minor units are integers, not {type(self.minor).__name__}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)


def parse_money(text: str, currency: str) -> Money | BadAmount:
    """Read a plain decimal string ("12.5", "-3") exactly. More decimals than the currency has are refused.

    Zeros beyond the last decimal are harmless ("1.500" EUR is 150 cents). Raises UnknownCurrency.
    """
    digits = exponent(currency)
    found = _PLAIN.fullmatch(text.strip()) if len(text) <= 2 * MAX_DIGITS else None
    if found is None:
        return BadAmount(text=text[: 2 * MAX_DIGITS], why="not a plain decimal number such as 12.50")
    sign, whole, part = found.group(1), found.group(2), (found.group(3) or "").rstrip("0")
    if len(whole) + len(part) > MAX_DIGITS:
        return BadAmount(text=text, why=f"more than {MAX_DIGITS} digits")
    if len(part) > digits:
        return BadAmount(text=text, why=f"{currency} has {digits} decimals, this has {len(part)}")
    minor = int(whole + part.ljust(digits, "0"))
    return Money(-minor if sign == "-" else minor, currency)


def to_decimal(money: Money) -> Decimal:
    """The amount in major units, with exactly the currency's decimals."""
    return Decimal(money.minor).scaleb(-exponent(money.currency), _EXACT)


def line_amount(unit_price: Decimal, quantity: int, currency: str) -> Money:
    """`unit_price` (major units, any number of decimals) times `quantity`, rounded once, half-up."""
    return _rounded(_EXACT.multiply(unit_price, Decimal(quantity)), currency)


def share_of(money: Money, share: Decimal) -> Money:
    """`share` (0.15 = 15 %) of an amount, rounded once, half-up."""
    return _rounded(_EXACT.multiply(to_decimal(money), share), money.currency)


def format_money(money: Money, language: str = "en") -> str:
    """For people: "$1,234.50" in English, "1.234,50 €" in German, Spanish and French (non-breaking space).

    Currencies without an unmistakable sign keep their code ("CAD 5.00").
    """
    group, mark = _MARKS.get(language, _MARKS["en"])
    digits = exponent(money.currency)
    whole, part = divmod(abs(money.minor), 10**digits)
    number = f"{whole:,}".replace(",", group) + (f"{mark}{part:0{digits}d}" if digits else "")
    sign = "-" if money.minor < 0 else ""
    symbol = _SYMBOLS.get(money.currency, money.currency)
    if language in _MARKS and language != "en":
        return f"{sign}{number}{_NBSP}{symbol}"
    return f"{sign}{symbol}{_NBSP if symbol == money.currency else ''}{number}"


def _rounded(major: Decimal, currency: str) -> Money:
    minor = major.scaleb(exponent(currency), _EXACT).to_integral_value(ROUND_HALF_UP)
    return Money(int(minor), currency)
