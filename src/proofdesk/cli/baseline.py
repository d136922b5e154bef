"""`audit` and `roi`: what support costs today and what a rollout would be worth, before anything is connected."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from proofdesk.cli.output import fail, print_json, say, table
from proofdesk.cli.running import Json


def audit(
    files: Annotated[list[Path], typer.Argument(help="Exports: CSV, TSV, JSONL, each also .gz, or Parquet.")],
    mapping: Annotated[Path | None, typer.Option(help="map.yaml: columns, time zone, calendar, window.")] = None,
    costs: Annotated[Path | None, typer.Option(help="costs.yaml: labour, intents, return on investment.")] = None,
    out: Annotated[Path, typer.Option(help="The report, one HTML file.")] = Path("report.html"),
    json_out: Annotated[Path | None, typer.Option("--json", help="All figures as a JSON document.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Date of the export (ISO); default: its last instant.")] = None,
) -> None:
    """Measure a ticket export: rates, times, costs, where to begin, what cannot be told."""
    from rich.console import Console

    from proofdesk.flows.audit import AuditRequest
    from proofdesk.flows.audit import audit as run

    request = AuditRequest(files=tuple(files), mapping=mapping, costs=costs, as_of=_instant(as_of))
    with Console(stderr=True).status("audit") as status:
        done = run(request, status.update)
    out.write_text(done.html, encoding="utf-8")
    if json_out is not None:
        json_out.write_bytes(msgspec.json.format(msgspec.json.encode(done.audit), indent=2) + b"\n")
    overall = done.audit.overall
    say(f"{done.audit.tickets:,} tickets, {sum(each.rows for each in done.audit.problem_counts):,} data problems")
    rows: list[tuple[object, ...]] = [
        (name, f"{rate.value:.1%}", f"{rate.low:.1%} to {rate.high:.1%}", f"{rate.numerator:,} of {rate.denominator:,}")
        for name, rate in overall.rates.items()
        if rate.value is not None
    ]
    table("rates", ("rate", "value", "95 % interval", "counted"), rows)
    for each in done.audit.problems[:10]:
        place = f"{each.file}, line {each.line}" if each.line is not None else each.file
        say(f"{place}{', ' + each.column if each.column else ''}: {each.kind}: {each.text}")
    if done.audit.first_cohorts:
        say(f"begin with: {', '.join(done.audit.first_cohorts)}")
    say(f"report: {out}" + (f", figures: {json_out}" if json_out else ""))


def roi(
    inputs: Annotated[Path, typer.Option(help="roi.yaml: the fields of the reference page.")],
    html: Annotated[Path | None, typer.Option(help="Also write a page.")] = None,
    json: Json = False,
) -> None:
    """Cash flows, net present value, payback, what moves it, and how uncertain it is."""
    from proofdesk.flows.roi import roi_report

    report = roi_report(inputs)
    if html is not None:
        html.write_text(report.html, encoding="utf-8")
        say(f"page: {html}")
    for words, value in report.facts:
        say(f"{words}: {value}")
    if json:
        print_json(report.values)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--as-of {text}: not a date; write 2026-03-31 or 2026-03-31T12:00:00Z")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
