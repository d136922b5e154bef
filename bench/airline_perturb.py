"""The five perturbations for the airline world: the first three as in `bench/perturb.py`, two of its own.

P4 renames people, postcodes, account, payment and reservation ids; P5 renames airports, their cities and flight
numbers. Both change ticket, database and expected calls alike, so only a reader that memorised them notices.
"""

import random
import re
from collections.abc import Callable, Iterable
from typing import Any

from bench.perturb import identity_renaming, mapped, perturbed_text
from proofdesk.language.reading import TenantWords

Tables = dict[str, Any]
Row = dict[str, Any]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PLAIN = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_SYLLABLES = ("bra", "dul", "fen", "gom", "kir", "lav", "mor", "nel", "pid", "rus", "tas", "vok")


def perturbed(
    name: str, tables: Tables, rows: list[Row], words: TenantWords, seed: int
) -> tuple[Tables, list[Row], TenantWords]:
    """The world, its rows and the tenant's words after perturbation `name`; the same seed gives the same."""
    chance = random.Random(f"{name}:{seed}")
    if name == "P4":
        ids = _codes(tables["reservations"], chance)
        people = identity_renaming(tables, chance)
        return people(_renamed(tables, ids)), people(_renamed(rows, ids)), words
    if name == "P5":
        names = _places(tables, words, chance)
        return _renamed(tables, names), _renamed(rows, names), _renamed_words(words, names)
    return tables, perturbed_text(name, tables, rows, chance), words


def _codes(ids: Iterable[str], chance: random.Random) -> dict[str, str]:
    """Another id for each reservation: letters for letters and digits for digits, each id once."""
    taken: set[str] = set(ids)
    found = {}
    for one in sorted(taken):
        while True:
            new = "".join(chance.choice("23456789") if c.isdigit() else chance.choice(_PLAIN) for c in one)
            if new not in taken:
                break
        taken.add(new)
        found[one] = new
    return found


def _places(tables: Tables, words: TenantWords, chance: random.Random) -> dict[str, str]:
    airports = sorted({flight["origin"] for flight in tables["flights"].values()})
    shuffled = chance.sample([a + b + c for a in _LETTERS for b in "QXZ" for c in _LETTERS], len(airports))
    found = dict(zip(airports, shuffled, strict=True))
    for city in sorted({said for airport in airports for said in words.values.get(airport, ())}):
        parts = [
            chance.choice(_SYLLABLES) + chance.choice(_SYLLABLES) + chance.choice(_SYLLABLES) for _ in city.split()
        ]
        found |= {city: " ".join(parts), city.title(): " ".join(parts).title(), city.upper(): " ".join(parts).upper()}
    numbers = sorted(tables["flights"])
    digits = chance.sample(range(100, 999), len(numbers))
    return found | {number: f"{number[:3]}{new}" for number, new in zip(numbers, digits, strict=True)}


def _renamed(value: Any, names: dict[str, str]) -> Any:
    pattern = re.compile(rf"(?<![\w@])(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?![\w@])")
    change: Callable[[str], str] = lambda text: pattern.sub(lambda match: names[match.group()], text)  # noqa: E731
    return mapped(value, change)


def _renamed_words(words: TenantWords, names: dict[str, str]) -> TenantWords:
    values = {
        names.get(value, value): tuple(names.get(one, one) for one in said) for value, said in words.values.items()
    }
    return TenantWords(**{**{f: getattr(words, f) for f in words.__struct_fields__}, "values": values})
