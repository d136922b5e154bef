"""How long documents take into the record: generated Markdown and HTML files of ten sections each.

python bench/ingest.py [--sections N] [--json]: keys sections, documents, seconds, sections_per_s, again_s (the same
folder unchanged), edited_s (one document edited), peak_mb (this process and its readers, resident at their highest).
"""

import argparse
import asyncio
import json
import random
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from proofdesk.app import open_database, open_house
from proofdesk.flows.knowledge.gather import gather
from proofdesk.flows.knowledge.ingest import ingest
from proofdesk.settings import load_settings
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction

PER_DOCUMENT = 10
WORDS = 90
TENANT = "bench"
STEMS = (
    "order refund parcel invoice plan seat fee limit card account address country day month price change cancel "
    "return ship deliver contact approve policy procedure customer support payment method delivery warranty"
)


def text_of(rng: random.Random, vocabulary: list[str]) -> str:
    words = rng.choices(vocabulary, k=WORDS)
    for at in range(9, WORDS, 10):
        words[at] = rng.choice(("", f"{rng.randint(1, 900)} EUR", f"{rng.randint(2, 60)} days", "2026-03-01"))
        words[at] += "."
    return " ".join(words)


def write_folder(root: Path, sections: int) -> int:
    rng = random.Random(7)
    stems = STEMS.split()
    vocabulary = stems * 20 + [f"{rng.choice(stems)}{rng.choice(stems)}" for _ in range(5_000)]
    documents = sections // PER_DOCUMENT
    for number in range(documents):
        parts = [(f"Part {n}", text_of(rng, vocabulary)) for n in range(PER_DOCUMENT)]
        folder = root / f"{number // 500:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        if number % 2:
            body = "".join(f"<h2>{head}</h2><p>{text}</p>" for head, text in parts)
            (folder / f"{number}.html").write_text(f"<title>Document {number}</title>{body}", encoding="utf-8")
        else:
            body = "".join(f"## {head}\n\n{text}\n\n" for head, text in parts)
            (folder / f"{number}.md").write_text(f"# Document {number}\n\n{body}", encoding="utf-8")
    return documents


def edit_one(root: Path) -> None:
    edited = next(root.rglob("*.md"))
    edited.write_text(edited.read_text(encoding="utf-8") + "\nOne more line.\n", encoding="utf-8")


async def measure(home: Path, root: Path, sections: int) -> dict[str, Any]:
    documents = write_folder(root, sections)
    settings = msgspec.structs.replace(load_settings({}), home=home, witness_dir=home / "witness")
    endpoint, server = open_database(settings)
    try:
        async with open_house(settings, endpoint, pool_size=4) as house:
            async with tenant_transaction(house.shell.pool, TENANT) as conn:
                await t.create_tenant(conn, tenant=TENANT, name=TENANT, now=datetime.now(UTC))

            async def timed() -> tuple[float, int]:
                start = time.perf_counter()
                done = await ingest(house.shell, TENANT, gather([root]), by="bench")
                return time.perf_counter() - start, done.sections

            seconds, taken = await timed()
            again_s, _ = await timed()
            edit_one(root)
            edited_s, _ = await timed()
    finally:
        if server is not None:
            server.stop()
    own, readers = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "sections": taken, "documents": documents, "seconds": round(seconds, 1),
        "sections_per_s": round(taken / seconds), "again_s": round(again_s, 1), "edited_s": round(edited_s, 1),
        "peak_mb": round((own + 2 * readers) / 1024),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sections", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="proofdesk-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        Path(folder).chmod(0o755)
        found = asyncio.run(measure(home, Path(folder) / "documents", args.sections))
    print(json.dumps(found) if args.json else "\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
