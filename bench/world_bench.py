"""Plays a public world through the whole product and judges every row by the world's end state alone.

Each row starts on a fresh world. The requester sees only its own `ticket`; it answers by the fixed rules of
`bench/world_requester.py`. What counts is the state of the world afterwards, never what was said.
"""

import argparse
import asyncio
import json
import multiprocessing
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.perturb import PERTURBATIONS
from bench.world_player import play_rows
from bench.world_spec import BenchWorld, gold_changes
from proofdesk.app import open_database
from proofdesk.language.reading import TenantWords, load_tenant_words
from proofdesk.settings import Settings
from proofdesk.store.endpoint import Endpoint

COUNTS = ("exact", "partial", "wrong_writes", "escalated", "asked", "empty_target_rows", "empty_target_writes")


def run_bench(spec: BenchWorld) -> int:
    """The command line of one world's bench. The exit code."""
    args = _arguments(spec)
    tables = json.loads((args.world / "db.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in args.tickets.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if row["clean"] or not args.clean_only][: args.limit or None]
    words = load_tenant_words(spec.folder / "aliases.yaml")
    if args.perturb:
        tables, rows, words = spec.perturb(args.perturb, tables, rows, words, args.seed)
    started = time.perf_counter()
    results = _play(spec, words, tables, rows, args.workers)
    summary = summarise(spec, tables, rows, results, perturbed_world=bool(args.perturb))
    summary["tickets_per_s"] = round(len(rows) / (time.perf_counter() - started), 1)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results), encoding="utf-8")
    print(json.dumps(summary) if args.json else json.dumps(summary, indent=2))
    return 0


def _arguments(spec: BenchWorld) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"The public {spec.name} world played through the whole product.")
    parser.add_argument("--world", type=Path, required=True, help="folder with db.json")
    parser.add_argument("--tickets", type=Path, required=True)
    parser.add_argument("--clean-only", action="store_true", help="leave out rows whose expected calls are refused")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--perturb", choices=PERTURBATIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(f"bench/out/{spec.name}.jsonl"))
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _play(
    spec: BenchWorld, words: TenantWords, tables: dict[str, Any], rows: list[dict[str, Any]], workers: int
) -> list[dict[str, Any]]:
    """One process per worker, each with a world and a tenant of its own, all on one database."""
    home = Path(tempfile.mkdtemp(prefix="proofdesk-bench-"))
    endpoint, server = open_database(Settings(home=home))
    try:
        workers = max(1, min(workers, len(rows)))
        shares = [(spec, words, n, endpoint, home, tables, rows[n::workers]) for n in range(workers)]
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            played = pool.map(_worker, shares)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(home)
    by_id = {result["id"]: result for share in played for result in share}
    return [by_id[row["id"]] for row in rows]


def _worker(
    share: tuple[BenchWorld, TenantWords, int, Endpoint, Path, dict[str, Any], list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    spec, words, number, endpoint, home, tables, rows = share
    return asyncio.run(play_rows(spec, words, f"{spec.name}-{number}", endpoint, home, tables, rows))


def summarise(
    spec: BenchWorld,
    tables: dict[str, Any],
    rows: list[dict[str, Any]],
    results: list[dict[str, Any]],
    *,
    perturbed_world: bool,
) -> dict[str, Any]:
    """Judge each row by the end state alone; exact_rate is over the rows that ask for a real change."""
    figures: dict[str, Any] = {"tickets": len(rows), **dict.fromkeys(COUNTS, 0)}
    base = spec.base(tables)
    real = exact_real = nothing = 0
    for row, result in zip(rows, results, strict=True):
        gold, changed, empty = (
            gold_changes(spec.world(base), spec.writes, row),
            result["changed"],
            spec.empty_target(row),
        )
        # A perturbed world has other hashes; there the leaf paths decide alone.
        exact = changed == gold and (perturbed_world or result["state_sha256"] == row["final_db_sha256"])
        result["verdict"] = _verdict(gold, changed, exact=exact)
        figures["exact"] += result["verdict"] == "exact"
        figures["partial"] += result["verdict"] == "partial"
        figures["wrong_writes"] += result["verdict"] == "wrong"
        figures["escalated"] += result["outcome"] == "handed_off"
        figures["asked"] += result["questions"] > 0
        figures["empty_target_rows"] += empty
        figures["empty_target_writes"] += bool(empty and changed)
        nothing += not gold
        real += not empty
        exact_real += result["verdict"] == "exact" and not empty
    figures["families"] = _families(rows, results)
    times = sorted(result["ms"] for result in results)
    figures["exact_rate"] = round(exact_real / real, 4) if real else 0.0
    figures["do_nothing_exact"] = nothing
    figures["p50_ms"] = round(statistics.median(times), 1)
    figures["p99_ms"] = round(times[min(len(times) - 1, int(len(times) * 0.99))], 1)
    return figures


def _families(rows: list[dict[str, Any]], results: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows of one requester are one family: no rule may live on a single one of them."""
    verdicts: dict[str, list[str]] = {}
    for row, result in zip(rows, results, strict=True):
        verdicts.setdefault(row.get("user_id") or row["id"], []).append(result["verdict"])
    return {
        "all": len(verdicts),
        "every_row_exact": sum(all(one == "exact" for one in own) for own in verdicts.values()),
        "some_row_exact": sum("exact" in own for own in verdicts.values()),
        "with_wrong_writes": sum("wrong" in own for own in verdicts.values()),
        "mean_exact_rate": round(
            statistics.mean(sum(one == "exact" for one in own) / len(own) for own in verdicts.values()), 4
        ),
    }


def _verdict(gold: dict[str, Any], changed: dict[str, Any], *, exact: bool) -> str:
    if exact:
        return "exact"
    if any(path not in gold or gold[path] != value for path, value in changed.items()):
        return "wrong"
    return "partial" if changed else "nothing"
