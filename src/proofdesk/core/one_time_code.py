"""Proving an address with a six-digit code sent to it (after RFC 4226, with HMAC-SHA-256). Pure.

The code is derived, not stored: the shell keeps only when it was issued, its counter and the tries made. Six
digits and five tries leave a guesser one chance in 200 000; asking again raises the counter, and the shell
limits how often that happens.
"""

import hashlib
import hmac
from typing import Literal

import msgspec

CODE_DIGITS = 6
MAX_TRIES = 5
VALID_S = 900
MAX_CODES = 3
"""Codes issued for one ticket; with MAX_TRIES each, 15 guesses at most."""
MIN_KEY_BYTES = 32

Refusal = Literal["wrong", "expired", "too_many_tries", "malformed"]


class IssuedCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code on its way. It proves `address` and nothing else. `expires_at_s`: seconds since 1970."""

    ticket_id: str
    address: str
    counter: int
    expires_at_s: int
    tries: int = 0


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    address: str


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is the code with this try counted; the shell stores it before it answers."""

    reason: Refusal
    code: IssuedCode


def issue_code(ticket_id: str, address: str, *, issued_before: int, now_s: int) -> IssuedCode | None:
    """A new code, or None when MAX_CODES were issued for this ticket. The counter keeps codes apart."""
    if issued_before >= MAX_CODES:
        return None
    return IssuedCode(ticket_id=ticket_id, address=address, counter=issued_before, expires_at_s=now_s + VALID_S)


def code_digits(key: bytes, code: IssuedCode) -> str:
    """The six digits to send. `key`: secret of the tenant, at least MIN_KEY_BYTES; ValueError if shorter.

    Ticket, address, counter and expiry are all under the MAC, so a code is worth nothing anywhere else.
    """
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the key for one-time codes needs at least {MIN_KEY_BYTES} bytes, not {len(key)}")
    about = (code.ticket_id, code.address, str(code.counter), str(code.expires_at_s))
    fields = ("proofdesk one-time code 1", *about)
    octets = b"".join(len(field.encode()).to_bytes(4, "big") + field.encode() for field in fields)
    digest = hmac.new(key, octets, hashlib.sha256).digest()
    # 64 of the 256 bits: the bias of taking them modulo 10^6 is below 10^-13.
    return f"{int.from_bytes(digest[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def check_code(key: bytes, code: IssuedCode, given: str) -> bool:
    """Whether `given` is the code, spaces and hyphens aside, in constant time. Looks at neither expiry nor tries."""
    digits = given.replace(" ", "").replace("-", "")
    return hmac.compare_digest(digits.encode("utf-8", "replace"), code_digits(key, code).encode())


def decide_code(key: bytes, code: IssuedCode, given: str, now_s: int) -> Accepted | Denied:
    """Judge one try. After MAX_TRIES or at the expiry even the right code is refused; malformed input costs a try."""
    if code.tries >= MAX_TRIES:
        return Denied(reason="too_many_tries", code=code)
    if now_s >= code.expires_at_s:
        return Denied(reason="expired", code=code)
    if check_code(key, code, given):
        return Accepted(address=code.address)
    digits = given.replace(" ", "").replace("-", "")
    well_formed = len(digits) == CODE_DIGITS and digits.isascii() and digits.isdigit()
    counted = msgspec.structs.replace(code, tries=code.tries + 1)
    return Denied(reason="wrong" if well_formed else "malformed", code=counted)
