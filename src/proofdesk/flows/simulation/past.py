"""Past tickets and dated examples from JSON lines or CSV; every fault names file, line and field."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from proofdesk.core.records import Records
from proofdesk.core.simulation.values import Human

MAX_ROWS: Final = 1_000_000
MAX_FILE_BYTES: Final = 2 * 1024**3
MAX_TEXT_CHARS: Final = 100_000
MAX_LOOKUPS: Final = 300
MAX_FAULTS: Final = 20
_ALIASES: Final = {
    "created": "at", "created_at": "at", "time": "at", "body": "text", "message": "text", "description": "text",
    "procedure": "intent", "gold_intent": "intent", "gold_action": "action", "escalated": "handed_over",
}  # fmt: skip
_YES, _NO = frozenset({"true", "yes", "y", "1"}), frozenset({"false", "no", "n", "0"})
_SOLVED: Final = {"solved": True, "closed": True, "open": False, "new": False, "pending": False, "on-hold": False}
_BOOLEANS: Final = ("verified", "handed_over", "solved")
_LISTS: Final = ("intent", "sources")
_SEPARATOR = re.compile(r"\s*[|+]\s*")


class TicketFileError(ValueError):
    """The file cannot be used; nothing was simulated. One line for every fault, with its place."""


class PastLookup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the back office answered at that time: `value`, or `refused`, its code, where it said no."""

    capability: str
    args: dict[str, Any] = {}
    value: Any = None
    refused: str = ""


class PastTicket(msgspec.Struct, frozen=True, kw_only=True):
    """`records` None: what the back office held is not known; `verified` None: nor is whether the sender was proven."""

    id: str
    at: datetime
    text: str
    line: int
    requester: str = ""
    channel: str = ""
    verified: bool | None = None
    human: Human | None = None
    solved: bool | None = None
    records: Records | None = None
    lookups: tuple[PastLookup, ...] = ()
    sources: tuple[str, ...] = ()


class DatedExample(msgspec.Struct, frozen=True, kw_only=True):
    """A text somebody labelled. Where a procedure holds the same text, this says since when and made from what."""

    text: str
    intent: str
    at: datetime | None
    sources: tuple[str, ...] = ()


class Past(msgspec.Struct, frozen=True, kw_only=True):
    tickets: tuple[PastTicket, ...]
    examples: tuple[DatedExample, ...]


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str = "ticket"
    id: str | int = ""
    at: str = ""
    text: str = ""
    subject: str = ""
    requester: str = ""
    channel: str = ""
    verified: bool | None = None
    intent: tuple[str, ...] = ()
    action: str = ""
    handed_over: bool | None = None
    amount_minor: int = 0
    solved: bool | None = None
    status: str = ""
    records: Records | None = None
    lookups: tuple[PastLookup, ...] = ()
    sources: tuple[str, ...] = ()


class _Fault(ValueError):
    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"field {field}: {what}" if field else what)


def read_past(path: Path) -> Past:
    """Raises TicketFileError with up to MAX_FAULTS faults; OSError where the file cannot be opened."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise TicketFileError(f"{path.name}: larger than {MAX_FILE_BYTES} bytes; split it")
    tickets: list[PastTicket] = []
    examples: list[DatedExample] = []
    faults: list[str] = []
    first: dict[str, int] = {}
    for number, given in _rows(path):
        try:
            row = _converted(given)
            if row.kind == "example":
                examples.append(_example(row))
                continue
            ticket = _ticket(row, number)
            if ticket.id in first:
                raise _Fault("id", f"{ticket.id} is also on line {first[ticket.id]}; ids must be unique")
            first[ticket.id] = number
            tickets.append(ticket)
        except _Fault as fault:
            faults.append(f"{path.name}:{number}: {fault}")
            if len(faults) >= MAX_FAULTS:
                faults.append(f"{path.name}: further faults are not listed")
                break
        if len(tickets) > MAX_ROWS:
            raise TicketFileError(f"{path.name}: more than {MAX_ROWS} tickets; split it")
    if faults:
        raise TicketFileError("\n".join(faults))
    if not tickets:
        raise TicketFileError(f"{path.name}: no ticket; each line needs at least id, at and text")
    return Past(tickets=tuple(tickets), examples=tuple(examples))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | _Fault]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        broken = path.read_bytes()[: error.start].count(b"\n") + 1
        raise TicketFileError(f"{path.name}:{broken}: not UTF-8; save the file as UTF-8") from error
    if path.suffix.lower() in (".csv", ".tsv"):
        yield from _csv_rows(path, text)
        return
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines: U+2028 may stand in a text
        if line.strip():
            try:
                value = msgspec.json.decode(line)
            except msgspec.DecodeError as error:
                yield number, _Fault("", f"not JSON: {error}")
                continue
            yield number, value if isinstance(value, dict) else _Fault("", "must be a JSON object")


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any] | _Fault]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    csv.field_size_limit(MAX_TEXT_CHARS * 40)
    names = [_ALIASES.get(name.strip().lower(), name.strip().lower()) for name in reader.fieldnames or ()]
    for missing in {"id", "at"} - set(names):
        raise TicketFileError(f"{path.name}:1: no column {missing}; columns are {', '.join(names) or 'none'}")
    known = set(_Row.__struct_fields__)
    before = 1
    try:
        for row in reader:
            number, before = before + 1, reader.line_num
            if None in row:
                yield number, _Fault("", f"more cells than the {len(names)} columns")
                continue
            cells = zip(names, row.values(), strict=True)
            yield number, {name: cell for name, cell in cells if cell not in (None, "") and name in known}
    except csv.Error as error:
        raise TicketFileError(f"{path.name}:{reader.line_num}: {error}") from error


def _converted(given: dict[str, Any] | _Fault) -> _Row:
    if isinstance(given, _Fault):
        raise given
    row: dict[str, Any] = {_ALIASES.get(name, name): value for name, value in given.items()}
    for name in _BOOLEANS:
        if isinstance(row.get(name), str):
            row[name] = _boolean(name, row[name])
    for name in _LISTS:
        if isinstance(row.get(name), str):
            row[name] = [part for part in _SEPARATOR.split(row[name].strip()) if part]
    if isinstance(row.get("amount_minor"), str):
        if not re.fullmatch(r"\d{1,15}", row["amount_minor"]):
            raise _Fault("amount_minor", f"{row['amount_minor']!r} is no whole number of minor units (cents)")
        row["amount_minor"] = int(row["amount_minor"])
    for name in ("records", "lookups"):
        if isinstance(row.get(name), str):
            try:
                row[name] = msgspec.json.decode(row[name])
            except msgspec.DecodeError as error:
                raise _Fault(name, f"not JSON: {error}") from error
    try:
        return msgspec.convert(row, _Row)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$.")
        raise _Fault(place.rstrip("`"), what) from error


def _boolean(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise _Fault(name, f"{text!r} is neither yes nor no")


def _ticket(row: _Row, number: int) -> PastTicket:
    text = row.text if row.text.strip() else row.subject
    if row.kind != "ticket":
        raise _Fault("kind", f"{row.kind!r} is neither ticket nor example")
    if not str(row.id).strip():
        raise _Fault("id", "missing")
    if not text.strip():
        raise _Fault("text", "missing, and there is no subject either")
    if len(text) > MAX_TEXT_CHARS:
        raise _Fault("text", f"longer than {MAX_TEXT_CHARS} characters")
    if row.amount_minor < 0:
        raise _Fault("amount_minor", "below 0")
    if len(row.lookups) > MAX_LOOKUPS:
        raise _Fault("lookups", f"more than {MAX_LOOKUPS}")
    return PastTicket(
        id=str(row.id), at=_instant(row.at), text=text, line=number, requester=row.requester, channel=row.channel,
        verified=row.verified, human=_human(row), solved=_solved(row), records=row.records, lookups=row.lookups,
        sources=row.sources,
    )  # fmt: skip


def _example(row: _Row) -> DatedExample:
    if not row.text.strip():
        raise _Fault("text", "missing")
    if len(row.intent) != 1:
        raise _Fault("intent", "an example has exactly one")
    return DatedExample(
        text=row.text, intent=row.intent[0], at=_instant(row.at) if row.at else None, sources=row.sources
    )


def _human(row: _Row) -> Human | None:
    if not row.intent and not row.action and row.handed_over is None:
        return None
    if not row.intent and not row.action and not row.handed_over:
        return None  # that it was not handed over does not say what was done
    return Human(
        intents=tuple(sorted(set(row.intent))), action=row.action, handed_over=bool(row.handed_over),
        amount_minor=row.amount_minor,
    )  # fmt: skip


def _solved(row: _Row) -> bool | None:
    if row.solved is not None or not row.status:
        return row.solved
    return _SOLVED.get(row.status.strip().lower())


def _instant(text: str) -> datetime:
    if not text.strip():
        raise _Fault("at", "missing; write 2026-03-31T12:00:00Z")
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise _Fault("at", f"{text!r} is no ISO date; write 2026-03-31T12:00:00Z") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
