"""Steps on whole orders and on addresses: which orders they mean, and what they come to."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import msgspec

from proofdesk.core.records import Order, Records
from proofdesk.language.reading.plan.values import Item, Plan, Step
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.resolve.goods import Goods, Place
from proofdesk.language.reading.resolve.outcome import Effect, Failed, Unclear
from proofdesk.language.reading.resolve.ways import Ways
from proofdesk.language.reading.slots import same_address, shown_address


class Wholes(ABC):
    records: Records
    profiles: Mapping[str, Profile]
    goods: Goods
    ways: Ways
    seen: list[str]
    frozen: dict[str, str]
    plan: Plan

    @abstractmethod
    def _places(
        self, item: Item, own: Sequence[Profile], family: Sequence[Profile], taken: Mapping[str, set[int]]
    ) -> list[Place] | Failed | Unclear:
        """The lines an item means."""

    def statuses(self, shapes: Sequence[Profile]) -> frozenset[str]:
        return frozenset(status for shape in shapes for status in shape.serves.get("order", ()))

    def whole(self, step: Step, shapes: Sequence[Profile]) -> list[Effect] | Failed | Unclear:
        shape = shapes[0]
        slot = shape.slot_of("order")
        statuses = self.statuses(shapes)
        orders = self._orders(step, statuses)
        if isinstance(orders, Failed | Unclear):
            return orders
        effects = []
        for order in orders:
            if statuses and order.status not in statuses:
                return Failed(kind="not_possible", why=f"order {order.id} is {order.status}")
            if order.id in self.frozen:
                return Failed(kind="not_possible", why=f"order {order.id} was changed")
            effect = Effect(procedure=shape.procedure, order=order.id if slot else "", start=step.start, end=step.end)
            problem = self._enums(step, shape, effect)
            if problem is None and shape.slot_of("method"):
                problem = self._pay_whole(step, effect, order)  # type: ignore[assignment]
            if problem is not None:
                return problem
            effects.append(effect)
        return effects

    def _pay_whole(self, step: Step, effect: Effect, order: Order) -> Failed | Unclear | None:
        shape = self.profiles[effect.procedure]
        found = self.ways.method(step.pays, order, "", shape.slots[shape.slot_of("method")], order.total_minor)
        if isinstance(found, Failed | Unclear):
            return found
        effect.method, effect.method_rule = found[0].id, found[1]
        return None

    def _orders(self, step: Step, statuses: frozenset[str]) -> list[Order] | Failed | Unclear:
        found: dict[str, Order] = {}
        for ref in step.orders:
            orders = self.goods.orders_of(ref, statuses, self.seen)
            if len(orders) > 1 and not ref.every:
                return Unclear(
                    kind="ambiguous",
                    slot="order",
                    question="Which order do you mean?",
                    options=tuple(o.id for o in orders),
                )
            found.update((order.id, order) for order in orders)
        if step.items:
            whole = self._made_of(step, statuses)
            if isinstance(whole, Failed | Unclear):
                return whole
            found.update((order.id, order) for order in whole)
        if not found:
            return Unclear(kind="missing", slot="order", question="Which order do you mean?")
        return list(found.values())

    def _made_of(self, step: Step, statuses: frozenset[str]) -> list[Order] | Failed | Unclear:
        """The orders the named goods make up entirely; naming a part never means the whole."""
        places: dict[str, set[int]] = {}
        for item in step.items:
            lines = self.goods.lines_of(item.ref, statuses, places, self.seen)
            if isinstance(lines, Failed):
                lines = self._places(item, [], [], {})
            if isinstance(lines, Failed | Unclear):
                return lines
            for order, at in lines:
                places.setdefault(order, set()).add(at)
        if any(len(at) < len(self.goods.orders[order].lines) for order, at in places.items()) and not step.whole:
            return Failed(kind="part", why="only a whole order can be handled so")
        return [self.goods.orders[order] for order in places]

    def _enums(self, step: Step, shape: Profile, effect: Effect) -> Unclear | None:
        for name, slot in shape.slots.items():
            if slot.type != "enum":
                continue
            said = _said(step.reasons, shape, name)
            if not said and not step.told:
                said = _said(self.plan.reasons, shape, name)
            if not said and slot.otherwise and self.plan.reason_given:
                said = [slot.otherwise]
            if len(said) == 1:
                effect.enums[name] = said[0]
            elif not slot.optional:
                return Unclear(
                    kind="ambiguous" if said else "missing", slot=name, question=slot.ask, options=tuple(slot.values)
                )
        return None

    def addresses(self, step: Step, shapes: Sequence[Profile]) -> list[Effect] | Failed | Unclear:
        assert step.address is not None
        statuses = self.statuses(shapes)
        address = self.ways.address(step.address)
        if isinstance(address, Failed | Unclear):
            return address
        orders: list[Order] = []
        for ref in step.orders:
            found = self.goods.orders_of(ref, statuses, self.seen)
            if len(found) > 1 and not ref.every:
                found = [one for one in found if one.address is None or not same_address(one.address, address)]
            if not found or (len(found) > 1 and not ref.every):
                return Unclear(kind="ambiguous", slot="order", question="Which order do you mean?")
            orders += [order for order in found if order not in orders]
        if not step.orders and any(shape.slot_of("order") for shape in shapes):
            orders = [order for order in self.records.orders if order.status in statuses]
            if len(orders) > 1:
                orders = [one for one in orders if one.address is None or not same_address(one.address, address)]
            if len(orders) != 1:
                return Unclear(kind="ambiguous", slot="order", question="Which order do you mean?")
        value = msgspec.to_builtins(address)
        effects = []
        for shape in shapes:
            wanted: Sequence[Order | None] = orders if shape.slot_of("order") else [None]
            effects += [
                Effect(
                    procedure=shape.procedure,
                    order=order.id if order else "",
                    address=value,
                    address_shown=shown_address(address),
                    start=step.start,
                    end=step.end,
                )
                for order in wanted
            ]
        return effects


def _said(reasons: Sequence[tuple[str, str, str]], shape: Profile, slot: str) -> list[str]:
    return list(dict.fromkeys(value for name, one, value in reasons if (name, one) == (shape.procedure, slot)))
