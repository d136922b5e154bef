"""Proportional set size of everything `proofdesk up` runs, 60 s after the first ticket.

`python bench/memory.py --json`. Needs Linux: /proc/PID/smaps_rollup of the whole process tree, database included, so
that a page shared by several processes is counted once.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.processes import ROOT, Office, children, end, temporary_home
from bench.throughput import TENANT, tenant_folder
from bench.tickets import tickets
from proofdesk.app import open_database, open_house
from proofdesk.flows.intake import Incoming, receive
from proofdesk.flows.load_tenant import load_tenant
from proofdesk.settings import Settings

TARGET_MB = 600
START_LIMIT_S = 60.0
FIRST_TICKETS = 20


def pss_mb(pid: int) -> float:
    """0 for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)


def breakdown(pid: int) -> dict[str, Any]:
    """MB by process; the database's are one line."""
    parts: dict[str, float] = {}
    for each in children(pid):
        try:
            words = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
        except OSError:
            continue
        name = "postgres" if any("postgres" in word for word in words[:1]) else " ".join(words[1:5]) or str(each)
        parts[name] = parts.get(name, 0.0) + pss_mb(each)
    return {name: round(size, 1) for name, size in sorted(parts.items(), key=lambda item: -item[1])}


async def run(wait_s: float) -> dict[str, Any]:
    with temporary_home() as home, Office() as office:
        port = _free_port()
        env = {**os.environ, **office.env, "PROOFDESK_HOME": str(home), "PROOFDESK_PORT": str(port)}
        up = await asyncio.to_thread(
            subprocess.Popen,
            [sys.executable, "-m", "proofdesk.cli", "up"],
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
        )
        try:
            await _until_serving(up, port)
            first = await _first_tickets(home, office)
            await asyncio.sleep(max(0.0, wait_s - (time.monotonic() - first)))
            parts = breakdown(up.pid)
        finally:
            end(up)
    total = round(sum(parts.values()), 1)
    return {
        "pss_mb": total,
        "target_mb": TARGET_MB,
        "parts_mb": parts,
        "after_s": wait_s,
        "load_average": os.getloadavg()[0],
    }


async def _until_serving(up: "subprocess.Popen[bytes]", port: int) -> None:
    """Its socket is there from the start; the database is up when a request is answered."""

    def answered() -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=START_LIMIT_S).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and up.poll() is None:
        if await asyncio.to_thread(answered):
            return
        await asyncio.sleep(0.2)
    raise RuntimeError(f"proofdesk up does not answer on port {port} (exit status {up.poll()})")


async def _first_tickets(home: Path, office: Office) -> float:
    """A tenant is loaded and tickets are taken in; gives the moment of the first."""
    settings = Settings(home=home)
    endpoint, _ = open_database(settings)
    async with open_house(settings, endpoint, env={**os.environ, **office.env}) as house:
        with tempfile.TemporaryDirectory() as folder:
            root = tenant_folder(Path(folder) / "tenant")
            await load_tenant(house.shell, root, loaded_by="bench", env=office.env, encoder=house.encoder)
        runtime = await house.shell.tenants.get(TENANT)
        first = time.monotonic()
        for number, ticket in zip(range(FIRST_TICKETS), tickets(office.state()), strict=False):
            incoming = Incoming(
                channel="api", delivery_id=f"m{number}", sender=ticket.sender, verified=True, text=ticket.text
            )
            await receive(house.shell, runtime, incoming)
    return first


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/memory.py", description=__doc__)
    parser.add_argument("--wait", type=float, default=60.0, help="seconds after the first ticket")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = asyncio.run(run(given.wait))
    print(json.dumps(found) if given.json else msgspec.json.format(json.dumps(found)))
    return 0 if found["pss_mb"] <= TARGET_MB else 1


if __name__ == "__main__":
    sys.exit(main())
