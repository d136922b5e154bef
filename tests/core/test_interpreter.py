"""The interpreter against hand-written procedures; expressions are dotted names or constants."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

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
from proofdesk.core.procedure import (
    ActStep,
    Amount,
    Argument,
    BranchStep,
    Call,
    CloseStep,
    ConfirmStep,
    Constant,
    Ending,
    EvaluationError,
    Expression,
    Hole,
    Instruction,
    LookupStep,
    Procedure,
    ReplyStep,
    RequireStep,
    SetStep,
    Slot,
    Text,
    Understand,
)
from proofdesk.core.reading import SlotValue
from proofdesk.core.records import Requester


def evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
    """true, false, a dotted name, or `NAME is VALUE`."""
    if expression in ("true", "false"):
        return expression == "true"
    name, _, wanted = expression.partition(" is ")
    value: Any = scope
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return EvaluationError(message=f"{expression}: no {part}")
        value = value[part]
    return str(value) == wanted if wanted else value


def expression(source: str, *sources: str, combined: bool = False) -> Argument:
    return Argument(term=Expression(source=source), sources=sources, combined=combined)


ORDER = expression("slots.order", "slot:order")
LOOKUP = LookupStep(step="order", call=Call(capability="read", args={"id": ORDER}), save_as="order", needs=("order",))
CONFIRM = ConfirmStep(
    step="sure",
    summary=Text(parts=("Cancel ", Hole(expression="order.id"), "?")),
    declined=Text(parts=("Nothing changed.",)),
    needs=("reason",),
)


def act(name: str, **more: Any) -> ActStep:
    return ActStep(
        step=name,
        call=Call(capability=f"do_{name}", args={"id": ORDER, "why": expression("slots.reason", "slot:reason")}),
        read_back=Call(capability="read", args={"id": ORDER}),
        expect="read.done is yes",
        **more,
    )


CLOSE = CloseStep(step="end", outcome="resolved")


def procedure(*instructions: Instruction, authenticate: tuple[str, ...] = ("verified_sender",)) -> Procedure:
    return Procedure(
        id="p",
        version=1,
        title="P",
        kind="action",
        procedure_hash="h",
        understand=Understand(examples=("a", "b", "c")),
        slots={
            "order": Slot(name="order", type="order", ask="Which order?"),
            "reason": Slot(name="reason", type="enum", ask="Why?", values={"a": (), "b": ()}),
            "lines": Slot(name="lines", type="lines", of="order", ask="Which?", optional=True),
        },
        authenticate=authenticate,
        instructions=instructions,
    )


def facts(**slots: Any) -> Facts:
    values = {"order": "1", "reason": "a", **slots}
    return Facts(
        slots={n: SlotValue(value=v, provenance="requester") for n, v in values.items() if v is not None},
        requester=Requester(id="u1"),
        authenticated_by="verified_sender",
        now="2026-01-15T12:00:00Z",
    )


def drive(subject: Procedure, *outcomes: Outcome, known: Facts | None = None) -> tuple[Run, list[Directive]]:
    known = known or facts()
    run, directive = next_step(subject, start(subject), known, evaluate)
    seen = [directive]
    for outcome in outcomes:
        run, directive = next_step(subject, resume(subject, run, outcome), known, evaluate)
        seen.append(directive)
    return run, seen


FOUND = LookedUp(value={"id": "1", "total": 500, "currency": "EUR"})
YES = Confirmed(yes=True)
DONE = Read(value={"done": "yes"})


def test_a_whole_run() -> None:
    money = Amount(minor=expression("order.total", "record"), currency=expression("order.currency", "record"))
    reply = ReplyStep(step="told", text=Text(parts=("Done ", Hole(expression="answer.ref"))))
    subject = procedure(LOOKUP, CONFIRM, act("cancel", amount=money), reply, CLOSE)
    run, seen = drive(subject, FOUND, YES, Acted(value={"ref": "R9"}), DONE, Done())
    assert seen == [
        Lookup(step="order", capability="read", args={"id": "1"}, save_as="order"),
        Confirm(step="sure", summary="Cancel 1?"),
        Act(
            step="cancel",
            capability="do_cancel",
            args={"id": "1", "why": "a"},
            arg_provenance={"id": "requester", "why": "requester"},
            amount_minor=500,
            currency="EUR",
            read_back="read",
        ),
        ReadBack(step="cancel", capability="read", args={"id": "1"}),
        Reply(step="told", text="Done R9"),
        Close(step="end", outcome="resolved"),
    ]
    assert run.acted == ("cancel",) and run.confirmed
    assert run.trail == ("order", "sure", "cancel", "told", "end")


def test_nobody_is_looked_up_before_they_are_authenticated() -> None:
    for known in (
        msgspec.structs.replace(facts(), authenticated_by=""),
        msgspec.structs.replace(facts(), authenticated_by="name_postcode"),
        msgspec.structs.replace(facts(), requester=None),
    ):
        assert drive(procedure(LOOKUP), known=known)[1] == [Authenticate(methods=("verified_sender",))]


def test_a_missing_slot_is_asked_precisely_and_then_the_run_goes_on() -> None:
    subject = procedure(LOOKUP, CONFIRM, act("cancel"), CLOSE)
    run, directive = next_step(subject, start(subject), facts(order=None), evaluate)
    assert directive == Ask(slot="order", question="Which order?")
    run, directive = next_step(subject, run, facts(reason=None), evaluate)
    assert isinstance(directive, Lookup)
    run, directive = next_step(subject, resume(subject, run, FOUND), facts(reason=None), evaluate)
    assert directive == Ask(slot="reason", question="Why?", options=("a", "b"))
    run, directive = next_step(subject, run, facts(), evaluate)
    assert isinstance(directive, Confirm)


def test_a_slot_that_changes_restarts_before_the_act_and_escalates_after_it() -> None:
    subject = procedure(LOOKUP, CONFIRM, act("cancel"), CLOSE)
    confirmed, _ = drive(subject, FOUND)
    agreed = resume(subject, confirmed, YES)
    run, directive = next_step(subject, agreed, facts(order="2"), evaluate)
    assert directive == Lookup(step="order", capability="read", args={"id": "2"}, save_as="order")
    assert not run.confirmed and run.trail == ("restarted", "order")
    acting, _ = drive(subject, FOUND, YES)
    _, directive = next_step(subject, acting, facts(order="2"), evaluate)
    assert isinstance(directive, Escalate) and directive.reason == "facts_changed"


def test_an_optional_slot_given_later_or_another_requester_restarts() -> None:
    subject = procedure(LOOKUP, CONFIRM, act("cancel"), CLOSE)
    run, _ = drive(subject, FOUND)
    assert isinstance(next_step(subject, run, facts(lines=["x"]), evaluate)[1], Lookup)
    other = msgspec.structs.replace(facts(), requester=Requester(id="u2"))
    assert isinstance(next_step(subject, run, other, evaluate)[1], Lookup)


def test_no_to_the_confirmation_refuses_and_nothing_was_done() -> None:
    _, seen = drive(procedure(LOOKUP, CONFIRM, act("cancel"), CLOSE), FOUND, Confirmed(yes=False))
    assert seen[-1] == Refuse(step="sure", reason="not_confirmed", text="Nothing changed.")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("false", Refuse(step="rule", reason="no", text="Not 1.")),
        ("order.gone", Escalate(step="rule", reason="procedure_error", note="order.gone: no gone")),
        ("order.id", Escalate(step="rule", reason="procedure_error", note="is not true or false")),
    ],
)
def test_a_requirement_never_guesses(when: str, expected: Directive) -> None:
    say = Text(parts=("Not ", Hole(expression="order.id"), "."))
    rule = RequireStep(step="rule", when=when, otherwise=Ending(kind="refuse", target="no", say=say))
    assert drive(procedure(LOOKUP, rule, CLOSE), FOUND)[1][-1] == expected


def test_a_failed_run_stays_failed() -> None:
    rule = RequireStep(step="rule", when="order.gone", otherwise=Ending(kind="escalate", target="x"))
    subject = procedure(LOOKUP, rule, CLOSE)
    run, seen = drive(subject, FOUND)
    assert next_step(subject, run, facts(order="2"), evaluate) == (run, seen[-1])


def test_a_refused_lookup_escalates_or_does_what_the_step_says() -> None:
    refused = LookupRefused(code="not_found", message="no such order")
    _, seen = drive(procedure(LOOKUP, CLOSE), refused)
    assert seen[-1] == Escalate(step="order", reason="lookup_refused", note="not_found: no such order")
    kind = Ending(kind="ask", target="order", say=Text(parts=("Which one?",)))
    asking = procedure(msgspec.structs.replace(LOOKUP, on_refused=kind), CLOSE)
    run, seen = drive(asking, refused)
    assert seen[-1] == Ask(slot="order", question="Which one?")
    assert isinstance(next_step(asking, run, facts(order="2"), evaluate)[1], Lookup)


def test_branch_set_and_jump_forward() -> None:
    branch = BranchStep(step="b", when="order.id is 1", otherwise=3)
    named = SetStep(step="s", values={"told": expression("order.id", "record")})
    reply = ReplyStep(step="r", text=Text(parts=(Hole(expression="told"),)))
    subject = procedure(LOOKUP, branch, named, reply, CloseStep(step="end", outcome="informed"))
    assert drive(subject, FOUND)[1][-1] == Reply(step="r", text="1")
    assert drive(subject, LookedUp(value={"id": "2"}))[1][-1].reason == "procedure_error"  # type: ignore[union-attr]


def test_a_read_back_that_does_not_show_the_change_escalates() -> None:
    subject = procedure(LOOKUP, act("cancel"), CLOSE)
    for wrong in (Read(value={"done": "no"}), Read(value={}), LookupRefused(code="gone", message="x")):
        run, seen = drive(subject, FOUND, Acted(value={}), wrong)
        assert isinstance(seen[-1], Escalate) and seen[-1].reason == "read_back_failed"
        assert run.acted == ()


def test_a_failed_act_undoes_the_earlier_ones_newest_first() -> None:
    undo = {n: Call(capability=f"undo_{n}", args={"id": expression(f"{n}.ref", "record")}) for n in ("one", "two")}
    steps = (act("one", compensate=undo["one"]), act("two", compensate=undo["two"]), act("three"))
    subject = procedure(LOOKUP, *steps, CLOSE)
    done = (FOUND, Acted(value={"ref": "r1"}), DONE, Acted(value={"ref": "r2"}), DONE)
    failed = ActFailed(code="insufficient_funds", message="no")
    undone = (Acted(value={}), Read(value={"done": "no"}))
    run, seen = drive(subject, *done, failed, *undone, *undone)
    assert [each for each in seen[-5:] if not isinstance(each, ReadBack)] == [
        Compensate(step="two", capability="undo_two", args={"id": "r2"}),
        Compensate(step="one", capability="undo_one", args={"id": "r1"}),
        Escalate(step="three", reason="insufficient_funds", note="no; undone and seen undone: two, one"),
    ]
    assert run.acted == ()
    run, seen = drive(subject, *done, failed, ActFailed(code="late", message="too late"))
    assert isinstance(seen[-1], Escalate) and seen[-1].reason == "compensation_failed"
    assert "not undone: one, two" in seen[-1].note


UNDO = Call(capability="undo", args={"id": ORDER})
FAILED = ActFailed(code="denied", message="by policy")


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Read(value={"done": "yes"}), "not undone: one"),
        (Read(value={}), "unknown whether undone: one"),
        (LookupRefused(code="unavailable", message="x"), "unknown whether undone: one"),
    ],
)
def test_an_undoing_is_not_believed_from_its_answer(outcome: Outcome, word: str) -> None:
    subject = procedure(LOOKUP, act("one", compensate=UNDO), act("two"), CLOSE)
    run, seen = drive(subject, FOUND, Acted(value={}), DONE, FAILED, Acted(value={"done": "no"}), outcome)
    assert isinstance(seen[-2], ReadBack)
    assert isinstance(seen[-1], Escalate) and seen[-1].reason == "compensation_failed"
    assert seen[-1].note.endswith(word)
    assert run.acted == ("one",)


def test_the_undoing_is_judged_by_the_answer_of_the_act_it_undoes() -> None:
    same = act("one", compensate=UNDO)
    read = Call(capability="read", args={"id": expression("answer.ref", "record")})
    subject = procedure(
        LOOKUP, msgspec.structs.replace(same, read_back=read), act("two", compensate=UNDO), act("three")
    )
    done = (FOUND, Acted(value={"ref": "r1"}), DONE, Acted(value={"ref": "r2"}), DONE, FAILED)
    _, seen = drive(subject, *done, Acted(value={}), Read(value={"done": "no"}), Acted(value={"ref": "r9"}))
    assert seen[-1] == ReadBack(step="one", capability="read", args={"id": "r1"})


@pytest.mark.parametrize(("state", "undone"), [("open", True), ("closed", False)])
def test_a_compensation_may_declare_its_own_read_back(state: str, undone: bool) -> None:
    own = Call(capability="read_undo", args={"id": expression("answer.id", "record")})
    one = act("one", compensate=UNDO, undo_read_back=own, undo_expect="read.state is open")
    done = (FOUND, Acted(value={}), DONE, FAILED, Acted(value={"id": "u1"}), Read(value={"state": state}))
    run, seen = drive(procedure(LOOKUP, one, act("two"), CLOSE), *done)
    assert seen[-2] == ReadBack(step="one", capability="read_undo", args={"id": "u1"})
    assert isinstance(seen[-1], Escalate)
    assert seen[-1].reason == ("denied" if undone else "compensation_failed")
    assert run.acted == (() if undone else ("one",))


def test_an_act_without_compensation_stays_and_is_named() -> None:
    subject = procedure(LOOKUP, act("one"), act("two"), CLOSE)
    failed = ActFailed(code="denied", message="by policy")
    _, seen = drive(subject, FOUND, Acted(value={}), DONE, failed)
    assert seen[-1] == Escalate(step="two", reason="denied", note="by policy; not undone: one")


def test_a_refusal_or_a_no_after_an_act_goes_to_a_person() -> None:
    rule = RequireStep(step="rule", when="false", otherwise=Ending(kind="refuse", target="no"))
    _, seen = drive(procedure(LOOKUP, act("one"), rule, CLOSE), FOUND, Acted(value={}), DONE)
    assert isinstance(seen[-1], Escalate) and seen[-1].reason == "no"
    subject = procedure(LOOKUP, act("one"), CONFIRM, CLOSE)
    _, seen = drive(subject, FOUND, Acted(value={}), DONE, Confirmed(yes=False))
    assert isinstance(seen[-1], Escalate) and seen[-1].reason == "not_confirmed"


def test_resolved_without_an_act_read_back_is_a_procedure_error() -> None:
    assert drive(procedure(CLOSE))[1][-1].reason == "procedure_error"  # type: ignore[union-attr]
    silent = msgspec.structs.replace(act("note"), read_back=None, expect="")
    _, seen = drive(procedure(silent, CLOSE), Acted(value={}))
    assert isinstance(seen[-1], Escalate) and seen[-1].reason == "procedure_error"


@pytest.mark.parametrize("minor", [1.5, True, -1, "5", None])
def test_money_is_whole_units_or_nothing_moves(minor: Any) -> None:
    money = Amount(minor=expression("order.total", "record"), currency=Argument(term=Constant(value="EUR")))
    found = LookedUp(value={"id": "1", "total": minor})
    _, seen = drive(procedure(LOOKUP, act("pay", amount=money), CLOSE), found)
    assert isinstance(seen[-1], Escalate) and seen[-1].reason == "procedure_error"


@pytest.mark.parametrize(
    ("sources", "combined", "slot", "expected"),
    [
        (("slot:order",), False, "record", "record"),
        (("slot:order",), False, "requester", "requester"),
        (("record",), False, "requester", "record"),
        (("operator",), False, "requester", "operator"),
        (("derived", "record"), True, "requester", "derived"),
        (("derived", "slot:order"), True, "requester", "requester"),
        (("derived", "slot:order"), True, "record", "derived"),
        (("operator", "operator"), True, "record", "operator"),
        (("slot:lines",), True, "record", "operator"),
    ],
)
def test_provenance(sources: tuple[str, ...], combined: bool, slot: str, expected: str) -> None:
    step = ActStep(step="a", call=Call(capability="c", args={"x": expression("true", *sources, combined=combined)}))
    known = msgspec.structs.replace(facts(), slots={"order": SlotValue(value="1", provenance=slot)})
    _, seen = drive(procedure(step), known=known)
    assert isinstance(seen[0], Act) and seen[0].arg_provenance == {"x": expected}


def test_outcomes_that_answer_nothing_and_other_versions_crash() -> None:
    subject = procedure(LOOKUP, CONFIRM, act("cancel"), CLOSE)
    run, _ = drive(subject)
    with pytest.raises(ValueError, match="does not answer"):
        resume(subject, run, YES)
    with pytest.raises(ValueError, match="another version"):
        next_step(msgspec.structs.replace(subject, procedure_hash="x"), run, facts(), evaluate)


def test_a_procedure_and_a_run_survive_json() -> None:
    subject = procedure(LOOKUP, CONFIRM, act("cancel"), CLOSE)
    assert msgspec.json.decode(msgspec.json.encode(subject), type=Procedure) == subject
    run, _ = drive(subject, FOUND, YES)
    assert msgspec.json.decode(msgspec.json.encode(run), type=Run) == run
