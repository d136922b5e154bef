"""Run a procedure without any system: against canned answers, for its own tests and for a dry look at its path."""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from proofdesk.core.directive import (
    Act,
    Acted,
    ActFailed,
    Ask,
    Authenticate,
    Close,
    Compensate,
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
from proofdesk.core.interpreter import next_step, resume, start
from proofdesk.core.procedure import Procedure
from proofdesk.core.reading import SlotValue
from proofdesk.core.records import Requester
from proofdesk.procedures.cel import evaluate
from proofdesk.procedures.document import CaseDoc, ExpectDoc
from proofdesk.procedures.load import Loaded

MAX_TRANSITIONS = 1_000


class DryAct(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    capability: str
    args: dict[str, Any]
    arg_provenance: dict[str, str]
    amount_minor: int = 0
    currency: str = ""


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What would have happened. `outcome`: resolved, informed, refused:R, escalated:R, asked:SLOT, authenticate."""

    path: tuple[str, ...]
    acts: tuple[DryAct, ...]
    compensated: tuple[str, ...]
    confirms: tuple[str, ...]
    replies: tuple[str, ...]
    """Everything the requester would read: replies, questions, refusals, but not what is shown to confirm."""
    outcome: str
    note: str = ""


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    passed: bool
    differences: tuple[str, ...]
    run: DryRun


class Answers:
    """Canned answers by capability; a list gives successive ones and its last repeats. `{refused: code}` says no."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = {name: list(a) if isinstance(a, list) else [a] for name, a in answers.items()}

    def take(self, capability: str) -> Any:
        left = self._answers.get(capability)
        if not left:
            return {"refused": "no_canned_answer"}
        return left.pop(0) if len(left) > 1 else left[0]


def run_tests(loaded: Loaded) -> tuple[CaseResult, ...]:
    """Every test of the file, in its order."""
    return tuple(_run_test(loaded.procedure, test) for test in loaded.tests)


def dry_run(procedure: Procedure, facts: Facts, answers: Mapping[str, Any], *, confirm: bool = True) -> DryRun:
    """Follow the procedure to its end or its first question. Nothing outside is touched."""
    desk = _Desk(Answers(answers), confirm)
    run = start(procedure)
    for _ in range(MAX_TRANSITIONS):
        run, directive = next_step(procedure, run, facts, evaluate)
        outcome = desk.handle(directive)
        if outcome is None:
            return desk.report(run)
        run = resume(procedure, run, outcome)
    raise RuntimeError(f"{procedure.id}: more than {MAX_TRANSITIONS} transitions")


def facts_of(procedure: Procedure, test: CaseDoc) -> Facts:
    """The facts of a test: plain slot values come from the requester unless written as {value, provenance}."""
    first = procedure.authenticate[0] if procedure.authenticate else ""
    requester = None if test.requester is None else msgspec.convert({"id": "requester", **test.requester}, Requester)
    return Facts(
        slots={name: _slot_value(value) for name, value in test.slots.items()},
        requester=requester,
        authenticated_by=first if test.authenticated_by is None else test.authenticated_by,
        now=test.now,
    )


class _Desk:
    """Plays the shell: answers directives and keeps what happened."""

    def __init__(self, answers: Answers, confirm: bool) -> None:
        self.answers = answers
        self.confirm = confirm
        self.acts: list[DryAct] = []
        self.compensated: list[str] = []
        self.confirms: list[str] = []
        self.replies: list[str] = []
        self.ending = ("", "")

    def handle(self, directive: Directive) -> Outcome | None:
        """The outcome to resume with, or None where the run ends or waits for the requester."""
        match directive:
            case Lookup() | ReadBack() | Act() | Compensate():
                return self._call(directive)
            case Confirm():
                self.confirms.append(directive.summary)
                return Confirmed(yes=self.confirm)
            case Reply():
                self.replies.append(directive.text)
                return Done()
            case _:
                self._end(directive)
                return None

    def report(self, run: Run) -> DryRun:
        return DryRun(
            path=run.trail,
            acts=tuple(self.acts),
            compensated=tuple(self.compensated),
            confirms=tuple(self.confirms),
            replies=tuple(self.replies),
            outcome=self.ending[0],
            note=self.ending[1],
        )

    def _call(self, directive: Lookup | ReadBack | Act | Compensate) -> Outcome:
        value = self.answers.take(directive.capability)
        code = str(value["refused"]) if isinstance(value, dict) and set(value) == {"refused"} else ""
        why = f"{directive.capability} was refused"
        match directive:
            case Lookup():
                return LookupRefused(code=code, message=why) if code else LookedUp(value=value)
            case ReadBack():
                return LookupRefused(code=code, message=why) if code else Read(value=value)
            case Compensate():
                self.compensated.append(directive.step)
                return ActFailed(code=code, message=why) if code else Acted(value=value)
            case Act():
                self.acts.append(_dry_act(directive))
                return ActFailed(code=code, message=why) if code else Acted(value=value)
            case _:
                assert_never(directive)

    def _end(self, directive: Authenticate | Ask | Refuse | Escalate | Close) -> None:
        match directive:
            case Authenticate():
                self.ending = ("authenticate", ", ".join(directive.methods))
            case Ask():
                self.replies.append(directive.question)
                self.ending = (f"asked:{directive.slot}", directive.question)
            case Refuse():
                self.replies.append(directive.text)
                self.ending = (f"refused:{directive.reason}", directive.text)
            case Escalate():
                self.ending = (f"escalated:{directive.reason}", directive.note)
            case Close():
                self.ending = (directive.outcome, "")
            case _:
                assert_never(directive)


def _run_test(procedure: Procedure, test: CaseDoc) -> CaseResult:
    run = dry_run(procedure, facts_of(procedure, test), test.answers, confirm=test.confirm)
    differences = tuple(_differences(test.expect, run))
    return CaseResult(name=test.name, passed=not differences, differences=differences, run=run)


def _differences(expect: ExpectDoc, run: DryRun) -> list[str]:
    found: list[str] = []
    if expect.outcome is not None and expect.outcome != run.outcome:
        found.append(f"outcome: expected {expect.outcome}, found {run.outcome} ({run.note})".replace(" ()", ""))
    if expect.path is not None and tuple(expect.path) != run.path:
        found.append(f"path: expected {' > '.join(expect.path)}, found {' > '.join(run.path)}")
    if expect.acts is not None:
        wanted = [a.capability for a in expect.acts]
        actual = [a.capability for a in run.acts]
        if wanted != actual:
            found.append(f"acts: expected {wanted}, found {actual}")
        else:
            pairs = zip(expect.acts, run.acts, strict=True)
            found += [
                f"args of {act.step}: expected {want.args}, found {act.args}"
                for want, act in pairs
                if want.args is not None and want.args != act.args
            ]
    said = "\n".join((*run.replies, *run.confirms))
    found += [f"replies: nothing said contains {text!r}" for text in expect.replies or () if text not in said]
    return found


def _dry_act(act: Act) -> DryAct:
    return DryAct(
        step=act.step,
        capability=act.capability,
        args=act.args,
        arg_provenance=dict(act.arg_provenance),
        amount_minor=act.amount_minor,
        currency=act.currency,
    )


def _slot_value(value: Any) -> SlotValue:
    if isinstance(value, dict) and set(value) == {"value", "provenance"}:
        return msgspec.convert(value, SlotValue)
    return SlotValue(value=value, provenance="requester")
