from pathlib import Path

import pytest

from proofdesk.ledger.merkle import HASH_BYTES
from proofdesk.ledger.notes import generate_key, sign_checkpoint
from proofdesk.ledger.witness import (
    CHECKPOINTS,
    HASHES,
    Witness,
    WitnessBusy,
    WitnessDamaged,
    Witnessed,
    WitnessRefused,
    log_folder,
)
from tests.rooms.ledger.support import ORIGIN, Book, sample_book


def feed(book: Book, witness: Witness, upto: int) -> Witnessed | WitnessRefused:
    """Let the witness see the checkpoint at size `upto`."""
    hashes = [leaf.leaf_hash for leaf in book.leaves]
    note = next(note for note in book.notes if f"\n{upto}\n" in note)
    return witness.append(note, hashes[witness.size : upto])


def open_witness(directory: Path, book: Book) -> Witness:
    return Witness(directory, ORIGIN, book.key.public)


def test_it_remembers_every_hash_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    book = sample_book(30)
    with open_witness(tmp_path, book) as witness:
        assert feed(book, witness, 10) == Witnessed(size=10, appended=True)
        assert feed(book, witness, 10) == Witnessed(size=10, appended=False)
    with open_witness(tmp_path, book) as witness:
        assert witness.size == 10
        assert feed(book, witness, 30) == Witnessed(size=30, appended=True)
    stored = (log_folder(tmp_path, ORIGIN) / HASHES).read_bytes()
    assert stored == b"".join(leaf.leaf_hash for leaf in book.leaves)


def test_a_split_view_is_refused(tmp_path: Path) -> None:
    book = sample_book(20)
    with open_witness(tmp_path, book) as witness:
        feed(book, witness, 10)
        other = Book(key=book.key)
        for number in range(20):
            other.add("invented", {"n": number})
        refused = witness.append(other.sign(), [leaf.leaf_hash for leaf in other.leaves][10:])
        assert isinstance(refused, WitnessRefused)
        assert "does not extend" in refused.reason
        shorter = sign_checkpoint(book.key, ORIGIN, 5, bytes(32))
        assert isinstance(witness.append(shorter, []), WitnessRefused)
        assert isinstance(witness.append(sign_checkpoint(generate_key("x"), ORIGIN, 10, bytes(32)), []), WitnessRefused)
        foreign = sign_checkpoint(book.key, "ledger.example/tenant-b", 10, bytes(32))
        assert isinstance(witness.append(foreign, []), WitnessRefused)
        assert feed(book, witness, 20) == Witnessed(size=20, appended=True)


def test_whatever_a_crash_tears_is_cut(tmp_path: Path) -> None:
    book = sample_book(20)
    with open_witness(tmp_path, book) as witness:
        feed(book, witness, 10)
    folder = log_folder(tmp_path, ORIGIN)
    good = {name: (folder / name).read_bytes() for name in (HASHES, CHECKPOINTS)}
    with open_witness(tmp_path, book) as witness:
        feed(book, witness, 20)
    full = {name: (folder / name).read_bytes() for name in (HASHES, CHECKPOINTS)}
    hash_cuts = range(10 * HASH_BYTES, 20 * HASH_BYTES + 1, 37)
    for cut in hash_cuts:  # hashes half written, checkpoint not yet
        restore(folder, full[HASHES][:cut], good[CHECKPOINTS])
        assert_recovers(tmp_path, book, good, full)
    for cut in range(len(good[CHECKPOINTS]), len(full[CHECKPOINTS]), 11):  # checkpoint half written
        restore(folder, full[HASHES], full[CHECKPOINTS][:cut])
        assert_recovers(tmp_path, book, good, full)


def restore(folder: Path, hashes: bytes, notes: bytes) -> None:
    (folder / HASHES).write_bytes(hashes)
    (folder / CHECKPOINTS).write_bytes(notes)


def assert_recovers(directory: Path, book: Book, good: dict[str, bytes], full: dict[str, bytes]) -> None:
    folder = log_folder(directory, ORIGIN)
    with open_witness(directory, book) as witness:
        assert witness.size == 10
        assert {name: (folder / name).read_bytes() for name in good} == good
        assert feed(book, witness, 20) == Witnessed(size=20, appended=True)
    assert {name: (folder / name).read_bytes() for name in full} == full


def test_a_crash_within_the_very_first_checkpoint_is_cut_to_nothing(tmp_path: Path) -> None:
    book = sample_book(10)
    with open_witness(tmp_path, book) as witness:
        feed(book, witness, 10)
    path = log_folder(tmp_path, ORIGIN) / CHECKPOINTS
    path.write_bytes(path.read_bytes()[:50])
    with open_witness(tmp_path, book) as witness:
        assert witness.size == 0
        assert feed(book, witness, 10) == Witnessed(size=10, appended=True)


def test_damage_that_no_crash_explains_is_reported_and_left_alone(tmp_path: Path) -> None:
    book = sample_book(20)
    with open_witness(tmp_path, book) as witness:
        feed(book, witness, 20)
    path = log_folder(tmp_path, ORIGIN) / HASHES
    whole = path.read_bytes()
    for damaged in (whole[:-1], bytes([whole[0] ^ 1]) + whole[1:]):
        path.write_bytes(damaged)
        with pytest.raises(WitnessDamaged):
            open_witness(tmp_path, book)
        assert path.read_bytes() == damaged
    path.write_bytes(whole)
    with pytest.raises(WitnessDamaged, match="not good"):
        Witness(tmp_path, ORIGIN, generate_key("ledger.example").public)


def test_one_process_holds_it_at_a_time(tmp_path: Path) -> None:
    book = sample_book(10)
    with open_witness(tmp_path, book), pytest.raises(WitnessBusy):
        open_witness(tmp_path, book)
    open_witness(tmp_path, book).close()


def test_an_origin_cannot_leave_the_directory(tmp_path: Path) -> None:
    assert log_folder(tmp_path, "../../etc").parent == tmp_path
    assert log_folder(tmp_path, "..").parent == tmp_path
    assert log_folder(tmp_path, "a/b") != log_folder(tmp_path, "a%2Fb")
