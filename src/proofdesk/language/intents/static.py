"""Static word vectors: the mean of a text's token rows, 256 numbers in a third of a millisecond.

The weights are read from the installed package's file; none of its code runs.
"""

import functools
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofdesk.language.intents.encoder import Blocks, EncoderMissing, Floats, check_files, package_folder

PACKAGE = "wordllama"
WEIGHTS, TOKENS = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
PINNED = {
    WEIGHTS: "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
    TOKENS: "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
}
WIDTH = 256
MAX_CHARS = 4_000
WORD_START = "▁"
MIN_WORD = 3


class StaticEncoder:
    """Mean of 256-dimensional token vectors (wordllama l2_supercat, MIT). The table is mapped, not read."""

    blocks: Blocks = ((WIDTH, 1.0),)

    def __init__(self, folder: Path | None = None) -> None:
        """Raises EncoderMissing: not installed, or other weights than the pinned ones."""
        self._folder = folder or package_folder("wordllama", PACKAGE)
        check_files(self._folder, PINNED, PACKAGE)
        package_folder("tokenizers", "tokenizers")
        self.encoder_hash = "wordllama:" + PINNED[WEIGHTS][:16]
        self._tokens: Any = None
        self._table: NDArray[np.float16] = np.empty((0, WIDTH), np.float16)
        self._lock = threading.Lock()

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """The tokens that are whole lower-case words of some length: the commonest words of many languages."""
        entries = json.loads((self._folder / TOKENS).read_text("utf-8"))["model"]["vocab"]
        bare = (token[1:] for token in entries if token.startswith(WORD_START))
        return frozenset(word for word in bare if len(word) >= MIN_WORD and word.isalpha() and word.islower())

    def one(self, text: str) -> Floats:
        vector: Floats = self.many([text])[0]
        return vector

    def many(self, texts: Sequence[str]) -> Floats:
        """(n, 256), bit for bit the same as one by one; a text without tokens gives zeros."""
        self._load()
        out = np.zeros((len(texts), WIDTH), np.float32)
        cut = [text[:MAX_CHARS].strip() for text in texts]
        for row, found in enumerate(self._tokens.encode_batch(cut, add_special_tokens=False)):
            if found.ids:
                out[row] = self._table[found.ids].astype(np.float32).mean(axis=0)
        return out

    def _load(self) -> None:
        with self._lock:
            if self._tokens is None:
                from tokenizers import Tokenizer

                self._table = mapped_table(self._folder / WEIGHTS)
                self._tokens = Tokenizer.from_file(str(self._folder / TOKENS))
                self._tokens.no_padding()
                self._tokens.no_truncation()


def mapped_table(path: Path) -> NDArray[np.float16]:
    """The one matrix of a safetensors file: eight bytes of header length, a JSON header, then the numbers."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    place = header.get("embedding.weight", {})
    if place.get("dtype") != "F16" or place.get("shape", [0, 0])[1] != WIDTH:
        raise EncoderMissing(f"{path.name}: no half-precision matrix of width {WIDTH}; install the pinned version")
    return np.memmap(path, np.float16, "r", offset=8 + size + place["data_offsets"][0], shape=tuple(place["shape"]))
