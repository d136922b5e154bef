"""How a run fails: it undoes what it did, newest first, reads each undoing back, and then goes to a person.

Phases: "compensating" (the call is to be made), "undone" (it answered), "undo_read" (its record was read). An answer
alone proves nothing: an act counts as undone only when its own `expect` no longer holds, or when the read-back that
the compensation declares shows it.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from proofdesk.core.directive import (
    Acted,
    ActFailed,
    Compensate,
    Directive,
    Escalate,
    Facts,
    LookupRefused,
    Outcome,
    Read,
    ReadBack,
    Run,
)
from proofdesk.core.procedure import ActStep, Evaluate, EvaluationError, Procedure
from proofdesk.core.terms import compute_args, visible_scope

Fate = Literal["undone", "standing", "unknown"]
"""What became of an act that was to be undone: seen undone, seen standing (or never touched), or nobody knows."""
UNDOING: Final = frozenset({"compensating", "undone", "undo_read"})
_FAILURE = "$failure"
_ANSWER = "$undo"
_UNDONE = "$undone"
_DOUBTFUL = "$doubtful"


def fail(run: Run, step: str, reason: str, note: str) -> tuple[Run, Directive]:
    """Stop this run for good: it stays with a person, whatever is asked of it later."""
    failure = {"step": step, "reason": reason, "note": note}
    failed = msgspec.structs.replace(run, phase="failed", vars={**run.vars, _FAILURE: failure})
    return give_up(failed)


def give_up(run: Run) -> tuple[Run, Directive]:
    """To a person, told of every act what became of it."""
    failure = run.vars[_FAILURE]
    doubtful = run.vars.get(_DOUBTFUL, "")
    told = (
        ("undone and seen undone", run.vars.get(_UNDONE, [])),
        ("unknown whether undone", [doubtful] if doubtful else []),
        ("not undone", [step for step in run.acted if step != doubtful]),
    )
    parts = [failure["note"], *(f"{what}: {', '.join(steps)}" for what, steps in told if steps)]
    return run, Escalate(step=failure["step"], reason=failure["reason"], note="; ".join(parts))


def fate_of(run: Run, step: str) -> Fate:
    """What is known of an act of this run that was to be undone."""
    if step not in run.acted:
        return "undone"
    return "unknown" if run.vars.get(_DOUBTFUL) == step else "standing"


def next_compensation(procedure: Procedure, run: Run, facts: Facts, evaluate: Evaluate) -> tuple[Run, Directive]:
    """Undo the newest act still standing. One that cannot be undone stops the undoing: order matters."""
    if not run.acted:
        return give_up(msgspec.structs.replace(run, phase="failed"))
    act = next(i for i in procedure.instructions if isinstance(i, ActStep) and i.step == run.acted[-1])
    if run.phase == "undo_read":
        return _judge(procedure, run, act, facts, evaluate)
    if run.phase == "undone":
        return _read_back(run, act, visible_scope(procedure, facts, run.vars), evaluate)
    if act.compensate is None:
        return give_up(msgspec.structs.replace(run, phase="failed"))
    args = compute_args(act.compensate, evaluate, visible_scope(procedure, facts, run.vars))
    if isinstance(args, EvaluationError):
        return fail(run, act.step, "compensation_failed", args.message)
    return run, Compensate(step=act.step, capability=act.compensate.capability, args=args)


def take_compensation(run: Run, outcome: Outcome) -> Run:
    """The run after the shell called, or read back what it had called. A refused reading leaves it unknown."""
    because = f"undoing because of {run.vars[_FAILURE]['reason']}"
    match outcome:
        case Acted() if run.phase == "compensating":
            return msgspec.structs.replace(run, phase="undone", vars={**run.vars, _ANSWER: outcome.value})
        case Read() if run.phase == "undone":
            return msgspec.structs.replace(run, phase="undo_read", vars={**run.vars, "read": outcome.value})
        case ActFailed() if run.phase == "compensating":
            return fail(run, run.acted[-1], "compensation_failed", f"{outcome.code}: {outcome.message}; {because}")[0]
        case LookupRefused() if run.phase == "undone":
            return _doubt(run, f"{outcome.code}: {outcome.message}; {because}")[0]
        case _:
            raise ValueError(f"{type(outcome).__name__} does not answer a compensation in phase {run.phase!r}")


def _read_back(run: Run, act: ActStep, scope: Mapping[str, Any], evaluate: Evaluate) -> tuple[Run, Directive]:
    call = act.undo_read_back or act.read_back
    if call is None:
        return _doubt(run, f"{act.step} has no read-back")
    args = compute_args(call, evaluate, {**scope, "answer": _answer(run, act)})
    if isinstance(args, EvaluationError):
        return _doubt(run, args.message)
    return run, ReadBack(step=act.step, capability=call.capability, args=args)


def _judge(procedure: Procedure, run: Run, act: ActStep, facts: Facts, evaluate: Evaluate) -> tuple[Run, Directive]:
    own = act.undo_read_back is not None
    scope = {**visible_scope(procedure, facts, run.vars), "answer": _answer(run, act)}
    holds = evaluate(act.undo_expect if own else act.expect, scope)
    if not isinstance(holds, bool):
        why = holds.message if isinstance(holds, EvaluationError) else "it is not true or false"
        return _doubt(run, f"the read-back of the undoing cannot be judged: {why}")
    if holds is not own:
        return fail(run, act.step, "compensation_failed", f"the read-back shows that {act.step} still stands")
    kept = {name: value for name, value in run.vars.items() if name not in ("read", _ANSWER)}
    kept[_UNDONE] = [*run.vars.get(_UNDONE, []), act.step]
    undone = msgspec.structs.replace(run, phase="compensating", acted=run.acted[:-1], vars=kept)
    return next_compensation(procedure, undone, facts, evaluate)


def _answer(run: Run, act: ActStep) -> Any:
    """What `answer` means: the compensation's own in its own read-back, else that of the act it undoes."""
    return run.vars[_ANSWER] if act.undo_read_back is not None else run.vars.get(act.step)


def _doubt(run: Run, why: str) -> tuple[Run, Directive]:
    step = run.acted[-1]
    doubtful = msgspec.structs.replace(run, vars={**run.vars, _DOUBTFUL: step})
    return fail(doubtful, step, "compensation_failed", why)
