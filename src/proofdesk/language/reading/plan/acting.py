"""Reads clauses that ask for something to be done, and what wraps them: courtesy, reports, instructions on manners."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import msgspec

from proofdesk.language.reading.addresses import Written
from proofdesk.language.reading.plan.addressing import Addressing
from proofdesk.language.reading.plan.atoms import Atom, is_adverb
from proofdesk.language.reading.plan.changes import Changes
from proofdesk.language.reading.plan.clauses import Clause
from proofdesk.language.reading.plan.conditions import Condition
from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.nouns import Nouns, read_order
from proofdesk.language.reading.plan.pays import read_pay, starts_pay
from proofdesk.language.reading.plan.values import Change, Item, OrderRef, Plan, Ref, Step
from proofdesk.language.reading.profile import Profile

_LEADS_IN = (
    "wish", "subject", "also", "only", "first", "glue", "det", "aux", "join", "say", "to", "negation", "pronoun",
    "comma", "revise", "enum", "reason_mark", "ask", "prefer",
)  # fmt: skip
"""What may stand before the verb of a request."""


class Acting(ABC):
    plan: Plan
    focus: list[Step]
    condition: Condition | None
    revising: bool
    asking: int
    told_place: OrderRef | None
    """The order a story says went to the new place."""
    placed: Step | None
    """The step asked for last."""
    context_used: bool
    context: tuple[int, str]
    """The sentence that speaks of one order, and its id."""
    sentence: int

    def __init__(self, cursor: Cursor, profiles: Mapping[str, Profile], written: tuple[Written, ...]) -> None:
        self.cursor = cursor
        self.profiles = profiles
        self.written = written
        self.nouns = Nouns(cursor)
        self.changes = Changes(cursor, self.nouns)

    def take_reason(self, start: int, end: int) -> None:
        """A reason explains itself, but not what it might want besides."""
        for at in range(start, end):
            if not self.cursor.atoms[at].has(
                "id", "strange_id", "literal", "pay", "prefer", "wish", "nothing_done", "human", "misspelt"
            ):
                self.cursor.used.add(at)

    def verb_at(self, clause: Clause) -> int:
        """The first verb of the procedures in the clause that is no noun, or -1."""
        for at in range(clause.start, clause.end):
            atom = self.cursor.atoms[at]
            noun = (
                at > clause.start
                and self.cursor.atoms[at - 1].has("det", "pay", "first")
                and not (self.cursor.atoms[at - 1].has("wish"))
            )
            if atom.has("verb") and not noun and not atom.has("option", "value"):
                return at
        return -1

    def _residue(self, clause: Clause) -> bool:
        """Instructions on manners ("make sure I mention …", "do not reveal it") change nothing by themselves."""
        cursor = self.cursor
        first = cursor.peek()
        said = next((at for at in range(clause.start, clause.end) if cursor.atoms[at].has("say")), -1)
        if said < 0:
            return False
        verb = self.verb_at(clause)
        digits = (
            verb < 0
            and cursor.any(clause.start, clause.end, "strange_id")
            and any(atom.has("id") and atom.get("id")[0] == "order" for atom in cursor.atoms)
        )
        if digits and not cursor.any(clause.start, clause.end, "value", "pay", "head"):
            cursor.take_all(clause.start, clause.end)
            return True
        if verb < 0 and not cursor.any(clause.start, clause.end, "value", "pay", "id", "strange_id", "amount",
        "human", "literal",
                                       "nothing_done", "part", "enum"):  # fmt: skip
            cursor.take_all(clause.start, clause.end)
            return True
        texts = cursor.texts(clause.start, clause.end)
        if (
            first.text == "make sure"
            and (texts & {"mention", "say", "tell"} or verb > clause.start + 2)
            and not (cursor.any(clause.start, clause.end, "head"))
        ):
            cursor.take_all(clause.start, clause.end)
            return True
        return False

    def _telling(self, clause: Clause) -> bool:
        """A wish to know something: a query, never a write."""
        cursor = self.cursor
        place = cursor.ahead(
            "ask", "question", through=("wish", "subject", "also", "first", "join", "say", "aux", "to", "only")
        )
        if place >= 0 and place + 1 < clause.end and cursor.atoms[place + 1].text == "me":
            return False
        told = cursor.ahead("info")
        if told >= 0 and cursor.any(clause.start, told, "wish", "ask") and self.verb_at(clause) < 0:
            cursor.take_all(clause.start, clause.end)
            self.asking = self.sentence
            self.plan.queries.append((clause.start, clause.end))
            return True
        if place < 0 or (
            cursor.atoms[place].has("question") and not cursor.atoms[place].has("ask") and place > clause.start + 2
        ):
            return False
        rest = range(place + 1, clause.end)
        asks = any(cursor.atoms[at].has("question", "condition") for at in rest)
        verb = self.verb_at(clause)
        if verb >= 0 and not asks and cursor.any(place, verb, "pronoun", "subject") and cursor.any(place, verb, "to"):
            return False  # "ask you to cancel it" asks for the act
        if verb < 0 and any(cursor.atoms[at].has("pay", "human") for at in rest) and not asks:
            return False
        cursor.take_all(clause.start, clause.end)
        self.asking = self.sentence
        self.plan.queries.append((clause.start, clause.end))
        return True

    def procedures_of(self, verb: int, clause: Clause) -> tuple[str, ...]:
        """The procedures a verb may mean; those whose further words stand in the clause come first and alone."""
        words = self.cursor.texts(verb + 1, clause.end)
        plain: list[str] = []
        fuller: dict[str, int] = {}
        for sense in self.cursor.atoms[verb].get("verb"):
            for name, others in sense:
                if not others:
                    plain.append(name)
                elif all(any(word in text.split() for text in words) for word in others):
                    fuller[name] = max(fuller.get(name, 0), len(others))
        names = [*plain, *(name for name in fuller if not self.profiles[name].slot_of("address", "method") or
                           self.profiles[name].slot_of("lines", "line_changes"))]  # fmt: skip
        return tuple(dict.fromkeys(names))

    def _acting(self, clause: Clause) -> bool:
        verb = self.verb_at(clause)
        if verb < 0:
            return False
        cursor = self.cursor
        leads = self._led_in(clause, verb)
        if leads is None:
            return False
        step = Step(
            procedures=(), verb=cursor.atoms[verb].text, start=clause.start, end=clause.end, sentence=self.sentence
        )
        step.mood = "retracted" if leads == "negated" else "question" if leads == "question" else "asserted"
        cursor.at = verb
        step.procedures = self.procedures_of(verb, clause)
        cursor.take()
        while cursor.peek().has("join") and cursor.peek(1).has("verb"):
            cursor.take()
            step.procedures = tuple(dict.fromkeys((*step.procedures, *self.procedures_of(cursor.at, clause))))
            cursor.take()
        if cursor.peek().text in ("back", "off", "up"):
            cursor.take()
        if not (
            self._address_step(step, clause, verb) or self._payment_step(step, clause) or self._goods_step(step, clause)
        ):
            return False
        self._note_step_reasons(step, clause)
        if self.context[0] == self.sentence and not step.orders:
            self.context_used = True
            for item in step.items:
                if item.ref.order is None and not item.ref.line_id:
                    item.ref.order = OrderRef(ids=[self.context[1]])
            if not step.items:
                step.orders.append(OrderRef(ids=[self.context[1]]))
        self.placed = step
        self._place(step, clause, only="only" in clause.lead or cursor.any(clause.start, verb + 1, "only"))
        return True

    def _led_in(self, clause: Clause, verb: int) -> str | None:
        """ "" wished, "negated", "question"; None where it is no wish (a story: "I had to return …")."""
        cursor = self.cursor
        mood = ""
        for at in range(clause.start, verb):
            atom = cursor.atoms[at]
            if atom.has("enum", "negation") and not atom.has("impossible"):
                mood = "negated"
            elif atom.text in ("can", "could", "may", "may i", "wonder") and not atom.has("wish"):
                mood = mood or "question"
            if atom.has(*_LEADS_IN):
                cursor.used.add(at)
        return mood

    def _note_step_reasons(self, step: Step, clause: Clause) -> None:
        for hits in self.cursor.payloads(clause.start, clause.end, "enum"):
            step.reasons += [hit for hit in hits if hit[0] in step.procedures]
        for at in range(clause.start, clause.end):
            if self.cursor.atoms[at].has("enum"):
                self.cursor.used.add(at)

    # -- what the verb is about ------------------------------------------------------------------------------------

    def _address_step(self, step: Step, clause: Clause, verb: int) -> bool:
        cursor = self.cursor
        if not cursor.any(clause.start, clause.end, "address_noun") and not cursor.any(
            clause.start, clause.end, "place"
        ):
            return False
        changing = [name for name in self._served(("address",)) if self._same_verb(name, verb)]
        address_at = next((at for at in range(verb, clause.end) if cursor.atoms[at].has("address_noun")), -1)
        head_at = next((at for at in range(verb, clause.end) if cursor.atoms[at].has("head")), -1)
        if (
            not changing
            or address_at < 0
            or (0 <= head_at < address_at and not cursor.any(head_at, address_at, "order_noun"))
        ):
            return False
        return self._read_address(step, clause)

    def _same_verb(self, name: str, verb: int) -> bool:
        return any(name == one for sense in self.cursor.atoms[verb].get("verb") for one, _ in sense)

    def _served(self, types: tuple[str, ...]) -> list[str]:
        return [name for name, shape in self.profiles.items() if shape.slot_of(*types)]  # type: ignore[arg-type]

    def _read_address(self, step: Step, clause: Clause) -> bool:
        said = Addressing(self.cursor, self.written, self.told_place)
        if not said.read(clause.start, clause.end):
            return False
        procedures = []
        for name in self._served(("address",)):
            of_order = bool(self.profiles[name].slot_of("order"))
            if (of_order and (said.orders or not said.account)) or (not of_order and said.account):
                procedures.append(name)
        step.procedures, step.orders, step.address = tuple(procedures), said.orders, said.target
        step.account, step.rule = said.account, "address"
        return bool(procedures)

    def _payment_step(self, step: Step, clause: Clause) -> bool:
        cursor = self.cursor
        here = cursor.at
        while cursor.peek().has("det"):
            cursor.take()
        if not cursor.peek().has("pay_noun") or cursor.any(cursor.at, clause.end, "head"):
            cursor.at = here
            return False
        names = [n for n in self._served(("method",)) if not self.profiles[n].slot_of("lines", "line_changes")]
        cursor.take()
        while cursor.more() and cursor.peek().has("in", "det", "order_noun", "id"):
            order = read_order(cursor) if not cursor.peek().has("in") else None
            if order is None:
                cursor.take()
            else:
                step.orders.append(order)
        pays = read_pay(cursor) if cursor.more() and (starts_pay(cursor) or cursor.peek().has("to")) else []
        if not names or not pays:
            cursor.at = here
            return False
        step.procedures, step.pays, step.rule = tuple(names), pays, "payment"
        return True

    def _goods_step(self, step: Step, clause: Clause) -> bool:
        cursor = self.cursor
        changing = any(self.profiles[name].slot_of("line_changes") for name in step.procedures)
        step.rule = "goods"
        while cursor.more():
            here = cursor.at
            atom = cursor.peek()
            if atom.has("reason_mark"):
                self.plan.reason_given = True
                self._note_step_reasons(step, clause)
                self.take_reason(cursor.at, clause.end)
                cursor.at = clause.end
            elif starts_pay(cursor):
                step.pays += read_pay(cursor)
            elif changing and (step.items or self._focus_items()) and self._leads_to_target(atom):
                self._target(step)
            elif self.nouns.starts() and not (changing and step.items and atom.has("same")):
                self._take_refs(step, changing)
            elif (
                atom.has("literal", "value", "part", "same", "cheapest", "graded", "more", "less")
                and step.items
                and changing
            ):
                self._target(step)
            elif changing and atom.has("option") and self._names_option(step):
                continue
            elif atom.has("in", "in_same"):
                self._scope(step)
            elif not changing and (step.items or step.orders) and atom.has("to") and not cursor.peek(1).has("pay_noun"):
                cursor.puzzle()
            elif atom.has("det", "also", "comma", "join", "glue", "subject", "aux", "through", "enum", "first",
            "wish", "only",
                          "possible", "but", "to", "revise", "semi", "mark", "pronoun", "bought", "placeholder",
                          "pay_noun") or is_adverb(atom):  # fmt: skip
                cursor.take()
            else:
                cursor.puzzle()
            if cursor.at == here:
                cursor.puzzle()
        return True

    def _names_option(self, step: Step) -> bool:
        """ "Change the colour to red", "change the pressure lower to 8 bar": the option of the goods spoken of."""
        cursor = self.cursor
        place = cursor.ahead("to", through=("option", "join", "comma", "less", "more", "graded", "det"))
        if place < 0 or cursor.ahead("value", "part") < place:
            return False
        while cursor.at < place:
            cursor.take()
        if not step.items:
            step.items.append(Item(ref=Ref(pronoun=True, start=cursor.at, end=cursor.at)))
        return True

    def _leads_to_target(self, atom: Atom) -> bool:
        if atom.has("to") and atom.text != "with":
            return True
        return atom.text == "with" or atom.has("over")

    def _focus_items(self) -> list[Item]:
        return [item for step in self.focus for item in step.items]

    def _take_refs(self, step: Step, changing: bool) -> None:
        for ref in self.nouns.list():
            whole = not (ref.heads or ref.line_id or ref.pronoun or ref.source) and ref.order is not None
            if whole and ref.excluded:
                step.items.append(Item(ref=msgspec.structs.replace(ref, everything=True)))
            elif whole and not changing:
                step.orders.append(ref.order)  # type: ignore[arg-type]
            else:
                step.items.append(Item(ref=ref))

    def _scope(self, step: Step) -> None:
        """ "for order X", "in my order": where the goods of this step are."""
        cursor = self.cursor
        if cursor.peek().has("in_same"):
            cursor.take()
            for item in step.items:
                item.ref.same_order = True
            return
        cursor.take()
        order = read_order(cursor)
        if order is not None:
            for item in step.items:
                item.ref.order = item.ref.order or order
            if not step.items:
                step.orders.append(order)

    def _target(self, step: Step) -> None:
        cursor = self.cursor
        if not step.items:
            step.items.append(Item(ref=Ref(pronoun=True, start=cursor.at, end=cursor.at)))
        if cursor.peek().has("to") or cursor.peek().text == "with":
            cursor.take()
        open_items = [item for item in step.items if item.change is None] or step.items[-1:]
        heads = open_items[-1].ref.heads if len(open_items) == 1 else ()
        change = self.changes.read(heads)
        step.pays += self.changes.pays
        self.changes.pays = []
        for item in open_items:
            item.change = merged(item.change, change)

    @abstractmethod
    def _place(self, step: Step, clause: Clause, *, only: bool) -> None:
        """Give `step` its place in the plan."""


def merged(old: Change | None, new: Change) -> Change:
    """Both together; what is said later about the same thing counts."""
    if old is None:
        return new
    return Change(
        hard=[*old.hard, *new.hard], prefs=[*old.prefs, *new.prefs], price=new.price or old.price,
        keep=new.keep if new.keep != "silent" else old.keep,
        literal=new.literal if new.literal is not None else old.literal,
        variant_id=new.variant_id or old.variant_id, like=new.like or old.like,
        identical=old.identical or new.identical,
        cheaper=old.cheaper or new.cheaper, foreign=old.foreign or new.foreign,
    )  # fmt: skip
