"""Names an expression may use at one place of a procedure, and the check of one expression against them."""

from collections.abc import Iterable, Mapping

import msgspec

from proofdesk.core.procedure import RESERVED_NAMES, Slot
from proofdesk.procedures import cel
from proofdesk.procedures.conversion import closest
from proofdesk.procedures.expressions import Reference, scan
from proofdesk.procedures.shapes import DYN, REQUESTER, SLOT_SHAPES, STRING, Shape, declarations, nullable
from proofdesk.procedures.yaml_source import Path, Source

_CEL_WORDS = """
    as break const continue else false for function if import in let loop package namespace null return true var void
    while int uint bool string bytes list map type double dyn timestamp duration size has all exists exists_one
    filter matches contains
"""
UNUSABLE_NAMES = RESERVED_NAMES | frozenset(_CEL_WORDS.split())


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Provenance of a name (see core.procedure.Argument)."""

    sources: tuple[str, ...]
    combined: bool = False


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at one step: names with shape and origin, and whether acts may or must have happened."""

    shapes: dict[str, Shape]
    origins: dict[str, Origin]
    may_have_acted: bool = False
    must_have_acted: bool = False

    def define(self, name: str, shape: Shape, origin: Origin) -> "Scope":
        return msgspec.structs.replace(
            self, shapes={**self.shapes, name: shape}, origins={**self.origins, name: origin}
        )


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A checked expression: its CEL type in words, the slots it reads and where its value comes from."""

    type: str = "dyn"
    shape: Shape = DYN
    slots: tuple[str, ...] = ()
    uses_requester: bool = False
    origin: Origin = Origin(sources=())


RECORD = Origin(sources=("record",))


def first_scope(slots: Mapping[str, Slot]) -> Scope:
    slot_shapes = {
        name: nullable(SLOT_SHAPES[slot.type]) if slot.optional else SLOT_SHAPES[slot.type]
        for name, slot in slots.items()
    }
    shapes = {
        "slots": Shape(type="map", fields=slot_shapes, closed=True),
        "requester": REQUESTER,
        **dict.fromkeys(("now", "language", "authenticated_by"), STRING),
    }
    derived = Origin(sources=("derived",))
    origins = {"requester": RECORD, **dict.fromkeys(("now", "language", "authenticated_by"), derived)}
    return Scope(shapes=shapes, origins=origins)


def merge(left: Scope, right: Scope) -> Scope:
    """After a branch: only what both ways define is known."""
    shared = [name for name in left.shapes if name in right.shapes]
    shapes = {n: left.shapes[n] if left.shapes[n] == right.shapes[n] else DYN for n in shared}
    origins = {n: _both(left.origins[n], right.origins[n]) for n in shared if n in left.origins}
    return Scope(
        shapes=shapes,
        origins=origins,
        may_have_acted=left.may_have_acted or right.may_have_acted,
        must_have_acted=left.must_have_acted and right.must_have_acted,
    )


def check_expression(text: str, scope: Scope, path: Path, offset: int, source: Source) -> Checked:
    """Check names, fields and types; faults go to `source` at `offset` characters into the value of `path`."""
    found = scan(text)
    before = len(source.faults)
    if found.bad_at >= 0:
        source.fault(path, f"unexpected character {text[found.bad_at]!r}", offset=offset + found.bad_at)
    for name in sorted(found.bound & scope.shapes.keys()):
        source.fault(path, f"{name} is already a name here", "use another word inside the list function", offset=offset)
    shapes = [_resolve(reference, scope, path, offset, source) for reference in found.references]
    if len(source.faults) > before:
        return Checked()
    outcome = cel.check(text, _declared(found.references, scope))
    if isinstance(outcome, cel.CelFault):
        source.fault(path, outcome.message, offset=offset + outcome.offset)
        return Checked()
    plain = _is_plain(text, found.references)
    return Checked(
        type=outcome,
        shape=shapes[0] if plain else Shape(type=outcome if outcome in ("string", "int", "bool") else "dyn"),
        slots=tuple(r.path[1] for r in found.references if r.path[0] == "slots"),
        uses_requester=any(r.path[0] == "requester" for r in found.references),
        origin=_origin(found.references, scope, plain),
    )


def join(origins: Iterable[Origin]) -> Origin:
    """Origin of a value made of parts."""
    parts = list(origins)
    if len(parts) == 1:
        return parts[0]
    sources = tuple(sorted({s for part in parts for s in part.sources}))
    return Origin(sources=sources, combined=True)


def _resolve(reference: Reference, scope: Scope, path: Path, offset: int, source: Source) -> Shape:
    root, *fields = reference.path
    at = offset + reference.start
    if root not in scope.shapes:
        hint = "it is not defined on every way to this step" if not closest_is_near(root, scope) else ""
        source.fault(path, f"unknown name {root}", hint or closest(root, scope.shapes), offset=at)
        return DYN
    if root == "slots" and not fields:
        source.fault(path, "slots alone has no value", "name one: slots.order", offset=at)
        return DYN
    shape = scope.shapes[root]
    at += len(root) + 1
    for index, field in enumerate(fields):
        if shape.fields and field not in shape.fields and shape.closed:
            owner = ".".join((root, *fields[:index]))
            source.fault(path, f"{owner} has no field {field}", closest(field, shape.fields), offset=at)
            return DYN
        shape = shape.fields.get(field, DYN)
        at += len(field) + 1
    return shape


def closest_is_near(root: str, scope: Scope) -> bool:
    return closest(root, scope.shapes).startswith("did you mean")


def _declared(references: tuple[Reference, ...], scope: Scope) -> dict[str, str]:
    flat: dict[str, str] = {}
    for reference in references:
        flat.update(declarations(reference.path[0], scope.shapes[reference.path[0]]))
    for reference in references:
        # The engine cannot test presence of a declared dotted name: it must find the field in its map.
        if reference.in_has and len(reference.path) > 1:
            flat.pop(".".join(reference.path), None)
            parent = ".".join(reference.path[:-1])
            if not flat.get(parent, "").startswith("map"):
                flat[parent] = "dyn"
    return flat


def _is_plain(text: str, references: tuple[Reference, ...]) -> bool:
    return len(references) == 1 and ".".join(references[0].path) == "".join(text.split())


def _origin(references: tuple[Reference, ...], scope: Scope, plain: bool) -> Origin:
    if not references:
        return Origin(sources=("operator",))
    origins = [
        Origin(sources=(f"slot:{r.path[1]}",)) if r.path[0] == "slots" else scope.origins[r.path[0]] for r in references
    ]
    if plain:
        return origins[0]
    return Origin(sources=tuple(sorted({s for o in origins for s in o.sources} | {"derived"})), combined=True)


def _both(left: Origin, right: Origin) -> Origin:
    return left if left == right else join((left, right))
