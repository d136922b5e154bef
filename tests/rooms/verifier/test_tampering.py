"""What a superuser of the database could do to an export, and what the auditor is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proofdesk.ledger.canonical import leaf_bytes
from proofdesk.ledger.export import join_notes, write_export
from proofdesk.ledger.merkle import TreeState, append, leaf_hash
from proofdesk.ledger.witness import CHECKPOINTS, HASHES, Witness, log_folder
from proofdesk_verifier.cli import main
from tests.rooms.ledger.support import ORIGIN, Book, export_leaf, sample_book

Lines = list[dict[str, Any]]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run the command on an export and give what it printed, with its exit code."""

    def run(directory: Path, vkey: str, *more: str) -> dict[str, Any]:
        code = main([str(directory), "--vkey", vkey, "--json", *more])
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "exit": code}

    return run


def witness(book: Book, directory: Path, *sizes: int) -> Path:
    hashes = [leaf.leaf_hash for leaf in book.leaves]
    with Witness(directory, ORIGIN, book.key.public) as holder:
        for size in sizes:
            note = next(note for note in book.notes if f"\n{size}\n" in note)
            holder.append(note, hashes[holder.size : size])
    return directory


def rewrite(directory: Path, change: Callable[[Lines], Lines | None]) -> None:
    path = directory / "leaves.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines = change(lines) or lines
    path.write_text("".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines))


def restate(line: dict[str, Any]) -> None:
    """Give an altered leaf the hash that belongs to it: all a superuser without the signing key can do."""
    data = leaf_bytes(
        line["tenant"], line["ts"], line["kind"], line["body"], line.get("subject_ref"), line.get("ciphertext_sha256")
    )
    line["leaf_hash"] = leaf_hash(data).hex()


def alter(line: dict[str, Any]) -> None:
    line["body"]["altered"] = 1
    restate(line)


def renumber(lines: Lines) -> Lines:
    for seq, line in enumerate(lines):
        line["seq"] = seq
    return lines


Verify = Callable[..., dict[str, Any]]


def test_an_untouched_export_verifies(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(37)
    export = book.write(tmp_path / "export")
    kept = tmp_path / "kept.txt"
    kept.write_text(book.notes[1])
    seen = witness(book, tmp_path / "witness", 10, 20, 37)
    result = verify(export, book.vkey, "--checkpoint", str(kept), "--witness", str(seen))
    assert result["ok"] is True
    assert result["exit"] == 0
    assert result["size"] == 37
    assert result["first_bad_seq"] is None
    assert result["reason"] == ""
    assert result["root"] == book.notes[-1].split("\n")[2]


def test_an_empty_ledger_verifies_once_signed(tmp_path: Path, verify: Verify) -> None:
    book = Book()
    unsigned = book.write(tmp_path / "unsigned")
    assert verify(unsigned, book.vkey)["exit"] == 1
    book.sign()
    assert verify(book.write(tmp_path / "signed"), book.vkey)["ok"] is True


def test_every_single_altered_byte_is_noticed_and_its_leaf_named(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(8, every=4)
    export = book.write(tmp_path / "export")
    path = export / "leaves.jsonl"
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        result = verify(export, book.vkey)
        assert result["exit"] == 1, place
        assert result["first_bad_seq"] == whole[:place].count(b"\n"), (place, result["reason"])


def test_a_body_altered_with_its_hash_left_alone_is_named_exactly(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(37)
    export = book.write(tmp_path / "export")
    for seq in (0, 9, 10, 23, 36):
        before = (export / "leaves.jsonl").read_bytes()
        rewrite(export, lambda lines, seq=seq: lines[seq]["body"].update(altered=1))  # type: ignore[misc]
        result = verify(export, book.vkey)
        assert result["first_bad_seq"] == seq
        assert result["problems"][0]["exact"] is True
        (export / "leaves.jsonl").write_bytes(before)


def test_a_restated_hash_is_located_by_checkpoints_and_named_by_the_witness(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(40)
    export = book.write(tmp_path / "export")
    seen = witness(book, tmp_path / "witness", 10, 40)
    for seq in (0, 9, 10, 27, 39):
        before = (export / "leaves.jsonl").read_bytes()
        rewrite(export, lambda lines, seq=seq: alter(lines[seq]))  # type: ignore[misc]
        alone = verify(export, book.vkey)
        assert alone["first_bad_seq"] == seq // 10 * 10
        assert "not known exactly" in alone["reason"]
        exact = verify(export, book.vkey, "--witness", str(seen))
        assert exact["first_bad_seq"] == seq
        assert "not known exactly" not in exact["reason"]
        (export / "leaves.jsonl").write_bytes(before)


@pytest.mark.parametrize(
    ("change", "alone", "witnessed"),
    [
        (lambda lines: lines[:17] + lines[18:], 17, 17),
        (lambda lines: renumber(lines[:17] + lines[18:]), 10, 17),
        (lambda lines: [*lines[:17], lines[18], lines[17], *lines[19:]], 17, 17),
        (lambda lines: renumber([*lines[:17], lines[18], lines[17], *lines[19:]]), 10, 17),
        (lambda lines: renumber([*lines[:17], dict(lines[3]), *lines[17:]]), 10, 17),
        (lambda lines: [*lines[:17], dict(lines[17]), *lines[17:]], 18, 18),
        (lambda lines: renumber([*lines, dict(lines[3])]), 40, 40),
        (lambda lines: lines[:33], 33, 33),
        (lambda _lines: [], None, 0),
    ],
    ids=[
        "delete",
        "delete-renumbered",
        "swap",
        "swap-renumbered",
        "insert",
        "repeat",
        "insert-at-the-end",
        "truncate",
        "empty",
    ],
)
def test_missing_moved_and_invented_leaves(
    change: Callable[[Lines], Lines], alone: int | None, witnessed: int, tmp_path: Path, verify: Verify
) -> None:
    book = sample_book(40)
    export = book.write(tmp_path / "export")
    seen = witness(book, tmp_path / "witness", 10, 40)
    path = export / "leaves.jsonl"
    lines = change([json.loads(line) for line in path.read_text().splitlines()])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = verify(export, book.vkey)
    assert result["exit"] == 1
    assert result["first_bad_seq"] == (0 if alone is None else alone)
    assert verify(export, book.vkey, "--witness", str(seen))["first_bad_seq"] == witnessed


def test_truncation_of_leaves_and_checkpoints_needs_something_kept_outside(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(40)
    export = book.write(tmp_path / "export")
    seen = witness(book, tmp_path / "witness", 10, 40)
    rewrite(export, lambda lines: lines[:20])
    (export / "checkpoints.txt").write_text(join_notes(book.notes[:2]))
    assert verify(export, book.vkey)["ok"] is True
    kept = tmp_path / "kept.txt"
    kept.write_text(book.notes[2])
    for more in (("--checkpoint", str(kept)), ("--witness", str(seen))):
        result = verify(export, book.vkey, *more)
        assert result["exit"] == 1
        assert result["first_bad_seq"] == 20
        assert "truncated" in result["reason"]


def test_another_history_signed_with_the_same_key_is_found_by_what_was_kept(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(20)
    kept = tmp_path / "kept.txt"
    kept.write_text(book.notes[0])
    seen = witness(book, tmp_path / "witness", 10, 20)
    rebuilt = Book(key=book.key)
    for seq, leaf in enumerate(book.leaves):
        if seq == 6:
            rebuilt.add("read_back", {"ok": False})
        else:
            rebuilt.leaves.append(leaf)
    rebuilt.state = append(TreeState(), [leaf.leaf_hash for leaf in rebuilt.leaves])
    rebuilt.sign()
    export = rebuilt.write(tmp_path / "export")
    assert verify(export, book.vkey)["ok"] is True
    result = verify(export, book.vkey, "--checkpoint", str(kept))
    assert result["exit"] == 1
    assert result["first_bad_seq"] == 0
    assert "kept checkpoint" in result["reason"]
    result = verify(export, book.vkey, "--checkpoint", str(kept), "--witness", str(seen))
    assert result["first_bad_seq"] == 6


def test_a_changed_checkpoint_and_a_foreign_key_are_refused(tmp_path: Path, verify: Verify) -> None:
    book, stranger = sample_book(20), sample_book(20)
    export = book.write(tmp_path / "export")
    assert verify(export, stranger.vkey)["exit"] == 1
    path = export / "checkpoints.txt"
    text = path.read_text()
    path.write_text(text.replace("\n10\n", "\n11\n"))
    changed = verify(export, book.vkey)
    assert changed["exit"] == 1
    assert "checkpoint 1 of the export is not good" in changed["reason"]
    path.write_text(text[:-9])
    assert verify(export, book.vkey)["exit"] == 1
    path.write_text("")
    assert verify(export, book.vkey)["first_bad_seq"] == 0
    path.write_text(text)
    (export / "key.vkey").write_text(stranger.vkey)
    assert "not the pinned key" in verify(export, book.vkey)["reason"]


def test_erased_records_still_prove_and_altered_ciphertexts_do_not(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(12)
    rows = [export_leaf(seq, leaf, erased=seq == 2) for seq, leaf in enumerate(book.leaves)]
    write_export(tmp_path / "export", rows, book.notes, book.vkey, {"tenant": "tenant-a"})
    result = verify(tmp_path / "export", book.vkey)
    assert result["ok"] is True
    assert result["erased"] == 1
    other = export_leaf(6, sample_book(12).leaves[6]).ciphertext
    rows[6] = msgspec.structs.replace(rows[6], ciphertext=other)
    write_export(tmp_path / "altered", rows, book.notes, book.vkey, {"tenant": "tenant-a"})
    result = verify(tmp_path / "altered", book.vkey)
    assert result["first_bad_seq"] == 6
    assert "ciphertext" in result["reason"]


def test_leaves_written_after_the_last_checkpoint_do_not_count_until_they_are_signed(
    tmp_path: Path, verify: Verify
) -> None:
    book = sample_book(20)
    book.add("read_back", {"ok": True})
    crashed = verify(book.write(tmp_path / "crashed"), book.vkey)
    assert crashed["first_bad_seq"] == 20
    assert "no signed checkpoint" in crashed["reason"]
    book.sign()
    assert verify(book.write(tmp_path / "resumed"), book.vkey)["ok"] is True


def test_a_torn_witness_is_used_as_far_as_it_is_proven(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(40)
    export = book.write(tmp_path / "export")
    folder = log_folder(witness(book, tmp_path / "witness", 10, 20), ORIGIN)
    with (folder / HASHES).open("ab") as out:
        out.write(b"torn hash")
    with (folder / CHECKPOINTS).open("ab") as out:
        out.write(b"ledger.example/ten")
    assert verify(export, book.vkey, "--witness", str(tmp_path / "witness"))["ok"] is True
    assert verify(export, book.vkey, "--witness", str(folder))["ok"] is True
    rewrite(export, lambda lines: alter(lines[13]))
    assert verify(export, book.vkey, "--witness", str(folder))["first_bad_seq"] == 13
    rewrite(export, lambda lines: alter(lines[5]))
    (folder / HASHES).write_bytes(b"\0" * 640)
    result = verify(export, book.vkey, "--witness", str(folder))
    assert result["first_bad_seq"] == 0
    assert "not known exactly" in result["reason"]


def test_a_leaf_of_another_tenant_does_not_belong_here(tmp_path: Path, verify: Verify) -> None:
    book = sample_book(8, every=4)
    export = book.write(tmp_path / "export", tenant="tenant-b")
    result = verify(export, book.vkey)
    assert result["first_bad_seq"] == 0
    assert "tenant" in result["reason"]


VERDICT = {"action_id": "a", "verdict": "allowed", "policy_hash": "p1"}


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([("policy.verdict", VERDICT)], ""),
        ([("approval.used", {"action_id": "a"}), ("policy.verdict", {**VERDICT, "verdict": "approved"})], ""),
        ([("policy.verdict", {**VERDICT, "verdict": "approved"}), ("approval.used", {"action_id": "a"})], ""),
        ([], "no policy verdict"),
        ([("policy.verdict", {**VERDICT, "action_id": "b"})], "no policy verdict"),
        ([("policy.verdict", {**VERDICT, "verdict": "denied"})], "'denied'"),
        ([("policy.verdict", {**VERDICT, "verdict": "needs_approval"})], "'needs_approval'"),
        ([("policy.verdict", VERDICT), ("policy.verdict", {**VERDICT, "verdict": "denied"})], "'denied'"),
        ([("policy.verdict", {**VERDICT, "verdict": "approved"})], "no approval was used"),
        ([("policy.verdict", {"action_id": "a", "verdict": "allowed"})], "names no policy_hash"),
    ],
)
def test_an_effect_needs_a_verdict_before_it(
    before: list[tuple[str, dict[str, Any]]], expected: str, tmp_path: Path, verify: Verify
) -> None:
    book = Book()
    for kind, body in before:
        book.add(kind, body)
    place = book.add("effect.intent", {"action_id": "a"})
    book.add("policy.verdict", VERDICT)
    book.sign()
    result = verify(book.write(tmp_path / "export"), book.vkey)
    assert result["ok"] is (not expected)
    assert result["first_bad_seq"] == (place if expected else None)
    assert expected in result["reason"]
