"""Faults of a policy text with line and column. Cedar names a policy or a token; the place is found here."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import cedarpy
import msgspec

MAX_POLICY_BYTES = 256 * 1024
MAX_POLICIES = 1_000
MAX_FAULTS = 100

_PIECE = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|[^";/]+|/', re.DOTALL)
_QUOTED = re.compile(r"`([^`]+)`|: (\w+)$")


class PolicyFault(msgspec.Struct, frozen=True, kw_only=True):
    """Where a policy or schema is wrong (1-based) and why. `policy`: its @id, else its number."""

    file: str
    line: int
    column: int
    message: str
    policy: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.policy + ': ' if self.policy else ''}{self.message}"


class _Statement(NamedTuple):
    """One policy with its offset in the file; `start` skips leading space and comments."""

    text: str
    offset: int
    start: int


def find_faults(policy_text: str, schema_text: str, file: str) -> tuple[PolicyFault, ...]:
    """Everything wrong with the policies under the schema; () when they load."""
    if len(policy_text.encode(errors="replace")) > MAX_POLICY_BYTES:
        size = f"the policy is larger than {MAX_POLICY_BYTES // 1024} kB"
        return (PolicyFault(file=file, line=1, column=1, message=size),)
    try:
        schema = cedarpy.Schema.from_str(schema_text)
    except ValueError as error:
        message = f"the schema does not load: {error}"
        line, column = _place(schema_text, _find(schema_text, str(error)))
        return (PolicyFault(file="schema.cedarschema", line=line, column=column, message=message),)
    statements = list(_statements(policy_text))
    if len(statements) > MAX_POLICIES:
        return (PolicyFault(file=file, line=1, column=1, message=f"more than {MAX_POLICIES} policies"),)
    faults = [fault for s in statements if (fault := _parse_fault(s, policy_text, file)) is not None]
    return tuple(faults or _validation_faults(policy_text, schema, statements, file))[:MAX_FAULTS]


def _statements(text: str) -> Iterator[_Statement]:
    begin = position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        position = match.end() if match else position + 1
        if match and match.group() == ";":
            yield _statement(text, begin, position)
            begin = position
    if _code_start(text[begin:]) < len(text) - begin:
        yield _statement(text, begin, len(text))


def _statement(text: str, begin: int, end: int) -> _Statement:
    return _Statement(text[begin:end], begin, begin + _code_start(text[begin:end]))


def _code_start(text: str) -> int:
    match = re.match(r"(?:\s+|//[^\n]*(?:\n|$))*", text)
    return match.end() if match else 0


def _parse_fault(statement: _Statement, text: str, file: str) -> PolicyFault | None:
    try:
        cedarpy.PolicySet.from_str(statement.text)
    except ValueError as error:
        message = str(error)
        offset = statement.offset + _token_offset(statement, message)
        line, column = _place(text, offset)
        return PolicyFault(file=file, line=line, column=column, message=message)
    return None


def _token_offset(statement: _Statement, message: str) -> int:
    """Where an unexpected token stands: before it the text is merely unfinished, with it it is wrong."""
    if message == "unexpected end of input":
        return len(statement.text.rstrip()) - 1
    quoted = _QUOTED.search(message)
    first = statement.start - statement.offset
    if quoted is None:
        return first
    for match in re.finditer(re.escape(quoted.group(1) or quoted.group(2)), statement.text):
        if match.start() >= first and _unfinished(statement.text[: match.start()]):
            return match.start()
    return first


def _unfinished(text: str) -> bool:
    try:
        cedarpy.PolicySet.from_str(text)
    except ValueError as error:
        return str(error) == "unexpected end of input"
    return True


def _validation_faults(text: str, schema: cedarpy.Schema, statements: list[_Statement], file: str) -> list[PolicyFault]:
    result = cedarpy.validate_policies(text, schema)
    faults: dict[tuple[int, int, str], PolicyFault] = {}
    for error in result.errors:
        message = re.sub(rf"^for policy `{error.policy_id}`, ", "", str(error.error))
        message = re.sub(r' (in context )?for Action::"[^"]*"', r" \1", message).replace("  ", " ")
        number = re.fullmatch(r"policy(\d+)", error.policy_id or "")
        index = int(number.group(1)) if number else -1
        offset = 0
        if 0 <= index < len(statements):
            statement = statements[index]
            inside = text[statement.start : statement.offset + len(statement.text)]
            offset = statement.start + _find(inside, message)
        line, column = _place(text, offset)
        name = result.id_annotations_by_policy_id.get(error.policy_id) or f"policy {index + 1}"
        found = PolicyFault(file=file, line=line, column=column, message=message, policy=name)
        faults.setdefault((line, column, message), found)
    return sorted(faults.values(), key=lambda f: (f.line, f.column))


def _find(text: str, message: str) -> int:
    """Offset of the first word the message quotes (or ends with) that stands in the text, else 0."""
    for quoted, last in _QUOTED.findall(message):
        place = text.find(quoted or last)
        if place >= 0:
            return place
    return 0


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
