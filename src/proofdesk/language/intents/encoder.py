"""Texts to vectors: what an encoder is, several of them as one, and the check of their weights.

Weights are pinned by SHA-256 and loaded when first used. Decisions encode one text at a time (batches of the
multilingual encoder differ in the last bits); batches are for training and bulk prediction.
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Blocks = tuple[tuple[int, float], ...]
"""(width, weight) of the parts a vector is made of; each part is brought to unit length by itself."""


class EncoderMissing(Exception):
    """An encoder cannot be used; the message says why and what to do."""


class Encoder(Protocol):
    @property
    def encoder_hash(self) -> str:
        """Identity of the weights: vectors of different hashes must never be mixed."""

    @property
    def blocks(self) -> Blocks: ...

    @property
    def words(self) -> frozenset[str]:
        """Words it knows as such, in lower case, where it has a list of them: they are no slips of the keys."""

    def one(self, text: str) -> Floats:
        """(width,)"""

    def many(self, texts: Sequence[str]) -> Floats:
        """(n, width). May differ from `one` in the last bits: for training, not for a decision that must replay."""


class Blend:
    """Several encoders as one: their vectors side by side, `weights` for the blocks of all of them in order."""

    def __init__(self, parts: Sequence[Encoder], weights: Sequence[float]) -> None:
        self.parts = tuple(parts)
        widths = [width for part in self.parts for width, _ in part.blocks]
        self.blocks: Blocks = tuple(zip(widths, weights, strict=True))
        shares = ",".join(f"{weight:g}" for weight in weights)
        self.encoder_hash = "+".join(part.encoder_hash for part in self.parts) + "@" + shares

    @property
    def words(self) -> frozenset[str]:
        return frozenset().union(*(part.words for part in self.parts))

    def one(self, text: str) -> Floats:
        return np.concatenate([part.one(text) for part in self.parts])

    def many(self, texts: Sequence[str]) -> Floats:
        return np.concatenate([part.many(texts) for part in self.parts], axis=1)


def width_of(blocks: Blocks) -> int:
    return sum(width for width, _ in blocks)


def check_files(folder: Path, expected: dict[str, str], package: str) -> None:
    """Refuse other weights than the pinned ones (some 50 ms): done when an encoder is made, before any decision."""
    for name, digest in expected.items():
        if not (folder / name).is_file():
            raise EncoderMissing(f"{name} of {package} is missing; install the package again")
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != digest:
            raise EncoderMissing(
                f"{name} of {package} has SHA-256 {found[:16]}…, expected {digest[:16]}…: "
                f"install exactly the version pinned in requirements"
            )


def package_folder(module: str, package: str) -> Path:
    """Where an installed package lies, without importing it. Raises EncoderMissing."""
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise EncoderMissing(f"the package {package} is not installed")
    return Path(found.submodule_search_locations[0])
