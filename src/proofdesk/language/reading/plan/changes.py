"""Reads what goods should become: values, comparisons, what stays the same, preferences, superlatives."""

from collections.abc import Callable

from proofdesk.language.reading.plan.atoms import Atom, is_adverb
from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.grading import Grading
from proofdesk.language.reading.plan.nouns import Nouns, value_constraint
from proofdesk.language.reading.plan.pays import read_pay, starts_pay
from proofdesk.language.reading.plan.values import Change, Constraint, Pay
from proofdesk.language.reading.tokens import base_form, phrase

_PASSED = (
    "det", "placeholder", "glue", "subject", "aux", "wish", "also", "first", "to", "pronoun", "comma", "join",
    "but", "possible",
    "number", "one_of", "in", "semi", "mark", "received", "bought", "several", "revise", "question",
)  # fmt: skip


class Changes(Grading):
    """`heads`: product ids of the goods this is about, where known; `pays`: ways to pay said in between."""

    def __init__(self, cursor: Cursor, nouns: Nouns) -> None:
        super().__init__(cursor)
        self.nouns = nouns
        self.pays: list[Pay] = []
        self.new_goods = False

    def read(self, heads: tuple[str, ...]) -> Change:
        """Up to the end of the clause, or to where other goods begin."""
        self.heads = heads
        self.negated = False
        self.excluded = False
        self.new_goods = False
        change = Change()
        while self.cursor.more():
            here = self.cursor.at
            if not self._step(change):
                break
            if self.cursor.at == here:
                self.cursor.puzzle()
        return change

    def _step(self, change: Change) -> bool:
        atom = self.cursor.peek()
        if atom.has("reason_mark"):
            return False
        if starts_pay(self.cursor):
            self.pays += read_pay(self.cursor)
            return True
        if atom.text == "or":
            self.cursor.puzzle()
            return True
        if self._other_goods(atom):
            self.new_goods = True
            return False
        if atom.has("amount", "number") and self._is_amount():
            self._amount(change)
            return True
        rules: tuple[tuple[tuple[str, ...], Callable[[Change], None]], ...] = (
            (("dont_care",), self._free), (("prefer",), self._prefer), (("same", "keep"), self._same), (("rest",),
            self._rest),
            (("cheapest", "dearest"), self._price), (("cheaper", "dearer"), self._cheaper), (("literal",),
            self._literal),
            (("id",), self._id), (("value", "part"), self._value), (("slightly", "more", "less", "most", "least",
            "graded"), self._grade),
            (("over", "except"), self._over), (("negation",), self._negation),
 (("at_least", "at_most"), self._bound), (("head",), self._head),
            (("option",), self._option),
        )  # fmt: skip
        for kinds, rule in rules:
            if atom.has(*kinds):
                rule(change)
                return True
        if atom.has(*_PASSED):
            self.cursor.take()
            return True
        if self._noun_behind(change) or is_adverb(atom):
            self.cursor.take()
        elif atom.has("unknown") and change.empty() and self.cursor.before().text in ("a", "an", "for a", "to a"):
            self.cursor.take()
            change.foreign = True
        else:
            self.cursor.puzzle()
        return True

    def _noun_behind(self, change: Change) -> bool:
        """The noun of an option right behind its value says no more than the value: "clicky switches" of a
        switch type.
        """
        word = base_form(self.cursor.peek().text)
        options = {sense.option for one in change.hard[-1:] for sense in one.senses}
        return self.cursor.before().has("value", "part") and any(word in phrase(option) for option in options)

    def _other_goods(self, atom: Atom) -> bool:
        """Goods of another kind begin: ", and the desk lamp to …"."""
        if not atom.has("comma", "join", "det"):
            return False
        place = self.cursor.ahead(
            "head", through=("comma", "join", "det", "value", "part", "also", "status", "other", "one_of")
        )
        if place < 0:
            return False
        heads = {one for found in self.cursor.atoms[place].get("head") for one in found}
        later = self.cursor.any(place, self.cursor.end, "to") or atom.has("comma", "join")
        return bool(self.heads) and not heads & set(self.heads) and later

    def _literal(self, change: Change) -> None:
        said = self.cursor.doc.literal(self.cursor.take().start)
        change.literal = {**(change.literal or {}), **said}

    def _id(self, change: Change) -> None:
        kind, known = self.cursor.peek().get("id")
        if kind == "variant_id":
            change.variant_id = known
            self.cursor.take()
        elif kind == "product_id":
            self.cursor.take()
        else:
            self.cursor.puzzle()

    def _head(self, change: Change) -> None:
        """The goods themselves once more are no news; other goods are no variant of these."""
        heads = {one for found in self.cursor.take().get("head") for one in found}
        if self.heads and not heads & set(self.heads):
            change.foreign = True

    def _value(self, change: Change) -> None:
        constraint = value_constraint(self.cursor)
        if self.negated:
            constraint.op = "ne"
            self.negated = False
        if self.cursor.peek().has("at_least", "at_most"):
            constraint.op = "at_least" if self.cursor.take().has("at_least") else "at_most"
        change.hard.append(constraint)

    def _bound(self, change: Change) -> None:
        if change.hard and change.hard[-1].op == "eq":
            change.hard[-1].op = "at_least" if self.cursor.take().has("at_least") else "at_most"
        else:
            self.cursor.puzzle()

    def _over(self, change: Change) -> None:
        """ "instead of X": X is what there is, not what is wanted."""
        self.cursor.take()
        if not self.cursor.ahead("value", "part", through=("det", "glue", "to")) >= 0:
            return
        while not self.cursor.peek().has("value", "part"):
            self.cursor.take()
        constraint = value_constraint(self.cursor)
        constraint.op = "ne"
        change.hard.append(constraint)

    def _negation(self, change: Change) -> None:
        """ "no backlight", "not wireless", "without changing the other options"."""
        atom = self.cursor.peek()
        nxt = self.cursor.peek(1)
        if nxt.has("verb", "keep") and self.cursor.ahead("rest", "option") >= 0:
            self.cursor.take()
            self.cursor.take()
            self._same(change, given=True)
        elif nxt.has("option") and not nxt.has("value"):
            self.cursor.take()
            options = self.cursor.take().get("option")
            change.hard.append(Constraint(op="flag", options=options, direction=-1, start=atom.start, end=nxt.end))
        elif nxt.has("value", "part"):
            self.cursor.take()
            self.negated = True
        else:
            self.cursor.puzzle()

    def _option(self, change: Change) -> None:
        """An option by itself: of a yes/no option it says yes; before a value it only says which one."""
        atom = self.cursor.take()
        nxt = self.cursor.peek()
        if nxt.has("value", "part", "comma", "to", "aux") or self.cursor.before().has("aux"):
            place = self.cursor.ahead("value", "part", through=("comma", "to", "aux", "det", "glue"))
            if place >= 0:
                options = atom.get("option")
                senses = self.cursor.atoms[place].kinds.get("value") or self.cursor.atoms[place].get("part")
                if any(sense.option in options for sense in senses):
                    return
        change.hard.append(
            Constraint(op="flag", options=atom.get("option"), direction=1, start=atom.start, end=atom.end)
        )

    def _price(self, change: Change) -> None:
        change.price = -1 if self.cursor.take().has("cheapest") else 1

    def _cheaper(self, change: Change) -> None:
        change.price = -1 if self.cursor.take().has("cheaper") else 1
        change.cheaper = change.price < 0

    def _rest(self, change: Change) -> None:
        self.cursor.take()
        if change.keep == "silent":
            change.keep = "rest"

    def _free(self, change: Change) -> None:
        """ "do not care about waterproof or not", "the other specs are not important", "okay with a mountain bike"."""
        self.cursor.take()
        named: set[str] = set()
        rest = False
        while self.cursor.peek().has("option", "value", "part", "rest", "det", "join", "comma", "negation", "over",
        "head", "glue",
                                     "to", "in", "placeholder", "all", "order_noun", "aux", "other"):  # fmt: skip
            if self.cursor.peek().has("comma", "join", "but") and not self.cursor.peek(1).has(
                "option", "value", "negation", "rest"
            ):
                break
            atom = self.cursor.take()
            named.update(atom.get("option") if atom.has("option") else ())
            for kind in ("value", "part"):
                named.update(sense.option for sense in (atom.get(kind) if atom.has(kind) else ()))
            rest = rest or atom.has("rest")
        if rest or not named:
            change.keep = "free"
        if named:
            change.hard.append(Constraint(op="any", options=tuple(sorted(named))))

    def _same(self, change: Change, given: bool = False) -> None:
        """ "the same one", "same size", "same v-neck", "with the same material and color", "keep the leather strap"."""
        cursor = self.cursor
        start = cursor.at
        if not given:
            cursor.take()
        said = False
        while cursor.more():
            atom = cursor.peek()
            if atom.has("rest"):
                cursor.take()
                change.keep = "rest"
                said = True
            elif atom.has("option") and not (
                atom.has("placeholder") and not said and cursor.peek(1).has("in", "to", "subject")
            ):
                change.hard.append(Constraint(op="same", options=atom.get("option"), start=atom.start, end=atom.end))
                cursor.take()
                said = True
            elif atom.has("value", "part"):
                one = value_constraint(cursor)
                one.op = "keep_value"
                change.hard.append(one)
                said = True
            elif (
                atom.has("det")
                or (atom.has("join", "comma") and cursor.peek(1).has("option", "value", "rest", "det"))
                or atom.has("same", "keep", "exact")
            ):
                cursor.take()
            else:
                break
        if said:
            return
        if self._like(change, start):
            return
        if cursor.peek().has("placeholder", "head") or not cursor.more() or cursor.peek().has("comma", "to"):
            while cursor.peek().has("placeholder", "head"):
                cursor.take()
            change.identical = True
            change.keep = "rest"

    def _like(self, change: Change, start: int) -> bool:
        """ "the same type as the one I already received", "for the type that is in my pending order"."""
        cursor = self.cursor
        place = cursor.ahead("to", through=("placeholder", "option", "head"))
        if place < 0 or cursor.atoms[place].text != "as":
            return False
        while cursor.at <= place:
            cursor.take()
        ref = self.nouns.one()
        if ref.order is None and not ref.heads:
            cursor.at = start
            return False
        change.like = ref
        return True

    def _prefer(self, change: Change) -> None:
        """Alternatives in their order: "battery > USB > AC", "animal over art", "silver and black than other
        colors".
        """
        cursor = self.cursor
        cursor.take()
        tiers: list[Constraint] = []
        while cursor.more():
            atom = cursor.peek()
            if atom.has("value", "part"):
                tiers.append(value_constraint(cursor))
            elif atom.has("join", "comma") and not self._another_value(tiers):
                break
            elif atom.has("prefer"):
                if tiers:
                    change.prefs.append(tiers)
                    tiers = []
                cursor.take()
            elif not tiers and starts_pay(cursor) and (pays := read_pay(cursor)):
                self.pays += pays
            elif atom.has("cheaper", "cheapest", "dearest", "dearer"):
                change.price = -1 if cursor.take().has("cheaper", "cheapest") else 1
            elif atom.has(
                "over",
                "join",
                "comma",
                "det",
                "other",
                "option",
                "in",
                "glue",
                "placeholder",
                "head",
                "to",
                "also",
                "only",
            ):
                cursor.take()
            else:
                break
        if tiers:
            change.prefs.append(tiers)

    def _another_value(self, tiers: list[Constraint]) -> bool:
        place = self.cursor.at + 1
        while place < self.cursor.end and self.cursor.atoms[place].has("det", "prefer", "also", "join"):
            place += 1
        return place < self.cursor.end and self.cursor.atoms[place].has("value", "part") and bool(tiers)
