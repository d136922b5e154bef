"""Finds the orders and lines a reference means among the requester's own records."""

from collections.abc import Mapping, Sequence

from proofdesk.core.records import Line, Order, Records
from proofdesk.language.reading.plan.values import Constraint, OrderRef, Ref
from proofdesk.language.reading.resolve.choose import Chooser
from proofdesk.language.reading.resolve.outcome import Failed, Unclear
from proofdesk.language.reading.tokens import phrase

Place = tuple[str, int]
"""Order id and position of the line."""


class Goods:
    def __init__(self, records: Records, chooser: Chooser) -> None:
        self.records = records
        self.chooser = chooser
        self.orders = {order.id: order for order in records.orders}

    def orders_of(self, ref: OrderRef | None, statuses: frozenset[str], seen: Sequence[str] = ()) -> list[Order]:
        """Every order that fits; statuses count where the reference names neither id nor status."""
        found = list(self.orders.values())
        if ref is None:
            return [order for order in found if order.status in statuses]
        if ref.ids:
            return [self.orders[one] for one in dict.fromkeys(ref.ids)]
        if ref.digits:
            return [order for order in found if order.id.endswith(ref.digits)]
        said = [status for status in ref.statuses if any(order.status == status for order in found)]
        found = [o for o in found if (o.status in said if ref.statuses else o.status in statuses)]
        if ref.places:
            found = [order for order in found if _is_at(order, ref.places)]
        for other in ref.contains:
            found = [order for order in found if any(self.fits(line, other) for line in order.lines)]
        if ref.other and len(found) > 1:
            found = [order for order in found if order.id not in seen] or found
        return found

    def lines_of(  # noqa: PLR0911 - one line a case
        self, ref: Ref, statuses: frozenset[str], taken: Mapping[str, set[int]], seen: Sequence[str]
    ) -> list[Place] | Failed | Unclear:
        """The lines `ref` means. `taken`: lines other references of this message mean; `seen`: orders named so far."""
        name = ref.text or "item"
        of_order = ref.order is not None and bool(ref.order.ids or ref.order.statuses or ref.order.places)
        if not (ref.heads or ref.line_id or ref.source or ref.everything or ref.literal is not None or of_order):
            return Unclear(kind="missing", slot="items", question="Which item do you mean?")
        orders = self.orders_of(ref.order, statuses, seen)
        if ref.order is not None and ref.order.digits and not orders:
            return Unclear(kind="missing", slot="order", question="Which order do you mean?")
        if ref.order is not None and not orders and not (ref.order.ids or ref.order.contains):
            return Failed(kind="goods", why=f"no order with that {name}")
        kept_out = {place for one in ref.excluded for place in self._all(one, orders, {})}
        if ref.excluded and not (ref.everything or ref.count == "all"):
            return Unclear(kind="ambiguous", slot="items", question="What exactly should be left out?")
        for one in ref.excluded:
            if len({self.line(place).id for place in self._all(one, orders, {})}) > 1 and not one.text.endswith("s"):
                return Unclear(kind="ambiguous", slot="items", question=f"Which {one.text} should be left out?")
        if ref.excluded and not kept_out and not self._elsewhere(ref):
            return Unclear(kind="ambiguous", slot="items", question="What exactly should be left out?")
        found = [place for place in self._all(ref, orders, taken) if place not in kept_out]
        if not found:
            return Failed(kind="goods", why=f"no {name} there")
        if ref.rank:
            return self._ranked(ref, found)
        if ref.count == "all" or ref.everything:
            return found
        if isinstance(ref.count, int) and ref.count > 1:
            return self._counted(ref, found)
        return self._single(ref, found)

    def _elsewhere(self, ref: Ref) -> bool:
        """What is kept out is none of these orders' goods, but the requester has it."""
        return all(self._all(one, list(self.orders.values()), {}) for one in ref.excluded)

    def _all(self, ref: Ref, orders: Sequence[Order], taken: Mapping[str, set[int]]) -> list[Place]:
        return [
            (order.id, place) for order in orders for place, line in enumerate(order.lines)
            if place not in taken.get(order.id, ()) and self.fits(line, ref)
        ]  # fmt: skip

    def _ranked(self, ref: Ref, found: list[Place]) -> list[Place] | Unclear:
        prices = {place: self.line(place).price_minor for place in found}
        best = max(prices.values()) if ref.rank > 0 else min(prices.values())
        first = [place for place, price in prices.items() if price == best]
        if len(found) > 1 and len(first) == 1:
            return first
        return self._single(ref, first)

    def _counted(self, ref: Ref, found: list[Place]) -> list[Place] | Unclear:
        by_order: dict[str, list[Place]] = {}
        for place in found:
            by_order.setdefault(place[0], []).append(place)
        whole = [places for places in by_order.values() if len(places) == ref.count]
        if len(whole) == 1 and len(found) == ref.count:
            return whole[0]
        if len(found) == ref.count:
            return found
        if (
            len(whole) == 1
            and all(len(p) != ref.count for p in by_order.values() if p is not whole[0])
            and not len(by_order) > 1
        ):
            return whole[0]
        return self._unclear(ref, found)

    def _single(self, ref: Ref, found: list[Place]) -> list[Place] | Unclear:
        lines = [self.line(place) for place in found]
        if len({place[0] for place in found}) == 1 and len({line.id for line in lines}) == 1:
            return found[:1]
        return self._unclear(ref, found)

    def _unclear(self, ref: Ref, found: Sequence[Place]) -> Unclear:
        options = tuple(f"{order}: {self.line((order, at)).name}" for order, at in found[:8])
        return Unclear(
            kind="ambiguous", slot="items", question=f"Which {ref.text or 'item'} do you mean?", options=options
        )

    def line(self, place: Place) -> Line:
        return self.orders[place[0]].lines[place[1]]

    def fits(self, line: Line, ref: Ref) -> bool:
        if ref.line_id and line.id != ref.line_id:
            return False
        if ref.heads and line.product_id not in ref.heads:
            return False
        options = {name.casefold(): value for name, value in line.options.items()}
        for name, value in (ref.literal or {}).items():
            if name not in options or phrase(options[name]) != phrase(value):
                return False
        return all(self._has(line, one) for one in ref.source)

    def _has(self, line: Line, one: Constraint) -> bool:
        """Whether the line is as said. What its product cannot be is not true of it."""
        senses = [sense for sense in one.senses if sense.product_id == line.product_id]
        if one.op in ("eq", "keep_value"):
            return any(line.options.get(s.option) == s.value for s in senses)
        if one.op == "ne":
            return bool(senses) and all(line.options.get(s.option) != s.value for s in senses)
        if one.op == "flag":
            value = next((line.options[o].casefold() for o in one.options if o in line.options), "")
            return value in ("yes", "true") if one.direction > 0 else value in ("no", "none", "false", "not resistant")
        return False


def _is_at(order: Order, places: Sequence[str]) -> bool:
    address = order.address
    return address is not None and any(place in (address.city, address.region) for place in places)
