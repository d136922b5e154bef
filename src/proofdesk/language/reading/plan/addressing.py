"""Reads a change of addresses: whose ("my default address and all order addresses") and what they should become."""

from collections.abc import Callable, Sequence

from proofdesk.language.reading.addresses import Written
from proofdesk.language.reading.plan.atoms import Atom
from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.nouns import read_order
from proofdesk.language.reading.plan.values import Address, OrderRef, Ref

_PASSED = (
    "det", "address_noun", "glue", "join", "comma", "in", "subject", "aux", "wish", "sent", "bought", "to", "number",
    "amount", "claim", "say", "also", "first", "placeholder", "pronoun", "order_noun", "possible", "revise", "mark",
)  # fmt: skip


class Addressing:
    """What one clause says. `told`: the order a story says went to the new place."""

    def __init__(self, cursor: Cursor, written: Sequence[Written], told: OrderRef | None) -> None:
        self.cursor = cursor
        self.written = written
        self.told = told
        self.account = False
        self.orders: list[OrderRef] = []
        self.target = Address()
        self.goal = False

    def read(self, start: int, end: int) -> bool:
        """Up to the end of the clause. False where it cannot be read."""
        cursor = self.cursor
        rules: tuple[tuple[tuple[str, ...], Callable[[], bool]], ...] = (
            (("account",), self._account), (("place",), self._place), (("same",), self._same), (("literal",),
            self._literal),
            (("street",), self._street), (("original",), self._previous), (("recent", "fresh"), self._fresh),
            (("all", "status", "oldest", "order_noun", "id", "other", "whole"), self._order), (("head",), self._head),
        )  # fmt: skip
        while cursor.more():
            atom = cursor.peek()
            if atom.has("reason_mark"):
                break
            if atom.has("to") and not self.goal and atom.text != "with":
                self.goal = True
                cursor.take()
                continue
            if atom.has("also") and self.goal:
                self.goal = False
                cursor.take()
                continue
            if atom.has("revise") and "original" in atom.text:
                self.goal = self._previous()
                continue
            if self._in_written(atom) or atom.text in ("wrong", "old", "current", "existing"):
                cursor.take()
                continue
            rule = next((rule for kinds, rule in rules if atom.has(*kinds)), None)
            if rule is not None and not rule():
                return False
            if rule is None and atom.has(*_PASSED):
                cursor.take()
            elif rule is None:
                cursor.puzzle()
        self._find_written(start, end)
        return True

    def _account(self) -> bool:
        atom = self.cursor.take()
        if (
            self.goal
            and self.cursor.ahead("address_noun", "place", "placeholder", through=("account", "det", "place")) >= 0
        ):
            self.target.account = self.target.account or "default" in atom.text or not self.account
        elif not self.goal:
            self.account = True
        return True

    def _place(self) -> bool:
        places = list(self.cursor.take().get("place"))
        if self.goal or self.cursor.peek().has("address_noun"):
            self.target.places += places
            return True
        order = read_order(self.cursor)
        if order is None:
            return False
        order.places += places
        self.orders.append(order)
        return True

    def _same(self) -> bool:
        self.cursor.take()
        self.goal = True
        return True

    def _literal(self) -> bool:
        self.target.literal = self.cursor.take().start
        return True

    def _street(self) -> bool:
        self.target.street = (*self.target.street, *self.cursor.take().get("street"))
        return True

    def _previous(self) -> bool:
        self.cursor.take()
        self.target.previous = True
        return True

    def _fresh(self) -> bool:
        """ "The new home": where a story says that something has already been sent."""
        self.cursor.take()
        if self.goal and self.told is not None:
            self.target.order = self.told
        return True

    def _order(self) -> bool:
        atom = self.cursor.peek()
        if self.goal and not atom.has("id"):
            self.cursor.take()
            return True
        order = read_order(self.cursor)
        if order is None:
            self.cursor.take()
        elif self.goal:
            self.target.order = order
        else:
            self.orders.append(order)
        return True

    def _head(self) -> bool:
        """ "My laptop order": the order with that in it."""
        heads = tuple(one for found in self.cursor.take().get("head") for one in found)
        if not self.cursor.peek().has("order_noun") or self.goal:
            return False
        self.cursor.take()
        self.orders.append(OrderRef(contains=[Ref(heads=heads)]))
        return True

    def _in_written(self, atom: Atom) -> bool:
        spans = [one.span for one in self.written]
        if atom.start >= len(self.cursor.doc.tokens):
            return False
        place = self.cursor.doc.tokens[atom.start].start
        return any(span.start <= place < span.end for span in spans)

    def _find_written(self, start: int, end: int) -> None:
        span = self.cursor.doc.span(self.cursor.atoms[start].start, self.cursor.atoms[end - 1].end)
        for number, one in enumerate(self.written):
            if one.span.start < span.end and span.start < one.span.end:
                self.target.written = number
