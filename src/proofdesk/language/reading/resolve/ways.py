"""Ways to pay and addresses: which of the requester's methods or known addresses is meant, and whether it is
allowed.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from proofdesk.core.records import Address as Postal
from proofdesk.core.records import Method, Order, Records
from proofdesk.language.reading.addresses import Written
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.plan.values import Address, Pay
from proofdesk.language.reading.profile import SlotProfile
from proofdesk.language.reading.resolve.goods import Goods
from proofdesk.language.reading.resolve.outcome import Failed, Unclear
from proofdesk.language.reading.slots import _literal_address, same_address

_HOUSE = re.compile(r"^\s*\d+\s+")


class Ways:
    def __init__(
        self,
        records: Records,
        goods: Goods,
        doc: Document,
        written: Sequence[Written],
        regions: Mapping[str, str],
    ) -> None:
        self.records = records
        self.goods = goods
        self.doc = doc
        self.written = written
        self.regions = regions
        self.balances = {m.id: m.balance_minor for m in records.requester.methods if m.balance_minor is not None}

    def method(
        self, pays: Sequence[Pay], order: Order, current: str, slot: SlotProfile, due_minor: int
    ) -> tuple[Method, str] | Failed | Unclear:
        """The first way said that is allowed and covers what is due; unsaid, the one that pays for the order."""
        original = (order.method_ids or ("",))[0]
        if slot.stated and not pays:
            own = tuple(method.id for method in self.records.requester.methods)
            return Unclear(kind="missing", slot="method", question=slot.ask or "Which payment method?", options=own)
        last: Failed | Unclear | None = None
        for pay in pays or [Pay(kind="original")]:
            found = self._named(pay, order, original if pays else current)
            if isinstance(found, Unclear):
                return found
            problem = self._problem(found, original, slot, due_minor) if isinstance(found, Method) else found
            if isinstance(found, Method) and problem is None:
                return found, "method_named" if pays else "method_of_order"
            last = problem
        return last or Failed(kind="pay", why="no way to pay")

    def _problem(self, method: Method, original: str, slot: SlotProfile, due_minor: int) -> Failed | None:
        allowed = not slot.allow or method.kind in slot.allow or ("original" in slot.allow and method.id == original)
        if not allowed:
            return Failed(kind="pay", why=f"{method.kind} is not possible here")
        balance = self.balances.get(method.id)
        if balance is not None and balance < due_minor:
            return Failed(kind="pay", why="the balance does not cover it")
        return None

    def _named(self, pay: Pay, order: Order, original: str) -> Method | Failed | Unclear:
        own = self.records.requester.methods
        if pay.kind == "original":
            found = [method for method in own if method.id == original]
        elif pay.kind == "swapped":
            others = {one for other in self.records.orders if other.id != order.id for one in other.method_ids[:1]}
            found = [method for method in own if method.id in others]
        elif pay.kind == "other":
            found = [
                m for m in own if m.id != original and m.kind == next((o.kind for o in own if o.id == original), "")
            ]
            if len(own) != 2 or len(found) != 1:
                return Unclear(
                    kind="ambiguous", slot="method", question="Which payment method?", options=tuple(m.id for m in own)
                )
        else:
            found = [method for method in own if all(_has(method, what, value) for what, value in pay.facts)]
        if not found:
            return Failed(kind="pay", why="no such payment method on file")
        if len(found) > 1:
            first = [method for method in found if method.id == original]
            return (
                Unclear(
                    kind="ambiguous",
                    slot="method",
                    question="Which payment method?",
                    options=tuple(m.id for m in found),
                )
                if not first
                else first[0]
            )
        return found[0]

    def spend(self, method: str, due_minor: int) -> None:
        if method in self.balances:
            self.balances[method] = (self.balances[method] or 0) - due_minor

    # -- addresses -------------------------------------------------------------------------------------------------

    def address(self, said: Address) -> Postal | Failed | Unclear:
        """The one address meant, from the message or the requester's records."""
        unclear = Unclear(kind="ambiguous", slot="address", question="What is the full address?")
        if said.literal >= 0:
            literal, _ = _literal_address(self.doc, said.literal)
            return literal or unclear
        if said.written >= 0:
            whole = self._completed(self.written[said.written].address)
            home = self.records.requester.address
            lacks = home is not None and ((home.region and not whole.region) or (home.country and not whole.country))
            return unclear if lacks else whole
        if said.order is not None:
            found = [o.address for o in self.goods.orders_of(said.order, _every(self.records)) if o.address is not None]
            return _only(found) or unclear
        home = self.records.requester.address
        if said.account:
            if home is None or (said.places and not ({home.city, home.region} & set(said.places))):
                return unclear
            return home
        known = [order.address for order in self.records.orders if order.address is not None]
        known += [home] if home is not None else []
        if not said.places:
            return unclear
        return _only([one for one in known if {one.city, one.region} & set(said.places)]) or unclear

    def _completed(self, written: Postal) -> Postal:
        """State and country of another address of the requester in that city, where the message leaves them out."""
        known = [order.address for order in self.records.orders if order.address is not None]
        known += [self.records.requester.address] if self.records.requester.address is not None else []
        regions = {one.region for one in known if one.city.casefold() == written.city.casefold()}
        countries = {one.country for one in known}
        return msgspec.structs.replace(
            written,
            region=written.region or (regions.pop() if len(regions) == 1 else self.regions.get(written.city, "")),
            country=written.country or (countries.pop() if len(countries) == 1 else ""),
        )


def _every(records: Records) -> frozenset[str]:
    return frozenset(order.status for order in records.orders)


def _only(found: Sequence[Postal]) -> Postal | None:
    return found[0] if found and all(same_address(found[0], one) for one in found[1:]) else None


def _has(method: Method, what: str, value: str) -> bool:
    facts: Mapping[str, str] = {"id": method.id, "kind": method.kind, "brand": method.brand, "last4": method.last4}
    return facts[what] == value
