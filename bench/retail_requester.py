"""How the requester of a benchmark world answers: yes to a complete plan, else its own words or "I don't know"."""

import re
from collections.abc import Sequence

MAX_ANSWERS = 3
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_KINDS = {
    "order": re.compile(r"#?W\d{5,}", re.IGNORECASE),
    "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "method": re.compile(r"(?:credit_card|paypal|gift_card)_\d+|paypal|(?:gift|credit) card|visa", re.IGNORECASE),
    "address": re.compile(r"\d+ \w+ (?:street|avenue|lane|drive|road|boulevard|park)\b|\b\d{5}\b", re.IGNORECASE),
    "identity": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\b\d{5}\b|\bname is\b", re.IGNORECASE),
    "reason": re.compile(r"no longer needed|ordered by mistake|because|mistake|need", re.IGNORECASE),
    "number": re.compile(r"\d"),
}  # fmt: skip


def sentences(ticket: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(ticket) if part.strip()]


def answer(ticket: str, waiting_for: str, kind: str, options: Sequence[str]) -> str:
    """`waiting_for` and `kind` are what the question is about; `options` what it offers."""
    if waiting_for == "confirm":
        return "yes"
    said = sentences(ticket)
    chosen = [s for s in said if any(option and option.casefold() in s.casefold() for option in options)]
    pattern = _KINDS.get(kind)
    if not chosen and pattern is not None:
        chosen = [s for s in said if pattern.search(s)]
    return " ".join(chosen) if chosen else "I don't know"
