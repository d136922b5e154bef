"""Reads how to pay or where a refund should go: kinds, brands, ids, the original way, the other one."""

from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.values import Pay

_THROUGH = (
    "through",
    "pay_noun",
    "det",
    "to",
    "glue",
    "in",
    "account",
    "also",
    "wish",
    "prefer",
    "first",
    "subject",
    "received",
)


def starts_pay(cursor: Cursor) -> bool:
    """Whether a way to pay begins here, directly or behind words of paying."""
    atom = cursor.peek()
    if atom.has("pay", "original") or (atom.has("id") and atom.get("id")[0] == "method"):
        return True
    if not atom.has("through", "pay_noun", "det", "other") or atom.has("head", "value"):
        return False
    place = cursor.ahead(
        "pay", "original", "id", "other", through=("through", "pay_noun", "det", "to", "account", "glue", "in")
    )
    if place < 0:
        return False
    found = cursor.atoms[place]
    if found.has("other"):
        return place + 1 < cursor.end and cursor.atoms[place + 1].has("pay_noun", "pay", "order_noun")
    return not found.has("id") or found.get("id")[0] == "method"


def read_pay(cursor: Cursor) -> list[Pay]:
    """The ways to pay named from here on, the preferred one first."""
    found: list[Pay] = []
    while cursor.more():
        atom = cursor.peek()
        if atom.has("id") and atom.get("id")[0] == "method":
            found.append(Pay(facts=[("id", cursor.take().get("id")[1])]))
        elif atom.has("pay"):
            facts = list(cursor.take().get("pay"))[:1]
            while cursor.peek().has("pay"):
                facts += cursor.take().get("pay")[:1]
            found.append(Pay(facts=facts))
        elif atom.has("original"):
            cursor.take()
            found.append(Pay(kind="original"))
        elif atom.has("other") and cursor.peek(1).has("pay_noun", "pay", "order_noun"):
            cursor.take()
            if cursor.peek().has("order_noun"):
                cursor.take()
                found.append(Pay(kind="swapped"))
            else:
                cursor.take()
                found.append(Pay(kind="other"))
        elif (
            (atom.has("over") and found and cursor.ahead("pay", "id", through=("over", "det", "glue", "pay_noun")) >= 0)
            or (
                atom.has(*_THROUGH)
                and not atom.has("head", "value", "verb")
                and (atom.has("pay_noun") or _goes_on(cursor))
            )
            or (atom.has("join", "over") and _goes_on(cursor) and found)
        ):
            cursor.take()
        else:
            break
    return found


def _goes_on(cursor: Cursor) -> bool:
    return cursor.ahead("pay", "original", "pay_noun", "id", through=(*_THROUGH, "over", "join")) >= 0 and (
        not cursor.atoms[cursor.ahead("pay", "original", "pay_noun", "id", through=(*_THROUGH, "over", "join"))].has(
            "id"
        )
        or cursor.atoms[cursor.ahead("pay", "original", "pay_noun", "id", through=(*_THROUGH, "over", "join"))].get(
            "id"
        )[0]
        == "method"
    )
