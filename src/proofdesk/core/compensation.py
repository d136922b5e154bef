"""How a run fails: it undoes what it did, newest first, and then goes to a person with the reason."""

import msgspec

from proofdesk.core.directive import (
    ActFailed,
    Compensate,
    Directive,
    Done,
    Escalate,
    Facts,
    LookupRefused,
    Outcome,
    Run,
)
from proofdesk.core.procedure import ActStep, Evaluate, EvaluationError, Procedure
from proofdesk.core.terms import compute_args, visible_scope

_FAILURE = "$failure"


def fail(run: Run, step: str, reason: str, note: str) -> tuple[Run, Directive]:
    """Stop this run for good: it stays with a person, whatever is asked of it later."""
    failure = {"step": step, "reason": reason, "note": note}
    failed = msgspec.structs.replace(run, phase="failed", vars={**run.vars, _FAILURE: failure})
    return give_up(failed)


def give_up(run: Run) -> tuple[Run, Directive]:
    failure = run.vars[_FAILURE]
    kept = f"; not undone: {', '.join(run.acted)}" if run.acted else ""
    return run, Escalate(step=failure["step"], reason=failure["reason"], note=f"{failure['note']}{kept}")


def next_compensation(procedure: Procedure, run: Run, facts: Facts, evaluate: Evaluate) -> tuple[Run, Directive]:
    """Undo the newest act still standing. One that cannot be undone stops the undoing: order matters."""
    if not run.acted:
        return give_up(msgspec.structs.replace(run, phase="failed"))
    newest = run.acted[-1]
    act = next(i for i in procedure.instructions if isinstance(i, ActStep) and i.step == newest)
    if act.compensate is None:
        return give_up(msgspec.structs.replace(run, phase="failed"))
    args = compute_args(act.compensate, evaluate, visible_scope(procedure, facts, run.vars))
    if isinstance(args, EvaluationError):
        return fail(run, newest, "compensation_failed", args.message)
    return run, Compensate(step=newest, capability=act.compensate.capability, args=args)


def take_compensation(run: Run, outcome: Outcome) -> Run:
    match outcome:
        case Done():
            return msgspec.structs.replace(run, acted=run.acted[:-1])
        case ActFailed() | LookupRefused():
            why = f"{outcome.code}: {outcome.message}; undoing because of {run.vars[_FAILURE]['reason']}"
            return fail(run, run.acted[-1], "compensation_failed", why)[0]
        case _:
            raise ValueError(f"{type(outcome).__name__} does not answer a compensation")
