"""Load a procedure file: YAML, document, slots, steps; either a checked Procedure or every fault found."""

import hashlib
from typing import Any

import msgspec
import rfc8785

from proofdesk.core.procedure import Procedure, Slot, Understand
from proofdesk.procedures.compile import Compiler
from proofdesk.procedures.conversion import closest, convert
from proofdesk.procedures.document import CaseDoc, ProcedureDoc, SlotDoc
from proofdesk.procedures.parts import Capabilities, Parts
from proofdesk.procedures.scope import first_scope
from proofdesk.procedures.yaml_source import ProcedureError, Source, parse


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure with the tests its file carries."""

    procedure: Procedure
    tests: tuple[CaseDoc, ...] = ()


def load_procedure(text: str, source_name: str, capabilities: Capabilities) -> Procedure | tuple[ProcedureError, ...]:
    """The checked procedure, or all faults ordered by place. `capabilities` None: systems are not known yet."""
    loaded = load(text, source_name, capabilities)
    return loaded.procedure if isinstance(loaded, Loaded) else loaded


def load(text: str, source_name: str, capabilities: Capabilities) -> Loaded | tuple[ProcedureError, ...]:
    """As load_procedure, with the file's own tests."""
    source = parse(text, source_name)
    loaded = None if source.faults else _load(source, capabilities)
    if loaded is None or source.faults:
        return tuple(sorted(source.faults, key=lambda f: (f.line, f.column, f.message)))
    return loaded


def procedure_hash(document: Any) -> str:
    """SHA-256 (hex) over the RFC 8785 canonical JSON of the parsed document: comments and layout do not count."""
    return hashlib.sha256(rfc8785.dumps(document)).hexdigest()


def _load(source: Source, capabilities: Capabilities) -> Loaded | None:
    doc = convert(ProcedureDoc, source.value, (), source)
    if doc is None:
        return None
    slots = _slots(doc, source)
    parts = Parts(source, slots, capabilities, auth=bool(doc.authenticate))
    instructions = Compiler(parts, doc.kind).compile(doc.steps, first_scope(slots))
    _check_tests(doc, slots, capabilities, source)
    try:
        digest = procedure_hash(source.value)
    except rfc8785.CanonicalizationError as error:
        source.fault((), f"a number cannot be kept exactly: {error}", "write it as a quoted text")
        return None
    procedure = Procedure(
        id=doc.procedure,
        version=doc.version,
        title=doc.title,
        kind=doc.kind,
        procedure_hash=digest,
        understand=Understand(
            examples=tuple(doc.understand.examples),
            acts=tuple(doc.understand.acts),
            serves={kind: tuple(statuses) for kind, statuses in doc.understand.serves.items()},
        ),
        slots=slots,
        authenticate=tuple(doc.authenticate),
        instructions=instructions,
    )
    return Loaded(procedure=procedure, tests=tuple(doc.tests))


def _slots(doc: ProcedureDoc, source: Source) -> dict[str, Slot]:
    slots: dict[str, Slot] = {}
    for name, slot in doc.slots.items():
        _check_slot(name, slot, doc, source)
        slots[name] = Slot(
            name=name,
            type=slot.type,
            ask=slot.ask,
            values={value: tuple(phrases) for value, phrases in slot.values.items()},
            of=slot.of,
            optional=slot.optional,
            stated=slot.stated,
            allow=tuple(slot.allow),
            otherwise=slot.otherwise,
        )
    return slots


def _check_slot(name: str, slot: SlotDoc, doc: ProcedureDoc, source: Source) -> None:
    path = ("slots", name)
    if (slot.type == "enum") != bool(slot.values):
        message = "an enum needs values" if slot.type == "enum" else f"values belong to an enum, not to {slot.type}"
        source.fault(path, message, "e.g. values: {no longer needed: [changed my mind]}")
    if slot.stated and slot.type != "method":
        source.fault((*path, "stated"), f"stated belongs to a method, not to {slot.type}", on_key=True)
    if slot.allow and slot.type != "method":
        source.fault((*path, "allow"), f"allow belongs to method, not to {slot.type}", on_key=True)
    if slot.otherwise and slot.otherwise not in slot.values:
        source.fault(
            (*path, "otherwise"), f"{slot.otherwise} is none of the values", closest(slot.otherwise, list(slot.values))
        )
    needs_order = slot.type in ("lines", "line_changes")
    if needs_order and not slot.of:
        source.fault(path, f"{slot.type} must say of which order slot", "add `of: order`")
    elif slot.of and not needs_order:
        source.fault((*path, "of"), f"of belongs to lines and line_changes, not to {slot.type}", on_key=True)
    elif slot.of and (slot.of not in doc.slots or doc.slots[slot.of].type != "order"):
        orders = [n for n, s in doc.slots.items() if s.type == "order"]
        source.fault((*path, "of"), f"{slot.of} is not an order slot", closest(slot.of, orders))


_OUTCOMES = ("resolved", "informed", "refused:", "escalated:", "asked:", "authenticate")


def _check_tests(doc: ProcedureDoc, slots: dict[str, Slot], capabilities: Capabilities, source: Source) -> None:
    for index, test in enumerate(doc.tests):
        path = ("tests", index)
        for name in test.slots:
            if name not in slots:
                source.fault((*path, "slots", name), f"unknown slot {name}", closest(name, slots), on_key=True)
        for name in test.answers:
            if capabilities is not None and name not in capabilities:
                where = (*path, "answers", name)
                source.fault(where, f"unknown capability {name}", closest(name, capabilities), on_key=True)
        outcome = test.expect.outcome
        if outcome is not None and not any(outcome == o or (o[-1] == ":" and outcome.startswith(o)) for o in _OUTCOMES):
            hint = "resolved, informed, refused:REASON, escalated:REASON, asked:SLOT or authenticate"
            source.fault((*path, "expect", "outcome"), f"unknown outcome {outcome}", hint)
