"""Redaction: milliseconds per text and per thousand characters."""

import json
from typing import Any

from bench.language.rows import SHARED
from bench.language.timing import times
from proofdesk.language.pii import redact


def redaction() -> dict[str, Any]:
    path = SHARED / "vectors" / "pii" / "synth_dataset_v2.jsonl"
    texts = [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
    block = " ".join(texts)
    thousands = [block[i : i + 1_000] for i in range(0, min(len(block), 150_000), 1_000)]
    return {"text_ms": times(redact, texts), "thousand_characters_ms": times(redact, thousands)}


ITEMS = {"redaction": redaction}
