"""How good a model is on labelled rows, and whether what it promised held there."""

import time
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from proofdesk.core.statistics import auroc, expected_calibration_error
from proofdesk.language.intents.certificate import MIN_OUT_OF_SCOPE, PPM, Certificate, certificates
from proofdesk.language.intents.examples import LabelledText
from proofdesk.language.intents.file import sealed
from proofdesk.language.intents.model import SURE_ENOUGH, StackedIntentModel
from proofdesk.language.intents.stage import Verdicts

BORDERLINE = 0.001
"""Texts this close to a threshold are encoded again by themselves: a batch differs in the last digits."""
TIMED_ROWS = 500
Truth = NDArray[np.bool_]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Rates over the rows with an intent; `oos` rows only where a name says so. None: cannot be known from these."""

    rows: int
    oos_rows: int
    accuracy: float
    macro_f1: float
    ece: float
    oos_auroc: float | None
    promised: float | None
    realised: float | None
    coverage: float
    promised_with_oos: float | None
    realised_with_oos: float | None
    coverage_with_oos: float | None
    oos_accepted: int | None
    full_readings: float
    """Share of the rows that needed the second reading."""
    unknown_intents: tuple[str, ...]


def exactly(model: StackedIntentModel, texts: Sequence[str]) -> tuple[Verdicts, Truth]:
    """Verdicts encoded in batches, those near a threshold again singly; and which these were."""
    found = model.judge_many(texts)
    near = np.zeros(len(texts), bool)
    for certificate, values in (
        (model.certificate, found.confidence), (model.certificate_with_oos, found.safe),
    ):  # fmt: skip
        if certificate is not None and certificate.threshold_ppm is not None:
            near |= np.abs(values - certificate.threshold_ppm / PPM) <= BORDERLINE
    if model.full is not None:
        near |= np.abs(found.confidence - SURE_ENOUGH) <= BORDERLINE
    for row in np.flatnonzero(near):
        found = found.taking(np.array([row]), model.judge(texts[int(row)]))
    return found, near


def accepted(model: StackedIntentModel, found: Verdicts) -> Truth:
    """May the intent be acted on? By the promise for a stream with out-of-scope tickets where there is one."""
    if model.certificate_with_oos is not None:
        return _passing(model.certificate_with_oos, found.safe)
    return _passing(model.certificate, found.confidence)


def assess(model: StackedIntentModel, rows: Sequence[LabelledText], oos: Sequence[str]) -> Assessment:
    """`rows` with an intent, `oos` texts of none. Raises ValueError without any row."""
    if not rows:
        raise ValueError("no row with an intent: accuracy needs at least one")
    found, _ = exactly(model, [row.text for row in rows])
    outside, _ = exactly(model, list(oos))
    predicted = [model.intents[best] for best in found.best]
    right = np.array([name == row.intent for name, row in zip(predicted, rows, strict=True)])
    taken = _passing(model.certificate, found.confidence)
    promise, safe = _promise(model.certificate), _promise(model.certificate_with_oos)
    taken_safely = _passing(model.certificate_with_oos, found.safe)
    strangers = int(_passing(model.certificate_with_oos, outside.safe).sum())
    all_taken = int(taken_safely.sum()) + strangers
    return Assessment(
        rows=len(rows), oos_rows=len(oos), accuracy=float(right.mean()),
        macro_f1=_macro_f1([row.intent for row in rows], predicted),
        ece=expected_calibration_error(list(found.confidence), list(right)),
        oos_auroc=auroc(list(found.odds), list(outside.odds)) if len(oos) else None,
        promised=promise, realised=float(right[taken].mean()) if taken.any() else None, coverage=float(taken.mean()),
        promised_with_oos=safe, realised_with_oos=float(right[taken_safely].sum()) / all_taken if all_taken else None,
        coverage_with_oos=float(taken_safely.mean()) if model.certificate_with_oos is not None else None,
        oos_accepted=strangers if len(oos) and model.certificate_with_oos is not None else None,
        full_readings=float(found.again.mean()),
        unknown_intents=tuple(sorted({row.intent for row in rows} - set(model.intents))),
    )  # fmt: skip


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of one text at a time, and texts per CPU second in a batch."""

    p50_ms: float
    p99_ms: float
    per_cpu_s: float


def speed(model: StackedIntentModel, texts: Sequence[str]) -> Speed:
    """Of at most TIMED_ROWS texts spread over `texts`, with encoders that have not met them."""
    chosen = list(texts)[:: max(1, len(texts) // TIMED_ROWS)][:TIMED_ROWS]
    model.judge("a first text, so that everything is loaded")
    spent = []
    for text in chosen:
        began = time.perf_counter()
        model.judge(text)
        spent.append((time.perf_counter() - began) * 1e3)
    began = time.process_time()
    model.judge_many(chosen)
    cpu = max(time.process_time() - began, 1e-9)
    return Speed(
        p50_ms=float(np.percentile(spent, 50)), p99_ms=float(np.percentile(spent, 99)), per_cpu_s=len(chosen) / cpu
    )


def _passing(certificate: Certificate | None, values: NDArray[np.float64]) -> Truth:
    if certificate is None or certificate.threshold_ppm is None:
        return np.zeros(len(values), bool)
    return np.rint(values * PPM) >= certificate.threshold_ppm


def _promise(certificate: Certificate | None) -> float | None:
    return certificate.target if certificate is not None and certificate.threshold_ppm is not None else None


def _macro_f1(true: Sequence[str], predicted: Sequence[str]) -> float:
    """Mean F1 over the intents that occur in `true`."""
    hits: dict[str, int] = {}
    said: dict[str, int] = {}
    there: dict[str, int] = {}
    for name, guess in zip(true, predicted, strict=True):
        there[name] = there.get(name, 0) + 1
        said[guess] = said.get(guess, 0) + 1
        hits[name] = hits.get(name, 0) + (name == guess)
    return float(np.mean([2 * hits[name] / (there[name] + said.get(name, 0)) for name in there]))


def certified(
    model: StackedIntentModel, rows: Sequence[LabelledText], oos: Sequence[str], *, target: float, alpha: float
) -> StackedIntentModel:
    """The model with certificates made on these rows, which must not have been used to train or calibrate it."""
    found, _ = exactly(model, [row.text for row in rows])
    outside, _ = exactly(model, list(oos))
    right = np.array([model.intents[best] == row.intent for best, row in zip(found.best, rows, strict=True)])
    basis = f"{len(rows)} rows" + (f" and {len(oos)} out-of-scope texts" if len(oos) else "")
    inside, with_oos = certificates(
        found.confidence, right, found.safe, outside.safe if len(oos) >= MIN_OUT_OF_SCOPE else None,
        basis=basis, target=target, alpha=alpha,
    )  # fmt: skip
    return sealed(replace(model, certificate=inside, certificate_with_oos=with_oos))
