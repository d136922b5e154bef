"""Any procedure that loads, driven by any answers: it ends, confirms before it acts, and proves before it closes."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.core.directive import (
    Act,
    Acted,
    ActFailed,
    Ask,
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
from proofdesk.procedures import evaluate, load_procedure

MAX_DIRECTIVES = 200
CALL = {"capability": "records.read", "args": {"id": "=slots.a"}}
CONDITIONS = st.sampled_from(["slots.a == 'x'", "slots.o == null", "requester.id == 'u1'", "slots.b != 'y'"])
KINDS = st.sampled_from(["lookup", "require", "set", "confirm", "act", "reply", "ask"])
ENDINGS = st.sampled_from([{"escalate": "why"}, {"refuse": "no", "say": "No."}])
READS = st.sampled_from(
    [Read(value={"ok": True})] * 3 + [Read(value={"ok": False}), Read(value=7), LookupRefused(code="gone", message="")]
)


@st.composite
def blocks(draw: st.DrawFn, names: Any, depth: int = 0, acted: bool = False) -> list[dict[str, Any]]:
    """Steps that end properly on every way, with acts, confirms and branches anywhere."""
    steps: list[dict[str, Any]] = []
    for kind in draw(st.lists(KINDS, max_size=4)):
        name = f"n{next(names)}"
        ending = {"escalate": "why"} if acted else draw(ENDINGS)
        step: dict[str, Any]
        match kind:
            case "lookup":
                step = {"lookup": {**CALL, "as": name}, "on_refused": ending}
            case "require":
                step = {"require": draw(CONDITIONS), "else": ending}
            case "set":
                step = {"set": {name: "=slots.a"}}
            case "confirm":
                step = {"confirm": "{slots.b}?"}
            case "act":
                read_back = {**CALL, "expect": "read.ok"}
                undo = draw(st.sampled_from([{}, {"compensate": {"capability": "records.undo"}}]))
                args = {"b": "=slots.b"}
                step = {"act": {"capability": "records.write", "args": args, "read_back": read_back, **undo}}
                acted = True
            case "reply":
                step = {"reply": "about {slots.a}"}
            case _:
                step = {"ask": "o"}
        steps.append({**step, "id": name})
    last = f"n{next(names)}"
    if depth < 3 and draw(st.booleans()):
        yes, no = (draw(blocks(names, depth + 1, acted)) for _ in range(2))
        steps.append({"id": last, "branch": {"when": draw(CONDITIONS), "then": yes, "else": no}})
    else:
        close = {"close": "resolved"} if acted else {"close": "informed"}
        steps.append({"id": last, **draw(st.sampled_from([close, {"escalate": "end"}]))})
    return steps


@st.composite
def procedures(draw: st.DrawFn) -> Procedure:
    slot = {"type": "text", "ask": "?"}
    document = {
        "procedure": "p",
        "version": 1,
        "title": "P",
        "kind": "action",
        "understand": {"examples": ["a", "b", "c"]},
        "slots": {"a": slot, "b": slot, "o": {**slot, "optional": True}},
        "authenticate": ["verified_sender"],
        "steps": draw(blocks(iter(range(1000)))),
    }
    loaded = load_procedure(json.dumps(document), "p.yaml", None)
    assert isinstance(loaded, Procedure), loaded
    return loaded


def facts_with(slots: dict[str, str]) -> Facts:
    return Facts(
        slots={name: SlotValue(value=value, provenance="requester") for name, value in slots.items()},
        requester=Requester(id="u1"),
        authenticated_by="verified_sender",
        now="2026-01-15T12:00:00Z",
    )


def answer(data: st.DataObject, directive: Directive) -> Outcome | None:
    refused = LookupRefused(code="gone", message="")
    failed = ActFailed(code="denied", message="")
    match directive:
        case Lookup():
            return data.draw(st.sampled_from([LookedUp(value={"x": 1}), LookedUp(value=None), refused]))
        case Confirm():
            return Confirmed(yes=data.draw(st.booleans()))
        case Act():
            return data.draw(st.sampled_from([Acted(value={"ref": 1}), failed]))
        case ReadBack():
            return data.draw(READS)
        case Compensate():
            return data.draw(st.sampled_from([Acted(value={"undone": True}), failed]))
        case Reply():
            return Done()
        case _:
            return None


@settings(max_examples=150, deadline=None)
@given(subject=procedures(), data=st.data())
def test_every_run_ends_confirms_before_it_acts_and_proves_before_it_closes(
    subject: Procedure, data: st.DataObject
) -> None:
    slots: dict[str, str] = {}
    changes = 0
    run = start(subject)
    confirmed = True
    unproven: set[str] = set()
    undoing: set[str] = set()
    wrote = 0
    for _ in range(MAX_DIRECTIVES):
        known = facts_with(slots)
        run, directive = next_step(subject, run, known, evaluate)
        stored = msgspec.json.decode(msgspec.json.encode(run), type=Run)
        assert stored == run
        assert next_step(subject, stored, known, evaluate) == (run, directive), "asking again changes nothing"
        match directive:
            case Ask():
                slots[directive.slot] = data.draw(st.sampled_from(["x", "y"]))
                changes += 1
                continue
            case Confirm():
                confirmed = False
            case Act():
                assert confirmed, "acted before the requester said yes"
                unproven.add(directive.step)
                wrote += 1
            case Compensate():
                assert directive.step in run.acted
                undoing.add(directive.step)
            case ReadBack():
                assert directive.step in unproven | undoing
            case Close(outcome="resolved"):
                assert wrote and not unproven
            case Close():
                assert not wrote
            case Refuse():
                assert not wrote
            case _:
                pass
        outcome = answer(data, directive)
        if outcome is None:
            assert isinstance(directive, Close | Escalate | Refuse)
            return
        if isinstance(outcome, Confirmed):
            confirmed = outcome.yes
        if outcome == Read(value={"ok": True}) and isinstance(directive, ReadBack):
            unproven.discard(directive.step)
        run = resume(subject, stored, outcome)
        if "b" in slots and changes < 4 and data.draw(st.integers(0, 9)) == 0:
            slots["b"] = "z" * changes
            changes += 1
    raise AssertionError("the run did not end")
