"""Shared by the ledger's and the verifier's tests: vectors, and a small invented ledger on disk."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from proofdesk.ledger.canonical import Leaf, make_leaf
from proofdesk.ledger.export import ExportLeaf, write_export
from proofdesk.ledger.merkle import TreeState, append, root_of
from proofdesk.ledger.notes import PrivateKey, encode_vkey, generate_key, sign_checkpoint
from proofdesk.ledger.shred import new_key, seal

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
ORIGIN = "ledger.example/tenant-a"


def vectors(folder: str) -> Path:
    shared = Path(os.environ.get("PROOFDESK_SHARED", Path(__file__).parents[4] / "shared"))
    path = shared / "vectors" / folder
    if not path.is_dir():
        pytest.skip(f"the shared vectors {folder} are absent; set PROOFDESK_SHARED")
    return path


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@dataclass
class Book:
    """A ledger in memory with its signing key; `write` exports it."""

    key: PrivateKey = field(default_factory=lambda: generate_key("ledger.example"))
    leaves: list[Leaf] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    state: TreeState = field(default_factory=TreeState)

    @property
    def vkey(self) -> str:
        return encode_vkey(self.key.public)

    def add(self, kind: str, body: dict[str, Any], *, at: datetime | None = None, secret: bytes | None = None) -> int:
        ciphertext = None if secret is None else seal(new_key(), secret)
        reference = None if secret is None else f"subject-{len(self.leaves)}"
        at = at or START + timedelta(seconds=len(self.leaves))
        leaf = make_leaf("tenant-a", at, kind, body, reference, ciphertext)
        self.leaves.append(leaf)
        self.state = append(self.state, [leaf.leaf_hash])
        return len(self.leaves) - 1

    def sign(self) -> str:
        note = sign_checkpoint(self.key, ORIGIN, self.state.size, root_of(self.state))
        self.notes.append(note)
        return note

    def write(self, directory: Path, **manifest: Any) -> Path:
        rows = (export_leaf(seq, leaf) for seq, leaf in enumerate(self.leaves))
        write_export(directory, rows, self.notes, self.vkey, {"tenant": "tenant-a", **manifest})
        return directory


def export_leaf(seq: int, leaf: Leaf, *, erased: bool = False) -> ExportLeaf:
    return ExportLeaf(
        seq=seq,
        ts=leaf.ts,
        kind=leaf.kind,
        tenant=leaf.tenant,
        body=dict(leaf.body),
        leaf_hash=leaf.leaf_hash,
        subject_ref=leaf.subject_ref,
        ciphertext_sha256=leaf.ciphertext_sha256,
        ciphertext=None if erased else leaf.ciphertext,
    )


def sample_book(count: int = 40, every: int = 10) -> Book:
    """`count` leaves of a few tickets, with a checkpoint each `every` leaves and one over all."""
    book = Book()
    while len(book.leaves) < count:
        number = len(book.leaves)
        match number % 4:
            case 0:
                body = {"action_id": f"act-{number}", "verdict": "allowed", "policy_hash": "ab" * 32}
                book.add("policy.verdict", body)
            case 1:
                book.add("effect.intent", {"action_id": f"act-{number - 1}", "amount_minor": 100 + number})
            case 2:
                book.add("message.received", {"length": number, "note": "größer ≥ 3 \U0001f600"}, secret=b"hello Ana")
            case _:
                book.add("read_back", {"ok": True, "nested": {"b": [1, None, False], "a": "x"}})
        if len(book.leaves) % every == 0:
            book.sign()
    if not book.notes or len(book.leaves) % every:
        book.sign()
    return book
