"""The second reading of a message, as a plan: for prose the frame rules leave in doubt.

It ends in requests without any doubt or in one question. A plan is used only where every word that could change the
outcome is explained and every step could be tried on a copy of the records.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from proofdesk.core.reading import Doubt, PlanStep, Request, SlotValue, Span
from proofdesk.core.records import Order, Records
from proofdesk.language.reading.addresses import find_addresses
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.mentions import Index
from proofdesk.language.reading.plan.atoms import atomise
from proofdesk.language.reading.plan.check import foreign_atoms, unread_atoms
from proofdesk.language.reading.plan.compose import Composer
from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.lexicon import message_index, plan_index
from proofdesk.language.reading.plan.values import Plan, Step
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.resolve.choose import Chooser
from proofdesk.language.reading.resolve.goods import Goods
from proofdesk.language.reading.resolve.outcome import Effect, Unclear
from proofdesk.language.reading.resolve.simulate import Simulation
from proofdesk.language.reading.resolve.ways import Ways
from proofdesk.language.reading.slots import shown_method
from proofdesk.language.reading.tenant_words import TenantWords
from proofdesk.language.reading.variants import shown

MAX_SHOWN_STEPS = 40
PLAN_PPM = 950_000
"""Confidence of a request read as part of a plan."""


class Planned(msgspec.Struct, kw_only=True):
    requests: tuple[Request, ...] = ()
    doubt: Doubt | None = None
    unread: tuple[Span, ...] = ()
    plan: Plan = msgspec.field(default_factory=Plan)
    steps: tuple[PlanStep, ...] = ()
    notes: tuple[str, ...] = ()


class Planner:
    def __init__(
        self, profiles: Mapping[str, Profile], tenant: TenantWords, base: Index, risky: frozenset[str]
    ) -> None:
        self.profiles = profiles
        self.tenant = tenant
        self.index = plan_index(profiles.values(), tenant, base)
        self.risky = risky
        self.chooser = Chooser(tenant.ladders)

    def read(self, doc: Document, records: Records) -> Planned:
        index = message_index(records, self.tenant, self.index, self.risky)
        cursor = Cursor(doc, atomise(doc, index))
        written = find_addresses(doc.text)
        plan = Composer(cursor, self.profiles, written).compose()
        unread = unread_atoms(cursor, plan) + foreign_atoms(cursor)
        spans = tuple(_span(cursor, at) for at in unread)
        if plan.trouble or unread:
            said = [cursor.text(start, end) for _, start, end in plan.trouble] + [
                cursor.text(at, at + 1) for at in unread
            ]
            question = f"I did not understand “{'”, “'.join(said[:4])}”. What should happen there?"
            return Planned(
                doubt=Doubt(kind="unread", question=question), unread=spans, plan=plan,
                notes=tuple(rule for rule, _, _ in plan.trouble),
            )  # fmt: skip
        goods = Goods(records, self.chooser)
        simulation = Simulation(
            records, self.profiles, goods, self.chooser, Ways(records, goods, doc, written, self.tenant.regions)
        )
        problem = simulation.run(plan)
        notes = tuple(f"{step.verb}: {why}" for step, why in simulation.notes)
        if problem is not None:
            return Planned(doubt=_doubt(problem), plan=plan, notes=notes)
        if simulation.human:
            return Planned(
                doubt=Doubt(kind="unsupported", question=""), plan=plan, notes=(*notes, "a person is asked for")
            )
        effects = ordered(merged_effects(simulation.effects), self.profiles)
        requests = tuple(
            self._request(number, effect, records, cursor) for number, effect in enumerate(effects, start=1)
        )
        return Planned(requests=requests, plan=plan, notes=notes, steps=_steps(plan, simulation.notes, cursor))

    def _request(self, number: int, effect: Effect, records: Records, cursor: Cursor) -> Request:
        shape = self.profiles[effect.procedure]
        orders = {order.id: order for order in records.orders}
        order = orders.get(effect.order)
        slots = {
            name: value
            for name, slot in shape.slots.items()
            if (value := _slot(effect, slot.type, name, order, records)) is not None
        }
        span = Span(
            start=cursor.doc.tokens[cursor.atoms[effect.start].start].start,
            end=cursor.doc.tokens[cursor.atoms[max(effect.start, effect.end - 1)].end - 1].end,
        )
        return Request(id=f"r{number}", procedure=effect.procedure, slots=slots, confidence_ppm=PLAN_PPM, span=span)


def _slot(effect: Effect, kind: str, name: str, order: Order | None, records: Records) -> SlotValue | None:
    if kind == "order" and order is not None:
        return SlotValue(value=order.id, provenance="record", shown=order.id, rule="plan_order")
    if kind == "lines" and order is not None:
        lines = [order.lines[at] for at in effect.lines]
        return SlotValue(
            value=[line.id for line in lines], provenance="record", shown="; ".join(line.name for line in lines),
            rule="plan_lines",
        )  # fmt: skip
    if kind == "line_changes" and order is not None:
        variants = {v.id: v for product in records.products for v in product.variants}
        value: list[dict[str, Any]] = []
        texts = []
        for at, variant_id in effect.changes:
            line = order.lines[at]
            value.append({"line_id": line.id, "variant_id": variant_id})
            texts.append(f"{line.name} ({shown(line.options)}) → ({shown(variants[variant_id].options)})")
        return SlotValue(value=value, provenance="record", shown="; ".join(texts), rule="plan_changes")
    if kind == "method" and effect.method:
        method = next(m for m in records.requester.methods if m.id == effect.method)
        return SlotValue(value=method.id, provenance="record", shown=shown_method(method), rule=effect.method_rule)
    if kind == "address" and effect.address is not None:
        return SlotValue(value=effect.address, provenance="record", shown=effect.address_shown, rule="plan_address")
    if kind == "enum" and name in effect.enums:
        return SlotValue(value=effect.enums[name], provenance="requester", shown=effect.enums[name], rule="enum_words")
    return None


def _steps(plan: Plan, notes: Sequence[tuple[Step, str]], cursor: Cursor) -> tuple[PlanStep, ...]:
    """The plan for a person to see: each step with its alternatives behind it."""
    found: list[PlanStep] = []
    numbers: dict[int, int] = {}

    def add(step: Step, guard: str) -> None:
        if len(found) >= MAX_SHOWN_STEPS:
            return
        outcome = next((why for one, why in notes if one.start == step.start and one.verb == step.verb), "")
        after = numbers.get(id(step.after), 0) if step.after is not None else 0
        span = Span(
            start=cursor.doc.tokens[cursor.atoms[step.start].start].start,
            end=cursor.doc.tokens[cursor.atoms[max(step.start, step.end - 1)].end - 1].end,
        )
        found.append(
            PlanStep(
                procedures=step.procedures, verb=step.verb, mood=step.mood, outcome=outcome, span=span, rule=step.rule,
                guard=guard or (f"after {after}" if after else ""),
            )
        )  # fmt: skip
        numbers[id(step)] = number = len(found)
        for other in step.instead:
            add(other, f"instead of {number}")

    for step in plan.steps:
        add(step, "")
    return tuple(found)


def merged_effects(effects: Iterable[Effect]) -> list[Effect]:
    """One request for all that one procedure does to one order."""
    found: dict[tuple[str, str], Effect] = {}
    for number, effect in enumerate(effects):
        key = (
            (effect.procedure, effect.order)
            if effect.lines or effect.changes
            else (f"{effect.procedure}{number}", effect.order)
        )
        earlier = found.get(key)
        if earlier is None:
            found[key] = effect
        else:
            earlier.lines += effect.lines
            earlier.changes += effect.changes
            earlier.method, earlier.method_rule = effect.method, effect.method_rule
    return list(found.values())


def ordered(effects: list[Effect], profiles: Mapping[str, Profile]) -> list[Effect]:
    """Address and payment of an order before its goods: afterwards they can no longer be changed."""

    def late(effect: Effect) -> bool:
        return bool(profiles[effect.procedure].slot_of("lines", "line_changes"))

    return [e for e in effects if not late(e)] + [e for e in effects if late(e)]


def _doubt(problem: Unclear) -> Doubt:
    return Doubt(kind=problem.kind, slot=problem.slot, question=problem.question, options=problem.options)


def _span(cursor: Cursor, at: int) -> Span:
    atom = cursor.atoms[at]
    return Span(start=cursor.doc.tokens[atom.start].start, end=cursor.doc.tokens[max(atom.start, atom.end - 1)].end)
