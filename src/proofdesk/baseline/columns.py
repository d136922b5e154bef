"""Which column is what: by its name and by what stands in it, with a stated confidence; a mapping file settles it."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from proofdesk.baseline.dates import Order, looks_like_a_time
from proofdesk.baseline.fields import EVENT_FIELDS, SYSTEMS, TICKET_FIELDS, Field
from proofdesk.core.audit import Column

SURE: Final = 0.5
"""Below this a guess is not used but shown as an alternative."""
_SCORES: Final = frozenset({
    "good", "bad", "satisfied", "dissatisfied", "happy", "unhappy", "extremely happy", "very satisfied", "neutral",
    "very dissatisfied",
})  # fmt: skip
_NO_SCORE: Final = frozenset({"offered", "unoffered", "not offered", "not rated", "none", "-", "n/a"})
_DURATION: Final = re.compile(r"^\d+(:\d{1,2}){1,2}$|^\d+([.,]\d+)?$")

Shape = Literal["tickets", "events"]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What a column holds: values met (not empty), the share filled, and the share of different ones."""

    title: str
    values: tuple[str, ...]
    filled: float
    distinct: float


class MappingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """map.yaml: settles what is guessed otherwise. Field names as in docs/reference/audit.md."""

    columns: dict[str, str] = {}
    """field -> column title of the export."""
    ignore: tuple[str, ...] = ()
    shape: Shape | None = None
    date_order: Order | None = None
    time_zone: str = "UTC"
    """Of times without an offset."""
    solved_statuses: tuple[str, ...] = ()
    csat_scale: float | None = None
    """Best score of the survey, when it is not 5 or good/bad."""


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    shape: Shape
    source: str
    columns: tuple[Column, ...]
    unused: tuple[str, ...]

    def column(self, field: str) -> str | None:
        return next((found.column for found in self.columns if found.field == field), None)


class UnknownColumn(ValueError):
    """The mapping file names a column or field that does not exist."""


def recognise(samples: Sequence[Sample], mapping: MappingFile) -> Recognised:
    """Raises UnknownColumn."""
    titles = {normal(sample.title) for sample in samples}
    shape = mapping.shape or _shape(samples)
    fields = EVENT_FIELDS if shape == "events" else TICKET_FIELDS
    fixed = _fixed(samples, mapping, fields)
    taken = {column.column for column in fixed}
    free = [s for s in samples if s.title not in taken and s.title not in mapping.ignore]
    settled = {column.field for column in fixed}
    guessed = _assign([field for field in fields if field.name not in settled], free)
    columns = tuple(sorted([*fixed, *guessed], key=lambda c: -c.confidence))
    used = {column.column for column in columns}
    return Recognised(
        shape=shape, source=_system(titles, shape), columns=columns,
        unused=tuple(sample.title for sample in samples if sample.title not in used),
    )  # fmt: skip


def normal(title: str) -> str:
    """Lower case, words divided by one blank: `First_Response.Time (in hrs)` -> `first response time in hrs`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title)
    return " ".join(re.sub(r"[^0-9a-zA-Z\u00c0-\uffff]+", " ", spaced).lower().split())


def is_score(text: str) -> bool:
    """Whether a survey could have been answered so, in words or as a number."""
    value = text.strip().lower()
    if value in _SCORES:
        return True
    try:
        float(value.replace(",", "."))
    except ValueError:
        return False
    return True


def _shape(samples: Sequence[Sample]) -> Shape:
    """An event log has a time, an event, no time of creation, and several rows for one ticket."""
    found = {column.field: column for column in _assign(EVENT_FIELDS, samples)}
    tickets = {column.field for column in _assign(TICKET_FIELDS, samples) if column.confidence >= 0.8}
    repeated = next((s.distinct for s in samples if "id" in found and s.title == found["id"].column), 1.0) < 0.7
    events = {"id", "at", "event"} <= {name for name, column in found.items() if column.confidence >= 0.8}
    return "events" if events and repeated and not {"solved", "subject", "status"} & tickets else "tickets"


def _fixed(samples: Sequence[Sample], mapping: MappingFile, fields: Sequence[Field]) -> list[Column]:
    known, titles = {field.name for field in fields}, {sample.title for sample in samples}
    for name, title in mapping.columns.items():
        if name not in known:
            raise UnknownColumn(f"columns.{name}: no such field; choose from {', '.join(sorted(known))}")
        if title not in titles:
            raise UnknownColumn(
                f"columns.{name}: the export has no column {title!r}; it has {', '.join(sorted(titles))}"
            )
    return [
        Column(column=title, field=name, confidence=1.0, why="mapping file") for name, title in mapping.columns.items()
    ]


def _assign(fields: Sequence[Field], samples: Sequence[Sample]) -> list[Column]:
    """Best pairs first, each field and each column once."""
    pairs = sorted(
        (
            (_confidence(field, sample), place, field, sample)
            for place, field in enumerate(fields)
            for sample in samples
        ),
        key=lambda pair: (-pair[0][0], pair[1]),
    )
    fields_taken: dict[str, Column] = {}
    used: set[str] = set()
    others: dict[str, list[str]] = {}
    for (confidence, why), _, field, sample in pairs:
        if confidence < 0.3:
            break
        if field.name in fields_taken or sample.title in used or confidence < SURE:
            others.setdefault(field.name, []).append(sample.title)
            continue
        used.add(sample.title)
        fields_taken[field.name] = Column(
            column=sample.title, field=field.name, confidence=round(confidence, 2), why=why
        )
    return [
        msgspec.structs.replace(column, alternatives=tuple(t for t in others.get(name, []) if t not in used))
        for name, column in fields_taken.items()
    ]


def _confidence(field: Field, sample: Sample) -> tuple[float, str]:
    title = normal(sample.title)
    name, why = _by_name(field, title)
    if not name:
        return 0.0, ""
    fits = _fits(field, sample)
    return name * (0.3 + 0.7 * fits), f"{why}; {fits:.0%} of its values fit"


def _by_name(field: Field, title: str) -> tuple[float, str]:
    if title in field.exact:
        place = field.exact.index(title)
        return 1.0 - 0.005 * min(place, 30), "name"
    if title in field.loose:
        return 0.75, "similar name"
    words = title.split()
    for phrase in field.exact:
        parts = phrase.split()
        if len(parts) > 1 and all(part in words for part in parts):
            return 0.85 - 0.02 * (len(words) - len(parts)), "name holds its words"
    if any(len(phrase) > 3 and phrase in words for phrase in field.exact if " " not in phrase):
        return 0.6 - 0.05 * (len(words) - 1), "name holds its word"
    return 0.0, ""


def _fits(field: Field, sample: Sample) -> float:
    """Share of the values that could be such a field. An empty column fits anything a little."""
    values = sample.values
    if not values:
        return 0.5
    if field.kind == "time":
        return sum(looks_like_a_time(value) for value in values) / len(values)
    if field.kind in ("number", "duration"):
        return sum(_DURATION.match(value.strip()) is not None for value in values) / len(values)
    if field.kind == "score":
        asked = [value for value in values if value.strip().lower() not in _NO_SCORE]
        return sum(is_score(value) for value in asked) / len(asked) if asked else 0.5
    if field.kind == "flag":
        return 1.0 if len(set(values)) <= 3 else 0.6
    if field.kind == "id":
        return 1.0
    return 0.2 if sum(looks_like_a_time(value) for value in values) > 0.8 * len(values) else 1.0


def _system(titles: set[str], shape: Shape) -> str:
    if shape == "events":
        return "event log"
    counts: Mapping[str, int] = {name: len(marks & titles) for name, marks in SYSTEMS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] >= 3 else "unknown"
