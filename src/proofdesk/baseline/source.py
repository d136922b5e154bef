"""Any export made readable: CSV, TSV, JSON Lines, each also gzipped, and Parquet.

Files are copied once into a clean CSV (UTF-8, one row a ticket, with the line it came from), so that whatever was
wrong is named by file and line and everything after may be strict.
"""

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

import msgspec

from proofdesk.core.audit import Problem

MAX_FILE_BYTES: Final = 8 * 1024**3
MAX_FIELD: Final = 4 * 1024**2
KEPT_TEXT: Final = 2_000
"""Characters kept of one field: enough for topics, and a body of a megabyte does not fill the memory."""
MAX_COLUMNS: Final = 500
MAX_PROBLEMS: Final = 1_000
"""Kept in full per file; further ones are only counted."""
_SNIFF: Final = 64 * 1024
_DELIMITERS: Final = ",;\t|"
LINE: Final = "source_line"


class Unreadable(ValueError):
    """No ticket can be read from the file: says why and what to do."""


class Problems:
    """What went wrong, each with its place; bounded, with counts of all."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.counts: dict[str, int] = {}

    def add(self, file: str, line: int | None, kind: str, text: str, column: str = "") -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] <= MAX_PROBLEMS:
            self.kept.append(Problem(file=file, line=line, column=column, kind=kind, text=text))


class CleanFile(msgspec.Struct, frozen=True, kw_only=True):
    """A clean copy: its columns as the export calls them, and how many rows there are."""

    name: str
    path: Path
    columns: tuple[str, ...]
    rows: int
    parquet: bool = False


def clean_copy(source: Path, target: Path, problems: Problems) -> CleanFile:
    """Raises Unreadable. `target` is written with `source_line` first."""
    if not source.is_file():
        raise Unreadable(f"{source}: no such file")
    if source.stat().st_size > MAX_FILE_BYTES:
        raise Unreadable(f"{source}: larger than {MAX_FILE_BYTES // 1024**3} GB; split the export by month")
    name = source.name
    suffix = Path(name.removesuffix(".gz")).suffix.lower()
    if suffix == ".parquet":
        return CleanFile(name=name, path=source, columns=(), rows=0, parquet=True)
    try:
        with _text(source, problems) as text:
            rows = _json_rows(text, name, problems) if suffix in (".jsonl", ".ndjson", ".json") else None
            return _write(name, target, *(rows or _csv_rows(text, name, problems)))
    except (EOFError, gzip.BadGzipFile, OSError) as fault:
        raise Unreadable(f"{source}: cannot be read to its end ({fault}); export it again") from fault


def _text(source: Path, problems: Problems) -> IO[str]:
    encoding = _encoding(source, problems)
    return io.TextIOWrapper(_opened(source), encoding=encoding, errors="replace", newline="")


def _opened(source: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(source)) if source.suffix == ".gz" else source.open("rb")


def _encoding(source: Path, problems: Problems) -> str:
    """UTF-8 where the whole file is; UTF-16 by its mark; else Windows-1252, said with the first offending line."""
    with _opened(source) as raw:
        start = raw.read(4)
        if not start:
            raise Unreadable(f"{source}: the file is empty")
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        line, block = 1, start
        while block:
            try:
                decoder.decode(block)
            except UnicodeDecodeError as fault:
                line += block[: fault.start].count(b"\n")
                problems.add(source.name, line, "encoding", "not UTF-8: the file was read as Windows-1252")
                return "cp1252"
            line += block.count(b"\n")
            block = raw.read(1 << 20)
    return "utf-8-sig"


Rows = tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]


def _csv_rows(text: IO[str], name: str, problems: Problems) -> Rows:
    csv.field_size_limit(MAX_FIELD)
    head = text.read(_SNIFF)
    reader = csv.reader(_lines(head, text), delimiter=_delimiter(head))
    try:
        header = next((row for row in reader if any(cell.strip() for cell in row)), None)
    except csv.Error as fault:
        raise Unreadable(f"{name}, line {reader.line_num}: {fault}") from fault
    if header is None:
        raise Unreadable(f"{name}: the file has no header line")
    return _unique(header, name, problems), _csv_body(reader, len(header), name, problems)


def _csv_body(reader: Any, width: int, name: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    line = reader.line_num + 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as fault:
            problems.add(name, line, "unreadable row", f"{fault}; the rest of the file was left out")
            return
        if row is None:
            return
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            row = row[:width]
        if len(row) > width:
            problems.add(name, line, "too many fields", f"{len(row)} fields, the header has {width}: row left out; "
                         "quote a field that holds the delimiter")  # fmt: skip
        elif any(cell.strip() for cell in row):
            if len(row) < width:
                problems.add(
                    name, line, "too few fields", f"{len(row)} fields, the header has {width}: the rest is empty"
                )
            yield line, row + [""] * (width - len(row))
        line = reader.line_num + 1


def _lines(head: str, rest: IO[str]) -> Iterator[str]:
    """The text's lines without NUL characters, which some exports hold and no reader likes."""
    kept = head.splitlines(keepends=True)
    broken = kept.pop() if kept else ""
    yield from (line.replace("\0", "") for line in kept)
    yield (broken + rest.readline()).replace("\0", "")
    for line in rest:
        yield line.replace("\0", "")


def _delimiter(head: str) -> str:
    """The mark that divides the header into most parts and the next lines into as many."""
    lines = [line for line in head.splitlines()[:20] if line.strip()]
    if not lines:
        return ","

    def score(mark: str) -> tuple[int, int]:
        try:
            rows = list(csv.reader(lines[:-1] or lines, delimiter=mark))
        except csv.Error:
            return (0, 0)
        width = len(rows[0])
        return (sum(len(row) == width for row in rows) if width > 1 else 0, width)

    return max(_DELIMITERS, key=score)


def _unique(header: list[str], name: str, problems: Problems) -> tuple[str, ...]:
    if len(header) > MAX_COLUMNS:
        raise Unreadable(f"{name}: {len(header)} columns; at most {MAX_COLUMNS} can be audited")
    seen: dict[str, int] = {}
    columns = []
    for place, given in enumerate(header, start=1):
        title = given.strip() or f"column {place}"
        seen[title.lower()] = seen.get(title.lower(), 0) + 1
        if seen[title.lower()] > 1:
            problems.add(name, 1, "repeated column", f"column {place} has the name of an earlier one", column=title)
        times = seen[title.lower()]
        columns.append(f"{title} ({times})" if times > 1 else title)
    return tuple(columns)


def _json_rows(text: IO[str], name: str, problems: Problems) -> Rows:
    """Objects, one a line (or one array); nested objects become dotted names. Two passes: names first."""
    columns: dict[str, None] = {}
    for _, record in _objects(text, name, Problems()):
        columns.update(dict.fromkeys(record))
        if len(columns) > MAX_COLUMNS:
            raise Unreadable(f"{name}: more than {MAX_COLUMNS} different fields")
    if not columns:
        raise Unreadable(f"{name}: no JSON object found; write one object a line")
    text.seek(0)
    names = tuple(columns)
    rows = ((line, [record.get(column, "") for column in names]) for line, record in _objects(text, name, problems))
    return names, rows


def _objects(text: IO[str], name: str, problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    decoder = msgspec.json.Decoder()
    first = True
    for line, raw in enumerate(text, start=1):
        piece = raw.strip().rstrip(",")
        if not piece or piece in "[]":
            continue
        if first and piece.startswith("[") and piece.endswith("]"):
            for record in decoder.decode(piece):
                yield line, _flat(record)
            return
        first = False
        try:
            record = decoder.decode(piece)
        except msgspec.DecodeError as fault:
            problems.add(name, line, "unreadable row", f"not JSON: {fault}")
            continue
        if isinstance(record, dict):
            yield line, _flat(record)
        else:
            problems.add(name, line, "unreadable row", "not a JSON object")


def _flat(record: dict[str, Any], above: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in record.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and not above:
            found |= _flat(value, f"{name}.")
        elif isinstance(value, list):
            found[name] = " ".join(str(item) for item in value if not isinstance(item, dict | list))
        elif value is not None and not isinstance(value, dict):
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def _write(name: str, target: Path, columns: tuple[str, ...], rows: Iterator[tuple[int, list[str]]]) -> CleanFile:
    count = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([LINE, *(f"c{place}" for place in range(len(columns)))])
        for line, row in rows:
            writer.writerow([line, *(cell[:KEPT_TEXT] if len(cell) > KEPT_TEXT else cell for cell in row)])
            count += 1
    if not count:
        raise Unreadable(f"{name}: a header but no row")
    return CleanFile(name=name, path=target, columns=columns, rows=count)
