"""Fill the holes of a procedure's texts. Money is integer minor units; nothing is guessed, a gap is an error."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from proofdesk.core.money import EXPONENTS, Money, format_money
from proofdesk.core.procedure import MAX_TEXT_CHARS, Evaluate, EvaluationError, Hole, Text

FILTERS = {"money": True, "date": False, "list": False}
"""Filter name -> whether it takes an argument (money takes the currency)."""


def render(text: Text, evaluate: Evaluate, scope: Mapping[str, Any]) -> str | EvaluationError:
    """The text with every hole filled, or the first hole's error."""
    out: list[str] = []
    for part in text.parts:
        piece = part if isinstance(part, str) else _fill(part, evaluate, scope)
        if isinstance(piece, EvaluationError):
            return piece
        out.append(piece)
    filled = "".join(out)
    if len(filled) > MAX_TEXT_CHARS:
        return EvaluationError(message=f"the text is longer than {MAX_TEXT_CHARS} characters")
    return filled


def _fill(hole: Hole, evaluate: Evaluate, scope: Mapping[str, Any]) -> str | EvaluationError:
    value = evaluate(hole.expression, scope)
    if isinstance(value, EvaluationError):
        return value
    if hole.filter == "money":
        currency = evaluate(hole.argument, scope)
        if isinstance(currency, EvaluationError):
            return currency
        return _money(hole, value, currency, scope.get("language", "en"))
    if hole.filter == "date":
        return _date(hole, value)
    if hole.filter == "list":
        return _list(hole, value)
    return _plain(hole, value)


def _money(hole: Hole, value: Any, currency: Any, language: str) -> str | EvaluationError:
    if not isinstance(value, int) or isinstance(value, bool):
        return _wrong(hole, "a whole number of minor units")
    if currency not in EXPONENTS:
        return EvaluationError(message=f"{{{hole.expression}|money}}: the currency is not an ISO 4217 code")
    return format_money(Money(value, currency), language)


def _date(hole: Hole, value: Any) -> str | EvaluationError:
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except (TypeError, ValueError):
        return _wrong(hole, "an ISO 8601 date")


def _list(hole: Hole, value: Any) -> str | EvaluationError:
    if not isinstance(value, list) or not value:
        return _wrong(hole, "a list with at least one item")
    pieces = [_plain(hole, item) for item in value]
    errors = [p for p in pieces if isinstance(p, EvaluationError)]
    return errors[0] if errors else ", ".join(str(p) for p in pieces)


def _plain(hole: Hole, value: Any) -> str | EvaluationError:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _wrong(hole, "a text or a number")


def _wrong(hole: Hole, expected: str) -> EvaluationError:
    return EvaluationError(message=f"{{{hole.expression}}} is not {expected}")
