"""CEL behind one file: compile once, type-check at load, evaluate to plain JSON values or an error value.

The engine gives runtime errors as truthy values and raises on its budget; both become EvaluationError here, and
only proper JSON-like values leave. At run time names are dynamic: the types were checked when the file was loaded.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from cel_expr_python import cel

from proofdesk.core.procedure import MAX_EXPRESSION_CHARS, EvaluationError
from proofdesk.procedures.expressions import scan

MAX_CACHED = 10_000

_T = cel.Type
_TYPES = {
    "string": _T.STRING,
    "int": _T.INT,
    "bool": _T.BOOL,
    "dyn": _T.DYN,
    "map": _T.Map(_T.STRING, _T.DYN),
    "list(string)": _T.List(_T.STRING),
    "list(int)": _T.List(_T.INT),
    "list(bool)": _T.List(_T.BOOL),
    "list(map)": _T.List(_T.Map(_T.STRING, _T.DYN)),
    "list(dyn)": _T.List(_T.DYN),
}
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_MOMENT = re.compile(r"""\b(?:duration|timestamp)\(\s*(?:'[^'\\]*'|"[^"\\]*")\s*\)""")


class CelFault(NamedTuple):
    """Why an expression is refused at load, and the character offset in it."""

    offset: int
    message: str


class _Compiled(NamedTuple):
    program: Any
    roots: tuple[str, ...]


def check(expression: str, declared: Mapping[str, str]) -> str | CelFault:
    """Type-check against flat declarations; the result's type in words ("bool", "dyn", "list", …) or the fault."""
    if len(expression) > MAX_EXPRESSION_CHARS:
        return CelFault(0, f"the expression is longer than {MAX_EXPRESSION_CHARS} characters")
    environment = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in declared.items()})
    try:
        kind = environment.compile(expression).return_type().name()
        _check_moments(expression)
    except RuntimeError as error:
        return _fault(expression, str(error))
    except _BadMoment as error:
        return CelFault(error.offset, error.message)
    return str(kind).lower()


def evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
    """The value of `expression` over `scope` as plain JSON values, or EvaluationError. Implements core's Evaluate."""
    try:
        compiled = _compile(expression)
        data = {name: scope[name] for name in compiled.roots if name in scope}
        result = compiled.program.eval(data=data)
        if result.type() == _T.ERROR or result.type() == _T.UNKNOWN:
            return EvaluationError(message=f"{expression}: {result.plain_value()}")
        return _plain(result.plain_value())
    except (RuntimeError, _NotPlain) as error:
        return EvaluationError(message=f"{expression}: {error}")


class _NotPlain(ValueError):
    pass


class _BadMoment(ValueError):
    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


@lru_cache(maxsize=MAX_CACHED)
def _compile(expression: str) -> _Compiled:
    found = scan(expression)
    roots = tuple(sorted({reference.path[0] for reference in found.references}))
    environment = cel.NewEnv(variables=dict.fromkeys(roots, _T.DYN))
    return _Compiled(environment.compile(expression), roots)


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            if not math.isfinite(value):
                raise _NotPlain("the result is not a number")
            return value
        case list():
            return [_plain(item) for item in value]
        case dict():
            if not all(isinstance(key, str) for key in value):
                raise _NotPlain("the result is a map whose keys are not texts")
            return {key: _plain(value[key]) for key in sorted(value)}
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            raise _NotPlain(f"the result is a {type(value).__name__}, which no step can use")


def _check_moments(expression: str) -> None:
    """duration('30d') would fail only when run: try such literals now."""
    for match in _MOMENT.finditer(expression):
        result = cel.NewEnv().compile(match.group()).eval(data={})
        if result.type() == _T.ERROR:
            hint = "durations are written like '720h' or '90m'" if "duration" in match.group() else "use ISO 8601"
            raise _BadMoment(match.start(), f"{match.group()} is not valid: {hint}")


def _fault(expression: str, message: str) -> CelFault:
    place = _PLACE.search(message)
    if place is None:
        return CelFault(0, message.removesuffix(" [INVALID_ARGUMENT]").splitlines()[0])
    line, column, words = int(place.group(1)), int(place.group(2)), place.group(3)
    lines = expression.split("\n")
    return CelFault(sum(len(one) + 1 for one in lines[: line - 1]) + column - 1, _friendly(words))


def _friendly(words: str) -> str:
    words = re.sub(r" \(in container ''\)", "", words)
    mismatch = re.match(r"found no matching overload for '(?P<op>[^']+)' applied to '(?P<types>.*)'", words)
    if mismatch:
        name = mismatch.group("op").strip("_").replace("_", "") or mismatch.group("op")
        return f"{name} cannot be applied to {mismatch.group('types')}"
    if words.startswith("Syntax error"):
        return (
            re.sub(r" expecting \{.*\}", "", words)
            .replace("<EOF>", "end of the expression")
            .replace("Syntax", "syntax")
        )
    return words
