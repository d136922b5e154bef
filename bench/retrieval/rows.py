"""Documents and tasks as they lie in the files, read into our values."""

import json
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from proofdesk.core.knowledge import Scope, Section

HEADING = re.compile(r"(?m)^(?=#{1,4} )")


class Task(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    text: str
    needed: frozenset[str]


def refuse(why: str) -> NoReturn:
    """Wrong use or input."""
    print(why, file=sys.stderr)
    raise SystemExit(2)


def lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        refuse(f"{path}: not found; name a JSON Lines file")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def sections_of(path: Path) -> list[Section]:
    """Each document by its headings; a document's group is its product, "internal" in the title its audience."""
    out: list[Section] = []
    for row in lines(path):
        scope = Scope(
            product=(re.sub(r"[_()]+", " ", row["group"]).strip(),),
            audience="internal" if "internal" in row["title"].lower() else "public",
        )
        parts = [part for part in HEADING.split(row["text"]) if part.strip()] or [row["text"]]
        out += [
            Section(id=f"{row['id']}#{at}", document_id=row["id"], title=row["title"], text=part, scope=scope)
            for at, part in enumerate(parts)
        ]
    return out


def tasks_of(path: Path) -> list[Task]:
    rows = sorted(lines(path), key=lambda row: int(row["index"]))
    return [Task(id=r["id"], text=r["text"], needed=frozenset(r["required_documents"])) for r in rows]
