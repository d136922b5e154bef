"""Vectors remembered: in memory by process, and in one append-only file per encoder across runs.

A file holds no texts, only their SHA-256, the vectors, and a checksum of each, so that a torn or altered record
is passed over. A text costs its encoding once, whatever models are trained on it later.
"""

import fcntl
import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from proofdesk.language.intents.encoder import Blocks, Encoder, Floats, width_of

CACHE_ROWS = 4_096
MAX_FILE_BYTES = 1024**3
"""A cache file that would grow beyond this is begun anew."""
KEY_BYTES, SUM_BYTES = 32, 4


class CachedEncoder:
    """Remembers vectors by SHA-256 of the text, the newest `rows` of them; with `folder` those of `many` for ever.

    Only vectors encoded singly are served for `one`, so that a hit and a miss give the same bits.
    """

    def __init__(self, inner: Encoder, rows: int = CACHE_ROWS, folder: Path | None = None) -> None:
        self._inner, self._rows = inner, rows
        self.encoder_hash: str = inner.encoder_hash
        self.blocks: Blocks = inner.blocks
        self._single: OrderedDict[bytes, Floats] = OrderedDict()
        self._batch: OrderedDict[bytes, Floats] = OrderedDict()
        self._lock = threading.Lock()
        self._file = VectorFile(folder, inner.encoder_hash, width_of(inner.blocks)) if folder else None

    @property
    def words(self) -> frozenset[str]:
        return self._inner.words

    def one(self, text: str) -> Floats:
        key = _key(text)
        with self._lock:
            found = self._single.get(key)
            if found is not None:
                self._single.move_to_end(key)
                return found
        vector = self._inner.one(text)
        self._keep(self._single, key, vector)
        return vector

    def many(self, texts: Sequence[str]) -> Floats:
        keys = [_key(text) for text in texts]
        with self._lock:
            found = {key: self._batch[key] for key in keys if key in self._batch}
        wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if wanted and self._file is not None:
            found |= self._file.read(wanted.keys())
        missing = {key: text for key, text in wanted.items() if key not in found}
        if missing:
            new = dict(zip(missing, self._inner.many(list(missing.values())), strict=True))
            found |= new
            if self._file is not None:
                self._file.add(new)
        for key in wanted:
            self._keep(self._batch, key, found[key])
        return np.stack([found[key] for key in keys]) if keys else np.zeros((0, width_of(self.blocks)), np.float32)

    def _keep(self, store: OrderedDict[bytes, Floats], key: bytes, vector: Floats) -> None:
        with self._lock:
            store[key] = vector
            while len(store) > self._rows:
                store.popitem(last=False)


class VectorFile:
    """Records of key, vector and checksum, one after the other; writers take turns by a lock on the file."""

    def __init__(self, folder: Path, encoder_hash: str, width: int) -> None:
        name = hashlib.sha256(f"{encoder_hash} {width}".encode()).hexdigest()[:24]
        self._path, self._size = folder / f"{name}.vectors", KEY_BYTES + 4 * width + SUM_BYTES
        self._places: dict[bytes, int] = {}
        self._seen = 0

    def read(self, keys: Iterable[bytes]) -> dict[bytes, Floats]:
        """Those of `keys` that are stored whole."""
        if not self._path.is_file() or self._path.stat().st_size < self._size:
            return {}
        stored = np.memmap(self._path, np.uint8, "r")
        records = stored[: len(stored) // self._size * self._size].reshape(-1, self._size)
        if len(records) < self._seen:
            self._places, self._seen = {}, 0
        for place in range(self._seen, len(records)):
            self._places[records[place, :KEY_BYTES].tobytes()] = place
        self._seen = len(records)
        found = {}
        for key in keys:
            known = self._places.get(key)
            if known is None:
                continue
            record = records[known].tobytes()
            if zlib.crc32(record[:-SUM_BYTES]).to_bytes(SUM_BYTES, "little") == record[-SUM_BYTES:]:
                found[key] = np.frombuffer(record[KEY_BYTES:-SUM_BYTES], np.float32).copy()
        return found

    def add(self, vectors: Mapping[bytes, Floats]) -> None:
        content = b"".join(_sealed(key + vector.astype(np.float32).tobytes()) for key, vector in vectors.items())
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            whole = file.tell() // self._size * self._size
            file.truncate(0 if whole + len(content) > MAX_FILE_BYTES else whole)
            file.write(content)


def _sealed(record: bytes) -> bytes:
    return record + zlib.crc32(record).to_bytes(SUM_BYTES, "little")


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
