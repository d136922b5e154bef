"""A witness: a directory outside the database that remembers every checkpoint and every leaf hash it covers.

Per log a folder `log-<percent-encoded origin>` with `leaf_hashes.bin` (32 bytes a leaf) and `checkpoints.txt` (as in an
export). Hashes are flushed before the checkpoint that covers them, so a crash leaves at most hashes without checkpoint
or half a note: both are cut when the witness is opened. Because it knows each hash, a verifier can name the first
altered leaf exactly, and because it grows its own tree, it refuses a checkpoint that rewrites the past.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import msgspec

from proofdesk.ledger.export import join_notes, split_notes, sync_directory
from proofdesk.ledger.merkle import HASH_BYTES, TreeState, append, root_of
from proofdesk.ledger.notes import MAX_NOTE_BYTES, Checkpoint, NoteRejected, PublicKey, open_checkpoint

HASHES: Final = "leaf_hashes.bin"
CHECKPOINTS: Final = "checkpoints.txt"
_CHUNK_HASHES: Final = 8192


class WitnessDamaged(Exception):
    """The witness files contradict each other in a way no crash explains. A person has to look; nothing was changed."""


class WitnessBusy(Exception):
    """Another process holds this witness open."""


class Witnessed(msgspec.Struct, frozen=True, kw_only=True, tag="witnessed"):
    size: int
    appended: bool
    """False where this very checkpoint was there already."""


class WitnessRefused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The checkpoint does not extend what the witness has seen: a split view, a restored database or a foreign key."""

    reason: str


def log_folder(directory: Path, origin: str) -> Path:
    """Where a log's files lie in a witness directory."""
    return directory / f"log-{quote(origin, safe='')}"


class Witness:
    """One log's witness files, held by one process at a time. Use as a context manager or call `close`."""

    def __init__(self, directory: Path, origin: str, key: PublicKey) -> None:
        """Open or begin the witness of `origin`, cutting what a crash tore. Raises WitnessDamaged, WitnessBusy."""
        self._origin, self._key = origin, key
        self._folder = log_folder(directory, origin)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._last, self._state = self._recover()
            self._notes_bytes = (self._folder / CHECKPOINTS).stat().st_size
        except BlockingIOError as error:
            os.close(self._lock)
            raise WitnessBusy(f"{self._folder}: another process holds it") from error
        except BaseException:
            os.close(self._lock)
            raise
        sync_directory(self._folder)
        sync_directory(directory)

    @property
    def size(self) -> int:
        """How many leaves the last checkpoint covers: the next `append` brings the hashes from this seq on."""
        return self._state.size

    @property
    def root(self) -> bytes:
        """The root of the tree of what was witnessed."""
        return root_of(self._state)

    def append(self, note: str, leaf_hashes: Sequence[bytes]) -> Witnessed | WitnessRefused:
        """Remember `note` and the leaf hashes from `size` up to the size it states. Flushed to disk on return."""
        opened = open_checkpoint(note, self._key)
        if isinstance(opened, NoteRejected):
            return WitnessRefused(reason=opened.reason)
        if opened.origin != self._origin:
            return WitnessRefused(reason=f"the checkpoint is of {opened.origin}, this witness of {self._origin}")
        if opened.size != self.size + len(leaf_hashes):
            return WitnessRefused(
                reason=f"size {opened.size} is not the witnessed {self.size} plus {len(leaf_hashes)} new leaf hashes"
            )
        grown = append(self._state, leaf_hashes)
        if root_of(grown) != opened.root:
            return WitnessRefused(reason=f"the root at size {opened.size} does not extend what was witnessed before")
        if self._last is not None and not leaf_hashes:
            return Witnessed(size=self.size, appended=False)
        entry = join_notes([note]).encode()
        _write_at(self._folder / HASHES, self.size * HASH_BYTES, b"".join(leaf_hashes))
        _write_at(self._folder / CHECKPOINTS, self._notes_bytes, entry)
        self._state, self._last = grown, opened
        self._notes_bytes += len(entry)
        return Witnessed(size=self.size, appended=True)

    def close(self) -> None:
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self) -> tuple[Checkpoint | None, TreeState]:
        notes_path, hashes_path = self._folder / CHECKPOINTS, self._folder / HASHES
        notes_path.touch(mode=0o600)
        hashes_path.touch(mode=0o600)
        last, torn_bytes = self._last_checkpoint(notes_path)
        size = last.size if last else 0
        present = hashes_path.stat().st_size
        if present < size * HASH_BYTES:
            raise WitnessDamaged(
                f"{hashes_path}: holds {present // HASH_BYTES} leaf hashes, its last checkpoint covers {size}; "
                "restore it from a copy"
            )
        state = _tree_of(hashes_path, size)
        if last and root_of(state) != last.root:
            raise WitnessDamaged(f"{hashes_path}: the hashes do not give the root of the checkpoint at size {size}")
        _cut(notes_path, notes_path.stat().st_size - torn_bytes)
        _cut(hashes_path, size * HASH_BYTES)
        return last, state

    def _last_checkpoint(self, path: Path) -> tuple[Checkpoint | None, int]:
        """The last whole checkpoint, and how many torn bytes follow it. Reads the tail only."""
        with path.open("rb") as source:
            source.seek(max(0, path.stat().st_size - 2 * MAX_NOTE_BYTES))
            tail = source.read()
        # A torn note may end within a character, and the tail may begin within one: neither is in a whole note.
        notes, _ = split_notes(tail.decode(errors="surrogateescape"))
        end = tail.rfind(b"\n\n----\n")
        torn = len(tail) if end < 0 else len(tail) - end - len(b"\n\n----\n")
        if not notes:
            return None, torn
        opened = open_checkpoint(notes[-1], self._key)
        if isinstance(opened, NoteRejected):
            raise WitnessDamaged(f"{path}: the last checkpoint is not good: {opened.reason}")
        if opened.origin != self._origin:
            raise WitnessDamaged(f"{path}: the last checkpoint is of {opened.origin}, not of {self._origin}")
        return opened, torn


def _tree_of(path: Path, size: int) -> TreeState:
    state = TreeState()
    with path.open("rb") as source:
        while state.size < size:
            count = min(_CHUNK_HASHES, size - state.size)
            chunk = source.read(count * HASH_BYTES)
            state = append(state, [chunk[at : at + HASH_BYTES] for at in range(0, len(chunk), HASH_BYTES)])
    return state


def _write_at(path: Path, place: int, data: bytes) -> None:
    """Write at the known end, over what an earlier attempt that failed halfway may have left, and flush."""
    with path.open("r+b") as out:
        out.truncate(place)
        out.seek(place)
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _cut(path: Path, size: int) -> None:
    if path.stat().st_size == size:
        return
    with path.open("r+b") as out:
        out.truncate(size)
        out.flush()
        os.fsync(out.fileno())
