"""Signs that a person must see a ticket: legal threats, danger, a wish for a human, attempts to steer the machine.

Deterministic phrase rules from `signals.yaml` (editable, several languages) and a few for hidden text. All languages
are read at once: people mix them, and a missed threat is worse than a look in the wrong list.
"""

import re
from functools import cache
from importlib import resources

import msgspec
import yaml

from proofdesk.core.reading import Signal, Span
from proofdesk.language.phrases import BadPhrase, Phrases, fold

MAX_CHARS = 20_000
"""Signals are looked for in this much of a message; longer ones get the signal `oversized` with the place."""
MAX_SIGNALS = 50

_SENTENCE_END = re.compile(r"[.!?;\n\r]+(?=\s|$)")
_HIDDEN = (
    ("hidden.tags", re.compile("[\U000e0000-\U000e007f]+")),
    ("hidden.zero_width", re.compile("(?:[\u200b\u2060\ufeff]\\w{0,3}){4,}")),
    ("hidden.bidi", re.compile("[\u202a-\u202e\u2066-\u2069]")),
    ("hidden.style", re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?!\.?\d))", re.I)),
    (
        "hidden.role",
        re.compile(r"<\|?(?:im_start|im_end|system|endoftext)\|?>|\[/?INST\]|<<SYS>>|^#{2,}\s*system\b", re.I | re.M),
    ),
    ("hidden.comment", re.compile(r"<!--.{0,2000}?-->", re.S)),
)  # fmt: skip


class BadRules(Exception):
    """The rules file cannot be used; the message names the rule and what is wrong."""


class SignalRules:
    """Rules ready to use. Make with `default_rules()` or `parse_rules(text)`."""

    def __init__(self, phrases: Phrases, exceptions: Phrases) -> None:
        self._phrases, self._exceptions = phrases, exceptions

    def signals(self, text: str) -> tuple[Signal, ...]:
        """In order of place, each code at most once per sentence, at most MAX_SIGNALS."""
        folded = fold(text[:MAX_CHARS])
        edges = [0, *(hit.end() for hit in _SENTENCE_END.finditer(folded)), len(folded)]
        excused = {(rule, _place(edges, start)) for start, _, rule in self._exceptions.find(folded)}
        found: dict[tuple[str, int], Signal] = {}
        for start, end, rule in self._phrases.find(folded):
            code = rule.split(".", 1)[0]
            key = (code, _place(edges, start))
            if (code, key[1]) in excused:
                continue
            if key not in found or end - start > _length(found[key]):
                found[key] = Signal(code=code, span=Span(start=start, end=end), rule=rule)
        every = [*found.values(), *_hidden(text[:MAX_CHARS])]
        if len(text) > MAX_CHARS:
            every.append(Signal(code="oversized", span=Span(start=MAX_CHARS, end=len(text)), rule="oversized"))
        return tuple(sorted(every, key=lambda s: (s.span.start if s.span else 0, s.code))[:MAX_SIGNALS])


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    en: list[str] = []
    de: list[str] = []
    fr: list[str] = []
    es: list[str] = []
    it: list[str] = []
    nl: list[str] = []
    pt: list[str] = []
    unless: list[str] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: list[_Rule]


LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")


@cache
def default_rules() -> SignalRules:
    return parse_rules(resources.files("proofdesk.language").joinpath("signals.yaml").read_text("utf-8"))


def find_signals(text: str) -> tuple[Signal, ...]:
    """Signals of `text` by the rules shipped with the product."""
    return default_rules().signals(text)


def parse_rules(text: str) -> SignalRules:
    """Read a rules file. Raises BadRules with the rule, language and number of the phrase that is wrong."""
    try:
        file = msgspec.convert(yaml.safe_load(text), _File)
    except (yaml.YAMLError, msgspec.ValidationError) as fault:
        raise BadRules(f"signals file: {fault}") from fault
    phrases, exceptions = Phrases(), Phrases()
    for rule in file.rules:
        for language in LANGUAGES:
            for number, phrase in enumerate(getattr(rule, language), 1):
                _add(phrases, phrase, f"{rule.code}.{language}.{number}")
        for number, phrase in enumerate(rule.unless, 1):
            _add(exceptions, phrase, rule.code, f"{rule.code}.unless.{number}")
    return SignalRules(phrases, exceptions)


def _add(phrases: Phrases, phrase: str, rule: str, place: str = "") -> None:
    try:
        phrases.add(phrase, rule)
    except BadPhrase as fault:
        raise BadRules(f"signals file, {place or rule}: {fault}") from fault


def _hidden(text: str) -> list[Signal]:
    found = []
    for rule, pattern in _HIDDEN:
        hit = pattern.search(text)
        if hit:
            span = Span(start=hit.start(), end=hit.end())
            found.append(Signal(code="prompt_injection", span=span, rule=f"prompt_injection.{rule}"))
    return found


def _place(edges: list[int], at: int) -> int:
    return sum(edge <= at for edge in edges)


def _length(signal: Signal) -> int:
    return signal.span.end - signal.span.start if signal.span else 0
