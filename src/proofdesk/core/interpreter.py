"""The procedure interpreter: pure, resumable, replayable.

`next_step` passes over what needs nobody (require, branch, set) until the shell must do something; asking again
without an outcome gives the same directive, so a crash between two transitions changes nothing. `resume` takes
what the shell brought back. A slot or requester that changes after the run looked at it restarts the run, or,
once an act is under way, hands it to a person.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, assert_never

import msgspec

from proofdesk.core.compensation import UNDOING, fail, give_up, next_compensation, take_compensation
from proofdesk.core.directive import (
    Act,
    Acted,
    ActFailed,
    Ask,
    Authenticate,
    Close,
    Confirm,
    Confirmed,
    Directive,
    Done,
    Escalate,
    Facts,
    LookedUp,
    Lookup,
    LookupRefused,
    Outcome,
    Read,
    ReadBack,
    Refuse,
    Reply,
    Run,
)
from proofdesk.core.procedure import (
    MAX_INSTRUCTIONS_PER_CALL,
    ActStep,
    Amount,
    AskStep,
    BranchStep,
    CloseStep,
    ConfirmStep,
    Ending,
    EndStep,
    Evaluate,
    EvaluationError,
    Instruction,
    JumpStep,
    LookupStep,
    Procedure,
    ReplyStep,
    RequireStep,
    SetStep,
    Text,
)
from proofdesk.core.terms import compute_args, compute_term, provenance_of, visible_scope
from proofdesk.core.wording import render

_SEEN = "$seen"
_REFUSED = "$refused"


class _Context(NamedTuple):
    procedure: Procedure
    facts: Facts
    evaluate: Evaluate


def start(procedure: Procedure) -> Run:
    """A run that has done nothing yet."""
    return Run(procedure=procedure.id, version=procedure.version, procedure_hash=procedure.procedure_hash)


def next_step(procedure: Procedure, run: Run, facts: Facts, evaluate: Evaluate) -> tuple[Run, Directive]:
    """What the shell must do now, and the run to store with it. Raises ValueError for another version's run."""
    if run.procedure_hash != procedure.procedure_hash:
        raise ValueError(f"run of {run.procedure} {run.version} was started with another version of the procedure")
    context = _Context(procedure, facts, evaluate)
    if run.phase == "failed":
        return give_up(run)
    if run.phase in UNDOING:
        return next_compensation(procedure, run, facts, evaluate)
    if run.phase == "waiting" and isinstance(closed := _current(procedure, run), CloseStep):
        return run, Close(step=closed.step, outcome=closed.outcome)
    if procedure.authenticate and not _authenticated(procedure, facts):
        return run, Authenticate(methods=procedure.authenticate)
    changed = _changed(run, facts)
    if changed and _has_begun(procedure, run):
        return fail(run, _current(procedure, run).step, "facts_changed", f"{changed} changed after an act had begun")
    if changed:
        run = msgspec.structs.replace(start(procedure), trail=("restarted",))
    return _walk(context, run)


def resume(procedure: Procedure, run: Run, outcome: Outcome) -> Run:
    """The run after the shell carried out its directive. An outcome that answers no directive is a ValueError."""
    if run.phase in UNDOING:
        return take_compensation(run, outcome)
    instruction = _current(procedure, run)
    match instruction, outcome:
        case LookupStep(), LookedUp() if run.phase == "waiting":
            return _advance(_with(run, **{instruction.save_as: outcome.value}))
        case LookupStep(), LookupRefused() if run.phase == "waiting":
            refusal = {"code": outcome.code, "message": outcome.message}
            return msgspec.structs.replace(_with(run, **{_REFUSED: refusal}), phase="refused")
        case ConfirmStep(), Confirmed() if run.phase == "waiting":
            agreed = msgspec.structs.replace(run, confirmed=outcome.yes)
            return _advance(agreed) if outcome.yes else msgspec.structs.replace(agreed, phase="declined")
        case ReplyStep(), Done() if run.phase == "waiting":
            return _advance(run)
        case ActStep(), _:
            return _resume_act(run, instruction, outcome)
        case _:
            raise ValueError(f"{type(outcome).__name__} does not answer step {instruction.step} in phase {run.phase!r}")


def _resume_act(run: Run, step: ActStep, outcome: Outcome) -> Run:
    match outcome:
        case Acted() if run.phase == "waiting":
            saved = _with(run, **{step.step: outcome.value, "answer": outcome.value})
            return _advance(saved) if step.read_back is None else msgspec.structs.replace(saved, phase="acted")
        case ActFailed() if run.phase == "waiting":
            failed, _ = fail(run, step.step, outcome.code, outcome.message)
            return msgspec.structs.replace(failed, phase="compensating")
        case Read() if run.phase == "acted":
            return msgspec.structs.replace(_with(run, read=outcome.value), phase="read")
        case LookupRefused() if run.phase == "acted":
            return fail(run, step.step, "read_back_failed", f"{outcome.code}: {outcome.message}")[0]
        case _:
            raise ValueError(f"{type(outcome).__name__} does not answer act {step.step} in phase {run.phase!r}")


def _walk(context: _Context, run: Run) -> tuple[Run, Directive]:
    for _ in range(MAX_INSTRUCTIONS_PER_CALL):
        if run.at >= len(context.procedure.instructions):
            return fail(run, "end", "procedure_error", "the procedure ended without close, refuse or escalate")
        instruction = context.procedure.instructions[run.at]
        missing = _missing_slot(instruction, context.facts) if run.phase == "" else ""
        if missing:
            return run, _ask(context.procedure, missing)
        run, directive = _perform(context, _enter(context.procedure, run, instruction, context.facts), instruction)
        if directive is not None:
            return run, directive
    return fail(run, "end", "procedure_error", f"more than {MAX_INSTRUCTIONS_PER_CALL} instructions in one call")


def _perform(context: _Context, run: Run, instruction: Instruction) -> tuple[Run, Directive | None]:  # noqa: PLR0911
    match instruction:
        case RequireStep() | BranchStep():
            return _decide(context, run, instruction)
        case JumpStep():
            return msgspec.structs.replace(run, at=instruction.to, phase=""), None
        case SetStep():
            return _set(context, run, instruction)
        case LookupStep():
            return _lookup(context, run, instruction)
        case ConfirmStep():
            return _confirm(context, run, instruction)
        case ActStep():
            return _act(context, run, instruction)
        case ReplyStep():
            return _reply(context, run, instruction)
        case AskStep() if instruction.ending.target in context.facts.slots:
            return _advance(run), None
        case AskStep():
            return _end(context, run, instruction.step, instruction.ending)
        case EndStep():
            return _end(context, run, instruction.step, instruction.ending)
        case CloseStep():
            return _close(context.procedure, run, instruction)
        case _:
            assert_never(instruction)


def _decide(context: _Context, run: Run, step: RequireStep | BranchStep) -> tuple[Run, Directive | None]:
    value = context.evaluate(step.when, _scope(context, run))
    if value is True:
        return _advance(run), None
    if value is not False:
        error = value if isinstance(value, EvaluationError) else EvaluationError(message="is not true or false")
        return _broken(run, step.step, error)
    if isinstance(step, BranchStep):
        return msgspec.structs.replace(run, at=step.otherwise, phase=""), None
    return _end(context, run, step.step, step.otherwise)


def _set(context: _Context, run: Run, step: SetStep) -> tuple[Run, Directive | None]:
    for name, argument in step.values.items():
        value = compute_term(argument.term, context.evaluate, _scope(context, run))
        if isinstance(value, EvaluationError):
            return _broken(run, step.step, value)
        run = _with(run, **{name: value})
    return _advance(run), None


def _lookup(context: _Context, run: Run, step: LookupStep) -> tuple[Run, Directive | None]:
    if run.phase == "refused":
        refused = run.vars[_REFUSED]
        if step.on_refused is None:
            return fail(run, step.step, "lookup_refused", f"{refused['code']}: {refused['message']}")
        return _end(context, run, step.step, step.on_refused)
    args = compute_args(step.call, context.evaluate, _scope(context, run))
    if isinstance(args, EvaluationError):
        return _broken(run, step.step, args)
    return _wait(run), Lookup(step=step.step, capability=step.call.capability, args=args, save_as=step.save_as)


def _confirm(context: _Context, run: Run, step: ConfirmStep) -> tuple[Run, Directive | None]:
    text = _render(context, run, step.declined if run.phase == "declined" else step.summary)
    if isinstance(text, EvaluationError):
        return _broken(run, step.step, text)
    if run.phase != "declined":
        return _wait(run), Confirm(step=step.step, summary=text)
    if run.acted:
        return fail(run, step.step, "not_confirmed", "the requester said no after an act had been carried out")
    return run, Refuse(step=step.step, reason="not_confirmed", text=text)


def _reply(context: _Context, run: Run, step: ReplyStep) -> tuple[Run, Directive]:
    text = _render(context, run, step.text)
    if isinstance(text, EvaluationError):
        return _broken(run, step.step, text)
    return _wait(run), Reply(step=step.step, text=text)


def _act(context: _Context, run: Run, step: ActStep) -> tuple[Run, Directive | None]:
    if run.phase == "read":
        return _judge_read_back(context, run, step)
    scope = _scope(context, run)
    if run.phase == "acted" and step.read_back is not None:
        args = compute_args(step.read_back, context.evaluate, scope)
        if isinstance(args, EvaluationError):
            return fail(run, step.step, "read_back_failed", args.message)
        return run, ReadBack(step=step.step, capability=step.read_back.capability, args=args)
    args = compute_args(step.call, context.evaluate, scope)
    money = _money(step.amount, context.evaluate, scope)
    if isinstance(args, EvaluationError):
        return _broken(run, step.step, args)
    if isinstance(money, EvaluationError):
        return _broken(run, step.step, money)
    slots = context.facts.slots
    directive = Act(
        step=step.step,
        capability=step.call.capability,
        args=args,
        arg_provenance={name: provenance_of(argument, slots) for name, argument in step.call.args.items()},
        amount_minor=money[0],
        currency=money[1],
        read_back=step.read_back.capability if step.read_back else "",
    )
    return _wait(run), directive


def _judge_read_back(context: _Context, run: Run, step: ActStep) -> tuple[Run, Directive | None]:
    value = context.evaluate(step.expect, _scope(context, run))
    if value is not True:
        why = value.message if isinstance(value, EvaluationError) else f"{step.expect} is not true"
        return fail(run, step.step, "read_back_failed", why)
    proven = msgspec.structs.replace(run, acted=(*run.acted, step.step))
    return _advance(msgspec.structs.replace(proven, vars={k: v for k, v in run.vars.items() if k != "read"})), None


def _money(amount: Amount | None, evaluate: Evaluate, scope: Mapping[str, Any]) -> tuple[int, str] | EvaluationError:
    if amount is None:
        return 0, ""
    minor = compute_term(amount.minor.term, evaluate, scope)
    currency = compute_term(amount.currency.term, evaluate, scope)
    for value in (minor, currency):
        if isinstance(value, EvaluationError):
            return value
    if not isinstance(minor, int) or isinstance(minor, bool) or minor < 0:
        return EvaluationError(message="amount.minor is not a whole number of minor units, 0 or more")
    if not isinstance(currency, str) or not currency:
        return EvaluationError(message="amount.currency is not a currency code")
    return minor, currency


def _close(procedure: Procedure, run: Run, step: CloseStep) -> tuple[Run, Directive]:
    if step.outcome == "resolved":
        entered = set(run.trail)
        writes = (i for i in procedure.instructions if isinstance(i, ActStep) and i.read_back is not None)
        acts = {i.step for i in writes if i.step in entered}
        if not acts or acts != set(run.acted):
            return fail(run, step.step, "procedure_error", "closed as resolved without every act read back")
    return _wait(run), Close(step=step.step, outcome=step.outcome)


def _end(context: _Context, run: Run, step: str, ending: Ending) -> tuple[Run, Directive]:
    text = _render(context, run, ending.say)
    if isinstance(text, EvaluationError):
        return _broken(run, step, text)
    match ending.kind:
        case "ask":
            return run, _ask(context.procedure, ending.target, text)
        case "escalate":
            return run, Escalate(step=step, reason=ending.target, note=text)
        case "refuse" if run.acted:
            return fail(run, step, ending.target, "a refusal after an act: what was done stays for a person to judge")
        case "refuse":
            return run, Refuse(step=step, reason=ending.target, text=text)
        case _:
            assert_never(ending.kind)


def _ask(procedure: Procedure, name: str, question: str = "") -> Ask:
    slot = procedure.slots[name]
    return Ask(slot=name, question=question or slot.ask, options=tuple(slot.values))


def _authenticated(procedure: Procedure, facts: Facts) -> bool:
    return facts.requester is not None and facts.authenticated_by in procedure.authenticate


def _missing_slot(instruction: Instruction, facts: Facts) -> str:
    return next((name for name in instruction.needs if name not in facts.slots), "")


def _enter(procedure: Procedure, run: Run, instruction: Instruction, facts: Facts) -> Run:
    """Note, once per instruction, the path and the facts it may look at from here on."""
    if run.phase:
        return run
    seen = {"requester": _requester_id(facts), "slots": _looked_at(procedure, facts)}
    if not isinstance(instruction, JumpStep):
        run = msgspec.structs.replace(run, trail=(*run.trail, instruction.step))
    return msgspec.structs.replace(_with(run, **{_SEEN: seen}), phase="entered")


def _looked_at(procedure: Procedure, facts: Facts) -> dict[str, Any]:
    """Slot values an expression may have seen: those given, and null for an optional one that is not."""
    return {
        name: facts.slots[name].value if name in facts.slots else None
        for name, slot in procedure.slots.items()
        if name in facts.slots or slot.optional
    }


def _changed(run: Run, facts: Facts) -> str:
    """Name of a fact the run has already looked at and that is no longer what it was; "" where there is none."""
    seen = run.vars.get(_SEEN)
    if seen is None:
        return ""
    if seen["requester"] != _requester_id(facts):
        return "the requester"
    for name, value in seen["slots"].items():
        if (facts.slots[name].value if name in facts.slots else None) != value:
            return f"slot {name}"
    return ""


def _requester_id(facts: Facts) -> str:
    return facts.requester.id if facts.requester else ""


def _has_begun(procedure: Procedure, run: Run) -> bool:
    return bool(run.acted) or (run.phase != "" and isinstance(_current(procedure, run), ActStep))


def _current(procedure: Procedure, run: Run) -> Instruction:
    return procedure.instructions[run.at]


def _scope(context: _Context, run: Run) -> dict[str, Any]:
    return visible_scope(context.procedure, context.facts, run.vars)


def _render(context: _Context, run: Run, text: Text) -> str | EvaluationError:
    return render(text, context.evaluate, _scope(context, run))


def _broken(run: Run, step: str, error: EvaluationError) -> tuple[Run, Directive]:
    return fail(run, step, "procedure_error", error.message)


def _with(run: Run, **values: Any) -> Run:
    return msgspec.structs.replace(run, vars={**run.vars, **values})


def _wait(run: Run) -> Run:
    return run if run.phase in ("acted", "read") else msgspec.structs.replace(run, phase="waiting")


def _advance(run: Run) -> Run:
    return msgspec.structs.replace(run, at=run.at + 1, phase="")
