"""The simulation's page: one file, no script, every chart with its table, the limits of a replay beside the result."""

from typing import Any, Final

from markupsafe import Markup

from proofdesk.core.metrics.rate import Rate
from proofdesk.core.simulation.result import Configured, Simulation
from proofdesk.documents import charts
from proofdesk.documents.page import count, money, render, share

RATES: Final = {
    "autonomous": ("Decided without a person", "of the tickets whose decision is known"),
    "autonomous_right": ("Right where no person looks", "of what would be done without a person"),
    "wrong_action": ("Wrong actions", "of all tickets with a known outcome"),
    "right": ("Right first decisions", "of all tickets with a known outcome; a question is not counted as right"),
    "handed_over_rightly": ("Handed over rightly", "of what would go to a person"),
    "known": ("Decision known", "of all tickets; the rest needs look-ups the export does not hold"),
    "intent_right": ("Intent recognised", "by the model alone, of tickets with one labelled intent"),
    "decided_act": ("Acts", ""), "decided_answer": ("Answers from records", ""), "decided_refuse": ("Refuses", ""),
    "decided_ask": ("Asks a question", ""), "decided_hand_over": ("Hands over", ""),
    "decided_out_of_scope": ("Out of scope", ""), "decided_nothing": ("Needs nothing", ""),
}  # fmt: skip
BOUNDS: Final = {
    "cost": "expected cost", "certificate": "certified risk", "uncertified": "nothing certified",
    "floor": "policy floor",
}  # fmt: skip
_CARDS: Final = ("autonomous", "autonomous_right", "wrong_action", "intent_right")
_SHOWN_WRONG: Final = 200
_SHOWN_CHANGED: Final = 200
_SHOWN_LEFT_OUT: Final = 100
_MINOR: Final = 100


def simulation_page(found: Simulation) -> str:
    sides = [_side(each, found.currency) for each in (found.present, found.candidate) if each is not None]
    changed = found.comparison.changed[:_SHOWN_CHANGED] if found.comparison else ()
    return render("simulation.html", simulation=found, sides=sides, rates=RATES, bounds=BOUNDS, changed=changed)


def _side(side: Configured, currency: str) -> dict[str, Any]:
    worth = side.money
    cards = [(RATES[name][0], share(side.rates[name].value), _behind(side.rates[name])) for name in _CARDS]
    saved = f"{count(worth.tickets)} tickets; errors cost {money(worth.errors_minor / _MINOR, currency)}"
    cards.append(("Saved against people alone", money(worth.saved_minor / _MINOR, currency), saved))
    return {
        "configured": side, "cards": cards, "wrong": side.wrong[:_SHOWN_WRONG],
        "left_out": side.left_out[:_SHOWN_LEFT_OUT], "curve": _curve(side), "kinds": _kinds(side),
    }  # fmt: skip


def _behind(rate: Rate) -> str:
    if rate.value is None:
        return "nothing to count"
    return f"{count(rate.numerator)} of {count(rate.denominator)}, 95 %: {share(rate.low)} to {share(rate.high)}"


def _curve(side: Configured) -> Markup | None:
    """Coverage and accuracy in percent over the thresholds, the strictest at the left."""
    if not side.curve:
        return None
    labels = [f"{point.threshold_ppm / 1e6:.3f}" for point in side.curve]
    covered = [100 * (point.coverage.value or 0.0) for point in side.curve]
    right = [100 * (point.accuracy.value or 0.0) for point in side.curve]
    drawn = charts.lines("Accuracy and coverage by threshold", labels, [("accuracy", right), ("coverage", covered)])
    return Markup(drawn)  # noqa: S704 made here, labels escaped


def _kinds(side: Configured) -> Markup:
    rows = [
        (words, float(side.rates[name].numerator), count(side.rates[name].numerator))
        for name, (words, _) in RATES.items()
        if name.startswith("decided_")
    ]
    return Markup(charts.bars("First decisions", rows))  # noqa: S704 made here, labels escaped
