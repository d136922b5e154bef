import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofdesk.ledger.export import ExportError, ExportLeaf, join_notes, split_notes, write_export
from proofdesk.ledger.notes import Checkpoint, open_checkpoint
from tests.rooms.ledger.support import export_leaf, sample_book


def test_the_four_files_hold_everything(tmp_path: Path) -> None:
    book = sample_book(12, every=5)
    directory = book.write(tmp_path / "out" / "export")
    assert sorted(path.name for path in directory.iterdir()) == [
        "checkpoints.txt",
        "key.vkey",
        "leaves.jsonl",
        "manifest.json",
    ]
    lines = [json.loads(line) for line in (directory / "leaves.jsonl").read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(12))
    assert [line["leaf_hash"] for line in lines] == [leaf.leaf_hash.hex() for leaf in book.leaves]
    assert "ciphertext" in lines[2]
    assert "subject_ref" not in lines[0]
    notes, rest = split_notes((directory / "checkpoints.txt").read_text())
    assert rest == ""
    opened = [open_checkpoint(note, book.key.public) for note in notes]
    assert [item.size for item in opened if isinstance(item, Checkpoint)] == [5, 10, 12]
    assert json.loads((directory / "manifest.json").read_text())["leaves"] == 12


def test_a_failure_halfway_leaves_nothing_behind(tmp_path: Path) -> None:
    book = sample_book(4)

    def broken() -> Iterator[ExportLeaf]:
        yield export_leaf(0, book.leaves[0])
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        write_export(tmp_path / "export", broken(), book.notes, book.vkey, {})
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_export_is_never_overwritten(tmp_path: Path) -> None:
    book = sample_book(4)
    book.write(tmp_path / "export")
    before = (tmp_path / "export" / "leaves.jsonl").read_bytes()
    with pytest.raises(ExportError, match="not an empty directory"):
        sample_book(8).write(tmp_path / "export")
    assert (tmp_path / "export" / "leaves.jsonl").read_bytes() == before
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError):
        book.write(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    book.write(tmp_path / "empty")
    assert len(list(tmp_path.iterdir())) == 3


def test_notes_survive_joining_and_a_torn_end_is_seen() -> None:
    notes = sample_book(30, every=7).notes
    text = join_notes(notes)
    assert split_notes(text) == (notes, "")
    assert split_notes(text[:-3])[0] == notes[:-1]
    assert split_notes(text[:-3])[1] != ""
