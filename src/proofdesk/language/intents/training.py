"""Training in seconds, from a procedure's own examples or from labelled tickets; deterministic, no random numbers."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from proofdesk.language.intents import tfidf
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.examples import LabelledText, TooFewExamples
from proofdesk.language.intents.file import NO_ENCODER, sealed, without_encoder
from proofdesk.language.intents.kernel import KernelHead, fit_kernel
from proofdesk.language.intents.linear import fit_linear
from proofdesk.language.intents.model import Projection, StackedIntentModel, fit_projection
from proofdesk.language.intents.stack import PRIOR_WEIGHT, Doubles, ScopeCurve, centred, energy, fit_scope, fit_weights

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

MAX_ROWS = 16_000
"""The kernel needs rows squared of memory (1 GB here). Larger sets are thinned evenly over the intents."""
DIMENSIONS = 384
GAMMA = 1.0
RIDGE = 0.1
FOLDS = 5
NAME_HELPS_BELOW = 20
"""Mean examples per intent under which the intent's name, as words, is one more example (+1 to 3 points)."""
RARE_FEATURES_BELOW = 2_000
SCOPE_GROUPS = 4
UNFITTED = ScopeCurve(slope=0.0, offset=0.0)


def train(
    examples: Sequence[LabelledText],
    oos: Sequence[str] = (),
    encoder: Encoder | None = None,
    names: Mapping[str, str] | None = None,
) -> StackedIntentModel | TooFewExamples:
    """Fit, stack and calibrate.

    `oos`: texts of no intent, if there are any; without, intents are left out in turn to stand for them.
    `names`: readable names of the intents (default: the id with blanks for underscores).
    """
    intents = tuple(sorted({example.intent for example in examples}))
    if len(intents) < 2:
        return TooFewExamples(reason=f"at least 2 intents with examples are needed, found {len(intents)}")
    if any(not example.text.strip() for example in examples):
        return TooFewExamples(reason="an example is empty: every example needs a text")
    kept = _thinned(examples, intents)
    if len(examples) < NAME_HELPS_BELOW * len(intents):
        kept = kept + [LabelledText(text=(names or {}).get(i, i.replace("_", " ")), intent=i) for i in intents]
    texts = [example.text for example in kept]
    place = {intent: k for k, intent in enumerate(intents)}
    labels = np.array([place[example.intent] for example in kept], np.int64)
    return _fitted(intents, texts, labels, list(oos), encoder)


def _fitted(
    intents: tuple[str, ...], texts: Sequence[str], labels: Indices, oos: Sequence[str], encoder: Encoder | None
) -> StackedIntentModel:
    targets = np.full((len(texts), len(intents)), -1.0 / (len(intents) - 1), np.float32)
    targets[np.arange(len(texts)), labels] = 1.0
    folds = _folds(texts, labels)
    partitions = [folds] if oos else [folds, _intent_groups(labels, len(intents))]
    vectoriser = tfidf.fit(texts, 1 if len(texts) < RARE_FEATURES_BELOW else 2)
    linear, linear_scores = fit_linear(vectoriser.many(texts), labels, targets, partitions)
    heads, prior = [linear_scores], [PRIOR_WEIGHT["linear"]]
    projection: Projection | None = None
    kernel: KernelHead | None = None
    if encoder is not None:
        vectors = encoder.many(texts)
        projection = fit_projection(vectors, min(DIMENSIONS, vectors.shape[1]))
        kernel, kernel_scores = fit_kernel(projection(vectors), targets, GAMMA, RIDGE, partitions)
        heads.append(kernel_scores)
        prior.append(PRIOR_WEIGHT["kernel"])
    weights, inside, outside = _stacked(heads, labels, prior)
    alone, alone_inside, alone_outside = _stacked(heads[:1], labels, prior[:1])
    model = StackedIntentModel(
        intents=intents, vectoriser=vectoriser, linear=linear, weights=weights, scope=UNFITTED,
        alone_weight=alone[0], alone_scope=UNFITTED,
        projection=projection, kernel=kernel, encoder_hash=encoder.encoder_hash if encoder else "", encoder=encoder,
        notice="" if encoder else NO_ENCODER,
    )  # fmt: skip
    outsiders = oos or off_topic()
    model = replace(
        model,
        scope=_scope(inside, outside, energy(model.logits_many(outsiders)), given=bool(oos)),
        alone_scope=_scope(
            alone_inside, alone_outside, energy(without_encoder(model).logits_many(outsiders)), given=bool(oos)
        ),
    )
    return sealed(model)


def _scope(inside: Doubles, unknown: Doubles, outsiders: Doubles, *, given: bool) -> ScopeCurve:
    """From the tenant's own out-of-scope texts where given; else small talk, and the intents left out in turn.

    Small talk that this company's intents claim with conviction may be its business: it is not used.
    """
    if given:
        return fit_scope(inside, outsiders)
    foreign = outsiders[outsiders < np.median(inside)]
    nearest = np.sort(unknown)[:: max(1, len(unknown) // max(len(foreign), 1))]
    return fit_scope(inside, np.concatenate([foreign, nearest]))


def off_topic() -> list[str]:
    """Our own list of texts that are no support matter, in several languages."""
    return resources.files(__package__).joinpath("off_topic.txt").read_text("utf-8").splitlines()


def _stacked(
    heads: Sequence[Sequence[Floats]], labels: Indices, prior: Sequence[float]
) -> tuple[tuple[float, ...], Doubles, Doubles]:
    """Head weights, and the energies of left-out rows under a model that knows their intent and one that does not."""
    known = np.stack([centred(scores[0]) for scores in heads])
    weights = fit_weights(known, labels, prior)
    unknown = np.tensordot(weights, np.stack([centred(scores[-1]) for scores in heads]), 1)
    unknown[np.arange(len(labels)), labels] = -np.inf
    return tuple(float(w) for w in weights), energy(np.tensordot(weights, known, 1)), energy(unknown)


def _order(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _folds(texts: Sequence[str], labels: Indices) -> list[Indices]:
    """FOLDS blocks, even over the intents, by the order of the texts' hashes: no seed, same data same folds."""
    order = sorted(range(len(texts)), key=lambda i: (labels[i], _order(texts[i])))
    return [np.array(order[k::FOLDS], np.int64) for k in range(FOLDS) if order[k::FOLDS]]


def _intent_groups(labels: Indices, intents: int) -> list[Indices]:
    """Blocks of whole intents: one intent each where that is cheap, else SCOPE_GROUPS groups."""
    groups = intents if len(labels) <= 1_500 and intents <= 200 else min(SCOPE_GROUPS, intents)
    return [block for k in range(groups) if len(block := np.flatnonzero(labels % groups == k))]


def _thinned(examples: Sequence[LabelledText], intents: tuple[str, ...]) -> list[LabelledText]:
    """At most MAX_ROWS, the largest intents cut first, always the same rows."""
    if len(examples) <= MAX_ROWS:
        return list(examples)
    by_intent: dict[str, list[LabelledText]] = {intent: [] for intent in intents}
    for example in sorted(examples, key=lambda e: _order(e.text)):
        by_intent[example.intent].append(example)
    cap = MAX_ROWS // len(intents)
    spare = MAX_ROWS - sum(min(cap, len(rows)) for rows in by_intent.values())
    out = [example for rows in by_intent.values() for example in rows[:cap]]
    rest = [example for rows in by_intent.values() for example in rows[cap:]]
    return out + rest[:spare]
