"""Reads a condition: what it asks about, and whether it can be known before anything is done."""

from typing import Literal

import msgspec

from proofdesk.language.reading.plan.clauses import Clause
from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.nouns import Nouns
from proofdesk.language.reading.plan.values import Ref

ConditionKind = Literal["asked_to_confirm", "asked", "fails", "possible", "several", "price", "done", "unknown"]
_MONEY = {"$", "€", "£", "bucks", "dollars", "euros", "price", "usd", "eur", "cost", "costs"}
_PERSONS = ("you ask", "asked", "you asks", "asks")


class Condition(msgspec.Struct, kw_only=True):
    """`fails`: what stands before cannot be done; `aspect` says which part of it. `price`: op and minor units."""

    kind: ConditionKind
    aspect: Literal["any", "pay", "change", "part", "step"] = "any"
    verbs: tuple[str, ...] = ()
    """Procedures a verb in it names."""
    refs: list[Ref] = []
    values: list[int] = []
    """Atoms of the option values it names."""
    op: Literal["lt", "gt"] = "lt"
    minor: int = 0
    start: int = 0
    end: int = 0


def read_condition(cursor: Cursor, nouns: Nouns, clause: Clause) -> Condition:
    """What the clause supposes; kind unknown where no rule fits."""
    start, end = clause.start, clause.end
    cursor.take_all(start, end)
    found = Condition(kind=_kind(cursor, start, end), start=start, end=end)
    if cursor.any(start, end, "misspelt"):
        found.kind = "unknown"
    found.verbs = tuple(
        dict.fromkeys(name for senses in cursor.payloads(start, end, "verb") for sense in senses for name, _ in sense)
    )
    found.values = [
        at for at in range(start, end) if cursor.atoms[at].has("value", "part") and not cursor.atoms[at].has("head")
    ]
    _goods(cursor, nouns, found)
    if found.kind == "price":
        _amount(cursor, found)
    found.aspect = _aspect(cursor, found)
    return found


def _kind(cursor: Cursor, start: int, end: int) -> ConditionKind:  # noqa: PLR0911 - one line a kind
    def has(*kinds: str) -> bool:
        return cursor.any(start, end, *kinds)

    words = cursor.texts(start, end)
    if cursor.atoms[start].has("otherwise"):
        return "fails"
    if words & {"guarantee", "promise"} and has("negation", "impossible"):
        return "asked_to_confirm"  # nothing is promised here: it holds
    if (
        cursor.any(start, end, "amount")
        and words & _MONEY
        and has("cheaper", "less", "more", "over", "most", "dearer", "in")
    ):
        return "price"
    asks = has("ask", "say") or bool(words & {"need", "want", "requires"})
    if has("confirm") and not has("negation", "impossible") and (asks or has("confirm")):
        return "asked_to_confirm"
    refused = has("impossible", "negation") or cursor.atoms[start].has("unless")
    if cursor.any(start, end, "ask") and not refused:
        return "asked"
    if refused:
        return "fails"
    if has("several") and has("possible"):
        return "several"
    if has("possible"):
        return "possible"
    if words & {"returned", "exchanged", "cancelled", "canceled", "refunded", "modified", "done"}:
        return "done"
    return "unknown"


def _goods(cursor: Cursor, nouns: Nouns, found: Condition) -> None:
    at = found.start
    while at < found.end:
        if cursor.atoms[at].has("head"):
            cursor.enter(at, found.end)
            found.refs.append(nouns.one())
            at = max(at + 1, cursor.at)
        else:
            at += 1


def _amount(cursor: Cursor, found: Condition) -> None:
    amounts = [cursor.atoms[at].get("amount") for at in range(found.start, found.end) if cursor.atoms[at].has("amount")]
    found.minor = round(amounts[0] * 100) if len(amounts) == 1 else 0
    found.op = "lt" if cursor.any(found.start, found.end, "less", "cheaper") else "gt"
    if not found.minor:
        found.kind = "unknown"


def _aspect(cursor: Cursor, found: Condition) -> Literal["any", "pay", "change", "part", "step"]:
    texts = cursor.texts(found.start, found.end)
    if cursor.any(found.start, found.end, "pay", "original") and not found.refs:
        return "pay"
    if texts & {"part", "partial", "partially", "removing", "remove", "entire", "whole"} or (
        "just" in texts and found.verbs
    ):
        return "part"
    if found.values or found.refs:
        return "change" if not found.verbs else "step"
    return "any"
