"""Seeded changes of tickets (and with them of the world) under which a reading must stay safe.

P1 swaps common words for synonyms, P2 the order of paragraphs, P3 adds typing slips outside ids and names, P4 renames
people, postcodes and ids, P5 renames product words and option values. P4 and P5 change ticket, database and
expected calls alike, so only a reader that memorised them notices.
"""

import json
import random
import re
from collections.abc import Callable
from typing import Any

import msgspec

from proofdesk.language.reading import TenantWords
from proofdesk.language.reading.words import RISK_CLASSES, function_words

PERTURBATIONS = ("P1", "P2", "P3", "P4", "P5")
TYPO_SHARE = 0.08
"""Share of the words of five letters and more that get one slip (P3)."""

_UNITS = {
    "inch", "inches", "hours", "liter", "liters", "lbs", "bar", "piece", "degrees", "cup", "cups", "mah", "equivalent",
}  # fmt: skip

Row = dict[str, Any]
Tables = dict[str, Any]

_LITERAL = re.compile(r"\{[^{}]*\}")
_SYNONYMS = {
    "cancel": ("call off", "abort", "scrap"), "return": ("send back", "give back"),
    "exchange": ("swap", "trade", "switch"),
    "modify": ("change", "adjust", "alter"), "change": ("switch", "update", "alter"), "because": ("since", "as it was"),
    "want": ("would like", "wish"), "received": ("got",), "purchased": ("bought",),
    "no longer needed": ("not needed any more",),
    "ordered by mistake": ("ordered accidentally",), "zip code": ("postcode", "zip"), "email": ("e-mail",),
    "all": ("every one of",), "cheapest": ("least expensive",), "refund": ("money back",), "if": ("in case",),
}  # fmt: skip
_SYLLABLES = (
    "bra",
    "dul",
    "fen",
    "gom",
    "kir",
    "lav",
    "mor",
    "nel",
    "pid",
    "rus",
    "tas",
    "vok",
    "zim",
    "hod",
    "jal",
    "wex",
)


def perturbed(name: str, tables: Tables, rows: list[Row], seed: int) -> tuple[Tables, list[Row]]:
    """The world and its tickets after perturbation `name`; the same seed gives the same."""
    chance = random.Random(f"{name}:{seed}")
    match name:
        case "P4":
            rename = identity_renaming(tables, chance)
        case "P5":
            rename = _Catalogue(tables, chance)
        case _:
            return tables, perturbed_text(name, tables, rows, chance)
    return rename(tables), rename(rows)


def perturbed_text(name: str, tables: Tables, rows: list[Row], chance: random.Random) -> list[Row]:
    """The rows after one of the perturbations that leave the world alone."""
    match name:
        case "P1":
            return [row | {"ticket": _synonyms(row["ticket"], chance)} for row in rows]
        case "P2":
            return [row | {"ticket": _paragraphs(row["ticket"])} for row in rows]
        case "P3":
            names = _people(tables)
            return [row | {"ticket": _typos(row["ticket"], names, chance)} for row in rows]
        case _:
            raise ValueError(f"unknown perturbation {name}")


def perturbed_words(name: str, tables: Tables, words: TenantWords, seed: int) -> TenantWords:
    """The word file that goes with the perturbed world; `tables` as they were before."""
    if name != "P5":
        return words
    renamed: TenantWords = _Catalogue(tables, random.Random(f"{name}:{seed}"))(words)
    return renamed


def _outside_literals(text: str, change: Callable[[str], str]) -> str:
    parts, at = [], 0
    for literal in _LITERAL.finditer(text):
        parts += [change(text[at : literal.start()]), literal.group()]
        at = literal.end()
    return "".join([*parts, change(text[at:])])


def _synonyms(text: str, chance: random.Random) -> str:
    def swap(match: re.Match[str]) -> str:
        said = chance.choice(_SYNONYMS[match.group().casefold()])
        return said.capitalize() if match.group()[0].isupper() else said

    words = "|".join(sorted(_SYNONYMS, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w@.])(?:{words})(?![\w@])", re.IGNORECASE)
    return _outside_literals(text, lambda part: pattern.sub(swap, part))


def _paragraphs(text: str) -> str:
    """Paragraphs in reverse order; a single one is first cut after who is writing."""
    parts = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    if len(parts) == 1:
        sentences = re.split(r"(?<=\.) (?=[A-Z])", text)
        parts = [" ".join(sentences[:2]), " ".join(sentences[2:])]
    return "\n\n".join(part for part in reversed(parts) if part)


def _typos(text: str, names: set[str], chance: random.Random) -> str:
    def slip(match: re.Match[str]) -> str:
        word = match.group()
        if word in names or chance.random() >= TYPO_SHARE:
            return word
        at = chance.randrange(1, len(word) - 1)
        kind = chance.randrange(4)
        letter = chr(chance.randrange(97, 123))
        return (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :] if kind == 0
            else word[:at] + word[at + 1 :] if kind == 1
            else word[:at] + letter + word[at:] if kind == 2
            else word[:at] + letter + word[at + 1 :]
        )  # fmt: skip

    return re.sub(r"(?<![\w#@.'])[A-Za-z]{5,}(?![\w@'])(?!\.\w)", slip, text)


def _people(tables: Tables) -> set[str]:
    return {part for user in tables["users"].values() for part in user["name"].values()}


def _coined(chance: random.Random, taken: set[str]) -> str:
    while True:
        word = "".join(chance.choice(_SYLLABLES) for _ in range(3))
        if word not in taken:
            taken.add(word)
            return word


def identity_renaming(tables: Tables, chance: random.Random) -> Callable[[Any], Any]:
    taken: set[str] = set()
    people = {name: _coined(chance, taken).capitalize() for name in sorted(_people(tables))}
    small = {name.casefold(): new.casefold() for name, new in people.items()}
    digits = str.maketrans("0123456789", "".join(chance.sample("0123456789", 10)))

    def text(value: str) -> str:
        value = re.sub(
            r"[a-z]+(?:[._][a-z]+)*_?\d*(?:@|(?<=_\d)|(?<=_\d\d\d\d))", lambda m: _words(m.group(), small), value
        )
        value = re.sub(r"(?<![A-Za-z])[A-Z][a-z]+(?![a-z])", lambda m: people.get(m.group(), m.group()), value)
        return re.sub(r"(?<!\d)\d{5,}(?![\dA-Za-z])", lambda m: m.group().translate(digits), value)

    return lambda value: mapped(value, text)


def _words(text: str, renamed: dict[str, str]) -> str:
    return re.sub(r"[a-z]+", lambda m: renamed.get(m.group(), m.group()), text)


class _Catalogue:
    """Renames the words of product names and option values; function words, units and people's names stay."""

    def __init__(self, tables: Tables, chance: random.Random) -> None:
        words = function_words()
        classes = (*RISK_CLASSES, "filler", "pay_context")
        kept = {word for name in classes for text in words.of_class(name) for word in text.split()}
        texts = [product["name"] for product in tables["products"].values()]
        for product in tables["products"].values():
            texts += [value for variant in product["variants"].values() for value in variant["options"].values()]
        found = {word.casefold() for text in texts for word in re.findall(r"[A-Za-z]{3,}", text)}
        taken: set[str] = set()
        self.renamed = {word: _coined(chance, taken) for word in sorted(found - kept - _UNITS)}
        self.people = _people(tables)

    def __call__(self, value: Any) -> Any:
        if isinstance(value, TenantWords):
            named = {self.text(name): tuple(map(self.text, others)) for name, others in value.products.items()}
            valued = {self.text(name): tuple(map(self.text, others)) for name, others in value.values.items()}
            ladders = {name: tuple(map(self.text, steps)) for name, steps in value.ladders.items()}
            return msgspec.structs.replace(value, products=named, values=valued, ladders=ladders)
        if isinstance(value, list):
            return [row | {"ticket": self.ticket(row["ticket"])} for row in value]
        changed = json.loads(json.dumps({"products": value["products"], "orders": value["orders"]}))
        for product in changed["products"].values():
            product["name"] = self.text(product["name"])
            for variant in product["variants"].values():
                variant["options"] = {option: self.text(said) for option, said in variant["options"].items()}
        for order in changed["orders"].values():
            for line in order["items"]:
                line["name"] = self.text(line["name"])
                line["options"] = {option: self.text(said) for option, said in line["options"].items()}
        return value | changed

    def text(self, value: str) -> str:
        return re.sub(r"(?<![\w@./])[A-Za-z]{3,}(?![\w@/])", self._word, value)

    def ticket(self, value: str) -> str:
        parts = re.split(r"(\{[^{}]*\})", value)
        return "".join(self._literal(part) if part.startswith("{") else self.text(part) for part in parts)

    def _literal(self, said: str) -> str:
        """Only the values of option literals: option names and addresses are no part of the renaming."""
        return said if "zip" in said else re.sub(r"(?<=: ')[^']*", lambda m: self.text(m.group()), said)

    def _word(self, match: re.Match[str]) -> str:
        word = match.group()
        low = word.casefold()
        new = self.renamed.get(low, "")
        if not new and low.endswith("s") and low[:-1] in self.renamed:
            new = self.renamed[low[:-1]] + "s"
        if not new or word in self.people:
            return word
        return new.capitalize() if word[0].isupper() else new


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [mapped(part, change) for part in value]
    if isinstance(value, dict):
        return {change(key): mapped(part, change) for key, part in value.items()}
    return value
