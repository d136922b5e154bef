"""The parts of the model against slow, obvious computations of the same thing."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.language.intents import segments, tfidf
from proofdesk.language.intents.kernel import fit_kernel, gaussian, invert
from proofdesk.language.intents.linear import fit_linear
from proofdesk.language.intents.stack import centred, energy, fit_scope, fit_weights, in_scope_ppm, probabilities

DRAW = np.random.default_rng(7)


def toy(rows: int = 60, width: int = 8, intents: int = 4):
    labels = np.arange(rows) % intents
    vectors = (DRAW.normal(size=(intents, width))[labels] + 0.5 * DRAW.normal(size=(rows, width))).astype(np.float32)
    targets = np.full((rows, intents), -1 / (intents - 1), np.float32)
    targets[np.arange(rows), labels] = 1
    return vectors, labels, targets


def test_left_out_scores_equal_those_of_a_refit():
    vectors, _, targets = toy()
    block = np.arange(0, 60, 5)
    rest = np.setdiff1d(np.arange(60), block)
    _, [scores] = fit_kernel(vectors, targets, 0.2, 0.1, [[block]])
    refit, _ = fit_kernel(vectors[rest], targets[rest], 0.2, 0.1, [])
    assert scores[block] == pytest.approx(refit.many(vectors[block]), abs=2e-3)


def test_one_and_many_agree():
    vectors, _, targets = toy()
    head, _ = fit_kernel(vectors, targets, 0.2, 0.1, [])
    assert head.many(vectors[:3]) == pytest.approx(np.stack([head.one(v) for v in vectors[:3]]), abs=1e-4)


def test_the_large_solver_agrees_with_the_small_one():
    vectors = DRAW.normal(size=(1_600, 6)).astype(np.float32)
    kernel = gaussian(vectors, vectors, 0.5)
    expected = np.linalg.inv(kernel.astype(np.float64) + np.eye(1_600))
    assert np.allclose(invert(kernel, 1.0), expected, atol=1e-4)


def test_many_rows_are_fitted_by_the_svm_with_left_out_refits():
    words = ["refund", "cancel", "track", "login"]
    texts = [f"{words[i % 4]} number {i}" for i in range(1_600)]
    labels = np.arange(1_600) % 4
    targets = np.full((1_600, 4), -1 / 3, np.float32)
    targets[np.arange(1_600), labels] = 1
    rows = tfidf.fit(texts, 2).many(texts)
    halves = [np.flatnonzero(np.arange(1_600) // 4 % 2 == k) for k in (0, 1)]
    head, [scores] = fit_linear(rows, labels, targets, [halves])
    assert (head.many(rows).argmax(1) == labels).all()
    assert (scores.argmax(1) == labels).all()


def test_rows_of_a_text_are_the_same_alone_and_in_company():
    texts = ["Where is my order?", "refund ME, please", "", "ÄÖ ß 漢字"]
    vectoriser = tfidf.fit([*texts, *texts], 1)
    many = vectoriser.many(texts)
    for i, text in enumerate(texts):
        columns, values = vectoriser.one(text)
        part = slice(many.starts[i], many.starts[i + 1])
        assert np.array_equal(columns, many.columns[part])
        assert np.allclose(values, many.values[part])
    blocks = np.linalg.norm(many.dense(), axis=1)
    assert blocks == pytest.approx([2**0.5, 2**0.5, 0.0, 2**0.5], abs=1e-5)


def test_character_features_stay_inside_words():
    alone = tfidf.fit(["ab", "cd"], 1)
    together = tfidf.fit(["ab cd"], 1)
    shared = np.intersect1d(alone.hashes, together.hashes)
    assert len(shared) == len(alone.hashes)
    assert len(together.hashes) == len(alone.hashes) + 1, "only the word pair is new"


def test_the_better_head_gets_the_weight_and_none_is_negative():
    labels = np.arange(400) % 5
    good = DRAW.normal(size=(400, 5)) * 0.1
    good[np.arange(400), labels] += 1
    noise = DRAW.normal(size=(400, 5))
    weights = fit_weights(np.stack([centred(good), centred(noise)]), labels, [1.0, 1.0])
    assert weights[0] > 2
    assert 0 <= weights[1] < 0.2


def test_energy_and_probabilities_are_those_of_softmax_even_for_large_logits():
    logits = np.array([[1000.0, 1001.0], [0.0, 0.0]])
    assert energy(logits) == pytest.approx([1001 + np.log1p(np.exp(-1)), np.log(2)])
    assert probabilities(logits).sum(axis=1) == pytest.approx([1, 1])


def in_scope(curve, energy):
    return in_scope_ppm(curve.slope * energy + curve.offset)


def test_the_scope_curve_rises_with_energy_and_meets_its_share():
    inside, outside = DRAW.normal(4, 1, 3_000), DRAW.normal(2, 1, 200)
    curve = fit_scope(inside, outside)
    assert curve.slope > 0
    assert in_scope(curve, 6.0) > 950_000 > in_scope(curve, 1.0)
    assert np.mean([in_scope(curve, x) for x in inside]) * 0.85 + np.mean(
        [in_scope(curve, x) for x in outside]
    ) * 0.15 == (pytest.approx(850_000, abs=5_000))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cancel my order. Refund the other one.", ["Cancel my order.", "Refund the other one."]),
        ("Please cancel it and also tell me the fee", ["Please cancel it", "and also tell me the fee"]),
        ("I want two things:\n- cancel order five\n- a copy of the invoice", 3),
        ("Hi. Where is my parcel? Thanks.", 1),
        ("Dr. Smith asked for the invoice at St. James road.", 1),
        ("Bitte stornieren und außerdem möchte ich eine Rechnung bekommen", 2),
        ("salt and pepper mill", 1),
        ("", []),
    ],
)
def test_clauses(text, expected):
    found = [part for _, part in segments(text)]
    if isinstance(expected, int):
        assert len(found) == expected, found
    else:
        assert found == expected


@given(st.text(alphabet="ab .,!?\n;-AND also", max_size=120))
def test_segments_keep_their_place_in_order_and_lose_no_word(text):
    found = segments(text)
    assert all(text[span.start : span.end] == part for span, part in found)
    assert all(a.end <= b.start for (a, _), (b, _) in itertools.pairwise(found))
    letters = "".join(c for c in text if c.isalpha())
    assert "".join(c for _, part in found for c in part if c.isalpha()) == letters
