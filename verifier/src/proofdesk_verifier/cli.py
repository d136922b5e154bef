"""The command `proofdesk-verify`. Exit 0: verified; 1: the check failed; 2: wrong use or unreadable input."""

import argparse
import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from proofdesk_verifier.audit import Audit, Problem, Witnessed, audit_export, trusted_hashes
from proofdesk_verifier.canonical import BadJson, read_json
from proofdesk_verifier.invoice import BadInvoice, BillingLeaves, check_invoice
from proofdesk_verifier.notes import BadKey, BadNote, Head, PinnedKey, open_checkpoint, parse_vkey, split_notes


class WrongUse(Exception):
    """What cannot be checked at all: the message says which file or option and what to do."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is returned."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _invoice(words[1:]) if words[:1] == ["invoice"] else _export(words)
    except (WrongUse, BadInvoice) as error:
        return _wrong_use(str(error), words)
    except OSError as error:
        return _wrong_use(f"{error.filename}: {error.strerror}", words)


def _export(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="proofdesk-verify",
        description="Verify an exported ledger offline. To recompute an invoice: proofdesk-verify invoice --help",
    )
    parser.add_argument("directory", type=Path, help="the export")
    parser.add_argument("--vkey", required=True, help="the log's verifier key, as text or as a file that holds it")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint you kept from earlier")
    parser.add_argument("--witness", type=Path, help="a witness directory")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(words)
    audit = _audit(options.directory, _key(options.vkey), options.checkpoint, options.witness, None)
    if options.json:
        print(json.dumps(asdict(audit)))
    elif audit.ok:
        print(f"ok: {audit.size} leaves, {audit.checkpoints} checkpoints, root {audit.root}, {audit.erased} erased")
    else:
        print(f"NOT OK: {audit.reason}")
        for problem in audit.problems:
            print(f"- {problem.reason}")
    return 0 if audit.ok else 1


def _invoice(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="proofdesk-verify invoice", description="Recompute an invoice from an exported ledger."
    )
    parser.add_argument("directory", type=Path, help="the export")
    parser.add_argument("--invoice", type=Path, required=True, help="output of `proofdesk invoice preview --json`")
    parser.add_argument("--vkey", help="the log's verifier key; without it the export's own is believed")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint you kept from earlier")
    parser.add_argument("--witness", type=Path, help="a witness directory")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(words)
    try:
        invoice = read_json(_text(options.invoice))
    except BadJson as error:
        raise WrongUse(f"{options.invoice}: {error}") from error
    leaves = BillingLeaves()
    key = _key(options.vkey or str(options.directory / "key.vkey"))
    audit = _audit(options.directory, key, options.checkpoint, options.witness, leaves)
    check = check_invoice(invoice, leaves)
    result: dict[str, Any] = asdict(check) | {
        "ok": check.ok and audit.ok,
        "export_ok": audit.ok,
        "reason": audit.reason,
        "key_pinned": options.vkey is not None,
    }
    if options.json:
        print(json.dumps(result))
    else:
        total, variance = check.recomputed_total_minor, check.variance_minor
        verdict = "ok" if result["ok"] else "NOT OK"
        print(f"{verdict}: {check.lines} lines, recomputed total {total}, variance {variance}")
        for line in check.bad_lines:
            print(f"- {line.where} {line.issue_id}: {line.reason}")
        if not audit.ok:
            print(f"- the export itself does not verify: {audit.reason}")
    return 0 if result["ok"] else 1


def _audit(
    directory: Path, key: PinnedKey, checkpoint: Path | None, witness: Path | None, leaves: BillingLeaves | None
) -> Audit:
    tenant = _tenant(directory / "manifest.json")
    problems: list[Problem] = []
    heads = _heads(directory / "checkpoints.txt", key, "checkpoint {} of the export", problems, tail_is_bad=True)
    if _text(directory / "key.vkey").strip() != _vkey_text(key):
        problems.append(Problem(None, "key.vkey in the export is not the pinned key"))
    kept: list[Head] = []
    if checkpoint:
        refused: list[Problem] = []
        kept = _heads(checkpoint, key, "the kept checkpoint", refused, tail_is_bad=True)
        if refused:
            raise WrongUse(f"{checkpoint}: {refused[0].reason}; give the checkpoint as it was saved")
    remembered = _witness(witness, key, [*kept, *heads], problems) if witness else None
    watch = leaves.see if leaves else None
    audit = audit_export(directory / "leaves.jsonl", heads, kept, remembered, tenant, watch)
    if not problems:
        return audit
    every = (*audit.problems, *problems)
    return Audit(**{**vars(audit), "ok": False, "problems": every, "reason": audit.reason or problems[0].reason})


def _heads(path: Path, key: PinnedKey, source: str, problems: list[Problem], *, tail_is_bad: bool) -> list[Head]:
    notes, rest = split_notes(_text(path))
    heads: list[Head] = []
    for number, note in enumerate(notes, start=1):
        name = source.format(number)
        try:
            heads.append(open_checkpoint(note, key, name))
        except BadNote as error:
            problems.append(Problem(None, f"{name} is not good: {error}"))
    if rest and tail_is_bad:
        problems.append(Problem(None, f"{path.name} ends in something that is not a checkpoint"))
    return heads


def _witness(directory: Path, key: PinnedKey, heads: Sequence[Head], problems: list[Problem]) -> Witnessed:
    """What the witness of this log holds. A torn last note is left out: the witness itself cuts it when it restarts."""
    folder = directory
    if not (folder / "checkpoints.txt").is_file():
        folders = sorted(directory.glob("log-*"))
        origin = heads[0].origin if heads else ""
        folder = directory / f"log-{quote(origin, safe='')}" if heads else (folders or [directory])[0]
    if not (folder / "checkpoints.txt").is_file():
        raise WrongUse(f"{directory}: holds no witness of this log; name the witness directory or its log- folder")
    seen = _heads(folder / "checkpoints.txt", key, "checkpoint {} of the witness", problems, tail_is_bad=False)
    return Witnessed(tuple(seen), trusted_hashes((folder / "leaf_hashes.bin").read_bytes(), seen))


def _key(text: str) -> PinnedKey:
    path = Path(text)
    try:
        return parse_vkey(_text(path) if "+" not in text or path.is_file() else text)
    except BadKey as error:
        raise WrongUse(f"--vkey: {error}; give the text of the key or a file that holds it") from error


def _vkey_text(key: PinnedKey) -> str:
    return f"{key.name}+{key.key_id.hex()}+{base64.b64encode(bytes([1]) + key.key).decode()}"


def _tenant(path: Path) -> str:
    try:
        manifest = read_json(_text(path))
    except BadJson as error:
        raise WrongUse(f"{path}: {error}") from error
    tenant = manifest.get("tenant", "") if isinstance(manifest, dict) else ""
    return tenant if isinstance(tenant, str) else ""


def _text(path: Path) -> str:
    """A file as text. Bytes that are not UTF-8 stay visible as faults further on instead of ending the check."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _wrong_use(message: str, words: Sequence[str]) -> int:
    if "--json" in words:
        print(json.dumps({"ok": False, "reason": message, "error": "wrong use or unreadable input"}))
    print(f"proofdesk-verify: {message}", file=sys.stderr)
    return 2
