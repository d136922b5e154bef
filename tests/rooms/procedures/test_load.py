import json
import pathlib
import re
from collections.abc import Mapping

import jsonschema
import msgspec
import pytest
import yaml

from proofdesk.core.directive import Facts
from proofdesk.core.procedure import ActStep, ConfirmStep, Procedure
from proofdesk.core.reading import SlotValue
from proofdesk.core.records import Requester
from proofdesk.ports import Capability
from proofdesk.procedures import Loaded, ProcedureError, dry_run, json_schema, load, load_procedure, run_tests

ROOT = pathlib.Path(__file__).resolve().parents[3]
Caps = Mapping[str, Capability]


def faults(text: str, capabilities: Caps | None) -> tuple[ProcedureError, ...]:
    found = load_procedure(text, "p.yaml", capabilities)
    assert not isinstance(found, Procedure), "the file loaded"
    return found


def broken(text: str, capabilities: Caps | None, old: str, new: str) -> tuple[ProcedureError, ...]:
    assert old in text
    return faults(text.replace(old, new, 1), capabilities)


def test_a_whole_file_loads_and_its_own_tests_pass(cancel_text: str, capabilities: Caps) -> None:
    loaded = load(cancel_text, "cancel_order.yaml", capabilities)
    assert isinstance(loaded, Loaded), "\n".join(map(str, loaded))
    results = run_tests(loaded)
    assert [(r.name, r.differences) for r in results if not r.passed] == []
    assert len(results) == 4
    act = results[0].run.acts[0]
    assert (act.amount_minor, act.currency) == (1000, "EUR")
    assert act.arg_provenance == {"order_id": "requester", "reason": "requester"}


def test_a_procedure_survives_json(cancel_text: str, capabilities: Caps) -> None:
    loaded = load_procedure(cancel_text, "p.yaml", capabilities)
    assert msgspec.json.decode(msgspec.json.encode(loaded), type=Procedure) == loaded


def test_the_example_of_the_documentation_loads_and_passes(capabilities: Caps) -> None:
    page = (ROOT / "docs/reference/procedures.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    loaded = load(text, "docs", capabilities)
    assert isinstance(loaded, Loaded), "\n".join(map(str, loaded))
    assert all(result.passed for result in run_tests(loaded))


def test_layout_and_comments_do_not_change_the_hash(cancel_text: str, capabilities: Caps) -> None:
    one = load_procedure(cancel_text, "p.yaml", capabilities)
    other = load_procedure("# a note\n" + cancel_text.replace("version: 3", "version:   3"), "q.yaml", capabilities)
    changed = load_procedure(cancel_text.replace("version: 3", "version: 4"), "p.yaml", capabilities)
    assert isinstance(one, Procedure) and isinstance(other, Procedure) and isinstance(changed, Procedure)
    assert one.procedure_hash == other.procedure_hash != changed.procedure_hash


def test_a_confirm_asks_for_the_slots_of_its_acts(cancel_text: str, capabilities: Caps) -> None:
    loaded = load_procedure(cancel_text, "p.yaml", capabilities)
    assert isinstance(loaded, Procedure)
    (confirm,) = [i for i in loaded.instructions if isinstance(i, ConfirmStep)]
    assert confirm.needs == ("order", "reason")


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "words"),
    [
        ("when: order.status ==", "when: order.statuz ==", 29, 19, "order has no field statuz.*did you mean status"),
        ("order.status == 'pending'", "order.status == 5", 29, 26, r"== cannot be applied to \(string, int\)"),
        ("order.status == 'pending'", "order.status", 29, 13, "gives string, expected bool"),
        ("order.status == 'pending'", "order.status ==", 29, 28, "syntax error"),
        ("order.status == 'pending'", "ordr.status == ''", 29, 13, "unknown name ordr.*did you mean order"),
        ("order.status == 'pending'", "foo(1)", 29, 16, "undeclared reference to 'foo'"),
        ("order.status == 'pending'", "order.status == 'a' # no", 29, 0, ""),
        ("order.user_id == requester.id", "order.user_id == requester.nam", 25, 41, "requester has no field nam"),
        ('order_id: "=slots.order", reason', 'order_id: "=slots.oder", reason', 37, 38, "slots has no field oder"),
        ('reason: "=slots.reason"}', 'raeson: "=slots.reason"}', 37, 46, "no argument raeson"),
        ('reason: "=slots.reason"}', "reason: cheaper}", 37, 54, "'cheaper' is not allowed here"),
        ('reason: "=slots.reason"}', 'reason: "=order.total_minor"}', 37, 55, "expected string, found int"),
        ('reason: "=slots.reason"}', 'reason: "=slots.reason", count: many}', 37, 78, "expected int, found string"),
        ("capability: orders.cancel\n", "capability: orders.cancle\n", 36, 25, "unknown capability orders.cancle"),
        ('minor: "=refund_minor"', 'minor: "=order.currency"', 38, 30, "expected int, found string"),
        ("|money:order.currency}.", "|mony:order.currency}.", 33, 64, "unknown filter mony"),
        ("{refund_minor|money:order.currency} go", "{refund_minor|money} go", 45, 0, "needs a currency"),
        ("close: resolved", "close: done", 46, 18, "invalid enum value 'done'"),
        ("- close: resolved", "- id: x", 46, 11, "exactly one thing"),
        ("read.status == 'cancelled'", "order.status == 'cancelled'", 42, 23, "does not look at what was read"),
        ("refuse: already_shipped", "close: resolved", 50, 11, "say belongs to"),
        ("capability: orders.read, args", "capability: orders.cancel, args", 22, 26, "only an act may"),
        ("serves: {order: [pending]}", "serves: {ordr: [pending]}", 11, 12, "ordr"),
        ("version: 3", "version: three", 2, 10, "expected whole number"),
        ("kind: action", "kind: action\nkind: action", 5, 1, "kind is given twice"),
        ("acts: [cancel, call off]", "acts: &a [cancel]", 10, 9, "anchors and aliases"),
        ("acts: [cancel, call off]", "acts: !!set [cancel]", 10, 9, "tag"),
        ("    - please cancel my order\n", "", 7, 5, "length >= 3"),
        ("type: order, ask", "type: ordr, ask", 13, 17, "invalid enum value 'ordr'"),
        ("id: told", "id: sure", 44, 15, "used twice"),
        ("refund_minor: ", "order: ", 31, 17, "already defined"),
        ("refund_minor: ", "slots: ", 31, 17, "fixed meaning"),
        ("authenticate: [verified_sender, order_postcode]", "authenticate: []", 25, 0, "nobody is authenticated"),
        ("kind: action", "kind: information", 36, 13, "must not write"),
        ("outcome: resolved", "outcome: solved", 63, 16, "unknown outcome solved"),
    ],
)
def test_every_fault_has_its_place(
    cancel_text: str, capabilities: Caps, old: str, new: str, line: int, column: int, words: str
) -> None:
    if not words:
        assert isinstance(load_procedure(cancel_text.replace(old, new, 1), "p.yaml", capabilities), Procedure)
        return
    found = broken(cancel_text, capabilities, old, new)
    matching = [f for f in found if re.search(words, f"{f.message} {f.hint}")]
    assert matching, "\n".join(map(str, found))
    assert (matching[0].line, column and matching[0].column) == (line, column), str(matching[0])


def test_all_faults_are_reported_at_once(cancel_text: str, capabilities: Caps) -> None:
    text = cancel_text.replace("order.status ==", "order.statuz ==").replace("=slots.reason", "=slots.reasn")
    assert len(faults(text.replace("orders.reopen", "orders.repoen"), capabilities)) == 3
    shape = cancel_text.replace("kind: action", "kind: actoin").replace("version: 3", "versoin: 3")
    assert len(faults(shape.replace("close: resolved", "close: done"), capabilities)) == 4


def test_an_act_that_writes_or_moves_money_must_be_read_back(cancel_text: str, capabilities: Caps) -> None:
    text = re.sub(r" {12}read_back:\n(?: {14}.*\n)+", "", cancel_text)
    (fault, *_) = faults(text, capabilities)
    assert "orders.cancel moves money and is never read back" in fault.message
    free = re.sub(r" {12}amount:.*\n", "", text)
    assert any("writes and is never read back" in f.message for f in faults(free, capabilities))
    assert any("writes and is never read back" in f.message for f in faults(free, None))


def test_every_way_must_end_and_nothing_follows_an_end(cancel_text: str, capabilities: Caps) -> None:
    open_end = cancel_text.replace("        - close: resolved\n", "")
    assert "without an end" in faults(open_end, capabilities)[0].message
    after = cancel_text.replace("        - close: resolved\n", "        - close: resolved\n        - reply: bye\n")
    assert any("never reached" in f.message for f in faults(after, capabilities))


def test_resolved_needs_an_act_on_every_way(cancel_text: str, capabilities: Caps) -> None:
    text = cancel_text.replace("- id: too_late\n          refuse: already_shipped\n", "- id: too_late\n")
    text = re.sub(r"          say: \"Order .*\n", "          close: resolved\n", text)
    assert "not every way here acts" in faults(text, capabilities)[0].message


def test_a_name_of_one_branch_is_unknown_after_it(capabilities: Caps) -> None:
    text = minimal(
        "  - branch:\n      when: slots.a == 'x'\n      then: [{set: {t: one}}]\n"
        "  - reply: '{t}'\n  - close: informed\n"
    )
    (fault,) = faults(text, capabilities)
    assert "unknown name t" in fault.message and "every way" in fault.hint
    both = text.replace("then: [{set: {t: one}}]", "then: [{set: {t: one}}]\n      else: [{set: {t: two}}]")
    assert isinstance(load_procedure(both, "p", capabilities), Procedure)


def minimal(steps: str, extra: str = "") -> str:
    return (
        "procedure: p\nversion: 1\ntitle: P\nkind: information\nunderstand: {examples: [a, b, c]}\n"
        f"slots: {{a: {{type: text, ask: A}}, o: {{type: lines, of: n, ask: O, optional: true}},"
        f" n: {{type: order, ask: N}}}}\n{extra}steps:\n{steps}"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("[]", "expected fields"),
        ("a: b: c", "not valid YAML"),
        ("a: 'b", "not valid YAML"),
        ("\x00", "not allowed"),
        ("procedure: p\n---\nprocedure: q\n", "more than one document"),
        ("x: " + "a" * 300_000, "larger than 256 kB"),
        ("x: " + "[" * 100 + "]" * 100, "nested deeper"),
        ("x: [" + "1," * 30_000 + "]", "more than 20000 values"),
        ("a: &x [1]\nb: [*x, *x]", "anchors and aliases"),
        ("<<: {a: 1}", "merge keys"),
        ("? [a]\n: b", "a plain word"),
        (minimal("  - reply: hi\n" * 201), "more than 200 steps"),
        (minimal(f"  - require: {'1 == 1 && ' * 250}true\n    else: {{escalate: x}}\n"), "longer than 2000"),
        (minimal("  - reply: '{slots.a'\n"), "never closed"),
        (minimal("  - reply: 'a } b'\n"), "closes nothing"),
        (minimal("  - reply: '{slots}'\n"), "slots alone"),
        (minimal("  - reply: '{slots[\"a\"]}'\n"), "slots alone"),
        (minimal("  - reply: '{slots.a; 1}'\n"), "unexpected character"),
        (minimal("  - reply: '{slots.a.map(now, now)}'\n"), "now is already a name here"),
        (minimal("  - require: duration('30d') > duration('1h')\n    else: {escalate: x}\n"), "written like '720h'"),
        (minimal("  - require: slots.a == 'x'\n"), "require needs an else"),
        (minimal("  - require: slots.a == 'x'\n    else: {refuse: x}\n"), "must say why"),
        (minimal("  - require: slots.a == 'x'\n    else: {refuse: x, ask: a, say: b}\n"), "exactly one of refuse"),
        (minimal("  - require: slots.a == 'x'\n    else: {ask: b}\n"), "unknown slot b"),
        (minimal("  - set: {}\n"), "set names nothing"),
        (minimal("  - refuse: x\n"), "must say why"),
        (minimal("  - close: informed\n", "authenticate: [magic]\n"), "invalid enum value 'magic'"),
    ],
)
def test_files_that_are_refused(text: str, words: str) -> None:
    found = faults(text, None)
    assert any(words in str(fault) for fault in found), "\n".join(map(str, found))
    assert all(fault.line >= 1 and fault.column >= 1 for fault in found)


def test_branches_may_be_eight_deep_and_no_deeper() -> None:
    def nested(depth: int) -> str:
        steps: list = [{"close": "informed"}]
        for _ in range(depth):
            steps = [{"branch": {"when": "true", "then": steps}}, {"close": "informed"}]
        return minimal("").removesuffix("steps:\n") + f"steps: {json.dumps(steps)}\n"

    assert isinstance(load_procedure(nested(8), "p", None), Procedure)
    assert "deeper than 8" in faults(nested(9), None)[0].message


def test_words_that_yaml_would_turn_into_something_else_stay_words() -> None:
    slots = "slots: {a: {type: enum, ask: A, values: {no: [nope, off], yes: [on]}}}\n"
    text = minimal("  - reply: '{slots.a}'\n  - close: informed\n").split("slots:")[0] + slots
    loaded = load_procedure(text + "steps: [{reply: '{slots.a}'}, {close: informed}]\n", "p", None)
    assert isinstance(loaded, Procedure)
    assert loaded.slots["a"].values == {"no": ("nope", "off"), "yes": ("on",)}


def test_without_known_systems_names_are_free_but_rules_hold(cancel_text: str) -> None:
    assert isinstance(load_procedure(cancel_text.replace("order.status", "order.statuz"), "p", None), Procedure)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"=slots.order"', "requester"),
        ('"=order.id"', "record"),
        ('"=requester.id"', "record"),
        ("fixed", "operator"),
        ("\"='a' + 'b'\"", "operator"),
        ("\"=order.id + '-x'\"", "derived"),
        ('"=order.id + slots.order"', "requester"),
        ("\"=slots.order == 'x' ? 'a' : 'b'\"", "requester"),
        ("\"=['a', 'b'].exists(x, x == slots.order) ? 'a' : 'b'\"", "requester"),
        ('"=.slots.order"', "requester"),
        ('"=kept"', "requester"),
    ],
)
def test_provenance_follows_the_expression(cancel_text: str, value: str, expected: str) -> None:
    text = cancel_text.replace("- set: {", '- set: {kept: "=slots.order", ').replace(
        'reason: "=slots.reason"}', f"reason: {value}}}"
    )
    loaded = load(text, "p", None)
    assert isinstance(loaded, Loaded), loaded
    act = run_tests(loaded)[0].run.acts[0]
    assert act.arg_provenance["reason"] == expected


def test_lists_and_mappings_mix_literals_and_expressions(cancel_text: str) -> None:
    text = cancel_text.replace('reason: "=slots.reason"}', 'reason: [a, {b: "=order.id", c: null}]}')
    loaded = load_procedure(text, "p", None)
    assert isinstance(loaded, Procedure)
    (act,) = [i for i in loaded.instructions if isinstance(i, ActStep)]
    assert act.call.args["reason"].combined
    order = {"id": "#1", "user_id": "u1", "status": "pending", "total_minor": 5, "fee_minor": 1, "currency": "EUR"}
    slots = {n: SlotValue(value=v, provenance="record") for n, v in (("order", "#1"), ("reason", "x"))}
    facts = Facts(slots=slots, requester=Requester(id="u1"), authenticated_by="verified_sender", language="de")
    run = dry_run(loaded, facts, {"orders.read": [order, {**order, "status": "cancelled"}], "orders.cancel": {}})
    assert run.acts[0].args["reason"] == ["a", {"b": "#1", "c": None}]
    assert run.acts[0].arg_provenance == {"order_id": "record", "reason": "derived"}
    assert "0,04\u00a0€" in run.confirms[0] and run.outcome == "resolved"


def test_a_failing_test_says_what_differs(cancel_text: str, capabilities: Caps) -> None:
    text = cancel_text.replace("outcome: resolved", "outcome: informed").replace("€10.00", "€11.00")
    loaded = load(text.replace("by_status.then.1, sure", "sure"), "p", capabilities)
    assert isinstance(loaded, Loaded)
    (result,) = [r for r in run_tests(loaded) if not r.passed]
    assert [d.split(":")[0] for d in result.differences] == ["outcome", "path", "replies"]


def test_fields_that_may_be_missing_must_be_tested(cancel_text: str, capabilities: Caps) -> None:
    old = "order.status == 'pending'"
    text = cancel_text.replace(old, f"{old} && !(has(order.note) && order.note != '') && !has(order.address)", 1)
    loaded = load(text, "p", capabilities)
    assert isinstance(loaded, Loaded), loaded
    assert all(r.passed for r in run_tests(loaded)[:1])
    bare = load(cancel_text.replace(old, f"{old} && order.note != ''", 1), "p", capabilities)
    assert isinstance(bare, Loaded)
    assert run_tests(bare)[0].run.outcome == "escalated:procedure_error"


def test_the_json_schema_accepts_what_loads_and_refuses_typos(cancel_text: str) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    document = yaml.safe_load(cancel_text)
    validator.validate(document)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**document, "versoin": 1})
