"""Return on investment from one file: the figures, in words, as values and as a page."""

from pathlib import Path
from typing import Any

import msgspec

from proofdesk.connectors.yamlfile import FileError, YamlFile
from proofdesk.core import pricing, roi
from proofdesk.core.audit import RoiSection
from proofdesk.core.statistics.draws import Triangle
from proofdesk.documents.roi import roi_page, words_of

DRAWS = 20_000


class RoiFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """roi.yaml."""

    inputs: roi.RoiInputs
    currency: str = "USD"
    uncertainty: dict[str, Triangle] = {}
    """Low, most likely, high of an input, for the distribution."""
    seed: int = 1
    release_lags: tuple[int, ...] = (0, 2, 6)
    prices: pricing.PriceModels | None = None
    """Pricing models to set side by side, at the first month's volume and the peak share."""


class RoiReport(msgspec.Struct, frozen=True, kw_only=True):
    facts: tuple[tuple[str, str], ...]
    values: dict[str, Any]
    html: str


def roi_report(path: Path) -> RoiReport:
    """Raises yamlfile.FileError."""
    file = YamlFile.read(path)
    given = file.convert(file.data, RoiFile)
    try:
        section = _section(given)
    except ValueError as fault:
        raise file.error(("uncertainty",), str(fault)) from fault
    models = _models(file, given)
    values = msgspec.to_builtins(section)
    if models is not None:
        values["per_verified"] = msgspec.to_builtins(models)
    return RoiReport(facts=tuple(words_of(section)), values=values, html=roi_page(section, models))


def _section(given: RoiFile) -> RoiSection:
    spread = roi.simulate(given.inputs, given.uncertainty, draws=DRAWS, seed=given.seed) if given.uncertainty else None
    return RoiSection(
        currency=given.currency, result=roi.work_out(given.inputs),
        break_even_human_cost=roi.break_even(given.inputs, "human_cost"),
        break_even_peak_share=roi.break_even(given.inputs, "peak_share"),
        tornado=tuple(roi.tornado(given.inputs)), without_release=roi.without_release(given.inputs),
        by_release_lag={str(lag): worth for lag, worth in roi.by_release_lag(given.inputs, given.release_lags).items()},
        distribution=spread,
    )  # fmt: skip


def _models(file: YamlFile, given: RoiFile) -> pricing.PerVerified | None:
    if given.prices is None:
        return None
    tickets = round(given.inputs.volume_month_1 * given.inputs.eligible)
    if tickets <= 0:
        raise FileError("prices need a volume of at least one ticket", file=file.file, field="inputs.volume_month_1")
    return pricing.per_verified(given.prices, tickets=tickets, resolution_rate=given.inputs.peak_share)
