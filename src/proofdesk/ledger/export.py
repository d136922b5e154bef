"""The export an auditor verifies offline: four plain files, written as a whole or not at all.

leaves.jsonl     one leaf a line: seq, ts, kind, tenant, body, subject_ref?, ciphertext_sha256?, ciphertext? (base64),
                 leaf_hash (lower-case hexadecimal)
checkpoints.txt  signed checkpoints, oldest first, each followed by a blank line and the line `----`
key.vkey         the log's verifier key
manifest.json    facts about the export; not signed, never proof of anything
"""

import base64
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

NOTE_END: Final = "\n----\n"
"""Ends each note. A checkpoint's text has no blank line and a signature line starts with a dash that is not ASCII, so
a blank line followed by four hyphens cannot be part of a note."""


class ExportError(Exception):
    """The export was not written; nothing is left behind. The message says where and what to do."""


class ExportLeaf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sequenced leaf as the database holds it. It is written as it is, altered or not: judging is the verifier's."""

    seq: int
    ts: str
    kind: str
    tenant: str
    body: dict[str, Any] | msgspec.Raw
    leaf_hash: bytes
    subject_ref: str | None = None
    ciphertext_sha256: str | None = None
    """Stays when the ciphertext was erased."""
    ciphertext: bytes | None = None


class ExportSummary(msgspec.Struct, frozen=True, kw_only=True):
    leaves: int
    checkpoints: int


def write_export(
    directory: Path,
    leaves: Iterable[ExportLeaf],
    checkpoints: Sequence[str],
    vkey: str,
    manifest: Mapping[str, Any],
) -> ExportSummary:
    """Write the four files to a new `directory`. `leaves` by seq; the last checkpoint should cover them all.

    Every file is flushed to disk before the directory takes its name. Raises ExportError when the directory holds
    something already or cannot be written.
    """
    if directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
        raise ExportError(f"{directory}: exists and is not an empty directory; name a new one")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{directory.name}.partial-", dir=directory.parent))
    except OSError as error:
        raise ExportError(f"{directory}: cannot be written ({error.strerror}); choose another place") from error
    try:
        count = _write_leaves(partial / "leaves.jsonl", leaves)
        _write(partial / "checkpoints.txt", join_notes(checkpoints).encode())
        _write(partial / "key.vkey", f"{vkey.strip()}\n".encode())
        facts = {**manifest, "format": "proofdesk-export-1", "leaves": count, "checkpoints": len(checkpoints)}
        _write(partial / "manifest.json", msgspec.json.format(msgspec.json.encode(facts, order="sorted")) + b"\n")
        sync_directory(partial)
        partial.rename(directory)
    except OSError as error:
        raise ExportError(f"{directory}: cannot be written ({error.strerror}); nothing was left behind") from error
    finally:
        if partial.exists():
            shutil.rmtree(partial)
    sync_directory(directory.parent)
    return ExportSummary(leaves=count, checkpoints=len(checkpoints))


def join_notes(notes: Iterable[str]) -> str:
    """Signed notes as one text that `split_notes` takes apart again."""
    return "".join(f"{note}{NOTE_END}" for note in notes)


def split_notes(text: str) -> tuple[list[str], str]:
    """The whole notes of a text, and what follows the last of them (empty unless the text is torn or altered)."""
    *whole, rest = text.split(f"\n{NOTE_END}")
    return [f"{note}\n" for note in whole], rest


def sync_directory(directory: Path) -> None:
    """Flush a directory's names to disk."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_leaves(path: Path, leaves: Iterable[ExportLeaf]) -> int:
    count = 0
    encode = msgspec.json.Encoder().encode
    with path.open("xb") as out:
        for leaf in leaves:
            out.write(encode(_line(leaf)) + b"\n")
            count += 1
        out.flush()
        os.fsync(out.fileno())
    return count


def _line(leaf: ExportLeaf) -> dict[str, Any]:
    line: dict[str, Any] = {
        "seq": leaf.seq,
        "ts": leaf.ts,
        "kind": leaf.kind,
        "tenant": leaf.tenant,
        "body": leaf.body,
    }
    if leaf.subject_ref is not None:
        line["subject_ref"] = leaf.subject_ref
    if leaf.ciphertext_sha256 is not None:
        line["ciphertext_sha256"] = leaf.ciphertext_sha256
    if leaf.ciphertext is not None:
        line["ciphertext"] = base64.b64encode(leaf.ciphertext).decode()
    line["leaf_hash"] = leaf.leaf_hash.hex()
    return line


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
