"""Words of a text for matching: lower case, English endings cut lightly, numbers and identifiers kept whole."""

import functools
import re
import unicodedata

WORD = re.compile(r"[^\W_]+(?:[_'’][^\W_]+)*")
BREAK = re.compile(r"\n+|(?<=[.!?;:])\s+")
ENDINGS = ("ing", "ed", "es", "s")
MIN_STEM = 4
MAX_CHARS = 20_000
"""Of one text; what is longer is cut."""
MAX_CLAUSES = 120
STEMS_KEPT = 65_536
MIN_CLAUSE_WORDS = 3


def words(text: str) -> list[str]:
    return [_stem(word) for word in WORD.findall(unicodedata.normalize("NFKC", text[:MAX_CHARS]).casefold())]


def clauses(text: str) -> list[str]:
    """Sentences and lines of a ticket, each a question of its own; at most MAX_CLAUSES, repetitions left out."""
    found: dict[str, None] = {}
    for part in BREAK.split(text[:MAX_CHARS]):
        clause = part.strip(" \t-*#\"'")
        if len(WORD.findall(clause)) >= MIN_CLAUSE_WORDS:
            found.setdefault(clause)
        if len(found) == MAX_CLAUSES:
            break
    return list(found) or ([text.strip()[:MAX_CHARS]] if text.strip() else [])


@functools.lru_cache(maxsize=STEMS_KEPT)
def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= MIN_STEM:
            return word[: -len(ending)]
    return word
