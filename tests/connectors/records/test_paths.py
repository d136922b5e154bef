"""The path language of records.yaml."""

from typing import Any

import pytest

from proofdesk.connectors.backoffice.paths import MISSING, PathError, Scope, follow_schema, parse, value, values

DATA = {
    "a": {"b c": [{"x": 1}, {"x": None}, {"y": 2}, {"x": 3}]},
    "m": {"p": {"id": 1}, "q": {"id": 2}},
    "n": [[1, 2], [3]],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [DATA]),
        ('$.a["b c"][*].x', [1, 3]),
        ('$.a["b c"][3].x', [3]),
        ("$.m.*.id", [1, 2]),
        ("$.n[*][*]", [1, 2, 3]),
        ("$.n[9]", []),
        ("$.gone.further", []),
        ("$.m[*]", []),
        ("$other.k", [7]),
        ("$^.up", [8]),
        ("$unknown", []),
    ],
)
def test_paths_lead_to_values(path: str, found: list[Any]) -> None:
    assert values(parse(path), Scope(names={"other": {"k": 7}}, item=DATA, outer={"up": 8})) == found


def test_a_single_value_or_nothing() -> None:
    assert value(parse("$.x"), Scope(names={}, item={"x": 0})) == 0
    assert value(parse("$.x"), Scope(names={}, item={"x": None})) is MISSING


@pytest.mark.parametrize("text", ["a.b", "$.", "$.a[", "$.a[-1]", "$.a()", "$.a b", "$$.a", "$" + ".a" * 21])
def test_other_texts_are_no_paths(text: str) -> None:
    with pytest.raises(PathError):
        parse(text)


def test_a_path_is_checked_against_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"properties": {"price": {"type": "integer"}}}},
            "by": {"additionalProperties": {"properties": {"id": {"type": "string"}}}},
            "maybe": {"anyOf": [{"properties": {"z": {"type": "null"}}}, {"type": "null"}]},
            "free": {"type": "object"},
        },
    }
    assert follow_schema(parse("$.lines[*].price"), schema) == {"type": "integer"}
    assert follow_schema(parse("$.by.*.id"), schema) == {"type": "string"}
    assert follow_schema(parse("$.maybe.z"), schema) == {"type": "null"}
    assert follow_schema(parse("$.free.what.ever"), schema) == {}
    with pytest.raises(PathError, match="has no field cost; it has price"):
        follow_schema(parse("$.lines[0].cost"), schema)
