"""Tickets resolved end to end, every part of the desk included: `python bench/throughput.py [--seconds N] --json`.

From `intake.receive` over understanding, policy, the write at the back office over HTTP, its read-back and the reply to
solved, billed and numbered in the ledger. Database, back office, workers and this driver share the machine, so the
figures to compare between runs are the CPU milliseconds per ticket; the load average and the raw commit rate of the
same run say how quiet the machine was.
"""

import argparse
import asyncio
import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.decision import decision_times
from bench.processes import THREADS, Office, children, cpu_s, end, start_worker, temporary_home
from bench.tickets import Ticket, tickets
from proofdesk.app import House, open_database, open_house
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.load_tenant import load_tenant
from proofdesk.flows.tenancy import Runtime
from proofdesk.settings import Settings
from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction

ROOT = Path(__file__).parents[1]
TENANT = "larkfield"
OUTSTANDING = 96
WARM_UP = 30
OPEN_RATE = 10.0
SCALE = 20
DRAIN_LIMIT_S = 60.0
RAW_CLIENTS = 8
RAW_SECONDS = 2.0


def tenant_folder(target: Path) -> Path:
    """The bench tenant: our procedures and policy, Larkfield's connector and records."""
    shutil.copytree(ROOT / "bench/worlds/throughput", target)
    for name in ("connector.yaml", "openapi.json", "records.yaml"):
        shutil.copy(ROOT / "examples/larkfield" / name, target / name)
    return target


class Phase:
    """One stretch of load: what was sent, what came of it, how long each ticket took."""

    def __init__(self, house: House, runtime: Runtime, supply: Iterator[Ticket]) -> None:
        self._house = house
        self._runtime = runtime
        self._supply = supply
        self.open: dict[UUID, float] = {}
        """Ticket to the moment its latest message was sent off."""
        self._kinds: dict[UUID, str] = {}
        self._senders: dict[UUID, str] = {}
        self.took_s: list[float] = []
        """From a message sent off to its answer: every turn of every ticket."""
        self.solved = 0
        self.actions_solved = 0
        self.other: dict[str, int] = {}
        self.sent = 0
        self.exhausted = False

    async def send(self) -> None:
        ticket = next(self._supply, None)
        if ticket is None:
            self.exhausted = True
            return
        began = time.perf_counter()
        ticket_id = await self._receive(ticket.sender, ticket.text, None)
        self.sent += 1
        self.open[ticket_id], self._kinds[ticket_id], self._senders[ticket_id] = began, ticket.kind, ticket.sender

    async def _receive(self, sender: str, text: str, ticket_id: UUID | None) -> UUID:
        incoming = Incoming(
            channel="api",
            delivery_id=f"{time.time_ns()}-{next(_NUMBERS)}",
            sender=sender,
            verified=True,
            subject="My order",
            text=text,
            ticket_id=ticket_id,
        )
        received = await receive(self._house.shell, self._runtime, incoming)
        assert isinstance(received, Received), received
        return received.ticket_id

    async def look(self) -> None:
        """Note what has been answered since; agree where the desk asks for a yes."""
        if not self.open:
            return
        async with tenant_transaction(self._house.shell.pool, TENANT) as conn:
            cursor = await conn.execute(
                "select ticket_id, status from ticket where ticket_id = any(%s) and status not in ('new', 'open')",
                (list(self.open),),
            )
            rows = await cursor.fetchall()
        now = time.perf_counter()
        for row in rows:
            ticket_id = UUID(str(row["ticket_id"]))
            self.took_s.append(now - self.open.pop(ticket_id))
            if row["status"] == "waiting_requester":
                began = time.perf_counter()
                await self._receive(self._senders[ticket_id], "yes, please go ahead", ticket_id)
                self.open[ticket_id] = began
            elif row["status"] == "solved":
                self.solved += 1
                self.actions_solved += self._kinds[ticket_id] != "status"
            else:
                kind = f"{self._kinds[ticket_id]} {row['status']}"
                self.other[kind] = self.other.get(kind, 0) + 1

    async def drain(self) -> None:
        deadline = time.monotonic() + DRAIN_LIMIT_S
        while self.open and time.monotonic() < deadline:
            await self.look()
            await asyncio.sleep(0.05)


_NUMBERS = itertools.count()


class Bench:
    def __init__(self, home: Path, server: EmbeddedServer, house: House, office: Office, seconds: float) -> None:
        self.home = home
        self.server = server
        self.house = house
        self.office = office
        self.seconds = seconds

    async def phase(self) -> Phase:
        """A fresh supply of orders."""
        await asyncio.to_thread(self.office.reset)
        state = await asyncio.to_thread(self.office.state)
        runtime = await self.house.shell.tenants.get(TENANT)
        return Phase(self.house, runtime, tickets(state))

    async def saturated(self, workers: int) -> dict[str, Any]:
        """As fast as it goes: OUTSTANDING tickets are always under way."""
        phase = await self.phase()
        processes = [await asyncio.to_thread(start_worker, self.home, self.office) for _ in range(workers)]
        try:
            while phase.solved < WARM_UP and not phase.exhausted:
                await self._top_up(phase)
            parts = {
                "worker": [p.pid for p in processes],
                "postgres": children(self.server.pid),
                "backoffice": [self.office.process.pid],
                "driver": [os.getpid()],
            }
            before = {name: cpu_s(pids) for name, pids in parts.items()}
            began, solved = time.monotonic(), phase.solved
            while time.monotonic() - began < self.seconds and not phase.exhausted:
                await self._top_up(phase)
            elapsed, done = time.monotonic() - began, phase.solved - solved
            parts["postgres"] = children(self.server.pid)
            used = {name: 1000 * (cpu_s(pids) - before[name]) / max(done, 1) for name, pids in parts.items()}
            await phase.drain()
            await self._numbered()
        finally:
            for process in processes:
                end(process)
        return {"per_s": done / elapsed, "cpu_ms": used, "phase": phase, "proof": await self._proof(phase)}

    async def _top_up(self, phase: Phase) -> None:
        missing = OUTSTANDING - len(phase.open)
        for start in range(0, missing, 8):
            await asyncio.gather(*(phase.send() for _ in range(min(8, missing - start))))
        await asyncio.sleep(0.1)
        await phase.look()

    async def at_rate(self, rate: float) -> Phase:
        """Arrivals by the clock whatever the desk does; each is timed from its own moment of sending."""
        phase = await self.phase()
        process = await asyncio.to_thread(start_worker, self.home, self.office)
        try:
            for _ in range(WARM_UP):
                await phase.send()
            await phase.drain()
            phase.took_s.clear()
            began = time.monotonic()
            for number in range(int(rate * self.seconds)):
                while time.monotonic() - began < number / rate:
                    await asyncio.sleep(0.01)
                    await phase.look()
                await phase.send()
            await phase.drain()
            await self._numbered()
        finally:
            end(process)
        return phase

    async def _numbered(self) -> None:
        deadline = time.monotonic() + DRAIN_LIMIT_S
        while await self._one("select count(*) from leaf_pending"):
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.1)

    async def _proof(self, phase: Phase) -> dict[str, Any]:
        """Nothing lost, nothing doubled: by the back office's own log, and by ledger and books."""
        writes = await asyncio.to_thread(self.office.writes)
        keys = [write["key"] for write in writes["items"]]
        return {
            "unfinished": len(phase.open),
            "other": phase.other,
            "writes": len(keys),
            "actions_solved": phase.actions_solved,
            # The same order is given several addresses in turn; only the others may come once.
            "doubled": [b for b in writes["doubled"] if not b.startswith("address ")],
            "keys_doubled": len(keys) - len(set(keys)),
            "unnumbered": await self._one("select count(*) from leaf_pending"),
            "gaps": await self._one("select coalesce(max(seq) + 1 - count(*), 0) from leaf_seq"),
        }

    async def _one(self, query: str) -> int:
        def ask() -> int:
            with psycopg.connect(self.house.endpoint.admin_conninfo()) as conn:
                row = conn.execute(query.encode()).fetchone()
            return int(row[0]) if row else 0

        return await asyncio.to_thread(ask)


async def raw_commits(endpoint: Endpoint, seconds: float = RAW_SECONDS) -> float:
    """Single-row commits a second with RAW_CLIENTS clients: what the disk and the cores give at this moment."""

    async def commit(conn: psycopg.AsyncConnection[Any], until: float) -> int:
        count = 0
        while time.monotonic() < until:
            await conn.execute("insert into bench_raw (n) values (%s)", (count,))
            count += 1
        return count

    connections = [
        await psycopg.AsyncConnection.connect(endpoint.admin_conninfo(), autocommit=True) for _ in range(RAW_CLIENTS)
    ]
    await connections[0].execute("create table if not exists bench_raw (n bigint)")
    began = time.monotonic()
    done = await asyncio.gather(*(commit(conn, began + seconds) for conn in connections))
    for conn in connections:
        await conn.close()
    return sum(done) / (time.monotonic() - began)


def percentile(values: list[float], share: float) -> float:
    """Nearest rank; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def run(seconds: float) -> dict[str, Any]:
    loads = [os.getloadavg()[0]]
    with temporary_home() as home, Office(scale=SCALE) as office:
        settings = Settings(home=home)
        endpoint, server = open_database(settings)
        assert server is not None
        try:
            async with open_house(settings, endpoint, env={**os.environ, **office.env}) as house:
                with tempfile.TemporaryDirectory() as folder:
                    root = tenant_folder(Path(folder) / "tenant")
                    await load_tenant(house.shell, root, loaded_by="bench", env=office.env, encoder=house.encoder)
                raw = [await raw_commits(endpoint)]
                bench = Bench(home, server, house, office, seconds)
                one = await bench.saturated(1)
                loads.append(os.getloadavg()[0])
                two = await bench.saturated(2)
                loads.append(os.getloadavg()[0])
                paced = await bench.at_rate(OPEN_RATE)
                loads.append(os.getloadavg()[0])
                raw.append(await raw_commits(endpoint))
                runtime = await house.shell.tenants.get(TENANT)
                decisions = await decision_times(runtime, await asyncio.to_thread(office.state))
                with psycopg.connect(endpoint.admin_conninfo()) as conn:
                    fsync = conn.execute("select current_setting('fsync')").fetchone()
                return report(one, two, paced, decisions, raw, loads, str(fsync[0]) if fsync else "")
        finally:
            server.stop()


def report(
    one: dict[str, Any],
    two: dict[str, Any],
    paced: Phase,
    decisions: dict[str, float],
    raw: list[float],
    loads: list[float],
    fsync: str,
) -> dict[str, Any]:
    return {
        "tickets_per_s": round(one["per_s"], 1),
        "tickets_per_s_2_workers": round(two["per_s"], 1),
        "p50_ms": round(1000 * percentile(paced.took_s, 0.5), 1),
        "p99_ms": round(1000 * percentile(paced.took_s, 0.99), 1),
        **decisions,
        "worker_cpu_ms": round(one["cpu_ms"]["worker"], 2),
        "postgres_cpu_ms": round(one["cpu_ms"]["postgres"], 2),
        "backoffice_cpu_ms": round(one["cpu_ms"]["backoffice"], 2),
        "driver_cpu_ms": round(one["cpu_ms"]["driver"], 2),
        "raw_commits_per_s": round(statistics.mean(raw)),
        "load_averages": [round(load, 2) for load in loads],
        "cpu_count": os.cpu_count(),
        "fsync": fsync,
        "proof": {"1 worker": one["proof"], "2 workers": two["proof"], "at 10/s": {"unfinished": len(paced.open)}},
    }


def sound(found: dict[str, Any]) -> bool:
    """A figure counts only when nothing was lost, doubled, handed to a person or left unnumbered."""
    return all(
        not (proof.get("unfinished") or proof.get("doubled") or proof.get("keys_doubled") or proof.get("gaps"))
        and not (proof.get("other") or proof.get("unnumbered"))
        for proof in found["proof"].values()
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/throughput.py", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each of the three phases")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = asyncio.run(run(given.seconds))
    if given.json:
        print(json.dumps(found))
    else:
        print(msgspec.json.format(json.dumps(found)))
    return 0 if sound(found) else 1


if __name__ == "__main__":
    # numpy reads these when it is imported; this process encodes too.
    if any(os.environ.get(name) != value for name, value in THREADS.items()):
        os.environ.update(THREADS)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    sys.exit(main())
