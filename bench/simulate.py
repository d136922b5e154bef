"""Past tickets decided per second: cold (every text is encoded) and with the encodings kept from the run before.

`python -m bench.simulate [--tickets N] [--workers N] [--json]`: the example company's tickets, each with another
greeting and farewell, so that no text occurs twice. `tickets_per_s` counts from the first decided chunk of every
process to the last, `whole_tickets_per_s` the whole run with reading the file, training and starting; `cpu_ms` is the
CPU time of all processes per ticket, starting included: it depends less on what else the machine does.
"""

import argparse
import asyncio
import itertools
import os
import re
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from examples.tickets.past import EXAMPLES, rows_of
from examples.tickets.ticket import load
from proofdesk.flows.simulation.decider import CHUNK
from proofdesk.flows.simulation.run import SimulationOrder, simulate

TICKETS, WORKERS = 12_000, 2
GREETINGS = (
    "", "Hi,\n", "Hi there,\n", "Hello,\n", "Hello team,\n", "Good morning,\n", "Good evening,\n", "Dear team,\n",
    "Hey,\n",
)  # fmt: skip
FAREWELLS = (
    "", "\nThanks!", "\nThank you!", "\nThanks a lot", "\nKind regards", "\nBest regards", "\nBest wishes", "\nCheers",
    "\nMany thanks",
)  # fmt: skip
_DONE = re.compile(r"([\d,]+) of [\d,]+ tickets")


def distinct(rows: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """`count` tickets of different texts, at most as many as there are greetings and farewells for."""
    ways = itertools.product(GREETINGS, FAREWELLS, rows)
    found: list[dict[str, Any]] = []
    for number, (hello, bye, row) in enumerate(itertools.islice(ways, count)):
        found.append(row | {"id": f"{row['id']}-{number}", "text": f"{hello}{row['text']}{bye}"})
    return found


def timed(path: Path, cache: Path, workers: int) -> dict[str, float]:
    """One run. The steady rate leaves out the first chunk of each process, in which it warms up."""
    marks: list[tuple[float, int]] = []

    def progress(words: str) -> None:
        if match := _DONE.match(words):
            marks.append((time.perf_counter(), int(match[1].replace(",", ""))))

    order = SimulationOrder(
        tickets=path,
        tenant=EXAMPLES / "larkfield",
        as_of=datetime(2027, 1, 1, tzinfo=UTC),
        workers=workers,
        cache=cache,
    )
    began, cpu = time.perf_counter(), _cpu_s()
    done = asyncio.run(simulate(order, progress))
    ended = time.perf_counter()
    first = next((mark for mark in marks if mark[1] >= workers * CHUNK), marks[0])
    last = marks[-1]
    rates = done.simulation.present.rates
    return {
        "tickets_per_s": round((last[1] - first[1]) / (last[0] - first[0]), 1),
        "cpu_ms": round(1000 * (_cpu_s() - cpu) / done.simulation.tickets, 2),
        "whole_tickets_per_s": round(done.simulation.tickets / (ended - began), 1),
        "wrong_actions": rates["wrong_action"].numerator,
        "decisions_known": rates["known"].numerator,
    }


def _cpu_s() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--tickets", type=int, default=TICKETS)
    given.add_argument("--workers", type=int, default=WORKERS)
    given.add_argument("--json", action="store_true")
    asked = given.parse_args()
    rows = distinct(rows_of(load(EXAMPLES / "tickets" / "tickets.jsonl")), asked.tickets)
    with tempfile.TemporaryDirectory(prefix="proofdesk-bench-") as folder:
        path = Path(folder) / "past.jsonl"
        path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        load_before = os.getloadavg()[0]
        cold = timed(path, Path(folder) / "cache", asked.workers)
        cached = timed(path, Path(folder) / "cache", asked.workers)
    result = {
        "tickets": len(rows), "workers": asked.workers, "cpus": os.cpu_count(), "load_before": round(load_before, 2),
        "cold": cold, "cached": cached,
    }  # fmt: skip
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
