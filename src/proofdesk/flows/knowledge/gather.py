"""Folders, files and archives as inputs to read: what is there, under which name, and what its manifest says of it."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from proofdesk.knowledge.ingest import MANIFEST, Limits, Manifest, Meta, Unreadable, read_manifest
from proofdesk.knowledge.ingest.archive import is_archive

MAX_FILES = 200_000
MAX_MANIFEST_BYTES = 2_000_000
SINGLE_FILES = "files"
"""The collection of files and archives that were given one by one."""


class GatherError(Exception):
    """Nothing was read: the message says which path and what to do."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """`file`: its name within the collection. `size` in bytes, known before it is read."""

    file: str
    size: int
    load: Callable[[], bytes]
    meta: Meta = Meta()


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of one collection. `whole`: they are all there is, so what is not among them was deleted."""

    collection: str
    inputs: tuple[Input, ...]
    whole: bool
    keep: tuple[str, ...] = ()


def gather(paths: Sequence[Path], collection: str = "") -> tuple[Batch, ...]:
    """One batch per path. Raises GatherError before anything is read."""
    batches = tuple(_batch(path, collection) for path in paths)
    names = [batch.collection if batch.whole else f"{batch.collection}/{batch.inputs[0].file}" for batch in batches]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise GatherError(f"two of the paths are {twice!r}; give them one after the other, each with its --collection")
    return batches


def _batch(path: Path, collection: str) -> Batch:
    if path.is_dir():
        return _folder(path, collection)
    if not path.is_file():
        raise GatherError(f"{path}: there is no such file or folder")
    return Batch(collection=collection or SINGLE_FILES, inputs=(_input(path, path.name, Meta()),), whole=False)


def _folder(root: Path, collection: str) -> Batch:
    manifest = _manifest(root / MANIFEST)
    inputs: list[Input] = []
    for path in _files(root):
        name = PurePosixPath(path.relative_to(root)).as_posix()
        if manifest.ignores(name):
            continue
        inputs.append(_input(path, name, manifest.meta(name)))
        if len(inputs) > MAX_FILES:
            raise GatherError(f"{root}: more than {MAX_FILES} files; give its folders one by one")
    name = collection or manifest.collection or root.resolve().name
    return Batch(collection=name, inputs=tuple(inputs), whole=True, keep=manifest.keep)


def _files(root: Path) -> Iterator[Path]:
    """In order of name; hidden ones and links are passed over, so that nothing outside the folder is read."""
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _manifest(path: Path) -> Manifest:
    if not path.is_file():
        return Manifest()
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise GatherError(f"{path}: larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        return read_manifest(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise GatherError(f"{path}: is not UTF-8 at byte {error.start}") from None
    except Unreadable as error:
        raise GatherError(f"{path.parent}/{error.message}") from None


def _input(path: Path, name: str, meta: Meta) -> Input:
    return Input(file=name, size=path.stat().st_size, load=path.read_bytes, meta=meta)


def too_large(given: Input, limits: Limits) -> int | None:
    """The limit it exceeds, judged before a byte is read."""
    limit = limits.archive_bytes if is_archive(given.file) else limits.file_bytes
    return limit if given.size > limit else None
