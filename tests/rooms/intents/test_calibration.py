"""Confidence: calibrated where the heads are not, never certain from nothing, and promises that hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.statistics import expected_calibration_error
from proofdesk.language.intents.calibration import cross_fitted, features_of, fit_calibration, tempered
from proofdesk.language.intents.certificate import certificates, certify
from proofdesk.language.intents.stack import centred, probabilities

DRAW = np.random.default_rng(5)
ROWS, INTENTS = 4_000, 6


@pytest.fixture(scope="module")
def overconfident():
    """Two heads that agree on one truth with noise, and whose scores are far too sharp."""
    labels = DRAW.integers(0, INTENTS, ROWS)
    heads = np.stack([DRAW.normal(0, 1, (ROWS, INTENTS)) for _ in range(2)])
    heads[:, np.arange(ROWS), labels] += 1.8
    heads = np.stack([centred(head.astype(np.float32)) for head in heads])
    features, best = features_of(heads, [6.0, 6.0])
    return heads, features, best, best == labels


def test_it_corrects_an_overconfident_stack(overconfident):
    heads, features, best, right = overconfident
    plain = probabilities(6.0 * heads.sum(axis=0)).max(axis=1)
    sure = cross_fitted(features, best, right, INTENTS)
    assert expected_calibration_error(list(plain), list(right)) > 0.06
    assert expected_calibration_error(list(sure), list(right)) < 0.03


def test_an_intent_that_is_often_wrong_is_trusted_less(overconfident):
    _, features, best, right = overconfident
    spoiled = right & ~((best == 0) & (np.arange(ROWS) % 3 == 0))
    fitted = fit_calibration(features, best, spoiled, INTENTS)
    assert fitted.offsets[0] == min(fitted.offsets)


def test_nothing_but_right_answers_makes_no_one_certain():
    heads = np.stack([centred(DRAW.normal(0, 0.2, (20, INTENTS)).astype(np.float32))])
    features, best = features_of(heads, [1.0])
    fitted = fit_calibration(features, best, np.ones(20, bool), INTENTS)
    assert fitted.confidence(features, best).max() < 0.9999


@given(st.lists(st.floats(-8, 8), min_size=3, max_size=6, unique=True), st.floats(0.4, 0.999))
def test_tempered_keeps_the_order_and_meets_the_confidence(logits, confidence):
    values = np.round(np.array(logits), 2)
    if len(set(values)) < len(values):
        return
    chance = tempered(values, confidence)
    assert abs(chance.sum() - 1) < 1e-9
    assert (np.argsort(chance, kind="stable") == np.argsort(values, kind="stable")).all() or chance.min() < 1e-12
    assert chance.argmax() == values.argmax()


def test_a_certificate_needs_evidence_and_its_threshold_keeps_the_promise():
    sure = np.sort(DRAW.uniform(0.5, 1, 3_000))
    right = DRAW.uniform(size=3_000) < np.where(sure > 0.7, 0.998, 0.5)
    found = certify(sure, right, out_of_scope=0, basis="rows")
    assert found.threshold_ppm is not None
    assert 650_000 < found.threshold_ppm < 800_000
    assert found.lower_bound >= 0.99
    assert found.accepts(1.0)
    few = certify(sure[-200:], np.ones(200, bool), out_of_scope=0, basis="rows")
    assert few.threshold_ppm is None, "200 faultless rows do not show 99 % at 95 %"
    assert not few.accepts(1.0)


def test_out_of_scope_rows_that_are_accepted_count_as_errors():
    sure = np.full(2_000, 0.9)
    right = np.ones(2_000, bool)
    inside, none = certificates(sure, right, sure, None, basis="rows")
    assert none is None
    _, low = certificates(sure, right, sure, np.full(100, 0.2), basis="rows")
    _, high = certificates(sure, right, sure, np.full(100, 0.95), basis="rows")
    assert inside.threshold_ppm == 900_000
    assert low is not None
    assert low.threshold_ppm == 900_000
    assert high is not None
    assert high.threshold_ppm is None
