"""Named queries from `queries/*.sql`, bound to result types when a module is imported.

    -- name: ticket_claim :optional Ticket
    update ticket set ... where id = %(id)s and version = %(version)s returning *

    claim = sql.optional("ticket.sql", "ticket_claim", Ticket)
    ticket = await claim(conn, id=ticket_id, version=3)      # Ticket | None

Kinds: `:one` exactly one row, `:optional` none or one, `:many` a list, `:execute` the number of rows touched.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import tuple_row

from proofdesk.store.errors import StoreError

T = TypeVar("T")
Kind = Literal["one", "optional", "many", "execute"]

QUERIES: Final = Path(__file__).parent / "queries"
QUERY_LIMIT_BYTES = 20_000
_HEADER = re.compile(r"^--\s*name:(.*)$")
_HEADING = re.compile(
    r"\s*(?P<name>[a-z][a-z0-9_]*)\s+:(?P<kind>one|optional|many|execute)(?:\s+(?P<type>[\w.|\[\] ]+))?\s*"
)
_ROLE = re.compile(r"^--\s*role:\s*(app|engine|owner)\s*$")
_PLACEHOLDER = re.compile(r"%(?:\((?P<name>[A-Za-z_]\w*)\)s|(?P<double>%)|(?P<bad>.{0,6}))", re.DOTALL)


class QueryError(StoreError):
    """A query and its use do not fit: the message says file, line and name."""


class WrongRowCount(QueryError):
    """A `:one` query gave no row, or a `:one` or `:optional` query gave several."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One named query as it stands in its file. `role` says who runs it: app unless the file says otherwise."""

    name: str
    kind: Kind
    type_name: str
    sql: str
    params: frozenset[str]
    file: Path
    line: int
    role: str = "app"

    @property
    def where(self) -> str:
        return f"{self.file.name}:{self.line}: {self.name}"

    def numbered(self) -> str:
        """The query with `$1`, `$2`, … for its parameters in order of name, for EXPLAIN (GENERIC_PLAN)."""
        order = {name: f"${number}" for number, name in enumerate(sorted(self.params), start=1)}
        return _PLACEHOLDER.sub(lambda found: order[found["name"]] if found["name"] else "%", self.sql)


class _Bound:
    """A query with its arguments checked by name before anything is sent."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self._sql = text.sql.encode()

    def _check(self, args: Mapping[str, Any]) -> None:
        if args.keys() == self.text.params:
            return
        faults = [f"missing {name}" for name in sorted(self.text.params - args.keys())]
        faults += [f"unknown {name}" for name in sorted(args.keys() - self.text.params)]
        raise QueryError(
            f"{self.text.where}: argument {', '.join(faults)}; takes {', '.join(sorted(self.text.params))}"
        )


class _Rows(_Bound, Generic[T]):
    """A query that gives rows of T: a Struct (or union of Structs, or dict) per row, or a single column's value."""

    def __init__(self, text: Text, row: type[T]) -> None:
        super().__init__(text)
        self._row = row
        self._list: Any = list[row]  # type: ignore[valid-type]
        self._scalar = not _is_record(row)

    async def _fetch(self, conn: AsyncConnection[Any], args: Mapping[str, Any]) -> list[T]:
        self._check(args)
        async with conn.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(self._sql, args)
            rows = await cursor.fetchall()
            columns = [column.name for column in cursor.description or ()]
        if self._scalar and len(columns) != 1:
            raise QueryError(f"{self.text.where}: one column expected for {self._row}, got {', '.join(columns)}")
        values = [row[0] for row in rows] if self._scalar else [dict(zip(columns, row, strict=True)) for row in rows]
        try:
            converted: list[T] = msgspec.convert(values, self._list)
        except msgspec.ValidationError as error:
            raise QueryError(f"{self.text.where}: the row does not fit {self._row}: {error}") from error
        return converted


class One(_Rows[T]):
    async def __call__(self, conn: AsyncConnection[Any], /, **args: Any) -> T:
        rows = await self._fetch(conn, args)
        if len(rows) != 1:
            raise WrongRowCount(f"{self.text.where}: exactly one row expected, got {len(rows)}")
        return rows[0]


class Optional(_Rows[T]):
    async def __call__(self, conn: AsyncConnection[Any], /, **args: Any) -> T | None:
        rows = await self._fetch(conn, args)
        if len(rows) > 1:
            raise WrongRowCount(f"{self.text.where}: at most one row expected, got {len(rows)}")
        return rows[0] if rows else None


class Many(_Rows[T]):
    async def __call__(self, conn: AsyncConnection[Any], /, **args: Any) -> list[T]:
        return await self._fetch(conn, args)


class Execute(_Bound):
    async def __call__(self, conn: AsyncConnection[Any], /, **args: Any) -> int:
        self._check(args)
        async with conn.cursor() as cursor:
            await cursor.execute(self._sql, args)
            return max(cursor.rowcount, 0)

    async def later(self, conn: AsyncConnection[Any], /, **args: Any) -> AsyncCursor[Any]:
        """Queue the statement in the pipeline under way; the cursor's `rowcount` holds once the pipeline has ended."""
        self._check(args)
        cursor = conn.cursor()
        await cursor.execute(self._sql, args)
        return cursor


class Queries:
    """All named queries of one folder. Binding checks file, name, kind and type name at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, dict[str, Text]] = {}
        self._bound: set[tuple[str, str]] = set()

    def one(self, file: str, name: str, row: type[T]) -> One[T]:
        return One(self._bind(file, name, "one", row), row)

    def optional(self, file: str, name: str, row: type[T]) -> Optional[T]:
        return Optional(self._bind(file, name, "optional", row), row)

    def many(self, file: str, name: str, row: type[T]) -> Many[T]:
        return Many(self._bind(file, name, "many", row), row)

    def execute(self, file: str, name: str) -> Execute:
        return Execute(self._bind(file, name, "execute", None))

    def all_queries(self) -> list[Text]:
        """Every query of the folder, bound or not."""
        files = sorted(path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*.sql"))
        return [text for file in files for text in self._load(file).values()]

    def unused(self) -> list[Text]:
        """Queries that no imported module has bound."""
        return [
            text
            for text in self.all_queries()
            if (text.file.relative_to(self._folder).as_posix(), text.name) not in self._bound
        ]

    def _bind(self, file: str, name: str, kind: Kind, row: object) -> Text:
        texts = self._load(file)
        text = texts.get(name)
        if text is None:
            raise QueryError(f"{file}: no query named {name!r}; it has {', '.join(texts) or 'none'}")
        if text.kind != kind:
            raise QueryError(f"{text.where} is :{text.kind}, but is bound as :{kind}")
        wanted = getattr(row, "__name__", str(row))
        if row is not None and text.type_name and text.type_name != wanted:
            raise QueryError(f"{text.where} gives {text.type_name}, but is bound to {wanted}")
        self._bound.add((file, name))
        return text

    def _load(self, file: str) -> dict[str, Text]:
        if file not in self._files:
            path = self._folder / file
            if not path.is_file():
                raise QueryError(f"{path}: no such file of queries")
            self._files[file] = parse(path)
        return self._files[file]


def parse(path: Path) -> dict[str, Text]:
    """Read one file of named queries. Raises QueryError with file and line."""
    role = "engine" if "engine" in path.parent.parts[-1:] else "app"
    found: dict[str, Text] = {}
    heading: tuple[int, re.Match[str]] | None = None
    body: list[str] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate([*lines, "-- name: end :execute"], start=1):
        if declared := _ROLE.match(line):
            role = declared[1]
        elif header := _HEADER.match(line):
            if heading is not None:
                _add(found, _text(path, heading, body, role))
            elif "".join(body).strip():
                raise QueryError(f"{path.name}:1: statement before the first `-- name:` line")
            match = _HEADING.fullmatch(header[1])
            if match is None:
                raise QueryError(
                    f"{path.name}:{number}: write `-- name: some_name :one|:optional|:many|:execute [Type]`"
                )
            heading, body = (number, match), []
        else:
            body.append("" if line.lstrip().startswith("--") else line)
    return found


def _text(path: Path, heading: tuple[int, re.Match[str]], body: list[str], role: str) -> Text:
    number, match = heading
    raw = "\n".join(body)
    sql = raw.strip().removesuffix(";").rstrip()
    first = number + 1 + raw[: len(raw) - len(raw.lstrip())].count("\n")
    where = f"{path.name}:{number}: {match['name']}"
    if not sql:
        raise QueryError(f"{where} has no statement")
    if len(sql.encode()) > QUERY_LIMIT_BYTES:
        raise QueryError(f"{where} is longer than {QUERY_LIMIT_BYTES} bytes")
    params = set()
    for found in _PLACEHOLDER.finditer(sql):
        if found["name"]:
            params.add(found["name"])
        elif not found["double"]:
            line = first + sql[: found.start()].count("\n")
            raise QueryError(
                f"{path.name}:{line}: {match['name']}: bare {found[0]!r}; "
                "write %% for a percent sign, %(name)s for a value"
            )
    return Text(
        name=match["name"],
        kind=match["kind"],  # type: ignore[arg-type]  # the pattern allows only these
        type_name=(match["type"] or "").strip(),
        sql=sql,
        params=frozenset(params),
        file=path,
        line=number,
        role=role,
    )


def _add(found: dict[str, Text], text: Text) -> None:
    if text.name in found:
        raise QueryError(f"{text.where} is defined twice, first in line {found[text.name].line}")
    found[text.name] = text


def _is_record(row: object) -> bool:
    kind = msgspec.inspect.type_info(row)
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(isinstance(part, _RECORDS) for part in kind.types)
    return isinstance(kind, _RECORDS)


_RECORDS = (
    msgspec.inspect.StructType,
    msgspec.inspect.DictType,
    msgspec.inspect.TypedDictType,
    msgspec.inspect.DataclassType,
)

_default = Queries(QUERIES)
one, optional, many, execute = _default.one, _default.optional, _default.many, _default.execute
all_queries, unused = _default.all_queries, _default.unused
