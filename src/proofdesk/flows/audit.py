"""The baseline audit as a journey: mapping and costs from files, figures, one page and one JSON document."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from proofdesk.baseline.columns import MappingFile, UnknownColumn
from proofdesk.baseline.money import CostError, CostFile
from proofdesk.baseline.run import Order, Progress, Topics, run_audit
from proofdesk.connectors.yamlfile import FieldPath, YamlFile
from proofdesk.core.audit import Audit
from proofdesk.core.calendar import BusinessCalendar, Window, minutes_of, weekly
from proofdesk.documents.audit import audit_page

T = TypeVar("T")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class CalendarFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`calendar:` of map.yaml. `days`: a weekday's short name -> list of "09:00-17:00"."""

    time_zone: str = "UTC"
    days: dict[str, tuple[str, ...]] = {}
    holidays: tuple[date, ...] = ()


class MapFile(MappingFile, frozen=True, kw_only=True, forbid_unknown_fields=True):
    calendar: CalendarFile | None = None
    window_days: int = 7


class AuditRequest(msgspec.Struct, frozen=True, kw_only=True):
    files: tuple[Path, ...]
    mapping: Path | None = None
    costs: Path | None = None
    as_of: datetime | None = None


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    audit: Audit
    html: str


def audit(request: AuditRequest, progress: Progress, topics: Topics | None = None) -> Audited:
    """Raises yamlfile.FileError for the two YAML files, baseline.source.Unreadable for an export.

    `topics` groups the texts of an export without intents; None: by language.topics.
    """
    map_yaml, mapping = _read(request.mapping, MapFile, MapFile())
    cost_yaml, costs = _read(request.costs, CostFile, CostFile())
    order = Order(
        files=request.files, mapping=mapping, costs=costs, as_of=request.as_of, window_days=mapping.window_days,
        calendar=_placed(map_yaml, ("calendar",), lambda: _calendar(mapping.calendar)),
    )  # fmt: skip
    _placed(map_yaml, ("time_zone",), lambda: _zone(mapping.time_zone))
    try:
        found = run_audit(order, progress, topics or topics_of)
    except UnknownColumn as fault:
        raise (map_yaml.error(("columns",), str(fault)) if map_yaml else fault) from fault
    except CostError as fault:
        raise (cost_yaml.error(fault.path, str(fault)) if cost_yaml else fault) from fault
    return Audited(audit=found, html=audit_page(found))


def topics_of(texts: Sequence[str]) -> list[str | None]:
    """The topic's name of each text, None where it belongs to none."""
    from proofdesk.language.topics import UNASSIGNED, discover, find_vectors

    vectors, _ = find_vectors(texts)
    found = discover(texts, vectors)
    return [None if label == UNASSIGNED else found.topics[label].name for label in found.labels]


def _read(path: Path | None, type_: type[T], empty: T) -> tuple[YamlFile | None, T]:
    if path is None:
        return None, empty
    file = YamlFile.read(path)
    return file, file.convert(file.data, type_)


def _placed(file: YamlFile | None, path: FieldPath, made: Callable[[], T]) -> T:
    try:
        return made()
    except ValueError as fault:
        raise (file.error(path, str(fault)) if file else fault) from fault


def _calendar(given: CalendarFile | None) -> BusinessCalendar:
    if given is None:
        return weekly("Monday to Friday 09:00-17:00 UTC (assumed)", ZoneInfo("UTC"), "09:00", "17:00")
    zone = _zone(given.time_zone)
    unknown = sorted(set(given.days) - set(_DAYS))
    if unknown:
        raise ValueError(f"days.{unknown[0]}: write days as {', '.join(_DAYS)}")
    usual: dict[str, tuple[str, ...]] = dict.fromkeys(_DAYS[:5], ("09:00-17:00",))
    days = {day: (given.days or usual).get(day, ()) for day in _DAYS}
    return BusinessCalendar(
        name=f"{_spoken(days)} {given.time_zone}", zone=zone, holidays=frozenset(given.holidays),
        days=tuple(tuple(_window(text) for text in days[day]) for day in _DAYS),
    )  # fmt: skip


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as fault:
        raise ValueError(f"unknown time zone {name!r}: use a name such as Europe/Berlin") from fault


def _window(text: str) -> Window:
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f"{text!r} is no opening time: write 09:00-17:00")
    return Window(minutes_of(start.strip()), minutes_of(end.strip()))


def _spoken(days: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{day.capitalize()} {' '.join(hours)}" for day, hours in days.items() if hours)
