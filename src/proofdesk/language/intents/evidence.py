"""From left-out scores to a stage that knows how sure it is, and to what the model may promise."""

from collections.abc import Sequence
from importlib import resources

import msgspec
import numpy as np
from numpy.typing import NDArray

from proofdesk.language.intents.calibration import cross_fitted, features_of, fit_calibration
from proofdesk.language.intents.certificate import MIN_OUT_OF_SCOPE, out_of_scope_weight
from proofdesk.language.intents.model import SURE_ENOUGH
from proofdesk.language.intents.stack import (
    PRIOR_WEIGHT,
    Doubles,
    ScopeCurve,
    centred,
    fit_scope,
    fit_weights,
    scope_energy,
)
from proofdesk.language.intents.stage import Stage

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
Truth = NDArray[np.bool_]


LINEAR_SHARES = (1.0, 0.5, 0.0)


class HeadScores(msgspec.Struct, frozen=True):
    """Of one head: rows it has not seen (m, intents), out-of-scope texts (o, intents), and the training rows scored
    without knowing their intent (n, intents) where no out-of-scope text was given."""

    inside: Floats
    outside: Floats
    unknown: Floats | None


class Evidence(msgspec.Struct, frozen=True):
    """Cross-fitted, of the rows that calibrate: P(right), whether it was, P(in scope and right); that of outsiders."""

    confidence: Doubles
    right: Truth
    safe: Doubles
    outside_confidence: Doubles
    outside_safe: Doubles | None


def fit_stage(
    scores: Sequence[HeadScores], labels: Indices, trained: Indices, *, given: bool
) -> tuple[Stage, Evidence]:
    """Weights, calibration and scope curve; `labels` of the inside rows, `trained` of the training rows.

    `given`: the outside texts are the tenant's own. Projection, kernel and encoder are for the caller to attach.
    """
    inside = np.stack([centred(each.inside) for each in scores])
    outside = np.stack([centred(each.outside) for each in scores])
    intents = inside.shape[2]
    weights = fit_weights(inside, labels, [PRIOR_WEIGHT["linear"], PRIOR_WEIGHT["kernel"]][: len(scores)])
    if len(scores) > 1:
        weights = _with_best_share(weights, inside, labels)
    features, best = features_of(inside, list(weights))
    right = best == labels
    calibration = fit_calibration(features, best, right, intents)
    sure = cross_fitted(features, best, right, intents)
    outer_features, outer_best = features_of(outside, list(weights))
    safe, safe_inside, safe_outside = calibration, sure, None
    if given and len(outer_best) >= MIN_OUT_OF_SCOPE:
        every, all_best = np.concatenate([features, outer_features]), np.concatenate([best, outer_best])
        accepted = np.concatenate([right, np.zeros(len(outer_best), bool)])
        mass = np.ones(len(every))
        mass[len(best) :] = out_of_scope_weight(len(best), len(outer_best))
        safe = fit_calibration(every, all_best, accepted, intents, mass)
        crossed = cross_fitted(every, all_best, accepted, intents, mass)
        safe_inside, safe_outside = crossed[: len(best)], crossed[len(best) :]
    unknown = _unknown(scores[-1], trained)
    scope = _scope(scope_energy(inside), unknown, scope_energy(outside))
    stage = Stage(weights=tuple(float(w) for w in weights), calibration=calibration, safe=safe, scope=scope)
    outer_sure = calibration.confidence(outer_features, outer_best)
    return stage, Evidence(sure, right, safe_inside, outer_sure, safe_outside)


def combined(fast: Evidence, full: Evidence | None) -> Evidence:
    """What a text gets in the end: the second reading where the first is not sure."""
    if full is None:
        return fast
    again = fast.confidence < SURE_ENOUGH
    outside = fast.outside_safe
    if outside is not None and full.outside_safe is not None:
        outside = np.where(fast.outside_confidence < SURE_ENOUGH, full.outside_safe, outside)
    return Evidence(
        np.where(again, full.confidence, fast.confidence), np.where(again, full.right, fast.right),
        np.where(again, full.safe, fast.safe), fast.outside_confidence, outside,
    )  # fmt: skip


def off_topic() -> list[str]:
    """Our own list of texts that are no support matter, in several languages."""
    return resources.files(__package__).joinpath("off_topic.txt").read_text("utf-8").splitlines()


def _with_best_share(weights: Doubles, inside: Doubles, labels: Indices) -> Doubles:
    """The likeliest weights lean on the linear head for its probabilities; for the intent itself less may be better."""
    tried = [weights * np.array([share, 1.0]) for share in LINEAR_SHARES]
    hits = [int((np.tensordot(each, inside, 1).argmax(axis=1) == labels).sum()) for each in tried]
    best: Doubles = tried[int(np.argmax(hits))]
    return best


def _unknown(last: HeadScores, trained: Indices) -> Doubles | None:
    """Energies of the training rows under a head that does not know their intent."""
    if last.unknown is None:
        return None
    scores = centred(last.unknown)
    scores[np.arange(len(trained)), trained] = -np.inf
    return scope_energy(scores[None])


def _scope(inside: Doubles, unknown: Doubles | None, outsiders: Doubles) -> ScopeCurve:
    """From the tenant's own out-of-scope texts where given; else small talk, and the intents left out in turn.

    Small talk that this company's intents claim with conviction may be its business: it is not used.
    """
    if unknown is None:
        return fit_scope(inside, outsiders)
    foreign = outsiders[outsiders < np.median(inside)]
    nearest = np.sort(unknown)[:: max(1, len(unknown) // max(len(foreign), 1))]
    return fit_scope(inside, np.concatenate([foreign, nearest]))
