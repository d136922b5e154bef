"""Reading YAML configuration with exact errors: every value knows its file, line, column and field.

Stricter than YAML: one document, no aliases, no duplicate keys, string keys only, size and depth limited.
"""

import re
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
import yaml

MAX_FILE_BYTES = 1_000_000
MAX_DEPTH = 40
T = TypeVar("T")
FieldPath = tuple[str | int, ...]


class FileError(ValueError):
    """A configuration file is wrong. The text is `file:line:column: field: what and what to do`."""

    def __init__(self, message: str, *, file: str, line: int = 1, column: int = 1, field: str = "") -> None:
        super().__init__(f"{file}:{line}:{column}: {field + ': ' if field else ''}{message}")
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.field = field


class YamlFile:
    """`data` is the plain content; `error(path, message)` makes an error that points at a field."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._marks: dict[FieldPath, tuple[int, int]] = {(): (1, 1)}
        if len(text) > MAX_FILE_BYTES:
            raise FileError(f"file is larger than {MAX_FILE_BYTES} bytes", file=file)
        try:
            node = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise FileError(
                str(error.problem), file=file, line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else 1
            ) from error
        except yaml.YAMLError as error:
            raise FileError(str(error), file=file) from error
        if node is None:
            raise FileError("file is empty", file=file)
        self.data: Any = self._plain(node, ())

    @classmethod
    def read(cls, path: Path) -> "YamlFile":
        """Read `path`; only its name is shown in errors, so that they do not depend on the machine."""
        try:
            return cls(path.name, path.read_text("utf-8"))
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror}", file=str(path)) from error
        except UnicodeDecodeError as error:
            raise FileError("is not UTF-8 text", file=path.name) from error

    def error(self, path: FieldPath, message: str) -> FileError:
        at = path
        while at not in self._marks:
            at = at[:-1]
        line, column = self._marks[at]
        return FileError(message, file=self.file, line=line, column=column, field=field_name(path))

    def mapping(self, path: FieldPath, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error(path, "must be a mapping of names to values")
        return value

    def convert(self, value: Any, type_: type[T], path: FieldPath = ()) -> T:
        """`value` (found at `path`) as `type_`, strictly; a fault names its own field and position."""
        try:
            return msgspec.convert(value, type_)
        except msgspec.ValidationError as error:
            text = str(error)
            inner: list[str | int] = []
            if (found := re.search(r" - at `(.*)`$", text)) is not None:
                for name, index in re.findall(r"\.([\w]+)|\[(\d+)\]", found[1]):
                    inner.append(name or int(index))
                text = text[: found.start()]
            if (unknown := re.search(r"unknown field `(.*)`", text)) is not None:
                inner.append(unknown[1])
                text = f"unknown key; known keys: {', '.join(_known(_type_at(type_, inner[:-1])))}"
            raise self.error((*path, *inner), text) from error

    def _plain(self, node: yaml.Node, path: FieldPath) -> Any:
        self._marks[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if len(path) > MAX_DEPTH:
            raise self.error(path, f"nested deeper than {MAX_DEPTH}")
        if isinstance(node, yaml.MappingNode):
            out: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = self._key(key_node, path)
                if key in out:
                    raise FileError(
                        f"key {key!r} is given twice",
                        file=self.file,
                        line=key_node.start_mark.line + 1,
                        column=key_node.start_mark.column + 1,
                        field=field_name((*path, key)),
                    )
                out[key] = self._plain(value_node, (*path, key))
                self._marks[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            return out
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _key(self, node: yaml.Node, path: FieldPath) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(path, "keys must be plain names")
        return str(node.value)


def field_name(path: FieldPath) -> str:
    """`("map", "orders", 0)` as `map.orders[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not supported; write it out", problem_mark=mark)
        return super().compose_node(parent, index)


def _scalar(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    finally:
        loader.dispose()


def _type_at(type_: Any, path: list[str | int]) -> Any:
    """The type of the value at `path` inside a value of `type_`, as far as its annotations say."""
    for part in path:
        if isinstance(part, int):
            type_ = next((inner for inner in get_args(type_) if inner is not ...), None)
        else:
            type_ = get_type_hints(type_).get(part) if isinstance(type_, type) else None
    return type_


def _known(type_: Any) -> tuple[str, ...]:
    try:
        return tuple(field.encode_name for field in msgspec.structs.fields(type_))
    except TypeError:
        return ()
