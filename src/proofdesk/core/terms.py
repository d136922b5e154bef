"""Values a procedure computes, what its expressions can see, and where each argument comes from."""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from proofdesk.core.directive import Facts
from proofdesk.core.procedure import (
    Argument,
    Call,
    Constant,
    Evaluate,
    EvaluationError,
    Expression,
    ListOf,
    MapOf,
    Procedure,
    Term,
)
from proofdesk.core.reading import Provenance, SlotValue


def compute_args(call: Call, evaluate: Evaluate, scope: Mapping[str, Any]) -> dict[str, Any] | EvaluationError:
    """All arguments, or the first error. An argument that gives null is left out: absent and null mean the same."""
    args: dict[str, Any] = {}
    for name, argument in call.args.items():
        value = compute_term(argument.term, evaluate, scope)
        if isinstance(value, EvaluationError):
            return EvaluationError(message=f"argument {name}: {value.message}")
        if value is not None:
            args[name] = value
    return args


def compute_term(term: Term, evaluate: Evaluate, scope: Mapping[str, Any]) -> Any:
    match term:
        case Constant():
            return term.value
        case Expression():
            return evaluate(term.source, scope)
        case ListOf():
            items = [compute_term(item, evaluate, scope) for item in term.items]
            return next((i for i in items if isinstance(i, EvaluationError)), items)
        case MapOf():
            fields = {name: compute_term(field, evaluate, scope) for name, field in term.fields.items()}
            return next((v for v in fields.values() if isinstance(v, EvaluationError)), fields)
        case _:
            assert_never(term)


def visible_scope(procedure: Procedure, facts: Facts, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What an expression sees: slots (null where optional and not given), requester, clock, the run's variables."""
    values = {name: facts.slots[name].value if name in facts.slots else None for name in procedure.slots}
    return {
        "slots": values,
        "requester": msgspec.json.decode(msgspec.json.encode(facts.requester)),
        "now": facts.now,
        "language": facts.language,
        "authenticated_by": facts.authenticated_by,
        **{name: value for name, value in variables.items() if not name.startswith("$")},
    }


def provenance_of(argument: Argument, slots: Mapping[str, SlotValue]) -> Provenance:
    """One plain source keeps its own; a mixture is the requester's as soon as a part of it is."""
    found: list[Provenance] = [_source(source, slots) for source in argument.sources]
    if len(found) == 1 and not argument.combined:
        return found[0]
    if "requester" in found:
        return "requester"
    return "operator" if all(f == "operator" for f in found) else "derived"


def _source(source: str, slots: Mapping[str, SlotValue]) -> Provenance:
    match source:
        case "record":
            return "record"
        case "operator":
            return "operator"
        case "derived":
            return "derived"
        case _:
            slot = slots.get(source.removeprefix("slot:"))
            return slot.provenance if slot else "operator"
