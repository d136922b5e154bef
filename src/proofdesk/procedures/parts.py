"""Compile the small parts of a step: arguments, texts, endings, calls, each checked where it stands."""

from collections.abc import Mapping
from typing import Any

import msgspec

from proofdesk.core.procedure import (
    Argument,
    Call,
    Constant,
    Ending,
    Expression,
    ListOf,
    MapOf,
    Slot,
    Term,
    Text,
)
from proofdesk.core.wording import FILTERS
from proofdesk.ports import Capability
from proofdesk.procedures.conversion import closest
from proofdesk.procedures.document import CallDoc, EndingDoc
from proofdesk.procedures.expressions import PlacedHole, parse_text
from proofdesk.procedures.scope import Checked, Origin, Scope, check_expression, join
from proofdesk.procedures.shapes import DYN, Shape, shape_of_schema
from proofdesk.procedures.yaml_source import Path, Source

Capabilities = Mapping[str, Capability] | None
"""None: no systems are known (yet); names and shapes stay unchecked and every act counts as writing."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Compiled arguments and the slots they read."""

    argument: Argument
    type: str = "dyn"
    shape: Shape = DYN
    origin: Origin = Origin(sources=("operator",))


class Parts:
    """Compiles parts into `source`'s faults, collecting the slots used since the last `take_slots`."""

    def __init__(self, source: Source, slots: Mapping[str, Slot], capabilities: Capabilities, auth: bool) -> None:
        self.source = source
        self.slots = slots
        self.capabilities = capabilities
        self.auth = auth
        self._used: set[str] = set()

    def take_needs(self) -> tuple[str, ...]:
        """Required slots read since the last call, each after the slot it belongs to, in the order declared."""
        wanted = self._used | {self.slots[n].of for n in self._used if n in self.slots and self.slots[n].of}
        self._used = set()
        return tuple(name for name, slot in self.slots.items() if name in wanted and not slot.optional)

    def expression(self, text: str, path: Path, scope: Scope, *, offset: int = 0, want: str = "") -> Checked:
        checked = check_expression(text, scope, path, offset, self.source)
        self._used.update(checked.slots)
        if checked.uses_requester and not self.auth:
            self.source.fault(path, "requester is used, but nobody is authenticated", "add `authenticate:`")
        if want and checked.type not in (want, "dyn"):
            self.source.fault(path, f"gives {checked.type}, expected {want}", offset=offset)
        return checked

    def argument(self, value: Any, path: Path, scope: Scope) -> Part:
        if isinstance(value, str) and value.startswith("="):
            checked = self.expression(value[1:], path, scope, offset=1)
            term: Term = Expression(source=value[1:].strip())
            origin = checked.origin
            argument = Argument(term=term, sources=origin.sources, combined=origin.combined)
            return Part(argument=argument, type=checked.type, shape=checked.shape, origin=origin)
        if isinstance(value, list):
            items = [self.argument(item, (*path, i), scope) for i, item in enumerate(value)]
            return _composed(ListOf(items=tuple(p.argument.term for p in items)), items, value)
        if isinstance(value, dict):
            fields = {name: self.argument(item, (*path, name), scope) for name, item in value.items()}
            terms = {name: part.argument.term for name, part in fields.items()}
            return _composed(MapOf(fields=terms), list(fields.values()), value)
        return Part(argument=Argument(term=Constant(value=value), sources=("operator",)), type=_type_of(value))

    def text(self, value: str, path: Path, scope: Scope) -> Text:
        text, holes, faults = parse_text(value)
        for fault in faults:
            self.source.fault(path, fault.message, fault.hint, offset=fault.offset)
        for placed in holes:
            self._hole(placed, path, scope)
        return text

    def ending(self, doc: EndingDoc, path: Path, scope: Scope) -> Ending:
        given = {kind: getattr(doc, kind) for kind in ("refuse", "escalate", "ask") if getattr(doc, kind) is not None}
        if len(given) != 1:
            self.source.fault(path, "give exactly one of refuse, escalate, ask", "e.g. {escalate: unclear_request}")
            return Ending(kind="escalate", target="")
        (kind, target), *_ = given.items()
        if kind == "refuse" and doc.say is None:
            self.source.fault(path, "a refusal must say why", "add `say:` with the words for the requester")
        say = self.text(doc.say, (*path, "say"), scope) if doc.say else Text()
        return self.checked_ending(Ending(kind=kind, target=target, say=say), path, scope)  # type: ignore[arg-type]

    def checked_ending(self, ending: Ending, path: Path, scope: Scope) -> Ending:
        if ending.kind == "ask" and ending.target not in self.slots:
            self.source.fault((*path, "ask"), f"unknown slot {ending.target}", closest(ending.target, self.slots))
        if ending.kind == "refuse" and scope.may_have_acted:
            self.source.fault(path, "refused after an act that may have been carried out", "use escalate instead")
        return ending

    def call(self, doc: CallDoc, path: Path, scope: Scope, *, reads: bool) -> tuple[Call, Shape]:
        """The call and the shape of its answer. `reads`: the capability must not write."""
        parts = {n: self.argument(v, (*path, "args", n), scope) for n, v in doc.args.items()}
        call = Call(capability=doc.capability, args={name: part.argument for name, part in parts.items()})
        if self.capabilities is None:
            return call, DYN
        capability = self.capabilities.get(doc.capability)
        if capability is None:
            hint = closest(doc.capability, self.capabilities)
            self.source.fault((*path, "capability"), f"unknown capability {doc.capability}", hint)
            return call, DYN
        if reads and capability.writes:
            self.source.fault((*path, "capability"), f"{doc.capability} writes, only an act may", "use a reading one")
        self._check_args(parts, doc, path, capability.input_schema)
        return call, shape_of_schema(capability.output_schema)

    def _check_args(self, parts: dict[str, Part], doc: CallDoc, path: Path, schema: Mapping[str, Any]) -> None:
        properties: Mapping[str, Any] = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in parts:
                self.source.fault(path, f"{doc.capability} needs the argument {name}", f"add `{name}:` to args")
        for name, part in parts.items():
            where = (*path, "args", name)
            if name in properties:
                self._check_type(part, doc.args[name], where, properties[name])
            elif properties and schema.get("additionalProperties", False) is False:
                message = f"{doc.capability} has no argument {name}"
                self.source.fault(where, message, closest(name, properties), on_key=True)

    def _check_type(self, part: Part, value: Any, path: Path, schema: Mapping[str, Any]) -> None:
        wanted = shape_of_schema(schema)
        kinds = [k for k in ("string", "int", "bool", "map", "list") if wanted.type.startswith(k)]
        if kinds and part.type != "dyn" and not part.type.startswith(kinds[0]):
            self.source.fault(path, f"expected {kinds[0]}, found {part.type}")
        elif isinstance(part.argument.term, Constant) and "enum" in schema and value not in schema["enum"]:
            allowed = ", ".join(str(v) for v in schema["enum"])
            self.source.fault(path, f"{value!r} is not allowed here", f"one of: {allowed}")

    def _hole(self, placed: PlacedHole, path: Path, scope: Scope) -> None:
        hole = placed.hole
        checked = self.expression(hole.expression, path, scope, offset=placed.offset)
        if hole.filter and hole.filter not in FILTERS:
            self.source.fault(
                path, f"unknown filter {hole.filter}", closest(hole.filter, FILTERS), offset=placed.offset
            )
            return
        if bool(hole.argument) != FILTERS.get(hole.filter, False):
            need = "needs a currency: {total|money:order.currency}" if hole.filter == "money" else "takes no argument"
            self.source.fault(path, f"{hole.filter or 'this hole'} {need}", offset=placed.offset)
        elif hole.argument:
            self.expression(hole.argument, path, scope, offset=placed.argument_offset, want="string")
        wanted = {"money": ("int",), "date": ("string", "timestamp"), "list": ("list",)}.get(hole.filter)
        kind = checked.type.split("(")[0].split("<")[0]
        if kind != "dyn" and kind not in (wanted or ("string", "int", "uint", "double", "timestamp")):
            use = "use the filter |list" if kind == "list" else "name one of its fields"
            hint = f"{hole.filter} works on {wanted[0]}" if wanted else use
            self.source.fault(path, f"{{{hole.expression}}} is {kind}", hint, offset=placed.offset)


def _composed(term: Term, parts: list[Part], value: Any) -> Part:
    kind = "list" if isinstance(value, list) else "map"
    if all(isinstance(part.argument.term, Constant) for part in parts):
        return Part(argument=Argument(term=Constant(value=value), sources=("operator",)), type=kind)
    origin = join(part.origin for part in parts)
    argument = Argument(term=term, sources=origin.sources, combined=origin.combined)
    return Part(argument=argument, type=kind, origin=origin)


def _type_of(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case str():
            return "string"
        case float():
            return "double"
        case _:
            return "dyn"
