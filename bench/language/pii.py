"""Redaction: recall and precision by kind on synthetic texts, milliseconds by text and by thousand characters.

The texts were looked at while the rules were written, so the figures are no estimate for unseen ones. Names and places
are reported, not aimed at: the rules know few, the ticket's own records know those that matter.
"""

import json
import re
from collections import Counter
from typing import Any

from bench.language.rows import SHARED
from bench.language.timing import times
from proofdesk.cli.redaction import OTHER_NAMES
from proofdesk.language.pii import redact

Spans = list[tuple[int, int, str]]

_OURS = {name: kind for kind, names in OTHER_NAMES.items() for name in (kind, *names)} | {"PERSON": "PERSON"}
_PLAIN = {
    "CARD": r"\b(?:\d[ -]?){13,16}\b",
    "EMAIL": r"[\w.+-]+@[\w-]+\.[\w.-]+",
    "IP": r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
    "SSN": r"\b\d{3}-\d{2}-\d{4}\b",
    "IBAN": r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b",
    "PHONE": r"\+?\d[\d ().-]{7,}\d",
}


def redaction() -> dict[str, Any]:
    path = SHARED / "vectors" / "pii" / "synth_dataset_v2.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    texts = [row["text"] for row in rows]
    truth = [[(start, end, _OURS[kind]) for start, end, kind in row["spans"] if kind in _OURS] for row in rows]
    block = " ".join(texts)
    thousands = [block[i : i + 1_000] for i in range(0, min(len(block), 150_000), 1_000)]
    return {
        "texts": len(rows),
        **scores(truth, [[(s.start, s.end, s.kind) for s in redact(text).spans] for text in texts]),
        "text_ms": times(redact, texts),
        "thousand_characters_ms": times(redact, thousands),
        "baseline": scores(truth, [_by_plain_patterns(text) for text in texts]),
    }


def scores(truth: list[Spans], found: list[Spans]) -> dict[str, Any]:
    """Found: same kind, more than half of the true span covered. Right: touches a true span of its kind."""
    wanted, hit, given, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for true, ours in zip(truth, found, strict=True):
        for start, end, kind in true:
            wanted[kind] += 1
            hit[kind] += any(k == kind and min(end, b) - max(start, a) > (end - start) / 2 for a, b, k in ours)
        for a, b, kind in ours:
            given[kind] += 1
            right[kind] += any(k == kind and start < b and a < end for start, end, k in true)
    return {
        "recall": {kind: hit[kind] / count for kind, count in sorted(wanted.items())},
        "precision": {kind: right[kind] / given[kind] for kind in sorted(wanted) if given[kind]},
    }


def _by_plain_patterns(text: str) -> Spans:
    """What one would do without us: a pattern by kind from the first page of a search."""
    return [(hit.start(), hit.end(), kind) for kind, form in _PLAIN.items() for hit in re.finditer(form, text)]


ITEMS = {"redaction": redaction}
