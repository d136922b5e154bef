"""How much of the retail tickets the reader gets exactly, partly or wrongly, without the product around it.

Reader, records and plan run on the world's state in memory; every plan is confirmed, no question is answered.
`python -m bench.retail_reading --tickets FILE --world DIR --json`
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench.perturb import PERTURBATIONS, perturbed, perturbed_words
from bench.retail_plan import authenticate, calls_of, carry_out, load_profiles, records_of
from bench.world_spec import gold_changes
from proofdesk.language.reading import Reader, TenantWords, load_tenant_words
from simulators.retail_world.world import Base, World
from simulators.retail_world.writes import WRITES

COUNTS = (
    "tickets", "exact", "partial", "wrong_writes", "asked", "escalated", "empty_target_rows", "empty_target_writes",
)  # fmt: skip
WORLD = Path(__file__).parent / "worlds" / "retail"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", type=Path, required=True, help="folder with db.json")
    parser.add_argument("--tickets", type=Path, required=True)
    parser.add_argument("--clean-only", action="store_true")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--perturb", choices=PERTURBATIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", default="", help="print rows whose outcome starts with this word")
    args = parser.parse_args()
    tables = json.loads((args.world / "db.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in args.tickets.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["clean"] or not args.clean_only][: args.limit or None]
    words = load_tenant_words(WORLD / "aliases.yaml")
    if args.perturb:
        words = perturbed_words(args.perturb, tables, words, args.seed)
        tables, rows = perturbed(args.perturb, tables, rows, args.seed)
    summary = run(Base(tables), rows, words, show=args.show)
    print(json.dumps(summary) if args.json else json.dumps(summary, indent=2))
    return 0


def run(base: Base, rows: list[dict[str, Any]], words: TenantWords, show: str = "") -> dict[str, Any]:
    reader = Reader(load_profiles(WORLD / "procedures"), words)
    reader.read("warm up", records_of(World(base), next(iter(base.tables["users"]))))
    figures: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    times: list[float] = []
    classes: dict[str, int] = {}
    nothing = real = exact_real = 0
    for row in rows:
        world, started = World(base), time.perf_counter()
        outcome, why = _solve(world, reader, row["ticket"])
        times.append((time.perf_counter() - started) * 1000)
        gold = gold_changes(World(base), WRITES, row)
        changed = world.diff()
        exact = changed == gold
        empty = empty_target(row)
        figures["tickets"] += 1
        figures["empty_target_rows"] += empty
        figures["empty_target_writes"] += bool(empty and changed)
        nothing += not gold
        real += not empty
        exact_real += exact and not empty
        wrong = any(path not in gold or gold[path] != value for path, value in changed.items())
        verdict = "exact" if exact else "wrong_writes" if wrong else "partial" if changed else ""
        if verdict:
            figures[verdict] += 1
        if outcome != "done":
            figures[outcome] += 1
            classes[why] = classes.get(why, 0) + 1
        if show and f"{verdict} {outcome}:{why}".startswith(show):
            print(row["id"], verdict, outcome, why, "\n ", row["ticket"], file=sys.stderr)
    figures["exact_rate"] = round(exact_real / real, 4) if real else 0.0
    figures["do_nothing_exact"] = nothing
    figures["held_by"] = dict(sorted(classes.items(), key=lambda pair: -pair[1]))
    return figures | _speed(times)


def _speed(times: list[float]) -> dict[str, float]:
    """Of milliseconds per ticket, identity and records included."""
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered), 2),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 2),
        "tickets_per_s": round(1000 * len(times) / sum(times), 1),
    }


def _solve(world: World, reader: Reader, text: str) -> tuple[str, str]:
    """Outcome and its reason: done, asked (a doubt), or escalated (identity, nothing read, the world refuses)."""
    user_id = authenticate(world, reader.claims(text))
    if not user_id:
        return "escalated", "identity"
    reading = reader.read(text, records_of(world, user_id))
    if not reading.requests:
        return "escalated", "no_request"
    doubts = [doubt for request in reading.requests for doubt in request.doubts]
    if doubts:
        return "asked", f"{doubts[0].kind}:{doubts[0].slot}"
    refusal = carry_out(world, calls_of(reading, user_id))
    return ("escalated", f"refused:{refusal}") if refusal else ("done", "")


def empty_target(row: dict[str, Any]) -> bool:
    """Whether the expected calls write the very variant the order already has."""
    return any(
        old == new
        for action in row["actions"]
        if action["name"] in WRITES
        if "new_item_ids" in (given := action["arguments"])
        for old, new in zip(given["item_ids"], given["new_item_ids"], strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())
