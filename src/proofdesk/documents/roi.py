"""Return on investment in words and as a page: what it rests on stands beside every number."""

from itertools import accumulate
from typing import Any

from markupsafe import Markup

from proofdesk.core.audit import RoiSection
from proofdesk.core.pricing import PerVerified
from proofdesk.documents import charts
from proofdesk.documents.page import money, number, render, share


def roi_page(section: RoiSection, models: PerVerified | None) -> str:
    return render("roi.html", section=section, roi=roi_values(section), models=models)


def words_of(section: RoiSection) -> list[tuple[str, str]]:
    """The facts a manager asks for, labour realisation and release lag among them."""
    currency, result = section.currency, section.result
    facts = [
        ("Net present value, whole period", money(result.npv, currency)),
        ("Net present value, 12 months", money(result.npv12, currency)),
        ("Payback", f"{number(result.payback_month, 1)} months" if result.payback_month else "not within the period"),
        ("Peak cash need", money(result.peak_cash_need, currency)),
        ("Return on what is spent", share(result.roi)),
        ("Labour hours really released", share(result.labour_realisation, 0)),
        ("Months until they are released", str(result.release_lag_months)),
        ("Net present value if no hour is released", money(section.without_release, currency)),
        ("Human cost per resolution at break-even", money(section.break_even_human_cost, currency, 2)),
        ("Share of eligible tickets verified at break-even", share(section.break_even_peak_share)),
    ]
    facts += [
        (f"Net present value, release after {lag} months", money(worth, currency))
        for lag, worth in section.by_release_lag.items()
    ]
    if section.distribution:
        spread = section.distribution
        facts += [
            ("Chance that it loses money", share(spread.p_negative)),
            ("8 of 10 outcomes lie between", f"{money(spread.p10, currency)} and {money(spread.p90, currency)}"),
        ]
    return [(words, value) for words, value in facts if value != "–"]


def roi_values(section: RoiSection) -> dict[str, Any]:
    """What the templates show: facts, two charts, and the rows of their tables."""
    swings = [
        (
            swing.input.replace("_", " "),
            abs(swing.high - swing.low),
            money(abs(swing.high - swing.low), section.currency),
        )
        for swing in section.tornado
    ]
    flow = list(accumulate(section.result.flows))
    cash = charts.lines(
        "Cumulative cash flow by month", [f"month {month}" for month in range(len(flow))], [("cumulative", flow)]
    )
    tornado = charts.bars("What moves the value most: swing of the net present value", swings)
    return {
        "facts": words_of(section), "rows": swings, "assumed": section.assumed,
        "tornado": Markup(tornado), "cash": Markup(cash),  # noqa: S704 made here, labels escaped
    }  # fmt: skip
