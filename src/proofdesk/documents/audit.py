"""The baseline report: one file, no script, prints well, every chart with its table."""

from typing import Any, Final

from markupsafe import Markup

from proofdesk.core import audit
from proofdesk.core.metrics.rate import Rate
from proofdesk.documents import charts
from proofdesk.documents.page import count, minutes, money, render, share
from proofdesk.documents.roi import roi_values

RATES: Final = {
    "resolution": ("Resolution rate", "solved tickets of all genuine ones that are old enough"),
    "fcr_ticket": ("First contact resolution (tickets)", "one reply, one owner, not reopened, no recontact"),
    "fcr_issue": ("First contact resolution (issues)", "the same, with repeated contacts counted as one issue"),
    "fcr_reopen_only_upper_bound": ("First contact resolution, upper bound", "recontacts cannot be seen"),
    "one_touch": ("One touch", "at most one public reply and one owner"),
    "recontact_free": ("Recontact-free resolution", "not reopened and nobody wrote again about it in the window"),
    "reopen": ("Reopened", "solved, then opened again"),
    "transfer": ("Transferred", "more than one owner"),
    "csat": ("CSAT", "answers of 4 or 5"),
    "csat_response": ("CSAT response rate", "answers per solved ticket"),
    "sla_first_reply": ("SLA, first reply", "met of met and breached, as the export says"),
    "sla_resolution": ("SLA, resolution", "met of met and breached, as the export says"),
}  # fmt: skip
SPREADS: Final = {
    "ttfr_calendar": "First reply, calendar", "ttfr_business": "First reply, business hours",
    "ttfr_as_reported": "First reply, as reported", "ttfr_human_calendar": "First human reply, calendar",
    "ttr_calendar": "Resolution, calendar", "ttr_business": "Resolution, business hours",
    "ttr_as_reported": "Resolution, as reported", "handle": "Handling time (active)", "ces": "Effort score",
    "nps": "Recommendation score",
}  # fmt: skip
_SHOWN_PROBLEMS: Final = 200
_SHOWN_INTENTS: Final = 12


def audit_page(found: audit.Audit) -> str:
    return render(
        "audit.html", audit=found, rates=RATES, spreads=SPREADS, cards=_cards(found), charts=_charts(found),
        problems=found.problems[:_SHOWN_PROBLEMS], by=_tables(found), roi=roi_values(found.roi) if found.roi else None,
    )  # fmt: skip


def _cards(found: audit.Audit) -> list[tuple[str, str, str]]:
    """The figures to see first: (name, value, what stands behind it)."""
    rates = found.overall.rates
    spreads = found.overall.spreads
    cards = [
        (RATES[name][0], share(rates[name].value), _behind(rates[name]))
        for name in ("resolution", "fcr_issue", "fcr_reopen_only_upper_bound", "csat")
        if name in rates
    ]
    cards += [
        (SPREADS[name], minutes(spreads[name].median), f"median; 9 of 10 within {minutes(spreads[name].p90)}")
        for name in ("ttfr_business", "ttfr_as_reported", "ttr_business")
        if name in spreads
    ]
    costs = found.costs
    if costs and costs.per_resolution is not None:
        behind = f"{money(costs.per_contact, costs.currency, 2)} per contact, loaded labour"
        cards.append(("Cost per resolution", money(costs.per_resolution, costs.currency, 2), behind))
    return cards


def _behind(rate: Rate) -> str:
    return f"{count(rate.numerator)} of {count(rate.denominator)}, 95 %: {share(rate.low)} to {share(rate.high)}"


def _charts(found: audit.Audit) -> dict[str, Markup]:
    drawn = {}
    if len(found.weeks) > 1:
        drawn["weeks"] = charts.lines(
            "Tickets created and solved per week", [week.start for week in found.weeks],
            [("created", [week.created for week in found.weeks]), ("solved", [week.solved for week in found.weeks])],
        )  # fmt: skip
    if groups := found.by.get("intent"):
        drawn["intents"] = charts.bars(
            "Tickets by intent",
            [(group.name, group.tickets, count(group.tickets)) for group in groups[:_SHOWN_INTENTS]],
        )
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704 made here, labels escaped


def _tables(found: audit.Audit) -> dict[str, dict[str, Any]]:
    """Per dimension the rates and durations that exist, as a table."""
    tables = {}
    for dimension, groups in found.by.items():
        names = [name for name in RATES if any(name in group.rates for group in groups)]
        waits = [name for name in SPREADS if any(name in group.spreads for group in groups)]
        tables[dimension] = {"groups": groups, "rates": names, "spreads": waits}
    return tables
