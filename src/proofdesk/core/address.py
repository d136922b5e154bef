"""When two e-mail addresses are taken for the same mailbox. Pure."""

import string
import unicodedata

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def mailbox_key(address: str) -> str:
    """What the same mailbox always gives and another never: compared, hashed, never sent to.

    Domains ignore the case of ASCII letters (RFC 5321 2.4). Local parts could differ by case, but no provider gives
    "Ada" and "ada" to two people, and the same section advises against relying on it: ASCII is folded there too.
    Beyond ASCII nothing is folded: Unicode's case rules make different addresses alike ("ß" and "ss", the Kelvin sign
    and "k"). The two ways to write an accented letter are one (NFC, RFC 6532 3.1); NFC comes last, so that what it
    turns into an ASCII capital stays apart from what was ASCII before.
    """
    return unicodedata.normalize("NFC", address.strip().translate(_LOWER))
