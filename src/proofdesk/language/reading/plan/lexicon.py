"""What the words of a message may mean to a plan: function words as data, everything else from records and tenant."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import yaml

from proofdesk.core.records import Records
from proofdesk.language.reading.mentions import Entry, Index, phrases, surfaces
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.tenant_words import TenantWords
from proofdesk.language.reading.tokens import phrase, tokenise
from proofdesk.language.reading.vocabulary import ValueSense, records_index

MIN_PART = 3
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "both": 2}


@cache
def plan_words() -> Mapping[str, tuple[str, ...]]:
    source = files("proofdesk.language.reading.plan").joinpath("words_en.yaml")
    # BaseLoader leaves every scalar a text: to YAML 1.1 "on" and "no" are truth values.
    raw = yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts only
    return {name: tuple(words) for name, words in raw.items()}


def plan_index(profiles: Iterable[Profile], tenant: TenantWords, base: Index) -> Index:
    """Function words, verbs of the procedures and the tenant's adjectives, on top of `base` (the reader's index)."""
    entries: list[Entry] = []
    for name, words in plan_words().items():
        entries += surfaces(words, name)
    verbs: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for profile in profiles:
        for act in profile.acts:
            first, *others = act.casefold().split()
            verbs.setdefault(first, []).append((profile.procedure, tuple(others)))
    for verb, senses in verbs.items():
        entries += surfaces([verb], "verb", tuple(senses))
        entries += surfaces(_participles(verb), "participle", tuple(senses))
    for adjective, grade in tenant.polarity.items():
        names = (grade.option, *grade.options)
        for form, degree in _degrees(adjective):
            entries += surfaces([form], "graded", (degree, tuple(n for n in names if n), grade.direction))
    return Index(entries, base)


def _participles(verb: str) -> list[str]:
    """ "cancelled", "canceled", "returned", "modified", "exchanged", "swapped"."""
    if verb.endswith("e"):
        return [verb + "d"]
    if verb.endswith("y"):
        return [verb[:-1] + "ied"]
    return [verb + "ed", verb + verb[-1] + "ed"]


def _degrees(adjective: str) -> list[tuple[str, str]]:
    """The forms of an adjective: bright, brighter, brightest; big, bigger; easy, easier."""
    stem = adjective
    if adjective.endswith("y"):
        stem = adjective[:-1] + "i"
    elif adjective.endswith("e"):
        stem = adjective[:-1]
    elif (
        len(adjective) <= 4 and adjective[-1] in "bdgmnpt" and adjective[-2] in "aeiou" and adjective[-3] not in "aeiou"
    ):
        stem = adjective + adjective[-1]
    return [(adjective, "plain"), (stem + "er", "more"), (stem + "est", "most")]


def message_index(records: Records, tenant: TenantWords, base: Index, risky: frozenset[str]) -> Index:
    """Everything one requester's message may mention: their records, and words that stand for a part of a value."""
    index = records_index(records, tenant, base, risky)
    entries = [*_parts(records), *_places(records, tenant)]
    for option, words in tenant.options.items():
        entries += phrases(words, "option", option)
    return Index(entries, index)


def _parts(records: Records) -> list[Entry]:
    """A word of a longer value that only this value of its option holds: "battery" of "AA batteries"."""
    found: dict[tuple[str, ...], list[ValueSense]] = {}
    names: dict[str, set[str]] = {}
    for product in records.products:
        options: dict[str, set[str]] = {}
        for variant in product.variants:
            for option, value in variant.options.items():
                options.setdefault(option, set()).add(value)
        for option in options:
            own = phrase(option)
            for word in set(own) if len(own) > 1 else set():
                if len(word) >= MIN_PART and not any(word in phrase(other) for other in options if other != option):
                    names.setdefault(word, set()).add(option)
        for option, values in options.items():
            words = {value: phrase(value) for value in values}
            for value, own in words.items():
                for word in set(own) if len(own) > 1 else set():
                    alone = not any(word in other for name, other in words.items() if name != value)
                    capitals = word.upper() in value.split() and not word.isdigit()
                    if alone and (len(word) >= MIN_PART or (capitals and len(word) > 1)) and word not in options:
                        found.setdefault((word,), []).append(ValueSense(product.id, option, value))
    parts = [Entry(key, "part", tuple(dict.fromkeys(senses))) for key, senses in found.items()]
    return parts + [Entry((word,), "option", option) for word, options in names.items() for option in sorted(options)]


def _places(records: Records, tenant: TenantWords) -> list[Entry]:
    """Cities and regions of the requester's addresses, with the tenant's other names for them."""
    entries: list[Entry] = []
    addresses = [order.address for order in records.orders] + [records.requester.address]
    for address in addresses:
        if address is None:
            continue
        for name in (address.city, address.region):
            others = tenant.places.get(name, ())
            if name:
                entries += surfaces([name, *others], "place", name)
        words = tuple(token.low for token in tokenise(address.line1) if token.kind == "word")
        if words:
            entries.append(Entry(words, "street", address.line1, surface=True))
    seen: dict[tuple[tuple[str, ...], str, str], Entry] = {}
    for entry in entries:
        seen.setdefault((entry.words, entry.kind, entry.payload), entry)
    return list(seen.values())
