"""Gives what was just read its place in the plan: a new step, an alternative, a restriction, a revision."""

from abc import abstractmethod

from proofdesk.language.reading.plan.acting import Acting, merged
from proofdesk.language.reading.plan.clauses import Clause
from proofdesk.language.reading.plan.values import Change, Constraint, Item, Pay, Step

MAX_STEPS = 20


class Placing(Acting):
    spoken: list[Item]
    """Goods a story spoke of."""
    fallback: list[Step]
    """The steps in whose place the consequents of the present condition are done."""

    @abstractmethod
    def _heeding(self) -> list[Step]:
        """The steps the present condition is about."""

    @abstractmethod
    def _trouble(self, rule: str, clause: Clause) -> None:
        """Note what was recognised but cannot be read with certainty."""

    def _place(self, step: Step, clause: Clause, *, only: bool) -> None:  # noqa: PLR0911 - one line a case
        condition = self.condition
        kind = condition.kind if condition is not None else ""
        self._refer(step)
        if step.mood == "question":
            self.plan.queries.append((clause.start, clause.end))
            return
        if kind in ("unknown", "price"):
            self._trouble(kind, clause)
            return
        if kind == "fails":
            self._place_instead(step, only)
            return
        if step.mood == "retracted":
            self._take_back(step)
            return
        if only and (kind == "asked_to_confirm" or self.revising):
            self._restrict(step)
            return
        if kind == "done":
            self._depend(step, clause)
        if self._repeats(step):
            return
        adding = "also" in clause.lead or self.cursor.any(clause.start, clause.end, "also")
        if step.address is not None and step.address.previous:
            self._restore(step)
            return
        if kind == "possible" and self._prefers(step):
            return
        if (self.revising or kind == "asked_to_confirm") and not adding and self._supersede(step):
            return
        if len(self.plan.steps) >= MAX_STEPS:
            self._trouble("too_many", clause)
            return
        changing = any(self.profiles[name].slot_of("line_changes") for name in step.procedures)
        bare = changing and not any(
            item.ref.heads or item.ref.line_id or item.ref.everything or item.change for item in step.items
        )
        if (bare or not (step.items or step.orders or step.address)) and self._completes(step):
            return
        if self.focus and self.focus[-1].sentence == step.sentence:
            self.focus = [*self.focus, step]
        else:
            self.focus = [step]
        self._describe_again(step)
        self.plan.steps.append(step)

    def _restore(self, step: Step) -> None:
        """ "… back to the original address": the change of that address is taken back."""
        for earlier in self.plan.steps:
            if earlier.address is None or earlier.mood != "asserted":
                continue
            kept = tuple(n for n in earlier.procedures if bool(self.profiles[n].slot_of("order")) == step.account)
            earlier.procedures = kept
            earlier.account = earlier.account and not step.account
            if not kept:
                earlier.mood = "retracted"

    def _prefers(self, step: Step) -> bool:
        """ "Return A. If possible, exchange it": the second comes first, the first where it is not possible."""
        heads = {head for item in step.items for head in item.ref.heads}
        for number, earlier in enumerate(self.plan.steps):
            mine = {head for item in earlier.items for head in item.ref.heads}
            if heads and mine == heads and not set(earlier.procedures) & set(step.procedures):
                step.instead = [earlier]
                self.plan.steps[number] = step
                self.focus = [step if one is earlier else one for one in self.focus]
                return True
        return False

    def _repeats(self, step: Step) -> bool:
        """The same goods for the same purpose once more, with nothing new said about them."""
        if not step.items or any(item.change is not None or item.ref.source for item in step.items):
            return False
        for earlier in self.plan.steps:
            mine = {head for item in earlier.items for head in item.ref.heads}
            said = {head for item in step.items for head in item.ref.heads}
            if set(earlier.procedures) == set(step.procedures) and said and said <= mine and earlier.mood == "asserted":
                earlier.pays = step.pays or earlier.pays
                return not any(item.ref.rank or item.ref.count for item in step.items)
        return False

    def _describe_again(self, step: Step) -> None:
        """ "I want to exchange A and B. I want to exchange A to …": the second one says what the first one left
        open.
        """
        heads = {item.ref.heads for item in step.items if item.change is not None}
        for earlier in self.plan.steps:
            if set(earlier.procedures) & set(step.procedures) and heads:
                earlier.items = [
                    item for item in earlier.items if item.change is not None or item.ref.heads not in heads
                ]
        self.plan.steps = [one for one in self.plan.steps if one.items or one.orders or one.address is not None]

    def _depend(self, step: Step, clause: Clause) -> None:
        """ "If the tablet is returned, also …": only if that step is carried out."""
        assert self.condition is not None
        heads = {head for ref in self.condition.refs for head in ref.heads}
        about = [one for one in self.plan.steps if any(set(item.ref.heads) & heads for item in one.items)]
        step.after = about[-1] if about else None
        if step.after is None:
            self._trouble("done", clause)

    def _completes(self, step: Step) -> bool:
        """A verb without anything of its own goes on about the step before it."""
        for earlier in reversed(self.plan.steps):
            if set(earlier.procedures) & set(step.procedures):
                earlier.reasons += step.reasons
                earlier.pays = step.pays or earlier.pays
                return True
        return False

    def _place_instead(self, step: Step, only: bool) -> None:
        targets = self.fallback or [last_of(one) for one in self._heeding()]
        self.fallback = targets
        if step.mood == "retracted":
            for one in targets:
                one.give_up = True
            return
        heads = {head for item in step.items for head in item.ref.heads}
        for one in targets:
            mine = {head for item in one.items for head in item.ref.heads}
            if only and heads and heads < mine and set(step.procedures) & set(one.procedures):
                for item in one.items:
                    item.give_up = not set(item.ref.heads) & heads
            else:
                one.instead = [*one.instead, step]

    def _take_back(self, step: Step) -> None:
        """ "do not cancel …": a request for it is taken back; without one it only forbids."""
        heads = {head for item in step.items for head in item.ref.heads}
        for earlier in self.plan.steps:
            same = set(earlier.procedures) & set(step.procedures)
            mine = {head for item in earlier.items for head in item.ref.heads}
            if same and (not heads or heads & mine):
                if heads and mine - heads:
                    earlier.items = [item for item in earlier.items if not set(item.ref.heads) & heads]
                else:
                    earlier.mood = "retracted"

    def _restrict(self, step: Step) -> None:
        """ "only exchange the lamp": of the same kind of steps nothing else is left."""
        heads = {head for item in step.items for head in item.ref.heads}
        found = False
        for earlier in self.plan.steps:
            if not set(earlier.procedures) & set(step.procedures):
                continue
            kept = [item for item in earlier.items if set(item.ref.heads) & heads]
            found = found or bool(kept)
            earlier.items = kept
            if not kept:
                earlier.mood = "retracted"
        if not found:
            self.plan.steps.append(step)

    def _supersede(self, step: Step) -> bool:
        for number, earlier in enumerate(self.plan.steps):
            if not set(earlier.procedures) & set(step.procedures) or earlier.mood != "asserted":
                continue
            mine = {head for item in earlier.items for head in item.ref.heads}
            heads = {head for item in step.items for head in item.ref.heads}
            if heads and mine and heads != mine:
                continue
            if step.address is not None and (earlier.account, bool(earlier.orders)) != (
                step.account,
                bool(step.orders),
            ):
                continue
            step.reasons = step.reasons or earlier.reasons
            self.plan.steps[number] = step
            self.focus = [step if one is earlier else one for one in self.focus]
            return True
        return False

    def _refer(self, step: Step) -> None:
        """Pronouns and thing words take the goods spoken of before."""
        known = [*self.spoken]
        known += [
            item
            for one in self.focus
            for item in one.items
            if item.ref.heads or item.ref.line_id or item.ref.everything
        ]
        resolved: list[Item] = []
        for item in step.items:
            ref = item.ref
            if not ref.pronoun or ref.heads or ref.line_id:
                resolved.append(item)
                if ref.heads:
                    known = [*known, item]
                continue
            many = self.cursor.texts(ref.start, ref.end) & {
                "them",
                "they",
                "these",
                "those",
                "these two",
                "items",
                "things",
                "these items",
                "those items",
            }
            if not known:
                orders = [order for one in self.focus[-1:] for order in one.orders]
                ref.order = ref.order or (orders[0] if len(orders) == 1 else None)
                resolved.append(item)
            elif many or ref.count:
                resolved += [Item(ref=one.ref, change=item.change) for one in known]
            else:
                last = known[-1]
                ref.heads, ref.text, ref.line_id = (
                    last.ref.heads,
                    last.ref.text,
                    last.ref.line_id if not ref.rank else "",
                )
                if not ref.rank:
                    ref.source = [*last.ref.source, *ref.source]
                    ref.literal = ref.literal or last.ref.literal
                    ref.rank = last.ref.rank
                elif last in self.spoken:
                    ref.source = [*last.ref.source, *ref.source]
                ref.order = ref.order or last.ref.order
                resolved.append(item)
        step.items = resolved

    # -- descriptions that stand apart -----------------------------------------------------------------------------

    def _describe(self, clause: Clause, items: list[Item]) -> bool:
        cursor = self.cursor
        item = items[-1]
        kind = self.condition.kind if self.condition is not None else ""
        changing = item.change is not None or any(
            self.profiles[name].slot_of("line_changes")
            for step in self.plan.steps
            if item in step.items
            for name in step.procedures
        )
        if kind == "unknown":
            self._trouble("unknown", clause)
            return True
        negated = cursor.peek().has("negation")
        while cursor.more() and cursor.peek().has("say"):
            cursor.take()
        change = self.changes.read(item.ref.heads)
        step = next((one for one in self.plan.steps if item in one.items), None)
        if self.changes.pays:
            self._apply_pays(self.changes.pays)
            self.changes.pays = []
        if negated and not change.hard:
            self._trouble("negated", clause)
        if (kind == "asked" and not change.prefs) or not changing:
            if not change.hard and not change.price:
                return False
            item.ref.source += change.hard
            item.ref.rank = item.ref.rank or change.price
        elif kind == "fails" and (change.hard or change.variant_id or change.literal or change.price):
            item.instead.append(self._alternative(item, change))
        elif kind in ("possible", "several"):
            prefs = [*change.prefs, *([one] for one in change.hard)]
            item.change = merged(item.change, Change(prefs=prefs, price=change.price, keep=change.keep))
        else:
            old = item.change
            if self.revising and old is not None:
                old = without(old, change)
            item.change = merged(old, change)
        if step is not None and cursor.more():
            cursor.skip()
        return True

    def _alternative(self, item: Item, change: Change) -> Change:
        base = item.instead[-1] if item.instead else item.change
        if base is None or (base.identical and not base.hard) or base.foreign:
            return change
        return merged(without(base, change), change)

    @abstractmethod
    def _apply_pays(self, pays: list[Pay]) -> None:
        """Give ways to pay to the steps they belong to."""


def without(old: Change, new: Change) -> Change:
    """`old` without what `new` says about the same options."""
    said = {option for one in new.hard for option in options_of(one)}
    hard = [one for one in old.hard if not options_of(one) & said]
    return Change(
        hard=hard, prefs=[] if new.prefs else old.prefs, price=old.price, keep=old.keep, literal=old.literal,
        variant_id=old.variant_id, like=old.like, cheaper=old.cheaper,
    )  # fmt: skip


def options_of(one: Constraint) -> set[str]:
    return {sense.option for sense in one.senses} | set(one.options)


def last_of(step: Step) -> Step:
    while step.instead:
        step = step.instead[-1]
    return step
