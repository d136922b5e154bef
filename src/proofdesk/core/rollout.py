"""Who may be answered by the worker yet: cohorts by stable hash, a ladder, a holdout, and a switch that stops all.

A rollout belongs to one procedure. At 0 % it runs in shadow: everything is read and decided, nothing is done. An
account keeps its place: widening only ever adds accounts, and those held out stay held out.
"""

from hashlib import sha256
from typing import Final, Literal

import msgspec

LADDER: Final = (0, 1, 5, 25, 50, 100)
"""Percent of accounts that are acted for. A promotion takes one rung, a roll-back goes to 0."""
PLACES: Final = 1_000_000
DEFAULT_HOLDOUT_PPM: Final = 50_000
Held = Literal["", "actions_stopped", "shadow", "holdout", "outside_cohort"]


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """Where one procedure stands. Empty lists admit everybody."""

    procedure: str
    percent: int = 0
    holdout_ppm: int = DEFAULT_HOLDOUT_PPM
    tiers: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class CohortFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`who`: the account, else the requester, else the issue; never shown, only hashed. `rollout` None: the tenant
    signed a KPI contract and nobody has promoted this procedure."""

    tenant: str
    procedure: str
    who: str
    tier: str
    jurisdiction: str
    channel: str
    rollout: Rollout | None
    stopped: bool = False


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """`held` says why a person answers; empty: the worker may act."""

    held: Held
    place_ppm: int


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's rungs as last read. `stopped` says why, empty when nothing is stopped."""

    governed: bool
    stopped: str
    rungs: dict[str, Rollout]
    read_at: float
    """Seconds on the clock that only goes forward."""


def decide_cohort(facts: CohortFacts) -> Cohort:
    place = place_of(facts.tenant, facts.procedure, facts.who)
    return Cohort(held=_held(facts, place), place_ppm=place)


def place_of(tenant: str, procedure: str, who: str) -> int:
    """0 to 999,999, the same for ever. Uniform: SHA-256 of the three, taken modulo a million."""
    digest = sha256("\x1f".join((tenant, procedure, who)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % PLACES


def next_rung(percent: int) -> int | None:
    return next((rung for rung in LADDER if rung > percent), None)


def _held(facts: CohortFacts, place: int) -> Held:
    if facts.stopped:
        return "actions_stopped"
    rollout = facts.rollout
    if rollout is None or rollout.percent == 0:
        return "shadow"
    # The same accounts for every procedure, so that a holdout means a holdout.
    if place_of(facts.tenant, "holdout", facts.who) < rollout.holdout_ppm:
        return "holdout"
    admitted = (
        (not rollout.tiers or facts.tier in rollout.tiers)
        and (not rollout.jurisdictions or facts.jurisdiction in rollout.jurisdictions)
        and (not rollout.channels or facts.channel in rollout.channels)
    )
    return "" if admitted and place < rollout.percent * (PLACES // 100) else "outside_cohort"
