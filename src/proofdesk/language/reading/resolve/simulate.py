"""Tries a plan on a copy of the records: each step in its order, alternatives where it fails, guards as they
turn out.
"""

from collections.abc import Mapping, Sequence

import msgspec

from proofdesk.core.records import Order, Records
from proofdesk.language.reading.plan.values import Change, Item, OrderRef, Pay, Plan, Ref, Step
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.resolve.choose import Chooser
from proofdesk.language.reading.resolve.goods import Goods, Place
from proofdesk.language.reading.resolve.outcome import Effect, Failed, Unclear
from proofdesk.language.reading.resolve.ways import Ways
from proofdesk.language.reading.resolve.wholes import Wholes
from proofdesk.language.reading.variants import products_by_id

MAX_DEPTH = 6


class Simulation(Wholes):
    def __init__(
        self, records: Records, profiles: Mapping[str, Profile], goods: Goods, chooser: Chooser, ways: Ways
    ) -> None:
        self.records = records
        self.profiles = profiles
        self.goods = goods
        self.chooser = chooser
        self.ways = ways
        self.products = products_by_id(records.products)
        self.effects: list[Effect] = []
        self.taken: dict[str, set[int]] = {}
        self.frozen: dict[str, str] = {}
        """Order -> the procedure that has used it up."""
        self.seen: list[str] = []
        self.spoken = ""
        """The order of the goods spoken of last."""
        self.done: dict[int, bool] = {}
        self.notes: list[tuple[Step, str]] = []
        self.human = False
        self.plan = Plan()

    def run(self, plan: Plan) -> Unclear | None:
        """The first thing that cannot be decided; None where every step came to effects or to nothing."""
        self.plan = plan
        for step in plan.steps:
            problem = self._settle(step, 0)
            if problem is not None:
                return problem
        return None

    def _settle(self, step: Step, depth: int) -> Unclear | None:
        if step.mood != "asserted" or (step.after is not None and not self.done.get(id(step.after))):
            self.notes.append((step, "not wished" if step.mood != "asserted" else "its condition does not hold"))
            return None
        tried = self._try(step)
        if isinstance(tried, Unclear):
            return tried
        if not isinstance(tried, Failed):
            for effect in tried:
                self._commit(effect)
            self.done[id(step)] = True
            self.notes.append((step, "done"))
            return None
        self.notes.append((step, tried.why))
        if step.guard == "human":
            self.human = True
            return None
        if step.instead and depth < MAX_DEPTH:
            for other in step.instead:
                problem = self._settle(_complete(other, step), depth + 1)
                if problem is not None:
                    return problem
            return None
        if step.give_up or (step.part_only and tried.kind == "part"):
            return None
        return Unclear(
            kind="unsupported", slot="", question=f"That is not possible: {tried.why}. What should happen instead?"
        )

    def _commit(self, effect: Effect) -> None:
        self.effects.append(effect)
        if not effect.order:
            return
        self.seen.append(effect.order)
        if effect.lines or effect.changes or not (effect.method or effect.address):
            self.frozen.setdefault(effect.order, effect.procedure)
        self.taken.setdefault(effect.order, set()).update([*effect.lines, *(at for at, _ in effect.changes)])
        if effect.method:
            self.ways.spend(effect.method, self._due(effect))

    # -- one step --------------------------------------------------------------------------------------------------

    def _try(self, step: Step) -> list[Effect] | Failed | Unclear:
        shapes = [self.profiles[name] for name in step.procedures]
        if not shapes:  # this company has no procedure that does it
            return Unclear(kind="unsupported", slot="", question="")
        if step.address is not None:
            return self.addresses(step, shapes)
        if any(shape.slot_of("lines", "line_changes") for shape in shapes):
            return self._goods(step)
        return self.whole(step, shapes)

    def _family(self, step: Step) -> list[Profile]:
        """The procedures a step may come to: those of its verb and, of those that change goods, the others that
        do so.
        """
        own = [self.profiles[name] for name in step.procedures]
        if any(shape.slot_of("line_changes") for shape in own):
            own += [s for s in self.profiles.values() if s.slot_of("line_changes") and s not in own]
        return own

    def _goods(self, step: Step) -> list[Effect] | Failed | Unclear:
        family = self._family(step)
        own = [self.profiles[name] for name in step.procedures]
        if not step.items and len(step.orders) >= 1:
            items = [Item(ref=Ref(everything=True, order=order)) for order in step.orders]
        else:
            items = step.items
        if not items:
            return Unclear(kind="missing", slot="items", question="Which items?")
        items = self._in_one_order(items)
        found: list[tuple[Item, list[Place]]] = []
        taken = {order: set(places) for order, places in self.taken.items()}
        for item in items:
            places = self._places(item, own, family, taken)
            if isinstance(places, Failed) and item.give_up:
                continue
            if isinstance(places, Failed | Unclear):
                return places
            for order, at in places:
                taken.setdefault(order, set()).add(at)
                self.spoken = order
            found.append((item, places))
        return self._effects(step, family, found)

    def _in_one_order(self, items: Sequence[Item]) -> list[Item]:
        """ "… in the same order": the order spoken of last, or for several goods the one that holds them all."""
        if not any(item.ref.same_order for item in items):
            return list(items)
        holding = [
            order.id for order in self.records.orders
            if len(items) > 1 and all(any(self.goods.fits(line, item.ref) for line in order.lines) for item in items)
        ]  # fmt: skip
        one = holding[0] if len(holding) == 1 else self.spoken
        named = OrderRef(ids=[one]) if one else OrderRef(digits="?")
        return [
            msgspec.structs.replace(
                item,
                ref=msgspec.structs.replace(
                    item.ref, order=item.ref.order if item.ref.order and item.ref.order.ids else named
                ),
            )
            for item in items
        ]

    def _places(
        self, item: Item, own: Sequence[Profile], family: Sequence[Profile], taken: Mapping[str, set[int]]
    ) -> list[Place] | Failed | Unclear:
        """By the verb's own statuses first; where nothing fits, by those of its family, then by any (and so
        refused).
        """
        tried: list[Place] | Failed | Unclear = Failed(kind="goods", why="nothing there")
        for statuses in (self.statuses(own), self.statuses(family)):
            tried = self.goods.lines_of(item.ref, statuses, taken, self.seen)
            if not isinstance(tried, Failed):
                return tried
        anywhere = self.goods.lines_of(item.ref, frozenset(o.status for o in self.records.orders), taken, self.seen)
        if isinstance(anywhere, list):
            return Failed(kind="not_possible", why="not in that state of the order")
        return Unclear(kind="missing", slot="items", question=f"Which {item.ref.text or 'item'}?")

    def _effects(
        self, step: Step, family: Sequence[Profile], found: Sequence[tuple[Item, list[Place]]]
    ) -> list[Effect] | Failed | Unclear:
        grouped: dict[str, Effect] = {}
        for item, places in found:
            for order_id, at in places:
                order = self.goods.orders[order_id]
                shape = self._shape(order, family)
                if shape is None:
                    return Failed(kind="not_possible", why=f"order {order_id} is {order.status}")
                used = self.frozen.get(order_id)
                if used is not None and used != shape.procedure:
                    return Failed(kind="not_possible", why=f"order {order_id} can be changed only once")
                effect = grouped.setdefault(
                    f"{order_id} {shape.procedure}", Effect(procedure=shape.procedure, order=order_id)
                )
                effect.start, effect.end = step.start, step.end
                problem = self._line(effect, item, (order_id, at), shape)
                if isinstance(problem, Unclear):
                    return problem
                if isinstance(problem, Failed) and not item.give_up:
                    return problem
        effects = [effect for effect in grouped.values() if effect.lines or effect.changes]
        if not effects:
            return Failed(kind="change", why="nothing of it can be had")
        for effect in effects:
            problem2 = self._pay(step, effect)
            if problem2 is not None:
                return problem2
        return effects

    def _shape(self, order: Order, family: Sequence[Profile]) -> Profile | None:
        serving = [s for s in family if order.status in s.serves.get("order", (order.status,))]
        return serving[0] if serving else None

    def _line(self, effect: Effect, item: Item, place: Place, shape: Profile) -> Failed | Unclear | None:
        if not shape.slot_of("line_changes"):
            effect.lines.append(place[1])
            return None
        line = self.goods.line(place)
        product = self.products.get(line.product_id)
        changes = [change for change in (item.change, *item.instead) if change is not None]
        if product is None or not changes or changes[0].empty():
            return Unclear(kind="missing", slot="changes", question=f"What should the {line.name} become?")
        last: Failed | None = None
        for change in changes:
            like = self._like(change, place)
            if isinstance(like, Unclear):
                return like
            chosen = self.chooser.choose(product, line, change, self.goods.line(like) if like is not None else None)
            if isinstance(chosen, Unclear):
                return chosen
            if not isinstance(chosen, Failed):
                effect.changes.append((place[1], chosen.id))
                return None
            last = chosen
        return last

    def _like(self, change: Change, place: Place) -> Place | Unclear | None:
        if change.like is None:
            return None
        line = self.goods.line(place)
        ref = change.like
        if not ref.heads:
            ref = msgspec.structs.replace(ref, heads=(line.product_id,))
        statuses = frozenset(order.status for order in self.records.orders)
        found = self.goods.lines_of(ref, statuses, {place[0]: {place[1]}}, [place[0]])
        if isinstance(found, list) and len(found) == 1:
            return found[0]
        return Unclear(kind="ambiguous", slot="changes", question=f"Which {line.name} should it be like?")

    def _pay(self, step: Step, effect: Effect) -> Failed | Unclear | None:
        shape = self.profiles[effect.procedure]
        name = shape.slot_of("method")
        if not name:
            return None
        order = self.goods.orders[effect.order]
        current = next(
            (
                e.method
                for e in reversed(self.effects)
                if e.order == order.id and e.method and not (e.lines or e.changes)
            ),
            (order.method_ids or ("",))[0],
        )
        pays: Sequence[Pay] = step.pays or self.plan.pays
        found = self.ways.method(pays, order, current, shape.slots[name], self._due(effect))
        if isinstance(found, Failed | Unclear):
            return found
        effect.method, effect.method_rule = found[0].id, found[1]
        return None

    def _due(self, effect: Effect) -> int:
        """What the requester has to pay for the changes, in minor units; below zero it comes back."""
        order = self.goods.orders[effect.order]
        due = 0
        for at, variant_id in effect.changes:
            product = self.products[order.lines[at].product_id]
            due += next(v.price_minor for v in product.variants if v.id == variant_id) - order.lines[at].price_minor
        return due


def _complete(other: Step, failed: Step) -> Step:
    """What an alternative leaves open it takes from the step it stands in for."""
    changed: dict[str, object] = {}
    bare = [
        ref
        for ref in other.orders
        if not (ref.ids or ref.statuses or ref.places or ref.contains or ref.every or ref.other)
    ]
    if bare and failed.items and not other.items:
        changed |= {"orders": [], "items": failed.items, "whole": True}
    elif not other.orders and not other.items:
        changed["items"] = failed.items
    if not other.pays:
        changed["pays"] = failed.pays
    if not other.reasons:
        changed["reasons"] = failed.reasons
    return msgspec.structs.replace(other, **changed) if changed else other
