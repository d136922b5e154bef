"""From frames to requests: the operation from verb and record status, slots from the requester's own records."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from proofdesk.core.reading import Doubt, Mood, Provenance, Request, SlotValue, Span
from proofdesk.core.records import Order, Records
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame, Item
from proofdesk.language.reading.lines import change_of, pick_lines
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.slots import fill_address, fill_enum, fill_method, fill_plain
from proofdesk.language.reading.variants import products_by_id, shown

SURE_PPM = 990_000
LIKELY_PPM = 900_000
"""Confidence of a request whose act was repaired from a typing slip."""


class Draft(msgspec.Struct, kw_only=True):
    """A request being put together; `order` is None for procedures on no order."""

    procedure: str
    order: Order | None = None
    slots: dict[str, SlotValue] = {}
    doubts: list[Doubt] = []
    mood: Mood = "asserted"
    start: int
    end: int
    span: Span
    confidence_ppm: int = SURE_PPM


class Resolver:
    """Resolves the frames of one message one after the other, remembering what earlier ones took or changed."""

    def __init__(
        self, doc: Document, records: Records, profiles: Mapping[str, Profile], settled: Mapping[str, str]
    ) -> None:
        self.doc = doc
        self.records = records
        self.profiles = profiles
        self.settled = settled
        self.orders = {order.id: order for order in records.orders}
        self.products = products_by_id(records.products)
        self.taken: dict[str, set[int]] = {}
        self.paying: dict[str, str] = {}

    def resolve(self, frame: Frame) -> list[Draft]:
        shapes = [self.profiles[name] for name in frame.procedures]
        if not any(shape.slot_of("order") for shape in shapes):
            return [self._fill(frame, self._single(shapes, None), None, [])]
        orders = self._orders(frame, shapes)
        if isinstance(orders, Doubt):
            return [self._draft(frame, shapes[0].procedure, None, [orders])]
        if any(shape.slot_of("lines", "line_changes") for shape in shapes):
            return self._with_lines(frame, shapes, orders)
        return self._whole(frame, shapes, orders)

    def _orders(self, frame: Frame, shapes: Sequence[Profile]) -> list[Order] | Doubt:
        """The orders a frame may be about; several only where its items must decide."""
        if frame.orders:
            return [self.orders[one] for one in dict.fromkeys(frame.orders)]
        served = {status for shape in shapes for status in shape.serves.get("order", ())}
        found = [
            o for o in self.orders.values() if o.status in served and (not frame.statuses or o.status in frame.statuses)
        ]
        if not found:
            found = [o for o in self.orders.values() if o.status in frame.statuses] or []
        if found:
            return found
        slot = shapes[0].slot_of("order")
        return Doubt(kind="missing", slot=slot, question=self._ask(shapes[0], slot), options=tuple(self.orders))

    def _whole(self, frame: Frame, shapes: Sequence[Profile], orders: list[Order]) -> list[Draft]:
        """A procedure on whole orders: one request for each order meant."""
        slot = shapes[0].slot_of("order")
        if frame.items:
            orders = self._holding(frame, orders)
        question = self._ask(shapes[0], slot)
        if self.settled.get(question) in {order.id for order in orders}:
            orders = [self.orders[self.settled[question]]]
        if len(orders) > 1 and not (frame.orders or frame.count == "all" or frame.count == len(orders)):
            doubt = Doubt(kind="ambiguous", slot=slot, question=question, options=tuple(o.id for o in orders))
            return [self._draft(frame, shapes[0].procedure, None, [doubt])]
        if not orders:
            doubt = Doubt(
                kind="unsupported", slot=slot, question="Only a whole order can be handled so. The whole order?"
            )
            return [self._draft(frame, shapes[0].procedure, None, [doubt])]
        return [self._fill(frame, self._single(shapes, order), order, []) for order in orders]

    def _holding(self, frame: Frame, orders: list[Order]) -> list[Order]:
        """Orders made of exactly the items named: naming a part of an order never means the whole of it."""
        fitting = []
        for order in orders:
            taken: dict[str, set[int]] = {}
            for item in frame.items:
                picked = pick_lines([order], item, taken, "", self.settled)
                if not isinstance(picked, Doubt):
                    taken.setdefault(order.id, set()).update(place for one in picked for place in one.places)
            if len(taken.get(order.id, ())) == len(order.lines):
                fitting.append(order)
        return fitting

    def _with_lines(self, frame: Frame, shapes: Sequence[Profile], orders: list[Order]) -> list[Draft]:
        slot = shapes[0].slot_of("lines", "line_changes")
        if not frame.items and frame.count == "all":
            frame.items.append(Item(count="all"))
        kept_out = self._keep_out(frame, orders, slot)
        if kept_out is not None:
            return [self._draft(frame, shapes[0].procedure, None, [kept_out])]
        if not frame.items or (len(frame.orders) > 1):
            question = shapes[0].slots[slot].ask or "Which items?"
            return [
                self._draft(
                    frame,
                    shapes[0].procedure,
                    orders[0] if frame.orders else None,
                    [Doubt(kind="missing", slot=slot, question=question)],
                )
            ]
        grouped: dict[str, list[tuple[Item, tuple[int, ...]]]] = {}
        for item in frame.items:
            picked = pick_lines(orders, item, self.taken, slot, self.settled)
            if isinstance(picked, Doubt):
                return [self._draft(frame, shapes[0].procedure, orders[0] if len(orders) == 1 else None, [picked])]
            for one in picked:
                self.taken.setdefault(one.order.id, set()).update(one.places)
                grouped.setdefault(one.order.id, []).append((item, one.places))
        drafts = []
        for order_id, items in grouped.items():
            order = self.orders[order_id]
            drafts.append(self._fill(frame, self._single(shapes, order), order, items))
        return drafts

    def _keep_out(self, frame: Frame, orders: list[Order], slot: str) -> Doubt | None:
        """Takes the lines that "except" keeps out of "everything"; the question where that is not clear."""
        if frame.excluded and len(orders) > 1:
            question = "From which order do you mean everything but that?"
            return Doubt(kind="ambiguous", slot=slot, question=question, options=tuple(o.id for o in orders))
        for item in frame.excluded:
            picked = pick_lines(orders, item, self.taken, slot, self.settled)
            if isinstance(picked, Doubt):
                return picked
            for one in picked:
                self.taken.setdefault(one.order.id, set()).update(one.places)
        return None

    def _single(self, shapes: Sequence[Profile], order: Order | None) -> Profile | Doubt:
        """The one procedure the verb and the record's status leave; the status wins where the verb is loose."""
        serving = [s for s in shapes if order is None or order.status in s.serves.get("order", (order.status,))]
        if len(serving) == 1 or (len(shapes) == 1 and not serving):
            return serving[0] if serving else shapes[0]
        if not serving:
            return shapes[0]
        question = "Which of these do you want?"
        chosen = [s for s in serving if s.procedure == self.settled.get(question)]
        if chosen:
            return chosen[0]
        return Doubt(kind="ambiguous", question=question, options=tuple(s.procedure for s in serving))

    def _fill(
        self, frame: Frame, shape: Profile | Doubt, order: Order | None, items: Sequence[tuple[Item, tuple[int, ...]]]
    ) -> Draft:
        if isinstance(shape, Doubt):
            return self._draft(frame, frame.procedures[0], order, [shape])
        draft = self._draft(frame, shape.procedure, order, [])
        wrong = [status for status in frame.statuses if order is not None and status != order.status]
        question = f"Order {order.id} is {order.status}. Do you mean it?" if order is not None and wrong else ""
        if question and shape.kind == "action" and self.settled.get(question) != "yes":
            draft.doubts.append(Doubt(kind="conflict", question=question, options=("yes", "no")))
        for name, slot in shape.slots.items():
            filled = self._slot(frame, shape, name, order, items)
            if isinstance(filled, Doubt) and slot.type in ("enum", "method") and filled.question in self.settled:
                choice = self.settled[filled.question]
                source: Provenance = "requester" if slot.type == "enum" else "record"
                filled = SlotValue(value=choice, provenance=source, shown=choice, rule="answered")
            if isinstance(filled, SlotValue):
                draft.slots[name] = filled
            elif not slot.optional or filled.kind != "missing":
                draft.doubts.append(filled)
        self._remember(shape, draft, order)
        return draft

    def _slot(
        self,
        frame: Frame,
        shape: Profile,
        name: str,
        order: Order | None,
        items: Sequence[tuple[Item, tuple[int, ...]]],
    ) -> SlotValue | Doubt:
        slot = shape.slots[name]
        doc, records = self.doc, self.records
        if slot.type == "order":
            assert order is not None
            return SlotValue(
                value=order.id, provenance="record", shown=order.id, span=doc.span(frame.start, frame.end), rule="order"
            )
        if slot.type == "lines":
            return self._lines(order, items)
        if slot.type == "line_changes":
            return self._changes(order, items, name)
        if slot.type == "method":
            must = slot.stated or not shape.slot_of("lines", "line_changes")
            current = "" if must or order is None else self.paying.get(order.id, (order.method_ids[:1] or ("",))[0])
            return fill_method(frame, records, order, current, name, slot.ask)
        if slot.type == "address":
            return fill_address(doc, frame, records, order, name, slot.ask)
        if slot.type == "enum":
            return fill_enum(doc, frame, name, slot)
        return fill_plain(doc, frame, records, name, slot)

    def _lines(self, order: Order | None, items: Sequence[tuple[Item, tuple[int, ...]]]) -> SlotValue:
        assert order is not None
        lines = [order.lines[place] for _, places in items for place in places]
        return SlotValue(
            value=[line.id for line in lines],
            provenance="record",
            shown="; ".join(line.name for line in lines),
            rule="lines",
        )

    def _changes(
        self, order: Order | None, items: Sequence[tuple[Item, tuple[int, ...]]], slot: str
    ) -> SlotValue | Doubt:
        assert order is not None
        value: list[dict[str, Any]] = []
        texts: list[str] = []
        for item, places in items:
            for place in places:
                line = order.lines[place]
                chosen = change_of(line, item, self.products.get(line.product_id), slot, self.settled)
                if isinstance(chosen, Doubt):
                    return chosen
                value.append({"line_id": line.id, "variant_id": chosen.variant.id})
                texts.append(f"{line.name} ({shown(line.options)}) → ({shown(chosen.variant.options)})")
        return SlotValue(value=value, provenance="record", shown="; ".join(texts), rule="line_changes")

    def _remember(self, shape: Profile, draft: Draft, order: Order | None) -> None:
        """A changed payment is what the order is paid with from here on."""
        method = shape.slot_of("method")
        if order is not None and method in draft.slots and not shape.slot_of("lines", "line_changes"):
            self.paying[order.id] = draft.slots[method].value

    def _draft(self, frame: Frame, procedure: str, order: Order | None, doubts: list[Doubt]) -> Draft:
        draft = Draft(
            procedure=procedure, order=order, doubts=doubts, mood=frame.mood, start=frame.start, end=frame.end,
            span=self.doc.span(frame.start, frame.end),
            confidence_ppm=frame.hint_ppm or self._sureness(frame),
        )  # fmt: skip
        slot = self.profiles[procedure].slot_of("order")
        if doubts and slot and order is not None:
            draft.slots[slot] = SlotValue(value=order.id, provenance="record", shown=order.id, rule="order")
        return draft

    def _sureness(self, frame: Frame) -> int:
        return LIKELY_PPM if any(at in self.doc.forms.repaired for at in frame.act.tokens()) else SURE_PPM

    def _ask(self, shape: Profile, slot: str) -> str:
        return (shape.slots[slot].ask if slot in shape.slots else "") or "Which order do you mean?"


def as_request(draft: Draft, number: int) -> Request:
    return Request(
        id=f"r{number}", procedure=draft.procedure, slots=draft.slots, mood=draft.mood, doubts=tuple(draft.doubts),
        confidence_ppm=draft.confidence_ppm, span=draft.span,
    )  # fmt: skip
