"""An audit of a few rows, in one call."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from proofdesk.baseline.columns import MappingFile
from proofdesk.baseline.money import CostFile
from proofdesk.baseline.run import Order, run_audit
from proofdesk.core.audit import Audit
from proofdesk.core.calendar import BusinessCalendar, weekly

NEW_YORK = weekly("New York", ZoneInfo("America/New_York"), "09:00", "17:00")
AS_OF = datetime(2026, 3, 20, tzinfo=UTC)


def audit_of(
    *files: Path, mapping: MappingFile | None = None, costs: CostFile | None = None,
    calendar: BusinessCalendar = NEW_YORK, as_of: datetime | None = AS_OF,
) -> Audit:  # fmt: skip
    order = Order(
        files=files, mapping=mapping or MappingFile(), costs=costs or CostFile(), calendar=calendar, as_of=as_of
    )
    return run_audit(order, lambda _: None)


def write(path: Path, rows: Sequence[Sequence[object]], mark: str = ",") -> Path:
    path.write_text("\n".join(mark.join(str(cell) for cell in row) for row in rows) + "\n", encoding="utf-8")
    return path


def problems(audit: Audit) -> set[tuple[int | None, str, str]]:
    return {(each.line, each.column, each.kind) for each in audit.problems}
