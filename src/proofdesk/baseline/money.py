"""What the measured work costs, which intents to begin with, and what a rollout would be worth.

An input nobody gave is assumed openly: its name stands in `assumed`, and the report shows it.
"""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from proofdesk.baseline.database import Database
from proofdesk.core import audit, roi
from proofdesk.core.metrics import labour
from proofdesk.core.metrics.use_cases import IntentFacts, WaveRules, use_case_map
from proofdesk.core.statistics.draws import Triangle

MONTE_CARLO_DRAWS: Final = 20_000
_MONTH_DAYS: Final = 365.25 / 12
_COHORTS: Final = 3
DEFAULT_LABOUR: Final = labour.LabourCosts(
    salary=45_000, burden=0.28, management=0.15, tools=2_400, facilities=3_600, attrition=0.35, replacement=6_000,
    shrinkage=0.30, occupancy=0.80,
)  # fmt: skip


class IntentInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only the company knows of an intent, as shares between 0 and 1."""

    api_ready: float | None = None
    risk: float | None = None


class CostFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """costs.yaml. Every key is optional; what is left out is assumed and listed as such."""

    currency: str = "USD"
    labour: dict[str, float] = {}
    """Fields of core.metrics.labour.LabourCosts."""
    contacts_per_resolution: float | None = None
    roi: dict[str, Any] = {}
    """Fields of core.roi.RoiInputs that replace what was derived."""
    uncertainty: dict[str, Triangle] = {}
    """Low, most likely, high of an ROI input, for the distribution."""
    seed: int = 1
    intents: dict[str, IntentInput] = {}
    waves: WaveRules = WaveRules()


class CostError(ValueError):
    """costs.yaml is wrong; `path` says where."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


def labour_of(file: CostFile) -> labour.LoadedLabour:
    """Raises CostError."""
    known = {field.name for field in msgspec.structs.fields(labour.LabourCosts)}
    for name in file.labour:
        if name not in known:
            raise CostError(("labour", name), f"unknown key; known keys: {', '.join(sorted(known))}")
    try:
        return labour.loaded_labour(msgspec.structs.replace(DEFAULT_LABOUR, **file.labour))
    except ValueError as fault:
        raise CostError(("labour",), str(fault)) from fault


def costs_of(file: CostFile, overall: audit.Group, loaded: labour.LoadedLabour) -> audit.Costs:
    handle = overall.spreads.get("handle")
    resolved = overall.rates["resolution"].value
    recontact = overall.rates.get("recontact_free")
    again = 1 / recontact.value if recontact and recontact.value else None
    contacts = file.contacts_per_resolution or again
    contact = labour.cost_per_contact(loaded.per_minute, handle.mean) if handle and handle.mean is not None else None
    resolution = (
        labour.cost_per_resolution(contact, contacts or 1.0, resolved) if contact is not None and resolved else None
    )
    assumed = [
        f"labour.{field.name}" for field in msgspec.structs.fields(labour.LabourCosts) if field.name not in file.labour
    ]
    if contact is not None and file.contacts_per_resolution is None:
        assumed.append("contacts_per_resolution (derived from recontacts)" if again else "contacts_per_resolution (1)")
    return audit.Costs(
        currency=file.currency, per_minute=loaded.per_minute, per_contact=contact, per_ticket=contact,
        per_resolution=resolution, loaded_per_year=loaded.loaded_per_year, productive_hours=loaded.productive_hours,
        assumed=tuple(assumed),
    )  # fmt: skip


def use_cases(
    database: Database, intents: tuple[audit.Group, ...], file: CostFile, per_minute: float
) -> tuple[audit.UseCaseRow, ...]:
    """One row per intent, best first; `unknown` where determinism cannot be measured."""
    templates: dict[str, list[int]] = {}
    for name, count in database.rows(
        "SELECT intent_of, count(*) FROM ticket WHERE genuine AND resolution_code IS NOT NULL "
        "GROUP BY intent_of, resolution_code"
    ):
        templates.setdefault(str(name), []).append(int(count))
    kinds = int(database.row("SELECT count(DISTINCT resolution_code) FROM ticket")[0])
    rows = [_row(group, intents, templates.get(group.name, []), kinds, file, per_minute) for group in intents]
    return tuple(sorted(rows, key=lambda row: (-(row.score or 0.0), -row.share, row.intent)))


def _row(
    group: audit.Group, everything: tuple[audit.Group, ...], templates: list[int], kinds: int, file: CostFile,
    per_minute: float,
) -> audit.UseCaseRow:  # fmt: skip
    given = file.intents.get(group.name, IntentInput())
    handle = group.spreads.get("handle")
    touch, transfer = group.rates.get("one_touch"), group.rates.get("transfer")
    missing = [
        name
        for name, absent in (
            ("resolution codes or macros", not templates or kinds < 2),
            ("agent replies", touch is None or touch.value is None),
        )
        if absent
    ]  # fmt: skip
    assumed = [name for name, value in (("api_ready 1", given.api_ready), ("risk 0", given.risk)) if value is None]
    total = sum(one.tickets for one in everything)
    base: dict[str, Any] = {
        "intent": group.name,
        "tickets": group.tickets,
        "share": group.tickets / total if total else 0.0,
    }
    minutes = handle.mean if handle and handle.mean is not None else None
    if missing or touch is None or touch.value is None:
        return audit.UseCaseRow(
            **base, determinism=None, automatability=None, score=None, saving=None, wave="unknown",
            labour=None if minutes is None else group.tickets * minutes * per_minute,
            why=f"the export has no {' and no '.join(missing)}",
        )  # fmt: skip
    facts = IntentFacts(
        n=group.tickets, aht_min=minutes or 0.0, one_touch=touch.value,
        transfer=(transfer.value or 0.0) if transfer else 0.0, templates=tuple(templates),
        api_ready=1.0 if given.api_ready is None else given.api_ready, risk=0.0 if given.risk is None else given.risk,
    )  # fmt: skip
    found = use_case_map({group.name: facts}, cost_per_min=per_minute, kinds=kinds, rules=file.waves)[group.name]
    return audit.UseCaseRow(
        **base, determinism=found.determinism, automatability=found.automatability,
        score=base["share"] * found.determinism * found.automatability, wave=found.wave,
        labour=None if minutes is None else found.labour, saving=None if minutes is None else found.saving,
        why=f"assumed: {', '.join(assumed)}" if assumed else "",
    )  # fmt: skip


def first_cohorts(rows: tuple[audit.UseCaseRow, ...]) -> tuple[str, ...]:
    wave = [row.intent for row in rows if row.wave == 1] or [row.intent for row in rows if row.wave == 2]
    return tuple(wave[:_COHORTS])


def roi_section(
    database: Database, file: CostFile, costs: audit.Costs, rows: tuple[audit.UseCaseRow, ...]
) -> audit.RoiSection | None:
    """None where the export does not tell volume over time. Raises CostError."""
    first, last, tickets = database.row("SELECT min(created), max(created), count(*) FROM ticket WHERE genuine")
    human = costs.per_resolution
    if "human_cost" in file.roi:
        human = None
    if first is None or last <= first or (human is None and "human_cost" not in file.roi):
        return None
    months = max((last - first) / 86_400 / _MONTH_DAYS, 1 / _MONTH_DAYS)
    waves = [row for row in rows if row.wave in (1, 2)]
    derived: dict[str, Any] = {
        "volume_month_1": tickets / months, "human_cost": human, "price": 0.99,
        "eligible": sum(row.share for row in waves) if waves else 0.3, "peak_share": 0.5, "labour_realisation": 0.75,
        "release_lag_months": 2, "error_rate": 0.02, "loss_per_error": 40.0, "qa_month": 1_000.0,
        "optimisation_month": 2_000.0, "ramp": [0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0],
        "one_off": {"integration": 20_000.0, "knowledge": 10_000.0, "change_management": 5_000.0},
    }  # fmt: skip
    try:
        inputs = msgspec.convert({**derived, **file.roi}, roi.RoiInputs)
        shapes = file.uncertainty or _shapes(inputs)
        spread = roi.simulate(inputs, shapes, draws=MONTE_CARLO_DRAWS, seed=file.seed)
    except (ValueError, msgspec.ValidationError) as fault:
        raise CostError(("roi",), str(fault)) from fault
    return audit.RoiSection(
        currency=file.currency, result=roi.work_out(inputs), break_even_human_cost=roi.break_even(inputs, "human_cost"),
        break_even_peak_share=roi.break_even(inputs, "peak_share"),
        tornado=tuple(roi.tornado(inputs)), without_release=roi.without_release(inputs), distribution=spread,
        by_release_lag={str(lag): worth for lag, worth in roi.by_release_lag(inputs, (0, 2, 6)).items()},
        assumed=tuple(name for name in derived if name not in {*file.roi, "volume_month_1", "human_cost"}),
    )  # fmt: skip


def _shapes(inputs: roi.RoiInputs) -> dict[str, Triangle]:
    """Costs are skewed upwards, benefits downwards, as such plans turn out."""

    def around(value: float, low: float, high: float, most: float = float("inf")) -> Triangle:
        return (value * low, value, min(value * high, most))

    return {
        "volume_month_1": around(inputs.volume_month_1, 0.8, 1.2),
        "peak_share": around(inputs.peak_share, 0.5, 1.3, 1.0),
        "human_cost": around(inputs.human_cost, 0.67, 1.33),
        "labour_realisation": around(inputs.labour_realisation, 0.5, 1.25, 1.0),
        "error_rate": around(inputs.error_rate, 0.25, 3.0, 1.0),
        "loss_per_error": around(inputs.loss_per_error, 0.5, 3.0),
        "one_off": (0.8, 1.0, 2.0),
    }  # fmt: skip


def weeks(database: Database) -> tuple[audit.Week, ...]:
    """Tickets created and solved per week (UTC, Monday first)."""
    week = 7 * 86_400
    monday = 4 * 86_400
    rows = database.rows(
        f"WITH each AS (SELECT floor((created - {monday}) / {week}) AS w, 1 AS created, 0 AS solved FROM ticket "
        f"WHERE genuine AND created IS NOT NULL UNION ALL SELECT floor((solved - {monday}) / {week}), 0, 1 FROM ticket "
        "WHERE genuine AND solved IS NOT NULL) SELECT w, sum(created), sum(solved) FROM each GROUP BY w ORDER BY w"
    )
    return tuple(
        audit.Week(
            start=datetime.fromtimestamp(w * week + monday, UTC).date().isoformat(),
            created=int(created),
            solved=int(solved),
        )
        for w, created, solved in rows
    )
