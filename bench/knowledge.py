"""Which documents a ticket needs: recall of the first ten by block cross-validation, beside TF-IDF of the same run.

python bench/knowledge.py --documents FILE --tasks FILE --json
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import msgspec
import numpy as np

from bench.retrieval.baseline import tfidf
from bench.retrieval.folds import BLOCKS, applied, cross_validated, habits, solved, to_ship
from bench.retrieval.measures import better, measured
from bench.retrieval.rows import Task, refuse, sections_of, tasks_of
from bench.retrieval.scale import scale
from proofdesk.knowledge.retrieval import KnowledgeIndex, Question, Reranker, Retriever, Vectors, shipped_reranker
from proofdesk.language.intents.encoder import EncoderMissing
from proofdesk.language.intents.static import StaticEncoder


def vectors() -> Vectors | None:
    try:
        return StaticEncoder()
    except EncoderMissing as missing:
        print(f"{missing}: measured with words alone", file=sys.stderr)
        return None


def times(retriever: Retriever, tasks: list[Task]) -> dict[str, float]:
    spent = []
    for task in tasks:
        start = time.perf_counter()
        retriever.rank(Question(text=task.text))
        spent.append((time.perf_counter() - start) * 1e3)
    return {f"p{p}_ms": float(np.percentile(spent, p)) for p in (50, 95)}


def report(options: argparse.Namespace) -> dict[str, Any]:
    sections, tasks = sections_of(options.documents), tasks_of(options.tasks)
    encoder = vectors()
    index = KnowledgeIndex(encoder)
    index.load(sections)
    plain = tfidf(sections, tasks)
    full = Retriever(index, habits=habits(index, tasks), precedents=solved(tasks))
    shipped = applied(index, [], tasks, shipped_reranker())
    out: dict[str, Any] = {}
    if options.save_weights:
        options.save_weights.write_bytes(msgspec.json.format(msgspec.json.encode(to_ship(index, tasks))) + b"\n")
    if options.learn_from:
        source = tasks_of(options.learn_from)
        alike = {t.text for t in source} & {t.text for t in tasks}
        if alike:
            refuse(f"{options.learn_from}: {len(alike)} of its tasks are in {options.tasks} too; name other tasks")
        ours, out["protocol"] = applied(index, source, tasks, None), f"learned from {len(source)} other tasks"
    elif options.weights:
        ours = applied(index, [], tasks, msgspec.json.decode(options.weights.read_bytes(), type=Reranker))
        out["protocol"] = "weights from a file, no labels of these tasks"
    else:
        ours, out["protocol"] = cross_validated(index, tasks), f"{BLOCKS} contiguous blocks"
        out["without_precedents"] = measured(cross_validated(index, tasks, False), tasks)
    out |= measured(ours, tasks) | times(full, tasks)
    out |= {"tasks": len(tasks), "baseline": measured(plain, tasks), "gain_95": better(ours, plain, tasks)}
    out["shipped_weights"] = measured(shipped, tasks)
    if options.scale:
        out["scale"] = scale(options.scale, encoder)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--tasks", type=Path, required=True)
    learning = parser.add_mutually_exclusive_group()
    learning.add_argument("--learn-from", type=Path, help="other tasks, the only source of weights and solved tickets")
    learning.add_argument("--weights", type=Path, help="weights to use; no task's labels are read for ranking")
    parser.add_argument("--save-weights", type=Path, help="write weights learned from these tasks, for shipping")
    parser.add_argument("--scale", type=int, default=0, help="also measure an index of so many synthetic sections")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    out = report(options)
    print(json.dumps(out) if options.json else json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
