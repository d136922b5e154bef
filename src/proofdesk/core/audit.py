"""What a baseline audit says, as values: every figure with what it counted, and what could not be derived with why."""

from typing import Literal

import msgspec

from proofdesk.core.metrics.rate import Rate
from proofdesk.core.metrics.use_cases import Wave
from proofdesk.core.roi import Distribution, Roi, Swing

Unit = Literal["minutes", "score", "count"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the export and what it was taken for."""

    column: str
    field: str
    confidence: float
    """0 to 1; 1 when a mapping file says so."""
    why: str
    alternatives: tuple[str, ...] = ()
    """Other columns that could have been meant."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong in the export: where, what, and what was done about it."""

    file: str
    line: int | None
    column: str = ""
    kind: str
    text: str


class ProblemCount(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    rows: int


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution. `low`..`high` is the 95 % interval of the median by order statistics."""

    unit: Unit
    n: int
    median: float | None = None
    mean: float | None = None
    p90: float | None = None
    low: float | None = None
    high: float | None = None
    censored: int = 0
    """Still waiting: they count as at least this long, never as missing."""
    excluded: int = 0
    note: str = ""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of all tickets, or of one intent, channel or group."""

    name: str
    tickets: int
    rates: dict[str, Rate] = {}
    spreads: dict[str, Spread] = {}


class Underivable(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    why: str
    needs: str


class UseCaseRow(msgspec.Struct, frozen=True, kw_only=True):
    intent: str
    tickets: int
    share: float
    determinism: float | None
    automatability: float | None
    score: float | None
    labour: float | None
    saving: float | None
    wave: Wave | Literal["unknown"]
    why: str


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """In units of `currency`. `assumed` names inputs nobody gave."""

    currency: str
    per_minute: float
    per_contact: float | None = None
    per_ticket: float | None = None
    per_resolution: float | None = None
    loaded_per_year: float = 0.0
    productive_hours: float = 0.0
    assumed: tuple[str, ...] = ()


class RoiSection(msgspec.Struct, frozen=True, kw_only=True):
    currency: str
    result: Roi
    break_even_human_cost: float | None
    break_even_peak_share: float | None = None
    tornado: tuple[Swing, ...]
    by_release_lag: dict[str, float]
    without_release: float
    distribution: Distribution | None
    assumed: tuple[str, ...] = ()


class Week(msgspec.Struct, frozen=True, kw_only=True):
    start: str
    """ISO date of its Monday (UTC)."""
    created: int
    solved: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    files: tuple[str, ...]
    shape: Literal["tickets", "events"]
    source: str
    """What the export looks like (zendesk, freshdesk, jira, event log, unknown)."""
    as_of: str
    calendar: str
    window_days: int
    rows: int
    tickets: int
    columns: tuple[Column, ...]
    unused_columns: tuple[str, ...]
    problems: tuple[Problem, ...]
    problem_counts: tuple[ProblemCount, ...]
    notes: tuple[str, ...]
    overall: Group
    by: dict[str, tuple[Group, ...]]
    """Per dimension (intent, channel, group): its values by number of tickets."""
    underivable: tuple[Underivable, ...]
    weeks: tuple[Week, ...] = ()
    use_cases: tuple[UseCaseRow, ...] = ()
    first_cohorts: tuple[str, ...] = ()
    costs: Costs | None = None
    roi: RoiSection | None = None
