"""Everything one simulation came to: what the page and the JSON show."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from proofdesk.core.metrics.rate import Rate
from proofdesk.core.simulation.compare import Bias, Comparison
from proofdesk.core.simulation.figures import IntentThreshold, Money, Point
from proofdesk.core.simulation.values import Decided, Guess, Human


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """An example the model was not given, and the tickets (the first few) because of which."""

    intent: str
    text: str
    why: Literal["newer than the ticket", "made from the ticket", "the ticket's own text"]
    tickets: tuple[str, ...]


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that would have been wrong and nobody would have seen in time."""

    id: str
    at: str
    human: Human
    decided: Decided
    guess: Guess
    cost_minor: int


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration over all tickets. `encodings`: tickets by how their text was encoded."""

    name: str
    files_sha256: str
    model_hashes: tuple[str, ...]
    rates: dict[str, Rate]
    decision_confusion: dict[str, dict[str, int]]
    intent_confusion: dict[str, dict[str, int]]
    curve: tuple[Point, ...]
    certified_ppm: int | None
    thresholds: tuple[IntentThreshold, ...]
    money: Money
    wrong: tuple[Wrong, ...]
    unknown: dict[str, int]
    """What was not in the export -> tickets whose decision needs it."""
    bias: Bias
    left_out: tuple[LeftOut, ...]
    encodings: Mapping[str, int]
    notes: tuple[str, ...]


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """`excluded`: tickets without a human outcome, decided but not judged; `immature`: newer than as-of, left out."""

    file: str
    as_of: str
    since: str
    until: str
    tickets: int
    excluded: int
    immature: int
    labelled: int
    currency: str
    encoding: Literal["batch"]
    target: float
    delta: float
    present: Configured
    candidate: Configured | None
    comparison: Comparison | None
    notes: tuple[str, ...]
