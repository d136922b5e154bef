"""Which documents a ticket needs: recall of the first ten by block cross-validation, beside TF-IDF of the same run.

python bench/knowledge.py --documents FILE --tasks FILE --json
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bench.retrieval.baseline import tfidf
from bench.retrieval.folds import blocks, cross_validated, habits, learned, ranked, solved
from bench.retrieval.measures import better, measured
from bench.retrieval.rows import Task, sections_of, tasks_of
from proofdesk.knowledge.retrieval import KnowledgeIndex, Question, Retriever, Vectors
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sections, tasks = sections_of(options.documents), tasks_of(options.tasks)
    index = KnowledgeIndex(vectors())
    index.load(sections)
    ours = cross_validated(index, tasks)
    plain = tfidf(sections, tasks)
    full = Retriever(
        index, habits=habits(index, tasks), precedents=solved(tasks),
        reranker=learned(index, tasks, blocks(len(tasks)), True),
    )  # fmt: skip
    out = measured(ours, tasks) | times(full, tasks)
    out |= {"tasks": len(tasks), "baseline": measured(plain, tasks), "gain_95": better(ours, plain, tasks)}
    out["without_precedents"] = measured(cross_validated(index, tasks, False), tasks)
    out["by_hand"] = measured(ranked(Retriever(index, habits=habits(index, tasks)), tasks), tasks)
    print(json.dumps(out) if options.json else json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
