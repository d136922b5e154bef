"""`simulate`: what the product would have decided on past tickets, by the present or a candidate configuration."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from proofdesk.cli.house import settings_of
from proofdesk.cli.output import fail, print_json, say, table
from proofdesk.cli.running import Json

if TYPE_CHECKING:
    from proofdesk.core.simulation.result import Simulation
    from proofdesk.flows.simulation.first import Replayed

SHOWN_WRONG = 10
MAX_WORKERS = 64


def simulate(
    *,
    tickets: Annotated[Path, typer.Option(help="Past tickets: JSON lines, or CSV (.csv, .tsv).")],
    tenant: Annotated[Path, typer.Option(help="The tenant's folder: the present configuration.")],
    as_of: Annotated[str, typer.Option(help="Date (ISO); tickets after it are left out.")],
    candidate: Annotated[Path | None, typer.Option(help="Another folder, compared on the same tickets.")] = None,
    gates: Annotated[Path | None, typer.Option(help="gates.yaml: costs and floors by intent.")] = None,
    target: Annotated[float, typer.Option(help="Share of readings that must be right to certify.")] = 0.95,
    margin: Annotated[float, typer.Option(help="By how much a candidate may be worse.")] = 0.03,
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
    cache: Annotated[Path | None, typer.Option(help="Where encodings are kept (default: the home's cache).")] = None,
    out: Annotated[Path | None, typer.Option(help="The report, one HTML file.")] = None,
    details: Annotated[Path | None, typer.Option(help="Every ticket's replay, JSON lines.")] = None,
    json: Json = False,
) -> None:
    """Decide past tickets once more; nothing is called and nothing is written anywhere."""
    from rich.console import Console

    from proofdesk.documents.simulation import simulation_page
    from proofdesk.flows.folder import TenantFolderError
    from proofdesk.flows.simulation.past import TicketFileError
    from proofdesk.flows.simulation.run import SimulationOrder, instant_of
    from proofdesk.flows.simulation.run import simulate as run

    for name, value in (("--target", target), ("--margin", margin)):
        if not 0.0 < value < 1.0:
            fail(f"{name} must be between 0 and 1, not {value:g}")
    if not 1 <= workers <= MAX_WORKERS:
        fail(f"--workers must be from 1 to {MAX_WORKERS}, not {workers}")
    try:
        until = instant_of(as_of)
    except ValueError:
        fail(f"--as-of {as_of}: not a date; write 2026-03-31 or 2026-03-31T12:00:00Z")
    order = SimulationOrder(
        tickets=tickets, tenant=tenant, as_of=until, candidate=candidate, gates=gates, target=target, margin=margin,
        workers=workers, cache=cache or settings_of().home / "cache" / "encodings",
    )  # fmt: skip
    try:
        with Console(stderr=True).status("simulate") as status:
            done = asyncio.run(run(order, status.update))
    except (TicketFileError, TenantFolderError) as fault:
        fail(str(fault))
    if out is not None:
        out.write_text(simulation_page(done.simulation), encoding="utf-8")
    if details is not None:
        _write_details(details, done.present, done.candidate)
    _say(done.simulation)
    for path, what in ((out, "report"), (details, "replays")):
        if path is not None:
            say(f"{what}: {path}")
    if json:
        print_json(done.simulation)


def _write_details(path: Path, present: "tuple[Replayed, ...]", candidate: "tuple[Replayed, ...]") -> None:
    with path.open("wb") as target:
        for side, rows in (("present", present), ("candidate", candidate)):
            for row in rows:
                line = {"configuration": side, "verdict": verdict_of(row)} | msgspec.to_builtins(row)
                target.write(msgspec.json.encode(line) + b"\n")


def verdict_of(row: "Replayed") -> str:
    from proofdesk.core.simulation.values import verdict

    return verdict(row.case)


def _say(found: "Simulation") -> None:
    say(f"{found.tickets:,} tickets, {found.labelled:,} with a known outcome, {found.immature:,} newer than as-of")
    for side in (found.present, found.candidate):
        if side is None:
            continue
        rows: list[tuple[object, ...]] = [
            (
                name.replace("_", " "),
                "–" if rate.value is None else f"{rate.value:.1%}",
                f"{rate.low:.1%} to {rate.high:.1%}",
                f"{rate.numerator:,} of {rate.denominator:,}",
            )
            for name, rate in side.rates.items()
        ]
        table(side.name, ("rate", "value", "95 % interval", "counted"), rows)
        for wrong in side.wrong[:SHOWN_WRONG]:
            did = f"{wrong.decided.kind} {' + '.join(wrong.decided.intents)}".strip()
            done = "handed over" if wrong.human.handed_over else " + ".join(wrong.human.intents)
            say(f"wrong: {wrong.id}: {did}; a person: {done}")
        say(f"bias: {side.bias.note}")
    if found.comparison is not None:
        both = found.comparison
        say(f"{len(both.changed)} tickets change; candidate not worse by {both.margin:g}: {both.not_worse}")
