"""Gates, bounds and certificates against the shared worked examples and against arithmetic done by hand."""

import json
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from proofdesk.core.confidence import Approval, Costs, approval_bands_ppm, cost_optimum_ppm, loss_minor
from proofdesk.core.statistics import (
    Band,
    auroc,
    certified_threshold,
    certify_ppm,
    clopper_pearson_lower,
    clopper_pearson_upper,
    error_p_value,
    expected_calibration_error,
    risk_controlled_threshold,
)  # fmt: skip

SHARED = Path(os.environ.get("PROOFDESK_SHARED", Path(__file__).parents[2].parent / "shared"))


def vector(number: str) -> dict:
    found = sorted((SHARED / "vectors" / "metrics").glob(f"{number}_*.json"))
    if not found:
        pytest.skip(f"the shared worked example {number} is absent (PROOFDESK_SHARED)")
    return json.loads(found[0].read_text())


def minor(amount: float) -> int:
    return round(amount * 100)


def test_financial_thresholds_agree_with_the_worked_example():
    case = vector("E11")
    expected = case["expected"]
    found = []
    for row in case["input"]["two_way"]:
        costs = Costs(
            act_minor=minor(row["c_a"]), human_minor=minor(row["c_h"]), human_error_ppm=round(row["e_h"] * 1e6)
        )
        found.append(cost_optimum_ppm(costs, Fraction(minor(row["L"]))) / 1e6)
    assert found == pytest.approx(expected["t_star"]["value"], abs=1e-6)
    model = case["input"]["loss_model"]
    costs = Costs(
        act_minor=minor(model["c_a"]), human_minor=minor(model["c_h"]), goodwill_minor=minor(model["goodwill"]),
        unrecoverable_ppm=round(model["unrecoverable"] * 1e6), churn_ppm=round(model["churn_delta"] * 1e6),
        lifetime_minor=minor(model["clv"]),
    )  # fmt: skip
    losses = [loss_minor(costs, minor(amount)) for amount in model["amounts"]]
    assert [float(loss) / 100 for loss in losses] == pytest.approx(expected["loss"]["value"], abs=1e-9)
    assert [cost_optimum_ppm(costs, loss) / 1e6 for loss in losses] == pytest.approx(
        expected["loss_t_star"]["value"], abs=1e-6
    )


def test_approval_bands_agree_with_the_worked_example():
    case = vector("E11")
    row = case["input"]["three_way"]
    costs = Costs(act_minor=minor(row["c_a"]), human_minor=minor(row["c_h"]), human_error_ppm=round(row["e_h"] * 1e6))
    approval = Approval(review_minor=minor(row["r"]), catches_ppm=round(row["d"] * 1e6))
    act, ask = approval_bands_ppm(costs, approval, Fraction(minor(row["L"])))
    assert act / 1e6 == pytest.approx(case["expected"]["act_iff_p_ge"]["value"], abs=1e-6)
    assert ask / 1e6 == pytest.approx(case["expected"]["approve_iff_p_ge"]["value"], abs=1e-6)


def test_certified_thresholds_agree_with_the_worked_example():
    case = vector("E12")
    bands = [Band(**row) for row in case["input"]["bands"]]
    expected = case["expected"]
    assert [certified_threshold(bands, a, d) for a, d in case["input"]["ltt"]] == expected["ltt_threshold"]["value"]
    risk = [risk_controlled_threshold(bands, alpha) for alpha in case["input"]["crc_alpha"]]
    assert risk == expected["crc_threshold"]["value"]
    n = np.cumsum([band.n for band in bands])
    errors = np.cumsum([band.errors for band in bands])
    values = [error_p_value(int(k), int(m), 0.05) for k, m in zip(errors, n, strict=True)]
    assert values == pytest.approx(expected["p_values_alpha_05"]["value"], abs=1e-8)


def test_exact_bounds_agree_with_the_worked_example():
    case = vector("E08")
    assert "0.904599" in json.dumps(case) or "904599" in json.dumps(case)
    assert clopper_pearson_lower(188, 200, 0.95) == pytest.approx(0.904599, abs=1e-6)


def test_bounds_at_the_ends_have_their_closed_forms():
    assert clopper_pearson_lower(0, 10, 0.95) == 0.0
    assert clopper_pearson_upper(10, 10, 0.95) == 1.0
    assert clopper_pearson_lower(10, 10, 0.95) == pytest.approx(0.05 ** (1 / 10))
    assert clopper_pearson_upper(0, 10, 0.95) == pytest.approx(1 - 0.05 ** (1 / 10))
    with pytest.raises(ValueError, match="11 out of 10"):
        clopper_pearson_lower(11, 10, 0.95)


def test_the_sequence_stops_at_the_first_failure_even_if_a_later_band_would_pass():
    bands = [Band(edge=0.9, n=100, errors=0), Band(edge=0.8, n=10, errors=8), Band(edge=0.1, n=5_000, errors=0)]
    assert certified_threshold(bands, 0.05, 0.05) == 0.9


def test_a_certificate_keeps_its_promise_where_the_naive_choice_breaks_it():
    """The property of the worked example E12, on 300 seeded label sets of 500."""
    draw = np.random.default_rng(20261122)
    grid = np.sort(draw.beta(6, 1.2, 400_000))
    true_error = 1 - (np.cumsum((grid**1.6)[::-1]) / np.arange(1, len(grid) + 1))[::-1]
    edges = [0.99, 0.97, 0.95, 0.92, 0.9, 0.87, 0.85, 0.82, 0.8, 0.75, 0.7, 0.6, 0.5]
    broken = naive = 0
    for _ in range(300):
        sure = draw.beta(6, 1.2, 500)
        right = draw.random(500) < sure**1.6
        bands = []
        for edge, upper in zip(edges, [2.0, *edges], strict=False):
            inside = right[(sure >= edge) & (sure < upper)]
            bands.append(Band(edge=edge, n=len(inside), errors=int((~inside).sum())))
        while bands[0].n < 45:
            bands[1] = Band(edge=bands[1].edge, n=bands[0].n + bands[1].n, errors=bands[0].errors + bands[1].errors)
            bands.pop(0)
        found = certified_threshold(bands, 0.05, 0.10)
        broken += found is not None and true_error[np.searchsorted(grid, found)] > 0.05
        kept = [e for e in edges if (sure >= e).sum() >= 20 and (~right[sure >= e]).mean() <= 0.05]
        naive += bool(kept) and true_error[np.searchsorted(grid, min(kept))] > 0.05
    assert broken / 300 <= 0.10
    assert naive / 300 >= 0.15


def test_certify_ppm_takes_whole_ties_and_gives_none_without_evidence():
    assert certify_ppm([900_000] * 20, [True] * 20, alpha=0.01, delta=0.05) is None
    sure = [990_000] * 400 + [500_000] * 100
    right = [True] * 400 + [i % 2 == 0 for i in range(100)]
    assert certify_ppm(sure, right, alpha=0.01, delta=0.05) == 990_000
    with pytest.raises(ValueError, match="2 confidences but 1 labels"):
        certify_ppm([1, 2], [True], alpha=0.01, delta=0.05)


def test_calibration_error_agrees_with_the_worked_example():
    case = vector("E13")
    found = expected_calibration_error(case["input"]["confidence"], case["input"]["correct"], bins=10)
    assert found == pytest.approx(case["expected"]["ece_10"]["value"], abs=1e-6)


def test_calibration_error_and_auroc_by_hand():
    assert expected_calibration_error([0.9, 0.9, 0.1, 0.1], [True, False, False, False], bins=10) == pytest.approx(0.25)
    assert auroc([0.9, 0.5], [0.5, 0.1]) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
