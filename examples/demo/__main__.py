"""`python -m examples.demo [--no-serve]`: the whole demonstration; exit 0 when everything it claims was proven."""

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from examples.demo.play import PER_SECOND, Desk, Keys, Played
from examples.demo.report import Result, write_report
from examples.demo.stage import ROOT, DemoFailed, Stage, choose_folder, shown_environment
from examples.demo.summary import show
from examples.score import score
from examples.tickets.ticket import Ticket, load

FAST = 250_000.0
"""Product seconds per second while the verification window passes: fifteen days in about five seconds."""
REPLAYED = 5
console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="examples.demo", description=__doc__)
    parser.add_argument("--no-serve", action="store_true", help="end after the summary")
    parser.add_argument("--limit", type=int, default=0, help="only the first N tickets")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended by a service manager: stop what we started
    began = time.monotonic()
    folder = choose_folder(ROOT / "var/demo")
    tickets = load(ROOT / "examples/tickets/tickets.jsonl")
    try:
        with Stage(folder) as stage:
            result, keys = asyncio.run(_run(stage, tickets[: given.limit or None], began))
            report = ROOT / "var/demo/report.html"
            write_report(result, report)
            show(console, result)
            console.print(f"The same as a page, with every ticket: {report}")
            if not given.no_serve:
                _serve(stage, keys, result)
    except DemoFailed as error:
        console.print(f"demo: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0 if result.proven else 1


async def _run(stage: Stage, tickets: list[Ticket], began: float) -> tuple[Result, Keys]:
    def step(text: str) -> None:
        console.print(f"[{time.monotonic() - began:5.1f} s] {text}", markup=False, soft_wrap=True)

    now = datetime.now(UTC)
    step("Larkfield's back office starts: a separate HTTP service with its own books")
    office = stage.start_office(now.date().isoformat())
    step(f"proofdesk starts: database, API and worker, in {stage.home}")
    url = stage.start()
    keys = await _prepare(stage, url, step)
    vkey = (stage.home / "secrets/ledger.vkey").read_text(encoding="utf-8").strip()
    step(f"{len(tickets)} tickets arrive over the REST API, {PER_SECOND:g} a second; requesters and an approver answer")
    desk = Desk(url, keys)
    played = await _play(desk, tickets)
    await desk.close()
    writes, state = await _office(office)
    scored = score(tickets, played.happened, [write["business"] for write in writes["items"]], state)
    step(f"DEMONSTRATION CLOCK: product time now runs {FAST:,.0f} times as fast, so that the 14-day windows pass")
    stage.stop()
    desk = Desk(stage.start(clock_speed=FAST), keys)
    closed = await desk.until_closed()
    await desk.close()
    step("Real time again, carrying on from there; books, ledger and invoice are checked")
    stage.stop()
    url = stage.start()
    desk = Desk(url, keys)
    summary = await desk.summary()
    invoices = await _invoices(desk, now, datetime.fromisoformat(summary["as_of"]))
    await desk.close()
    proofs = _prove(stage, vkey, invoices, played)
    return (
        Result(
            url=url, took_s=time.monotonic() - began, tickets=tickets, played=played, score=scored, vkey=vkey,
            doubled=list(writes["doubled"]), summary=summary, closed=closed, invoices=invoices, **proofs,
        ),
        keys,
    )  # fmt: skip


async def _prepare(stage: Stage, url: str, step: Any) -> Keys:
    loaded = stage.command("proofdesk.cli", "tenant", "load", "examples/larkfield")
    step(f"tenant {loaded['tenant']}: {loaded['procedures']} procedures, {loaded['examples']} examples to learn from")
    words = ("key", "create", "--login", "demo.admin", "--roles", "administrator,auditor,finance")
    admin = str(stage.command("proofdesk.cli", *words)["key"])
    people = {"larkfield.shop": ["requester_api"], "petra.approver": ["approver", "agent"]}
    made = []
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {admin}"}) as client:
        for login, roles in people.items():
            (await client.post("/people", json={"login": login, "roles": roles})).raise_for_status()
            made.append((await client.post(f"/people/{login}/keys")).raise_for_status().json()["key"])
    return Keys(requester=made[0], approver=made[1], auditor=admin)


async def _play(desk: Desk, tickets: list[Ticket]) -> Played:
    columns = (TextColumn("          {task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        sent = bars.add_task("sent ", total=len(tickets))
        resting = bars.add_task("ended", total=len(tickets))

        def progress(sent_now: int, resting_now: int) -> None:
            bars.update(sent, completed=sent_now)
            bars.update(resting, completed=resting_now)

        return await desk.play(tickets, progress)


async def _office(url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    async with httpx.AsyncClient(base_url=url) as client:
        writes = (await client.get("/control/writes")).raise_for_status().json()
        state = (await client.get("/control/state")).raise_for_status().json()
    return writes, state


async def _invoices(desk: Desk, first: datetime, last: datetime) -> list[dict[str, Any]]:
    """The invoices of every month the demonstration lived through that have a line or a credit."""
    found, month = [], first.replace(day=1)
    while month <= last:
        invoice = await desk.invoice(f"{month:%Y-%m}")
        if invoice["lines"] or invoice["credits"]:
            found.append(invoice)
        month = (month + timedelta(days=32)).replace(day=1)
    return found


def _prove(stage: Stage, vkey: str, invoices: list[dict[str, Any]], played: Played) -> dict[str, Any]:
    export = stage.folder / "export"
    stage.command("proofdesk.cli", "ledger", "export", "--tenant", "larkfield", "--out", str(export))
    witness = ("--witness", str(stage.home / "witness"))
    pinned = ("--vkey", vkey)
    verified = stage.command("proofdesk_verifier", str(export), *pinned, *witness, ends=(0, 1))
    checked = []
    for invoice in invoices:
        path = stage.folder / f"invoice-{invoice['month']}.json"
        path.write_bytes(msgspec.json.encode(invoice))
        words = ("invoice", str(export), "--invoice", str(path))
        checked.append(stage.command("proofdesk_verifier", *words, *pinned, ends=(0, 1)))
    some = list(played.ids.values())[:: max(1, len(played.ids) // REPLAYED)][:REPLAYED]
    replays = [stage.command("proofdesk.cli", "replay", each, ends=(0, 1)) for each in some]
    books = stage.command("proofdesk.cli", "check", ends=(0, 1))
    return {"verified": verified, "invoices_verified": checked, "replays": replays, "books": books}


def _serve(stage: Stage, keys: Keys, result: Result) -> None:
    console.print(
        f"\nproofdesk keeps serving at {result.url}   (Ctrl-C ends the demonstration)", style="bold", soft_wrap=True
    )
    console.print(f"  API description  {result.url}/api/docs", markup=False)
    console.print(f"  key for it       {keys.auditor}   (of this demonstration only)", markup=False, soft_wrap=True)
    console.print("In a second terminal:", markup=False)
    console.print(f"  {shown_environment(stage.env)}", markup=False, soft_wrap=True)
    some = next(iter(result.played.ids.values()), "ID")
    for words in ("ticket list", f"ticket show {some}", f"replay {some}", "handoffs", "invoice preview --month "
                  + (result.invoices[0]["month"] if result.invoices else "2026-01")):  # fmt: skip
        console.print(f"  {Path(sys.executable).parent / 'proofdesk'} {words}", markup=False, soft_wrap=True)
    with contextlib.suppress(KeyboardInterrupt):
        stage.wait()


if __name__ == "__main__":
    sys.exit(main())
