"""Members of ZIP and TAR archives, in memory, within limits; a name that leads outside refuses the whole archive."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import PurePosixPath
from typing import IO

from proofdesk.knowledge.ingest.values import Limits, Unreadable

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
SMALL_BYTES = 300_000
"""Below this a member may be packed as tightly as it likes."""
MAX_NAME_CHARS = 500
_BLOCK = 65_536


class Budget:
    """What one input may still unpack, all archives within it together."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._files = 0
        self._bytes = 0

    def count(self) -> None:
        self._files += 1
        if self._files > self.limits.archive_files:
            raise Unreadable("archive_bomb", f"holds more than {self.limits.archive_files} files; divide it")

    def read(self, source: IO[bytes], name: str, packed: int | None) -> bytes:
        """The member's bytes, counted as they are unpacked. Raises Unreadable."""
        chunks: list[bytes] = []
        size = 0
        while chunk := source.read(_BLOCK):
            size += len(chunk)
            self._bytes += len(chunk)
            if packed is not None and size > SMALL_BYTES and size > max(packed, 1) * self.limits.archive_ratio:
                raise Unreadable(
                    "archive_bomb", f"{name}: unpacks to more than {self.limits.archive_ratio} times its packed size"
                )
            if self._bytes > self.limits.archive_bytes:
                raise Unreadable("archive_bomb", f"unpacks to more than {self.limits.archive_bytes} bytes; divide it")
            chunks.append(chunk)
        return b"".join(chunks)


def is_archive(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def members(data: bytes, name: str, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """(path, content) of every file in it, in the archive's order. Raises Unreadable."""
    try:
        if name.lower().endswith(".zip"):
            yield from _zip(data, budget)
        else:
            yield from _tar(data, budget)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error, LZMAError,
            RuntimeError, ValueError, OverflowError, LookupError, struct.error) as error:  # fmt: skip
        raise Unreadable("broken", f"is no whole archive: {str(error)[:200] or type(error).__name__}") from None


def _zip(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        for entry in entries:
            if entry.filename.endswith("/"):
                continue
            safe_path(entry.filename)
            if (entry.external_attr >> 16) & 0o170000 == 0o120000:
                raise Unreadable("archive_unsafe", f"{entry.filename[:200]}: is a link; links are not followed")
        for entry in entries:
            if entry.filename.endswith("/"):
                continue
            budget.count()
            if entry.flag_bits & 1:
                raise Unreadable("encrypted", f"{entry.filename[:200]}: is protected by a password")
            with archive.open(entry) as source:
                yield safe_path(entry.filename), budget.read(source, entry.filename[:200], entry.compress_size)


def _tar(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    whole = len(data)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
        for entry in archive:
            if entry.isdir():
                continue
            safe_path(entry.name)
            if not entry.isfile():
                raise Unreadable("archive_unsafe", f"{entry.name[:200]}: is a link or a device; only files are read")
            budget.count()
            source = archive.extractfile(entry)
            if source is not None:
                # A stream has no packed size of its own: a member may not exceed the ratio of the whole.
                yield safe_path(entry.name), budget.read(source, entry.name[:200], whole)


def safe_path(name: str) -> str:
    """The path below the archive. Raises Unreadable where it leads outside, on any system."""
    plain = name.replace("\\", "/")
    path = PurePosixPath(plain)
    if path.is_absolute() or ".." in path.parts or plain[1:2] == ":" or "\x00" in name:
        raise Unreadable("archive_unsafe", f"{name[:200]!r}: leads outside the archive")
    if not path.parts or len(plain) > MAX_NAME_CHARS:
        raise Unreadable("archive_unsafe", f"{name[:100]!r}: is no usable name")
    return path.as_posix()
