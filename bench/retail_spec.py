"""The retail world as a bench plays it."""

import re

from bench.perturb import perturbed, perturbed_words
from bench.retail_reading import empty_target
from bench.world_spec import BenchWorld, Row, Tables
from proofdesk.language.reading import TenantWords
from simulators.retail_world.api import RetailApi
from simulators.retail_world.world import Base, World
from simulators.retail_world.writes import WRITES


def _perturbed(
    name: str, tables: Tables, rows: list[Row], words: TenantWords, seed: int
) -> tuple[Tables, list[Row], TenantWords]:
    return *perturbed(name, tables, rows, seed), perturbed_words(name, tables, words, seed)


RETAIL = BenchWorld(
    name="retail",
    base=Base,
    world=World,
    api=RetailApi,
    writes=WRITES,
    kinds={
        "order": re.compile(r"#?W\d{5,}", re.IGNORECASE),
        "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
        "method": re.compile(r"(?:credit_card|paypal|gift_card)_\d+|paypal|(?:gift|credit) card|visa", re.IGNORECASE),
        "address": re.compile(r"\d+ \w+ (?:street|avenue|lane|drive|road|boulevard|park)\b|\b\d{5}\b", re.IGNORECASE),
        "identity": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\b\d{5}\b|\bname is\b", re.IGNORECASE),
        "reason": re.compile(r"no longer needed|ordered by mistake|because|mistake|need", re.IGNORECASE),
        "number": re.compile(r"\d"),
    },
    perturb=_perturbed,
    empty_target=empty_target,
)
