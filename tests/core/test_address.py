"""One mailbox, one key; another mailbox, another key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.address import mailbox_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        (" ada@example.com ", "ada@example.com"),
        ("rene\u0301@example.com", "ren\u00e9@example.com"),
    ],
)
def test_one_mailbox(one: str, other: str) -> None:
    assert mailbox_key(one) == mailbox_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stra\u00dfe@example.com", "strasse@example.com"),
        ("\u212aarl@example.com", "karl@example.com"),
        ("\u017fam@example.com", "sam@example.com"),
        ("\u00c4nne@example.com", "\u00e4nne@example.com"),
        ("\ufb01n@example.com", "fin@example.com"),
        ("a.da@example.com", "ada@example.com"),
    ],
)
def test_two_mailboxes(one: str, other: str) -> None:
    assert mailbox_key(one) != mailbox_key(other)


@given(st.text())
def test_a_key_keeps_its_ascii_spelling_apart(address: str) -> None:
    """No address beyond ASCII that folds by case or form gets the key of an ASCII address of letters and digits."""
    key = mailbox_key(address)
    if key.isascii() and key.isalnum() and key == key.lower():
        assert address.strip().isascii()
