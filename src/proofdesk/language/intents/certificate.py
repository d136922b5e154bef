"""What a model promises: above a threshold of its confidence, at most so many of its readings are wrong.

Learn-then-test with a fixed sequence and the exact binomial (core.statistics): the rows must not have been used to
fit the confidences they carry. Where out-of-scope texts are given, accepting one counts as an error.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.core.statistics import certify_ppm, clopper_pearson_lower

TARGET, ALPHA = 0.99, 0.05
PPM = 1_000_000
PROMISED_SHARE = 1 / 6
"""Share of out-of-scope tickets in the stream for which the second certificate is made."""
MIN_OUT_OF_SCOPE = 20
"""Fewer out-of-scope texts fit the scope curve only: they can carry no promise."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a model was made from and how it did on rows it had not seen: the figures of its card."""

    rows: int
    oos_rows: int
    calibration_rows: int
    basis: str
    accuracy: float
    ece: float
    second_readings: float


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """`threshold_ppm` None: nothing can be promised on these rows. `alpha`: chance that the promise is wrong."""

    target: float
    alpha: float
    threshold_ppm: int | None
    rows: int
    out_of_scope_rows: int
    accepted: int
    errors: int
    lower_bound: float
    """One-sided exact bound of the accuracy of what was accepted, at 1 - alpha."""
    basis: str
    """Which rows it rests on, in words."""

    def accepts(self, confidence: float) -> bool:
        return self.threshold_ppm is not None and round(confidence * PPM) >= self.threshold_ppm


def certify(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], *, out_of_scope: int, basis: str,
    target: float = TARGET, alpha: float = ALPHA,
) -> Certificate:  # fmt: skip
    ppm, truth = [round(value * PPM) for value in confidences.tolist()], right.tolist()
    found = certify_ppm(ppm, truth, alpha=1.0 - target, delta=alpha) if ppm else None
    kept = [good for value, good in zip(ppm, truth, strict=True) if found is not None and value >= found]
    return Certificate(
        target=target, alpha=alpha, threshold_ppm=found, rows=len(ppm), out_of_scope_rows=out_of_scope,
        accepted=len(kept), errors=len(kept) - sum(kept),
        lower_bound=clopper_pearson_lower(sum(kept), len(kept), 1.0 - alpha) if kept else 0.0, basis=basis,
    )  # fmt: skip


def certificates(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    safe: NDArray[np.float64],
    outside_safe: NDArray[np.float64] | None,
    *,
    basis: str,
    target: float = TARGET,
    alpha: float = ALPHA,
) -> tuple[Certificate, Certificate | None]:
    """For in-scope tickets alone, by `confidence`; and, where there is evidence, for a stream with PROMISED_SHARE of
    others, by `safe` of the same rows and of the outsiders."""
    inside_only = certify(confidence, right, out_of_scope=0, basis=basis, target=target, alpha=alpha)
    if outside_safe is None:
        return inside_only, None
    copies = max(1, round(out_of_scope_weight(len(safe), len(outside_safe))))
    with_oos = certify(
        np.concatenate([safe, np.repeat(outside_safe, copies)]),
        np.concatenate([right, np.zeros(copies * len(outside_safe), bool)]),
        out_of_scope=len(outside_safe),
        basis=f"{basis}, each of these counted {copies} times so that they are {PROMISED_SHARE:.0%} of the stream",
        target=target,
        alpha=alpha,
    )
    return inside_only, with_oos


def out_of_scope_weight(inside: int, outside: int) -> float:
    """How often each outside row counts so that together they are PROMISED_SHARE of the stream."""
    return PROMISED_SHARE / (1 - PROMISED_SHARE) * inside / outside
