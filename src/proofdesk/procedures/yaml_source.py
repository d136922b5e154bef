"""YAML to plain values with the line and column of everything, under limits.

Only what a procedure needs: mappings with text keys, lists, scalars. Anchors, aliases, tags, merge keys, duplicate
keys and second documents are refused. Plain scalars follow YAML 1.2: only
true and false are booleans, so `no` stays a word.
"""

import re
from typing import Any

import msgspec
import yaml

MAX_FILE_BYTES = 256 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 40
MAX_FAULTS = 100

Path = tuple[str | int, ...]

_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class ProcedureError(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of one file: where it is (1-based) and what to do about it."""

    file: str
    line: int
    column: int
    field: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: {self.field + ': ' if self.field else ''}{self.message}"
        return f"{where} ({self.hint})" if self.hint else where


class Mark(msgspec.Struct, frozen=True):
    """Where a value starts, 1-based. `verbatim`: its characters stand in the file as they are (columns add up)."""

    line: int
    column: int
    verbatim: bool = False


class Source:
    """A parsed document, the marks of its values, and the faults found so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None
        self.marks: dict[Path, Mark] = {}
        self.key_marks: dict[Path, Mark] = {}
        self.faults: list[ProcedureError] = []

    def fault(self, path: Path, message: str, hint: str = "", *, offset: int = 0, on_key: bool = False) -> None:
        """Report at the value of `path`, or at its nearest ancestor; `offset` counts characters into a text."""
        at: Path = path
        while at and at not in self.marks:
            at = at[:-1]
        mark = self.key_marks.get(path) if on_key else None
        mark = mark or self.marks.get(at) or Mark(1, 1)
        column = mark.column + (offset if mark.verbatim else 0)
        self.add(Mark(mark.line, column), field_name(path), message, hint)

    def add(self, mark: Mark, field: str, message: str, hint: str = "") -> None:
        found = ProcedureError(
            file=self.name, line=mark.line, column=mark.column, field=field, message=message, hint=hint
        )
        if len(self.faults) < MAX_FAULTS and found not in self.faults:
            self.faults.append(found)


def field_name(path: Path) -> str:
    """("steps", 2, "act") -> "steps[2].act"."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def parse(text: str, name: str) -> Source:
    """Parse `text`. With faults in the source, its value may be incomplete."""
    source = Source(name)
    if len(text.encode(errors="replace")) > MAX_FILE_BYTES:
        source.add(Mark(1, 1), "", f"the file is larger than {MAX_FILE_BYTES // 1024} kB", "split it into procedures")
        return source
    try:
        _refuse_events(text, source)
        if source.faults:
            return source
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.add(
            _mark_of(mark), "", f"not valid YAML: {error.problem or error.context}", "check indentation and quotes"
        )
        return source
    except yaml.reader.ReaderError as error:
        source.add(Mark(1, 1), "", f"not valid YAML: character {error.character!r} is not allowed")
        return source
    if root is None:
        source.add(Mark(1, 1), "", "the file is empty", "start with `procedure: name`")
    else:
        source.value = _value(root, (), source)
    return source


def _refuse_events(text: str, source: Source) -> None:
    depth = documents = nodes = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = _mark_of(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                source.add(where, "", "more than one document in the file", "one file holds one procedure")
                return
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
                source.add(where, "", "anchors and aliases are not allowed", "write the value out")
            tag = getattr(event, "tag", None)
            if tag is not None:
                source.add(where, "", f"the tag {tag} is not allowed", "remove it")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            limit = f"nested deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else f"more than {MAX_NODES} values"
            source.add(where, "", f"the file has {limit}", "split it into procedures")
            return


def _value(node: yaml.Node, path: Path, source: Source) -> Any:
    style = getattr(node, "style", None)
    plain = isinstance(node, yaml.ScalarNode) and style in (None, "'", '"')
    quoted = plain and style is not None
    one_line = node.start_mark.line == node.end_mark.line
    column = node.start_mark.column + (2 if quoted else 1)
    as_written = plain and one_line and not (quoted and "\\" in _raw(node))
    source.marks[path] = Mark(node.start_mark.line + 1, column, as_written)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), source) for index, item in enumerate(node.value)]
    return _mapping(node, path, source)


def _mapping(node: yaml.Node, path: Path, source: Source) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        where = Mark(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            source.add(where, field_name(path), "a field's name must be a plain word")
            continue
        key = str(key_node.value)
        if key == "<<":
            source.add(where, field_name(path), "merge keys are not allowed", "write the fields out")
        elif key in out:
            source.add(where, field_name((*path, key)), f"{key} is given twice", "keep one of them")
        else:
            out[key] = _value(value_node, (*path, key), source)
            source.key_marks[(*path, key)] = where
    return out


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _mark_of(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark is not None else Mark(1, 1)


def _raw(node: yaml.Node) -> str:
    buffer = node.start_mark.buffer
    return "\\" if buffer is None else str(buffer[node.start_mark.pointer : node.end_mark.pointer])
