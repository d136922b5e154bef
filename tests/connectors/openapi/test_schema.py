"""The schema checker: what fits, what does not, and how the fault is named."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.connectors.schema import SchemaError, compile_schema, look_up, resolve

ORDER = {
    "type": "object",
    "required": ["id", "lines"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "pattern": "^LF-"},
        "note": {"type": "string", "nullable": True},
        "status": {"enum": ["pending", "shipped"]},
        "lines": {
            "type": "array",
            "maxItems": 2,
            "items": {"type": "object", "properties": {"price": {"type": "integer", "minimum": 0}}},
        },
        "contact": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"id": "LF-1", "lines": []}, ""),
        ({"id": "LF-1", "lines": [{"price": 3}], "note": None, "contact": None}, ""),
        ({"lines": []}, ".id: is missing"),
        ({"id": 4, "lines": []}, ".id: expected string, found integer"),
        ({"id": "X", "lines": []}, ".id: must match ^LF-"),
        ({"id": "LF-1", "lines": [{"price": 3}, {"price": -1}]}, ".lines[1].price: must be at least 0"),
        ({"id": "LF-1", "lines": [{"price": True}]}, ".lines[0].price: expected integer, found boolean"),
        ({"id": "LF-1", "lines": [1, 2, 3]}, ".lines: must have at most 2 items"),
        ({"id": "LF-1", "lines": [], "status": "lost"}, ".status: must be one of pending, shipped"),
        ({"id": "LF-1", "lines": [], "extra": 1}, ".extra: is not known here"),
        ({"id": "LF-1", "lines": [], "contact": 5}, ".contact: fits none of the 2 allowed forms"),
        ([], ": expected object, found array"),
    ],
)
def test_a_fault_names_its_field(value: Any, wrong: str) -> None:
    assert compile_schema(ORDER)(value) == wrong


def test_references_are_filled_in_and_a_schema_inside_itself_becomes_anything() -> None:
    document = {"parts": {"node": {"type": "object", "properties": {"next": {"$ref": "#/parts/node"}, "n": {}}}}}
    found = resolve({"$ref": "#/parts/node"}, document)
    assert found == {"type": "object", "properties": {"next": {}, "n": {}}}
    assert look_up({"a/b": {"x": 1}}, "#/a~1b/x") == 1


@pytest.mark.parametrize("ref", ["other.json#/a", "#/missing"])
def test_references_that_lead_nowhere_are_errors(ref: str) -> None:
    with pytest.raises(SchemaError, match="reference"):
        resolve({"$ref": ref}, {})


def test_unknown_constraints_are_refused_for_arguments_only() -> None:
    schema = {"type": "object", "properties": {"a": {"not": {"type": "string"}}}}
    assert compile_schema(schema)({"a": "x"}) == ""
    with pytest.raises(SchemaError, match=r"arguments\.a uses not"):
        compile_schema(schema, strict=True, where="arguments")


_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "abc"]), st.just(1.5))
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)
_KINDS = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])
_SCHEMAS = st.recursive(
    st.one_of(
        st.builds(lambda kind: {"type": kind}, _KINDS),
        st.builds(lambda low, high: {"minimum": low, "exclusiveMaximum": high}, st.integers(-3, 3), st.integers(-3, 3)),
        st.builds(lambda low: {"minLength": low}, st.integers(0, 3)),
        st.builds(lambda item: {"enum": [item, "z"]}, _LEAVES.filter(lambda leaf: not isinstance(leaf, (bool, float)))),
    ),
    lambda inner: st.one_of(
        st.builds(lambda one: {"type": "array", "items": one, "maxItems": 2}, inner),
        st.builds(
            lambda a, b, closed: {"properties": {"a": a, "b": b}, "required": ["a"], "additionalProperties": closed},
            inner, inner, st.booleans(),
        ),
        st.builds(lambda one, two: {"anyOf": [one, two]}, inner, inner),
        st.builds(lambda one, two: {"oneOf": [one, two]}, inner, inner),
        st.builds(lambda one, two: {"allOf": [one, two]}, inner, inner),
    ),
    max_leaves=5,
)  # fmt: skip


@given(schema=_SCHEMAS, value=_VALUES)
def test_it_agrees_with_the_reference_implementation(schema: dict[str, Any], value: Any) -> None:
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (compile_schema(schema)(value) == "") == expected
