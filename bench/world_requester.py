"""How the requester of a benchmark world answers: yes to a complete plan, else its own words or "I don't know"."""

import re
from collections.abc import Sequence

MAX_ANSWERS = 3
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def sentences(ticket: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(ticket) if part.strip()]


def answer(ticket: str, waiting_for: str, looks_like: re.Pattern[str] | None, options: Sequence[str]) -> str:
    """`waiting_for` is what the question is about, `looks_like` a value of that kind; `options` what it offers."""
    if waiting_for == "confirm":
        return "yes"
    said = sentences(ticket)
    chosen = [s for s in said if any(option and option.casefold() in s.casefold() for option in options)]
    if not chosen and looks_like is not None:
        chosen = [s for s in said if looks_like.search(s)]
    return " ".join(chosen) if chosen else "I don't know"
