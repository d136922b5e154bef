"""A world as pure state: reads, copy on write, hash and difference.

Records stay in the shape of the world's file ({table: {id: record}}). Reads give the live record (never change
it); a write copies a record on its first change, so a reset costs nothing and the base is shared by all worlds.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Self

Record = dict[str, Any]


class WriteRefused(Exception):
    """The world says no; nothing was changed. `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def normalised(value: Any) -> Any:
    """Floats rounded to 2 decimals and written as integers when whole."""
    if isinstance(value, float):
        rounded = round(value, 2)
        return int(rounded) if rounded == int(rounded) else rounded
    if isinstance(value, dict):
        return {key: normalised(part) for key, part in value.items()}
    if isinstance(value, list):
        return [normalised(part) for part in value]
    return value


def _canonical(record: Any) -> str:
    return json.dumps(normalised(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Base:
    """A world as loaded: never changed, with the canonical texts every World over it shares."""

    names: tuple[str, ...] = ()
    """The tables of the world, sorted."""

    def __init__(self, tables: Mapping[str, dict[str, Record]]) -> None:
        self.tables = {name: tables[name] for name in self.names}
        self.canonical = {
            name: {key: _canonical(row) for key, row in rows.items()} for name, rows in self.tables.items()
        }


class World:
    """One world in play over a Base."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._changed: dict[str, dict[str, Record]] = {name: {} for name in base.names}
        self.writes: dict[str, int] = {}
        self.refusals: dict[str, int] = {}

    def reset(self) -> None:
        self._changed = {name: {} for name in self.base.names}
        self.writes = {}
        self.refusals = {}

    def fork(self) -> Self:
        """A copy that can be tried on without touching this one."""
        other = type(self)(self.base)
        other._changed = copy.deepcopy(self._changed)
        return other

    def find(self, table: str, key: str) -> Record | None:
        return self._changed[table].get(key) or self.base.tables[table].get(key)

    def get(self, table: str, key: str) -> Record:
        row = self.find(table, key)
        if row is None:
            raise WriteRefused(f"{table[:-1]}_not_found", f"there is no {table[:-1]} {key}")
        return row

    def edit(self, table: str, key: str) -> Record:
        """The record to change; call only when nothing can refuse the write any more."""
        changed = self._changed[table]
        if key not in changed:
            changed[key] = copy.deepcopy(self.base.tables[table][key])
        return changed[key]

    def add(self, table: str, key: str, record: Record) -> Record:
        """A new record under a key nothing has."""
        if self.find(table, key) is not None:
            raise ValueError(f"{table} {key} exists")
        self._changed[table][key] = record
        return record

    def state_sha256(self) -> str:
        digest = hashlib.sha256()
        for position, name in enumerate(self.base.names):
            texts = self.base.canonical[name] | {key: _canonical(row) for key, row in self._changed[name].items()}
            body = ",".join(f"{json.dumps(key, ensure_ascii=False)}:{texts[key]}" for key in sorted(texts))
            digest.update(f'{"," if position else "{"}"{name}":{{{body}}}'.encode())
        digest.update(b"}")
        return digest.hexdigest()

    def diff(self) -> dict[str, Any]:
        """{"table/id/field/…": new value} of every leaf that differs from the base; arrays count as one leaf."""
        found: dict[str, Any] = {}
        for name, rows in self._changed.items():
            for key, row in rows.items():
                before = self.base.tables[name].get(key, {})
                _leaves(normalised(before), normalised(row), f"{name}/{key}", found)
        return found

    def carry_out(self, writes: "Mapping[str, Callable[..., Record]]", name: str, arguments: Record) -> Record:
        """The write called `name`, counted. Raises WriteRefused with nothing changed."""
        try:
            record = writes[name](self, **arguments)
        except WriteRefused:
            self.refusals[name] = self.refusals.get(name, 0) + 1
            raise
        self.writes[name] = self.writes.get(name, 0) + 1
        return record


def _leaves(before: Any, after: Any, path: str, found: dict[str, Any]) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            _leaves(before.get(key), after.get(key), f"{path}/{key}", found)
    elif before != after:
        found[path] = after
