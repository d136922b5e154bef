"""Puts clauses together into a plan: steps in their order, what is said about them later, guards, revisions."""

from collections.abc import Mapping

from proofdesk.language.reading.addresses import Written
from proofdesk.language.reading.plan.asides import Asides
from proofdesk.language.reading.plan.clauses import Clause, split
from proofdesk.language.reading.plan.conditions import Condition, read_condition
from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.pays import read_pay, starts_pay
from proofdesk.language.reading.plan.placing import last_of
from proofdesk.language.reading.plan.values import Change, Item, OrderRef, Pay, Plan, Step
from proofdesk.language.reading.profile import Profile

MAX_STEPS = 20


class Composer(Asides):
    """Reads the clauses of one message in their order. What a clause means depends on what was said before."""

    def __init__(self, cursor: Cursor, profiles: Mapping[str, Profile], written: tuple[Written, ...]) -> None:
        super().__init__(cursor, profiles, written)
        self.plan = Plan()
        self.focus: list[Step] = []
        """The steps spoken of last."""
        self.condition: Condition | None = None
        self.fallback = []
        self.revising = False
        self.asking = -1
        self.context = (-1, "")
        self.context_used = True
        self.placed = None
        self.told_place = None
        self.context_clause = Clause(start=0, end=0, sentence=-1)
        self.turned: Clause | None = None
        """A change of mind that nothing has followed yet."""
        self.spoken = []
        """The sentence in which something is only asked."""
        self.sentence = -1

    def compose(self) -> Plan:
        clauses = split(self.cursor.atoms)
        self.cursor.pieces = [(clause.start, clause.end) for clause in clauses]
        for place, clause in enumerate(clauses):
            if clause.sentence != self.sentence:
                self._end_sentence()
                self.sentence, self.condition, self.revising, self.fallback = clause.sentence, None, False, []
            if "revise" in clause.lead:
                self.revising = True
            if clause.role == "condition":
                self._suppose(clause, clauses[place + 1 :])
            elif clause.start < clause.end:
                self.cursor.enter(clause.start, clause.end)
                self._clause(clause)
                if self.turned is not None and self.turned is not clause:
                    self.turned = None
                self._remember_goods(clause)
        self._end_sentence()
        self._one_order()
        return self.plan

    def _one_order(self) -> None:
        """The only order a message names is the one its steps are about, wherever it is named."""
        atoms = self.cursor.atoms
        places = [at for at, atom in enumerate(atoms) if atom.has("id") and atom.get("id")[0] == "order"]
        named = {atoms[at].get("id")[1] for at in places}
        loose = [at for at in places if at not in self.cursor.used]
        if len(named) != 1 or len(loose) != len(places):
            return
        for step in self.plan.steps:
            for ref in [item.ref for item in step.items if item.ref.order is None and not item.ref.line_id]:
                ref.order = OrderRef(ids=list(named))
                self.cursor.used.update(loose)
            if step.address is None and not step.items and not step.orders:
                step.orders.append(OrderRef(ids=list(named)))
                self.cursor.used.update(loose)

    def _end_sentence(self) -> None:
        """What was only announced and never came: a change of mind takes back, an order named for nothing is a
        puzzle.
        """
        if self.turned is not None and not self.plan.steps:
            self._trouble("turned_from_nothing", self.turned)
        if self.turned is not None:
            for step in self.focus or self.plan.steps:
                step.mood = "retracted"
            self.turned = None
        if not self.context_used:
            self._trouble("order_for_nothing", self.context_clause)
            self.context_used = True

    def _suppose(self, clause: Clause, rest: list[Clause]) -> None:
        self.condition = read_condition(self.cursor, self.nouns, clause)
        self.fallback = []
        if self.asking == self.sentence and self.cursor.any(clause.start, clause.end, "keep", "nothing_done"):
            self._trouble("asked_to_keep", clause)
        if self.asking == self.sentence and not self._consequent(rest):
            self.plan.queries.append((clause.start, clause.end))
            return
        follows = any(one.sentence == clause.sentence and one.role == "plain" for one in rest)
        if self.condition.kind == "fails" and self.condition.verbs and self.spoken and not self._spoken_of():
            self._suppose_step(clause)
        if self.condition.kind == "fails" and not self.plan.steps:
            self._trouble("instead_of_nothing", clause)
        if not follows and self.condition.kind not in ("possible", "several"):
            self._trouble("trailing_condition", clause)

    def _spoken_of(self) -> bool:
        """Whether a step is about the goods a story spoke of last."""
        heads = {head for item in self.spoken for head in item.ref.heads}
        return any(heads & set(item.ref.heads) for step in self.plan.steps for item in step.items)

    def _suppose_step(self, clause: Clause) -> None:
        """ "I no longer need A and B. If cancelling a part is not possible, …": the condition names what is wished."""
        assert self.condition is not None
        changing = any(self.profiles[name].slot_of("line_changes") for name in self.condition.verbs)
        items = [
            Item(ref=one.ref, change=Change(identical=True, keep="rest") if changing else None) for one in self.spoken
        ]
        step = Step(procedures=self.condition.verbs, verb="", items=items, start=clause.start, end=clause.end,
                    sentence=self.sentence, rule="supposed")  # fmt: skip
        for one in self.spoken:
            self.cursor.take_all(one.ref.start, one.ref.end)
        self.plan.steps.append(step)
        self.focus = [step]

    def _consequent(self, rest: list[Clause]) -> bool:
        """Whether something to do follows in this sentence."""
        return any(
            one.sentence == self.sentence
            and one.role == "plain"
            and self.cursor.any(one.start, one.end, "wish", "verb", "prefer")
            for one in rest
        )

    def _trouble(self, rule: str, clause: Clause) -> None:
        self.plan.trouble.append((rule, clause.start, clause.end))

    def _clause(self, clause: Clause) -> None:
        if self.verb_at(clause) < 0 and self.cursor.any(clause.start, clause.end, "enum"):
            self._note_reasons(clause.start, clause.end)
            self.cursor.used |= {at for at in range(clause.start, clause.end) if self.cursor.atoms[at].has("enum")}
        for rule in (
            self._withheld, self._moved, self._turning, self._about, self._identity, self._reason, self._residue,
            self._telling,
            self._person, self._nothing, self._acting, self._passive, self._aside, self._keeping,
            self._paying, self._describing, self._aims,
        ):  # fmt: skip
            self.cursor.enter(clause.start, clause.end)
            if self.cursor.peek().has("reason_mark") and self.cursor.at in self.cursor.used:
                self.cursor.at += 1
            if rule(clause):
                return

    def _turning(self, clause: Clause) -> bool:
        """ "I change my mind", "I regret it": what follows stands in the place of what was said."""
        cursor = self.cursor
        atoms = cursor.atoms[clause.start : clause.end]
        if not any(atom.has("revise") for atom in atoms):
            return False
        if not all(
            atom.has("revise", "subject", "join", "also", "pronoun", "first", "glue") and not atom.has("only")
            for atom in atoms
        ):
            return False
        cursor.take_all(clause.start, clause.end)
        self.revising = True
        self.turned = clause
        return True

    def _reason(self, clause: Clause) -> bool:
        """ "because …": only a named reason counts; that a reason was given is remembered."""
        if not self.cursor.peek().has("reason_mark"):
            return False
        verb = self.verb_at(clause)
        if verb >= 0 and self.cursor.any(clause.start, verb, "wish"):
            self.cursor.take()
            return False
        self._note_reasons(clause.start, clause.end)
        for step in self._reasoned():
            step.told = True
        self.plan.reason_given = True
        self.take_reason(clause.start, clause.end)
        return True

    def _note_reasons(self, start: int, end: int) -> None:
        for hits in self.cursor.payloads(start, end, "enum"):
            self.plan.reasons += [hit for hit in hits if hit not in self.plan.reasons]
            for hit in hits:
                for step in self._reasoned():
                    if hit[0] in step.procedures and hit not in step.reasons:
                        step.reasons.append(hit)

    def _reasoned(self) -> list[Step]:
        """The steps a reason explains: the one asked for last in its sentence, else those spoken of."""
        last = self.placed
        return [last] if last is not None and last.sentence == self.sentence else self.focus

    def _person(self, clause: Clause) -> bool:
        """A wish for a person."""
        if not self.cursor.any(clause.start, clause.end, "human"):
            return False
        self.cursor.take_all(clause.start, clause.end)
        self.plan.human = True
        for step in self._heeding():
            step.guard = step.guard or "human"
        return True

    def _nothing(self, clause: Clause) -> bool:
        """ "forget it", "no exchange": nothing in the place of what cannot be done, or the step taken back."""
        if not self.cursor.any(clause.start, clause.end, "nothing_done"):
            return False
        self.cursor.take_all(clause.start, clause.end)
        if self.asking == self.sentence:
            return True
        bare = self.condition is not None and self.cursor.atoms[self.condition.start].has("otherwise")
        if not self.focus or bare:
            self._trouble("nothing_to_leave", clause)
        if self.condition is not None and self.condition.kind == "fails":
            for step in self._heeding():
                last_of(step).give_up = True
        else:
            for step in self.focus:
                step.mood = "retracted"
        return True

    def _heeding(self) -> list[Step]:
        """The steps the present condition is about."""
        condition = self.condition
        if condition is None:
            return self.focus
        named = {head for ref in condition.refs for head in ref.heads}
        if named:
            about = [s for s in self.plan.steps if any(set(i.ref.heads) & named for i in s.items)]
            if about:
                return about[-1:]
        if condition.verbs:
            about = [step for step in self.focus if set(step.procedures) & set(condition.verbs)]
            if about:
                return about
        return self.focus

    def _paying(self, clause: Clause) -> bool:
        """A clause about nothing but how to pay."""
        cursor = self.cursor
        if not cursor.any(clause.start, clause.end, "pay", "original", "id", "other") or cursor.any(
            clause.start, clause.end, "head", "value"
        ):
            return False
        place = next(
            (at for at in range(clause.start, clause.end) if self._pay_at(at, clause.end)),
            -1,
        )
        if place < 0:
            return False
        cursor.enter(place, clause.end)
        pays = read_pay(cursor)
        if not pays:
            return False
        self._apply_pays(pays)
        cursor.take_all(clause.start, clause.end)
        return True

    def _pay_at(self, at: int, end: int) -> bool:
        self.cursor.enter(at, end)
        return starts_pay(self.cursor)

    def _apply_pays(self, pays: list[Pay]) -> None:
        """To the steps of this sentence; else to all. Under "if that is not possible" as the next alternative."""
        condition = self.condition
        here = [step for step in self.focus if step.sentence == self.sentence]
        for step in here or self.plan.steps:
            if condition is not None and condition.kind == "fails":
                step.pays = [*(step.pays or self.plan.pays), *pays]
            elif self.revising or not step.pays or (condition is not None and condition.kind == "asked_to_confirm"):
                step.pays = list(pays)
        if not here or not self.plan.steps:
            add = condition is not None and condition.kind == "fails"
            self.plan.pays = [*self.plan.pays, *pays] if add else list(pays)

    def _describing(self, clause: Clause) -> bool:
        """Nothing but options, likeness or preference: it goes on about the goods spoken of last."""
        cursor = self.cursor
        if not cursor.any(clause.start, clause.end, "value", "part", "same", "prefer", "rest", "dont_care",
        "cheapest", "dearest",
                          "graded", "option", "literal"):  # fmt: skip
            return False
        items = self._described_items(clause)
        if not items:
            return False
        return self._describe(clause, items)

    def _described_items(self, clause: Clause) -> list[Item]:
        heads = {
            one for found in self.cursor.payloads(clause.start, clause.end, "head") for ids in found for one in ids
        }
        every = [item for step in self.plan.steps for item in step.items]
        if heads:
            return [item for item in every if set(item.ref.heads) & heads][-1:]
        if self.condition is not None and self.condition.refs:
            named = {head for ref in self.condition.refs for head in ref.heads}
            about = [item for item in every if set(item.ref.heads) & named]
            if about:
                return about[-1:]
        return [item for step in self.focus[-1:] for item in step.items][-1:]
