"""The airline world as a bench plays it."""

import re
from datetime import datetime

from bench.airline_perturb import perturbed
from bench.world_spec import BenchWorld, Row
from simulators.airline_world.api import AirlineApi
from simulators.airline_world.world import CLOCK, ZONE, Base, World
from simulators.airline_world.writes import WRITES


def _never_empty(_row: Row) -> bool:
    """No row of this world asks for a change to what already is."""
    return False


AIRLINE = BenchWorld(
    name="airline",
    base=Base,
    world=World,
    api=AirlineApi,
    writes=WRITES,
    kinds={
        "order": re.compile(r"\b(?=[A-Z0-9]*\d)[A-Z0-9]{6}\b"),
        "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
        "method": re.compile(
            r"(?:credit_card|gift_card|certificate)_\d+|(?:gift|credit) card|certificate|visa|master", re.I
        ),
        "identity": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\w+_\d{3,}|\bname is\b", re.I),
        "reason": re.compile(r"because|due to|since|reason", re.I),
        "cabin": re.compile(r"\bbusiness\b|\beconomy\b", re.I),
        "bags": re.compile(r"\d+ (?:\w+ )?(?:bag|suitcase)s?", re.I),
        "changes": re.compile(r"HAT\d{3}|\b(?:May|June) \d+", re.I),
        "passenger": re.compile(r"\bpassenger", re.I),
        "becomes": re.compile(r"\bname\b.*\bto\b", re.I),
        "cause": re.compile(r"\bcancel|\bdelay", re.I),
    },
    perturb=perturbed,
    empty_target=_never_empty,
    now=datetime.fromisoformat(CLOCK + ZONE),
)
