"""One model, one file: an npz of plain arrays and one JSON block, no pickles; the hash covers the contents."""

import hashlib
import io
import zipfile
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.kernel import KernelHead
from proofdesk.language.intents.linear import LinearHead
from proofdesk.language.intents.model import Projection, StackedIntentModel
from proofdesk.language.intents.stack import ScopeCurve
from proofdesk.language.intents.tfidf import Vectoriser

FORMAT = "proofdesk-intents-1"
MAX_BYTES = 512 * 1024 * 1024
NO_ENCODER = "the sentence encoder is absent: intents are read by word statistics alone, which is less accurate"


class BadModelFile(Exception):
    """The file is not a whole model of this format; the message says what is wrong and what to do."""


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    intents: tuple[str, ...]
    weights: tuple[float, ...]
    scope: ScopeCurve
    alone_weight: float
    alone_scope: ScopeCurve
    gamma: float
    encoder_hash: str
    notice: str


def sealed(model: StackedIntentModel) -> StackedIntentModel:
    """The model with the hash of its contents."""
    return replace(model, model_hash=_hash(_head(model), _arrays(model)))


def save(model: StackedIntentModel, path: Path) -> None:
    """Write to `path` through a neighbour, so that a reader never sees half a file."""
    head, arrays = _head(model), _arrays(model)
    buffer = io.BytesIO()
    np.savez(buffer, head=np.frombuffer(msgspec.json.encode(head), np.uint8), **arrays)  # type: ignore[arg-type]
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(buffer.getvalue())
    partial.replace(path)


def load(path: Path, encoder: Encoder | None, expected_hash: str = "") -> StackedIntentModel:
    """Read a model. An encoder with other weights than those of the training is refused.

    Without any encoder the model is cut to its linear head, calibrated for that, with a notice and another hash.

    Raises BadModelFile: not a model, damaged, of another format, or not the expected hash.
    """
    head, arrays = _read(path)
    digest = _hash(head, arrays)
    if expected_hash and digest != expected_hash:
        raise BadModelFile(f"{path.name}: hash {digest[:16]}… is not the expected {expected_hash[:16]}…; train again")
    if head.encoder_hash and encoder is not None and encoder.encoder_hash != head.encoder_hash:
        raise BadModelFile(
            f"{path.name}: trained with encoder {head.encoder_hash}, this one is {encoder.encoder_hash}; train again"
        )
    try:
        model = _assembled(head, arrays, digest, encoder)
        return without_encoder(model) if head.encoder_hash and encoder is None else model
    except KeyError as missing:
        raise BadModelFile(f"{path.name}: array {missing} is missing; train again") from missing


def without_encoder(model: StackedIntentModel) -> StackedIntentModel:
    """The linear head alone, with its own calibration."""
    return sealed(
        replace(
            model, weights=(model.alone_weight,), scope=model.alone_scope, projection=None, kernel=None,
            encoder_hash="", encoder=None, notice=NO_ENCODER,
        )
    )  # fmt: skip


def _read(path: Path) -> tuple[_Head, dict[str, NDArray[np.generic]]]:
    if path.stat().st_size > MAX_BYTES:
        raise BadModelFile(f"{path.name}: larger than {MAX_BYTES} bytes")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        head = msgspec.json.decode(arrays.pop("head").tobytes(), type=_Head)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, msgspec.MsgspecError) as fault:
        raise BadModelFile(f"{path.name}: not a whole intent model ({fault}); train again") from fault
    if head.format != FORMAT:
        raise BadModelFile(f"{path.name}: format {head.format!r}, this version reads {FORMAT!r}; train again")
    return head, arrays


def _assembled(
    head: _Head, arrays: dict[str, NDArray[np.generic]], digest: str, encoder: Encoder | None
) -> StackedIntentModel:
    a: dict[str, NDArray] = arrays  # type: ignore[type-arg]
    projection = kernel = None
    if head.encoder_hash:
        projection = Projection(a["mean"], a["axes"])
        kernel = KernelHead(a["landmarks"], a["squares"], a["alpha"], head.gamma)
    return StackedIntentModel(
        intents=head.intents, vectoriser=Vectoriser(a["hashes"], a["idf"]),
        linear=LinearHead(a["linear"], a["bias"]), weights=head.weights, scope=head.scope,
        alone_weight=head.alone_weight, alone_scope=head.alone_scope,
        projection=projection, kernel=kernel, encoder_hash=head.encoder_hash,
        encoder=encoder if head.encoder_hash else None, notice=head.notice, model_hash=digest,
    )  # fmt: skip


def _head(model: StackedIntentModel) -> _Head:
    return _Head(
        format=FORMAT, intents=model.intents, weights=model.weights, scope=model.scope,
        alone_weight=model.alone_weight, alone_scope=model.alone_scope,
        gamma=model.kernel.gamma if model.kernel else 0.0, encoder_hash=model.encoder_hash, notice=model.notice,
    )  # fmt: skip


def _arrays(model: StackedIntentModel) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {
        "hashes": model.vectoriser.hashes, "idf": model.vectoriser.idf,
        "linear": model.linear.weights, "bias": model.linear.bias,
    }  # fmt: skip
    if model.kernel is not None and model.projection is not None:
        arrays |= {
            "mean": model.projection.mean, "axes": model.projection.axes,
            "landmarks": model.kernel.landmarks, "squares": model.kernel.squares, "alpha": model.kernel.alpha,
        }  # fmt: skip
    return arrays


def _hash(head: _Head, arrays: dict[str, NDArray[np.generic]]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(head, order="sorted"))
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()
