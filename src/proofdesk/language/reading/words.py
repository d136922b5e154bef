"""The function words of each language, as data: what each can do to a request."""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import yaml

LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
"""Languages with a word file. A sentence of any other one cannot be read and is always asked about."""
RISK_CLASSES = (
    "negation", "condition", "quantifier", "comparative", "revision", "money", "hypothetical", "question", "report",
    "anaphora",
)  # fmt: skip


class FunctionWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Word classes of words_<language>.yaml; the file's comments say what each class does."""

    negation: tuple[str, ...]
    condition: tuple[str, ...]
    quantifier: tuple[str, ...]
    comparative: tuple[str, ...]
    revision: tuple[str, ...]
    money: tuple[str, ...]
    hypothetical: tuple[str, ...]
    question: tuple[str, ...]
    report: tuple[str, ...]
    anaphora: tuple[str, ...]
    comparative_endings: tuple[str, ...] = ()
    base_forms: bool = False
    """Whether words are compared by base form (English); else every form is listed."""
    verb_final: bool = False
    """Whether what a thing should become may stand before the verb ("gegen das rote umtauschen")."""
    target_marker: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()
    reason_marker: tuple[str, ...] = ()
    quantity_all: tuple[str, ...] = ()
    quantity_number: dict[str, int] = {}
    joiner: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    contrast: tuple[str, ...] = ()
    except_marker: tuple[str, ...] = ()
    placeholder: tuple[str, ...] = ()
    opener: tuple[str, ...] = ()
    determiner: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    cheapest: tuple[str, ...] = ()
    dearest: tuple[str, ...] = ()
    original_method: tuple[str, ...] = ()
    pay_context: tuple[str, ...] = ()
    home_address: tuple[str, ...] = ()
    polite: tuple[str, ...]
    filler: tuple[str, ...]
    identity: tuple[str, ...] = ()
    address_fields: dict[str, tuple[str, ...]] = {}
    units: dict[str, str] = {}
    state: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    wish: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    softener: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    pleased: tuple[str, ...] = ()
    when_past: tuple[str, ...] = ()
    say_yes: tuple[str, ...]
    say_no: tuple[str, ...]
    say_unknown: tuple[str, ...]
    claim_cues: dict[str, tuple[str, ...]]

    def of_class(self, name: str) -> tuple[str, ...]:
        phrases: Any = getattr(self, name)
        return tuple(phrases)


@cache
def function_words(language: str = "en") -> FunctionWords:
    """The words of `language`, one of LANGUAGES."""
    source = files("proofdesk.language.reading").joinpath(f"words_{language}.yaml")
    # BaseLoader leaves every scalar a text: to YAML 1.1 "on" and "no" are truth values.
    raw = yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts only
    return msgspec.convert(raw, FunctionWords, strict=False)
