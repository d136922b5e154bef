"""The labelled texts of the shared folder, split in fixed ways, and one encoder for the whole run."""

import functools
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np

from proofdesk.language.intents import Encoder, Encoders, LabelledText, find_encoders

SHARED = Path(os.environ.get("PROOFDESK_SHARED", Path(__file__).resolve().parents[3] / "shared"))
OUT = Path("bench/out")
Rows = list[LabelledText]


@functools.cache
def encoders() -> Encoders:
    """Of the accuracy tier; encodings are kept in OUT, so that a second run costs none."""
    return find_encoders("accuracy", rows=60_000, folder=OUT / "encodings", threads=2)


def encoder() -> Encoder | None:
    """Of the default tier."""
    return encoders().fast


def rows_of(name: str) -> Rows:
    path = SHARED / "data" / "intents" / f"{name}.jsonl"
    if not path.is_file():
        sys.exit(f"{path.name}: not found; set PROOFDESK_SHARED to the shared folder")
    return [LabelledText(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def by_hash(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: hashlib.sha256(row.text.encode()).digest())


def banking() -> tuple[Rows, Rows]:
    rows = by_hash(rows_of("banking77_train"))
    return rows[len(rows) // 5 :], rows[: len(rows) // 5]


def assistant() -> tuple[Rows, list[str], Rows, list[str]]:
    learn, held = rows_of("clinc150_train"), by_hash(rows_of("clinc150_val"))
    return (
        [r for r in learn if r.intent != "oos"], [r.text for r in learn if r.intent == "oos"],
        [r for r in held if r.intent != "oos"], [r.text for r in held if r.intent == "oos"],
    )  # fmt: skip


def few(rows: Rows, count: int, seed: int) -> Rows:
    order = np.random.default_rng(seed).permutation(len(rows))
    taken: dict[str, Rows] = {}
    for i in order:
        group = taken.setdefault(rows[i].intent, [])
        if len(group) < count:
            group.append(rows[i])
    return [row for group in taken.values() for row in group]


def names(rows: Rows) -> Rows:
    """The intents' names as examples: our training adds them when examples are few, so the baseline gets them too."""
    return [LabelledText(text=intent.replace("_", " "), intent=intent) for intent in sorted({r.intent for r in rows})]
