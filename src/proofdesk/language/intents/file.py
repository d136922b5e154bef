"""One model, one file: an npz of plain arrays and one JSON block, no pickles; the hash covers the contents."""

import hashlib
import io
import zipfile
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from proofdesk.language.intents.calibration import Calibration
from proofdesk.language.intents.certificate import Certificate, Summary
from proofdesk.language.intents.encoder import Blocks, Encoder
from proofdesk.language.intents.kernel import KernelHead
from proofdesk.language.intents.linear import LinearHead
from proofdesk.language.intents.model import StackedIntentModel
from proofdesk.language.intents.projection import Projection
from proofdesk.language.intents.spelling import Speller
from proofdesk.language.intents.stack import ScopeCurve
from proofdesk.language.intents.stage import Stage
from proofdesk.language.intents.tfidf import Vectoriser

FORMAT = "proofdesk-intents-2"
MAX_BYTES = 512 * 1024 * 1024
NO_ENCODER = "the sentence encoder is absent: intents are read by word statistics alone, which is less accurate"
NO_TRANSFORMER = "the transformer encoder is absent: the default tier is used, about half a point less accurate"
Arrays = dict[str, NDArray[np.generic]]


class BadModelFile(Exception):
    """The file is not a whole model of this format; the message says what is wrong and what to do."""


class _StageHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    weights: tuple[float, ...]
    calibration: Calibration
    safe: Calibration
    scope: ScopeCurve
    encoder_hash: str
    blocks: Blocks
    gamma: float


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    intents: tuple[str, ...]
    speller: Speller
    alone: _StageHead
    fast: _StageHead | None
    full: _StageHead | None
    certificate: Certificate | None
    certificate_with_oos: Certificate | None
    summary: Summary | None
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


def load(
    path: Path, encoder: Encoder | None, expected_hash: str = "", full: Encoder | None = None
) -> StackedIntentModel:
    """Read a model and attach `encoder` to its first reading, `full` to its second.

    An encoder with other weights than those of the training is refused. Without `full` the first reading decides
    alone, without any encoder the linear head, each as calibrated for that, with a notice and another hash.

    Raises BadModelFile: not a model, damaged, of another format, or not the expected hash.
    """
    head, arrays = _read(path)
    digest = _hash(head, arrays)
    if expected_hash and digest != expected_hash:
        raise BadModelFile(f"{path.name}: hash {digest[:16]}… is not the expected {expected_hash[:16]}…; train again")
    for stage, given in ((head.fast, encoder), (head.full, full)):
        if stage is not None and given is not None and given.encoder_hash != stage.encoder_hash:
            raise BadModelFile(
                f"{path.name}: trained with encoder {stage.encoder_hash}, this one is {given.encoder_hash}; train again"
            )
    try:
        model = _assembled(head, arrays, digest, encoder, full)
    except KeyError as missing:
        raise BadModelFile(f"{path.name}: array {missing} is missing; train again") from missing
    if model.fast is not None and encoder is None:
        return without_encoder(model)
    return without_second(model) if model.full is not None and full is None else model


def tier_of(path: Path) -> str:
    """Which encoders the model in a file wants. Raises BadModelFile."""
    return "default" if _read(path)[0].full is None else "accuracy"


def without_encoder(model: StackedIntentModel) -> StackedIntentModel:
    """The linear head alone, with its own calibration. It promises nothing: the certificates were not made for it."""
    return sealed(
        replace(
            model, fast=None, full=None, certificate=None, certificate_with_oos=None, summary=None, notice=NO_ENCODER
        )
    )


def without_second(model: StackedIntentModel) -> StackedIntentModel:
    """The first reading alone; the certificates, made for both readings, are dropped."""
    return sealed(
        replace(model, full=None, certificate=None, certificate_with_oos=None, summary=None, notice=NO_TRANSFORMER)
    )


def _read(path: Path) -> tuple[_Head, Arrays]:
    if path.stat().st_size > MAX_BYTES:
        raise BadModelFile(f"{path.name}: larger than {MAX_BYTES} bytes")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        encoded = arrays.pop("head").tobytes()
        form = msgspec.json.decode(encoded, type=_Format).format
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, msgspec.MsgspecError) as fault:
        raise BadModelFile(f"{path.name}: not a whole intent model ({fault}); train again") from fault
    if form != FORMAT:
        raise BadModelFile(f"{path.name}: format {form!r}, this version reads {FORMAT!r}; train again")
    try:
        return msgspec.json.decode(encoded, type=_Head), arrays
    except msgspec.MsgspecError as fault:
        raise BadModelFile(f"{path.name}: not a whole intent model ({fault}); train again") from fault


class _Format(msgspec.Struct, frozen=True):
    format: str


def _assembled(
    head: _Head, arrays: Arrays, digest: str, encoder: Encoder | None, full: Encoder | None
) -> StackedIntentModel:
    a: dict[str, NDArray] = arrays  # type: ignore[type-arg]
    return StackedIntentModel(
        intents=head.intents, speller=head.speller, vectoriser=Vectoriser(a["hashes"], a["idf"]),
        linear=LinearHead(a["linear"], a["bias"]), alone=_stage(head.alone, arrays, "alone", None),
        fast=_stage(head.fast, arrays, "fast", encoder) if head.fast else None,
        full=_stage(head.full, arrays, "full", full) if head.full else None,
        certificate=head.certificate, certificate_with_oos=head.certificate_with_oos, summary=head.summary,
        notice=head.notice, model_hash=digest,
    )  # fmt: skip


def _stage(head: _StageHead, arrays: Arrays, name: str, encoder: Encoder | None) -> Stage:
    a: dict[str, NDArray] = arrays  # type: ignore[type-arg]
    projection = kernel = None
    if head.encoder_hash:
        projection = Projection(a[f"{name}.mean"], a[f"{name}.axes"], head.blocks)
        kernel = KernelHead(a[f"{name}.landmarks"], a[f"{name}.squares"], a[f"{name}.alpha"], head.gamma)
    return Stage(
        weights=head.weights, calibration=head.calibration, safe=head.safe, scope=head.scope, projection=projection,
        kernel=kernel, encoder_hash=head.encoder_hash, encoder=encoder,
    )  # fmt: skip


def _stage_head(stage: Stage) -> _StageHead:
    return _StageHead(
        weights=stage.weights, calibration=stage.calibration, safe=stage.safe, scope=stage.scope,
        encoder_hash=stage.encoder_hash, blocks=stage.projection.blocks if stage.projection else (),
        gamma=stage.kernel.gamma if stage.kernel else 0.0,
    )  # fmt: skip


def _head(model: StackedIntentModel) -> _Head:
    return _Head(
        format=FORMAT, intents=model.intents, speller=model.speller, alone=_stage_head(model.alone),
        fast=_stage_head(model.fast) if model.fast else None, full=_stage_head(model.full) if model.full else None,
        certificate=model.certificate, certificate_with_oos=model.certificate_with_oos,
        summary=model.summary, notice=model.notice,
    )  # fmt: skip


def _arrays(model: StackedIntentModel) -> Arrays:
    arrays: Arrays = {
        "hashes": model.vectoriser.hashes, "idf": model.vectoriser.idf,
        "linear": model.linear.weights, "bias": model.linear.bias,
    }  # fmt: skip
    for name, stage in (("fast", model.fast), ("full", model.full)):
        if stage is not None and stage.kernel is not None and stage.projection is not None:
            arrays |= {
                f"{name}.mean": stage.projection.mean, f"{name}.axes": stage.projection.axes,
                f"{name}.landmarks": stage.kernel.landmarks, f"{name}.squares": stage.kernel.squares,
                f"{name}.alpha": stage.kernel.alpha,
            }  # fmt: skip
    return arrays


def _hash(head: _Head, arrays: Arrays) -> str:
    digest = hashlib.sha256(msgspec.json.encode(head, order="sorted"))
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()
