from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.core.procedure import EvaluationError, Procedure
from proofdesk.procedures import evaluate, load_procedure
from proofdesk.procedures.cel import CelFault, check

SCOPE = {"n": 5, "s": "x", "items": [{"p": 1}, {"p": 2}], "now": "2026-01-15T12:00:00Z", "nothing": None}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("n + 1", 6),
        ("s == 'x' && n > 4", True),
        ("items.map(i, i.p)", [1, 2]),
        ("nothing == null", True),
        ("{'b': 1, 'a': [n]}", {"a": [5], "b": 1}),
        ("timestamp(now) + duration('24h')", "2026-01-16T12:00:00Z"),
        ("has(items[0].q)", False),
        ("s == 5", False),
    ],
)
def test_values_are_plain_json(expression: str, value: Any) -> None:
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    "expression",
    [
        "n / 0",
        "missing + 1",
        "items[9].p",
        "items[0].q",
        "s + 1",
        "9223372036854775807 + n",
        "1.0 / 0.0",
        "duration('1h')",
        "{1: 2}",
        "b'x'",
        "type(n)",
        "n +",
        "[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c,"
        " [1,2,3,4,5,6,7,8,9,10].map(d, [1,2,3].map(e, a + b + c + d + e)))))",
    ],
)
def test_an_error_is_a_value_and_never_true(expression: str) -> None:
    assert isinstance(evaluate(expression, SCOPE), EvaluationError)


@pytest.mark.parametrize("value", [2**70, float("nan"), object(), {1: 2}, b"x"])
def test_what_is_not_plain_json_does_not_pass(value: Any) -> None:
    assert isinstance(evaluate("v", {"v": value}), EvaluationError)


def test_types_are_checked_against_the_declarations() -> None:
    declared = {"order": "map", "order.status": "string", "order.n": "int"}
    assert check("order.status == 'a' && order.n > 1", declared) == "bool"
    fault = check("order.n > 0 && order.status == 5", declared)
    assert isinstance(fault, CelFault) and fault.offset == 28
    second_line = check("order.n > 0 &&\norder.status == 5", declared)
    assert isinstance(second_line, CelFault) and second_line.offset == 28


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=60))
def test_no_text_breaks_the_loader(text: str) -> None:
    outcome = load_procedure(text, "f", None)
    assert not isinstance(outcome, Procedure) and outcome


@settings(max_examples=150, deadline=None)
@given(expression=st.text(alphabet="aslot.()[]{}'\"\\ +=<>!&|?:,0n\n\u00e9_-", max_size=30))
def test_no_expression_breaks_the_loader_or_the_engine(expression: str) -> None:
    import json

    document = {
        "procedure": "p",
        "version": 1,
        "title": "P",
        "kind": "information",
        "understand": {"examples": ["a", "b", "c"]},
        "slots": {"a": {"type": "text", "ask": "A"}},
        "steps": [{"set": {"x": "=" + expression}}, {"reply": "{" + expression}, {"close": "informed"}],
    }
    outcome = load_procedure(json.dumps(document), "f", None)
    assert isinstance(outcome, Procedure | tuple)
    evaluate(expression, {"slots": {"a": "x"}})
