"""What people's work costs, and how much of it was really displaced. Money in currency units, time in minutes."""

from collections.abc import Sequence

import msgspec


class LabourCosts(msgspec.Struct, frozen=True, kw_only=True):
    """One full-time agent's year. Shares between 0 and 1."""

    salary: float
    burden: float = 0.0
    management: float = 0.0
    tools: float = 0.0
    facilities: float = 0.0
    attrition: float = 0.0
    replacement: float = 0.0
    """Cost of replacing one agent who leaves."""
    paid_hours: float = 2_080.0
    shrinkage: float = 0.0
    occupancy: float = 1.0


class LoadedLabour(msgspec.Struct, frozen=True, kw_only=True):
    loaded_per_year: float
    productive_hours: float
    per_productive_hour: float
    per_minute: float


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """Of one intent: tickets and hours before, tickets and hours now."""

    base_tickets: int
    base_hours: float
    tickets: int
    hours: float


class Displacement(msgspec.Struct, frozen=True, kw_only=True):
    expected_hours: float
    """Today's mix at yesterday's effort (direct standardisation)."""
    displaced_hours: float
    ratio: float | None
    claimed_hours: float
    """AI resolutions at the old handling time: never shown as displaced."""
    realisation: float | None
    recovered_fte: float


def loaded_labour(costs: LabourCosts) -> LoadedLabour:
    productive = costs.paid_hours * (1 - costs.shrinkage) * costs.occupancy
    if productive <= 0:
        raise ValueError("paid_hours, shrinkage and occupancy leave no productive hour")
    loaded = (
        costs.salary * (1 + costs.burden) * (1 + costs.management)
        + costs.tools
        + costs.facilities
        + costs.attrition * costs.replacement
    )
    return LoadedLabour(
        loaded_per_year=loaded, productive_hours=productive, per_productive_hour=loaded / productive,
        per_minute=loaded / productive / 60,
    )  # fmt: skip


def cost_per_contact(per_minute: float, aht_min: float) -> float:
    return per_minute * aht_min


def cost_per_resolution(per_contact: float, contacts_per_resolution: float, resolved_share: float) -> float:
    """A resolution costs its rework and its failures too."""
    if not 0 < resolved_share <= 1:
        raise ValueError(f"a resolved share of {resolved_share} is not between 0 and 1")
    return per_contact * contacts_per_resolution / resolved_share


def minutes_per_ticket(hours: float, tickets: int) -> float | None:
    return hours * 60 / tickets if tickets else None


def displacement(
    work: Sequence[Workload], *, ai_resolutions: int, base_aht_min: float, productive_hours_year: float
) -> Displacement:
    """One workload per intent, of one month."""
    expected = sum(w.base_hours / w.base_tickets * w.tickets for w in work if w.base_tickets)
    displaced = expected - sum(w.hours for w in work if w.base_tickets)
    claimed = ai_resolutions * base_aht_min / 60
    return Displacement(
        expected_hours=expected, displaced_hours=displaced, ratio=displaced / expected if expected else None,
        claimed_hours=claimed, realisation=displaced / claimed if claimed else None,
        recovered_fte=displaced / (productive_hours_year / 12),
    )  # fmt: skip
