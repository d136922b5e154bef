"""Training, from a procedure's own examples or from labelled tickets; deterministic, no random numbers."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from proofdesk.core.statistics import expected_calibration_error
from proofdesk.language.intents import spelling, tfidf
from proofdesk.language.intents.certificate import Summary, certificates
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.evidence import Evidence, HeadScores, combined, fit_stage, off_topic
from proofdesk.language.intents.examples import Held, LabelledText, TooFewExamples
from proofdesk.language.intents.file import NO_ENCODER, sealed
from proofdesk.language.intents.kernel import fit_kernel
from proofdesk.language.intents.linear import fit_linear
from proofdesk.language.intents.model import SURE_ENOUGH, StackedIntentModel
from proofdesk.language.intents.projection import fit_projection
from proofdesk.language.intents.stage import Stage

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

MAX_ROWS = 16_000
"""Larger sets are thinned evenly over the intents."""
MAX_DIMENSIONS = 512
"""Kept of a vector's numbers; of fewer than twice as many, half."""
GAMMA = 0.7
GAMMA_OF_FEW = 1.0
"""With fewer rows than RARE_FEATURES_BELOW."""
RIDGE = 0.1
FOLDS = 5
KERNEL_FOLDS = 20
"""Left-out scores of the kernel cost no refit: small blocks come closest to what the final model will see."""
NAME_HELPS_BELOW = 20
"""Mean examples per intent under which the intent's name, as words, is one more example (+1 to 3 points)."""
RARE_FEATURES_BELOW = 2_000
SCOPE_GROUPS = 4


def train(
    examples: Sequence[LabelledText],
    oos: Sequence[str] = (),
    encoder: Encoder | None = None,
    names: Mapping[str, str] | None = None,
    full: Encoder | None = None,
    held: Held | None = None,
) -> StackedIntentModel | TooFewExamples:
    """Fit, stack, calibrate, certify.

    `oos`: texts of no intent, if there are any; without, intents are left out in turn to stand for them.
    `names`: readable names of the intents (default: the id with blanks for underscores).
    `full`: the encoder of a second reading, where the first, by `encoder`, is not sure (accuracy tier).
    `held`: labelled rows kept apart for calibration and certificate (default: the examples, left out in turn).
    """
    intents = tuple(sorted({example.intent for example in examples}))
    wrong = _unusable(examples, intents, held)
    if wrong:
        return TooFewExamples(reason=wrong)
    kept = _thinned(examples, intents)
    if len(examples) < NAME_HELPS_BELOW * len(intents):
        kept = kept + [LabelledText(text=(names or {}).get(i, i.replace("_", " ")), intent=i) for i in intents]
    speller = spelling.learn((row.text for row in kept), encoder.words if encoder is not None else ())
    return _Fit(intents, kept, speller, oos, held).model(encoder, full)


class _Fit:
    """What the stages of one model share: the rows, their linear scores, and the rows that calibrate."""

    def __init__(
        self,
        intents: tuple[str, ...],
        rows: Sequence[LabelledText],
        speller: spelling.Speller,
        oos: Sequence[str],
        held: Held | None,
    ) -> None:
        place = {intent: k for k, intent in enumerate(intents)}
        self.intents, self.held = intents, held
        self.labels = np.array([place[row.intent] for row in rows], np.int64)
        self.targets = np.full((len(rows), len(intents)), -1.0 / (len(intents) - 1), np.float32)
        self.targets[np.arange(len(rows)), self.labels] = 1.0
        self.speller = speller
        read = spelling.Corrector(speller).corrected
        self.texts = [read(row.text) for row in rows]
        self.judged = [read(row.text) for row in held.examples] if held else []
        self.judged_labels = np.array([place[row.intent] for row in held.examples], np.int64) if held else self.labels
        given = [*oos, *(held.oos if held else ())]
        self.given = len(given)
        self.outside = [read(text) for text in given or off_topic()]
        groups = [] if given else [_intent_groups(self.labels, len(intents))]
        self.blocks = {
            count: groups if held else [_folds(self.texts, self.labels, count), *groups]
            for count in (FOLDS, KERNEL_FOLDS)
        }
        self.gamma = GAMMA_OF_FEW if len(rows) < RARE_FEATURES_BELOW else GAMMA
        self.vectoriser = tfidf.fit(self.texts, 1 if len(rows) < RARE_FEATURES_BELOW else 2)
        self.linear, left_out = fit_linear(
            self.vectoriser.many(self.texts), self.labels, self.targets, self.blocks[FOLDS]
        )
        self.linear_scores = self.scores(lambda texts: self.linear.many(self.vectoriser.many(texts)), left_out)

    def model(self, encoder: Encoder | None, full: Encoder | None) -> StackedIntentModel:
        alone, evidence = self.stage(None)
        fast = second = second_evidence = None
        if encoder is not None:
            fast, evidence = self.stage(encoder)
            if full is not None:
                second, second_evidence = self.stage(full)
        first = evidence.confidence
        evidence = combined(evidence, second_evidence)
        inside, with_oos = certificates(
            evidence.confidence, evidence.right, evidence.safe, evidence.outside_safe, basis=self.basis()
        )
        summary = Summary(
            rows=len(self.texts), oos_rows=self.given, calibration_rows=len(self.judged_labels), basis=self.basis(),
            accuracy=float(evidence.right.mean()),
            ece=expected_calibration_error(list(evidence.confidence), list(evidence.right)),
            second_readings=float((first < SURE_ENOUGH).mean()) if second is not None else 0.0,
        )  # fmt: skip
        return sealed(
            StackedIntentModel(
                intents=self.intents, speller=self.speller, vectoriser=self.vectoriser, linear=self.linear,
                alone=alone, fast=fast, full=second, certificate=inside, certificate_with_oos=with_oos,
                summary=summary,
                notice="" if encoder is not None else NO_ENCODER,
            )
        )  # fmt: skip

    def stage(self, encoder: Encoder | None) -> tuple[Stage, Evidence]:
        if encoder is None:
            return fit_stage([self.linear_scores], self.judged_labels, self.labels, given=self.given > 0)
        vectors = encoder.many(self.texts)
        projection = fit_projection(vectors, encoder.blocks, _kept(vectors.shape[1]))
        kernel, left_out = fit_kernel(projection(vectors), self.targets, self.gamma, RIDGE, self.blocks[KERNEL_FOLDS])
        scores = self.scores(lambda texts: kernel.many(projection(encoder.many(texts))), left_out)
        stage, evidence = fit_stage([self.linear_scores, scores], self.judged_labels, self.labels, given=self.given > 0)
        return replace(
            stage, projection=projection, kernel=kernel, encoder=encoder, encoder_hash=encoder.encoder_hash
        ), evidence

    def scores(self, head: Callable[[Sequence[str]], Floats], left_out: Sequence[Floats]) -> HeadScores:
        inside = head(self.judged) if self.held else left_out[0]
        return HeadScores(inside, head(self.outside), None if self.given else left_out[-1])

    def basis(self) -> str:
        """On which rows the certificates rest."""
        rows = f"{len(self.judged_labels)} {'validation' if self.held else 'left-out training'} rows"
        return f"{rows} and {self.given} out-of-scope texts" if self.given else rows


def _kept(width: int) -> int:
    return min(MAX_DIMENSIONS, max(width // 2, min(width, MAX_DIMENSIONS // 4)))


def _unusable(examples: Sequence[LabelledText], intents: tuple[str, ...], held: Held | None) -> str:
    """Why these rows cannot be learned from, in words, or ""."""
    if len(intents) < 2:
        return f"at least 2 intents with examples are needed, found {len(intents)}"
    if any(not example.text.strip() for example in examples):
        return "an example is empty: every example needs a text"
    strange = {row.intent for row in held.examples} - set(intents) if held else set()
    if strange:
        return f"intent {min(strange)!r} occurs among the rows held apart but has no example"
    return ""


def _order(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _folds(texts: Sequence[str], labels: Indices, count: int) -> list[Indices]:
    """`count` blocks, even over the intents, by the order of the texts' hashes: no seed, same data same folds."""
    order = sorted(range(len(texts)), key=lambda i: (labels[i], _order(texts[i])))
    return [np.array(order[k::count], np.int64) for k in range(count) if order[k::count]]


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
