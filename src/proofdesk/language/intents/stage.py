"""One reading of a text: the heads it has, how they are weighed, how sure that makes it, whether it is in scope."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.language.intents.calibration import Calibration, features_of
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.kernel import KernelHead
from proofdesk.language.intents.projection import Projection
from proofdesk.language.intents.stack import Doubles, ScopeCurve, centred, scope_energy

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


class Verdicts(msgspec.Struct, frozen=True):
    """Of n texts: logits (n, intents), the best intent, P(it is right), P(in scope and right), log-odds of in scope."""

    logits: Doubles
    best: Indices
    confidence: Doubles
    safe: Doubles
    odds: Doubles
    again: NDArray[np.bool_]
    """Which needed the second reading."""

    def taking(self, rows: Indices, other: "Verdicts") -> "Verdicts":
        """These verdicts with those of `rows` replaced by `other`, which has as many rows."""
        out = []
        for mine, theirs in zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True):
            joined = mine.copy()
            joined[rows] = theirs
            out.append(joined)
        return Verdicts(*out)


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """`weights` of the linear head and, where there is a projection, of the kernel head over `encoder`'s vectors."""

    weights: tuple[float, ...]
    calibration: Calibration
    safe: Calibration
    """P(in scope and right); the same as `calibration` where no out-of-scope text was given."""
    scope: ScopeCurve
    projection: Projection | None = None
    kernel: KernelHead | None = None
    encoder_hash: str = ""
    encoder: Encoder | None = None

    def heads(self, linear: Floats, vectors: Floats | None) -> Doubles:
        """Centred scores (h, n, intents) from those of the linear head (n, intents) and the vectors (n, width)."""
        found = [centred(linear)]
        if self.kernel is not None and self.projection is not None and vectors is not None:
            projected = self.projection(vectors)
            one = len(projected) == 1
            found.append(centred(self.kernel.one(projected[0])[None, :] if one else self.kernel.many(projected)))
        return np.stack(found)

    def judge(self, heads: Doubles, *, again: bool = False) -> Verdicts:
        features, best = features_of(heads, self.weights)
        logits = np.tensordot(np.array(self.weights), heads, 1)
        return Verdicts(
            logits,
            best,
            self.calibration.confidence(features, best),
            self.safe.confidence(features, best),
            self.scope.odds(scope_energy(heads)),
            np.full(len(best), again),
        )
