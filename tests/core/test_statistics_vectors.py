"""Bounds, gates, comparisons and drift against the worked examples, and their promises under simulation."""

import numpy as np
import pytest

from proofdesk.core import statistics as st
from proofdesk.core.statistics import agreement, comparison, drift, sequential, shrinkage
from tests.core.vectors import vector


def approx(expected: dict):
    return pytest.approx(expected["value"], abs=expected.get("abs_tol") or 0, rel=expected.get("rel_tol"))


def test_binomial_bounds():
    case = vector("E08")
    alpha = case["input"]["alpha"]
    tolerance = case["expected"]["cases"]["abs_tol"]
    for k, n in case["input"]["cases"]:
        want = case["expected"]["cases"]["value"][f"{k}/{n}"]
        for name, bounds in {
            "wilson": st.wilson(k, n, alpha), "clopper_pearson": st.clopper_pearson(k, n, alpha),
            "jeffreys": st.jeffreys(k, n, alpha),
        }.items():  # fmt: skip
            assert [bounds.low, bounds.high] == pytest.approx(want[name], abs=tolerance), (name, k, n)
        assert st.wilson_lower(k, n, alpha) == pytest.approx(want["wilson_lower_one_sided"], abs=tolerance)
        assert st.clopper_pearson_lower(k, n, 1 - alpha) == pytest.approx(want["cp_lower_one_sided"], abs=tolerance)
        assert st.jeffreys_lower(k, n, alpha) == pytest.approx(want["jeffreys_lower_one_sided"], abs=tolerance)
    n, p0 = case["input"]["gate"]["n"], case["input"]["gate"]["p0"]
    lowest = {
        "wilson": next(k for k in range(n) if st.wilson_lower(k, n, alpha) >= p0),
        "clopper_pearson": next(k for k in range(n) if st.clopper_pearson_lower(k, n, 1 - alpha) >= p0),
        "jeffreys": next(k for k in range(n) if st.jeffreys_lower(k, n, alpha) >= p0),
    }
    assert lowest == case["expected"]["min_k_at_200_for_lower_ge_090"]["value"]
    assert [st.zero_failure_n(p0, alpha) for p0 in case["input"]["zero_failure_p0"]] == case["expected"][
        "zero_failure_n"
    ]["value"]


@pytest.mark.parametrize("interval", [st.wilson, st.clopper_pearson, st.jeffreys, sequential.confidence_sequence])
def test_nothing_observed_is_nothing_known(interval):
    assert interval(0, 0) == st.Bounds(0.0, 1.0)


def test_non_inferiority():
    case = vector("E09")
    given, want = case["input"], case["expected"]
    alpha = given["alpha_one_sided"]
    for power, key in zip(given["power"], ("n_per_arm_power80", "n_per_arm_power90"), strict=True):
        found = [comparison.needed_per_arm(*row, alpha=alpha, power=power) for row in given["sample_size_cases"]]
        assert found == want[key]["value"]
    exact = [comparison.needed_per_arm_exactly(*r, alpha=alpha, power=0.8) for r in given["sample_size_cases"]]
    assert exact == approx(want["n_per_arm_power80_unrounded"])
    ai, human = ((k, n) for k, n in (given["independent"]["ai"], given["independent"]["human"]))
    interval = st.newcombe(ai, human)
    assert [interval.low, interval.high] == approx(want["newcombe_95"])
    tests = [comparison.independent_score(ai, human, margin) for margin in given["independent"]["margins"]]
    assert [test.z for test in tests] == approx(want["fm_z"])
    assert [test.p for test in tests] == approx(want["fm_p"])
    assert list(comparison.restricted_rates(ai, human, 0.03)) == approx(want["fm_restricted_m03"])


def test_paired_non_inferiority():
    case = vector("E09")
    given, want = case["input"], case["expected"]
    paired = given["paired"]
    pairs = comparison.Pairs(ai_only=paired["b"], human_only=paired["c"], n=paired["n"])
    tests = [comparison.paired_score(pairs, margin) for margin in paired["margins"]]
    assert tests[0].z == approx(want["tango_z_m05"])
    assert [test.p for test in tests] == approx(want["tango_p"])
    assert comparison.restricted_discordance(pairs, 0.05) == approx(want["tango_q_m05"])
    interval = comparison.paired_interval(pairs)
    assert [interval.low, interval.high] == approx(want["tango_ci_95"])
    size = given["paired_sample_size"]
    arguments = (size["discordant"], size["difference"], size["margin"])
    assert comparison.needed_pairs(*arguments) == want["paired_n"]["value"]
    assert comparison.needed_pairs_exactly(*arguments, alpha=0.025, power=0.8) == approx(want["paired_n_unrounded"])


def test_the_paired_test_keeps_its_size_at_the_boundary():
    draws = np.random.default_rng(20_261).multinomial(400, [0.025, 0.075, 0.9], size=20_000)
    rejected = sum(
        comparison.paired_score(comparison.Pairs(ai_only=int(b), human_only=int(c), n=400), 0.05).p <= 0.025
        for b, c, _ in draws
    )
    assert 0.020 <= rejected / 20_000 <= 0.030


def test_pairs_without_a_difference_and_impossible_counts():
    assert comparison.paired_score(comparison.Pairs(ai_only=0, human_only=0, n=50), 0.05).p < 0.5
    with pytest.raises(ValueError, match="not possible"):
        comparison.Pairs(ai_only=30, human_only=30, n=50)
    with pytest.raises(ValueError, match="beyond the margin"):
        comparison.needed_pairs(0.1, -0.05, 0.03)


def test_anytime_valid_gate():
    case = vector("E10")
    given, want = case["input"], case["expected"]
    found = [sequential.confidence_sequence(k, n, given["alpha"]) for k, n in given["cs_cases"]]
    tolerance = want["confidence_sequence_95"]["abs_tol"]
    for bounds, expected in zip(found, want["confidence_sequence_95"]["value"], strict=True):
        assert [bounds.low, bounds.high] == pytest.approx(expected, abs=tolerance)
    lower = [sequential.confidence_sequence(k, n, 0.10).low for k, n in given["cs_cases"]]
    assert lower == approx(want["cs_lower_alpha_010"])
    assert [sequential.e_value(k, n, given["p0"]) for k, n in given["e_cases"]] == approx(want["e_value"])
    promoted = [sequential.may_promote(k, n, given["p0"], given["alpha"]) for k, n in given["e_cases"]]
    assert promoted == want["promote"]["value"]


@pytest.mark.parametrize("successes", [0, 50_000, 90_000, 99_000, 100_000])
def test_a_hundred_thousand_tickets_do_not_overflow(successes):
    assert not np.isnan(sequential.log_e_value(successes, 100_000, 0.9))
    bounds = sequential.confidence_sequence(successes, 100_000)
    assert bounds.low <= successes / 100_000 <= bounds.high


def _promotion_table(limit: int, p0: float) -> list[int]:
    """Per n, the least number of right tickets that opens the gate (the gate is monotone in it)."""
    table, k = [], 0
    for n in range(limit + 1):
        while k <= n and not sequential.may_promote(k, n, p0):
            k += 1
        table.append(k)
    return table


def test_looking_after_every_ticket_promotes_falsely_at_most_as_often_as_said():
    case = vector("E10")
    rate = case["input"]["p0"]
    streams = (np.random.default_rng(42).random((2_000, 1_000)) < rate).cumsum(axis=1)
    table = np.array(_promotion_table(1_000, rate)[1:])
    assert (streams >= table).any(axis=1).mean() <= 0.05
    sizes = np.arange(1, 1_001)
    wilson = np.array([next((k for k in range(n + 1) if st.wilson_lower(k, n) >= rate), n + 1) for n in sizes])
    assert (streams >= wilson)[:, 29:].any(axis=1).mean() >= 0.20, "the gate people use by eye must fail here"


def test_a_good_worker_is_promoted_soon():
    vector("E10")
    streams = (np.random.default_rng(43).random((1_000, 4_000)) < 0.95).cumsum(axis=1)
    passed = streams >= np.array(_promotion_table(4_000, 0.9)[1:])
    assert passed.any(axis=1).mean() >= 0.95
    assert 140 <= np.median(passed.argmax(axis=1)[passed.any(axis=1)] + 1) <= 220


def test_needed_to_promote_is_where_the_gate_opens():
    n = sequential.needed_to_promote(0.95, 0.9)
    assert n is not None
    assert sequential.may_promote(round(0.95 * n), n, 0.9)
    assert sequential.needed_to_promote(0.9, 0.9) is None


def test_paired_betting_keeps_its_size_and_finds_equals():
    rng = np.random.default_rng(7)
    bar = np.log(20)

    def ever(p_ai: float, p_human: float, streams: int, length: int) -> float:
        crossed = 0
        for _ in range(streams):
            stream = rng.choice([1, -1, 0], size=length, p=[p_ai, p_human, 1 - p_ai - p_human])
            crossed += any(sequential.paired_log_e(stream[:n], 0.05) >= bar for n in range(50, length + 1, 50))
        return crossed / streams

    assert ever(0.025, 0.075, 200, 600) <= 0.05
    assert ever(0.05, 0.05, 40, 3_000) >= 0.9


def test_drift():
    case = vector("E15")
    given, want = case["input"], case["expected"]
    assert drift.stability_index(given["expected_shares"], given["actual_shares"]) == approx(want["psi"])
    sizes = given["null_sizes"]
    assert [drift.null_level(5, n, m) for n, m in sizes] == approx(want["null_95"])
    assert [drift.null_mean(5, n, m) for n, m in sizes] == approx(want["null_mean"])
    stream = [item == "1" for item in given["error_stream"]]
    guard = sequential.ErrorCusum(p0=given["e_cusum"]["p0"], p1=given["e_cusum"]["p1"])
    for error in stream:
        guard = guard.after(error)
        if guard.fired:
            break
    assert guard.n == want["e_cusum_fires_at"]["value"]
    process = given["e_process"]
    fired = sequential.first_crossing(stream, process["p0"], process["threshold"])
    assert fired == want["e_process_fires_at"]["value"]


def test_the_null_level_of_drift_is_what_chance_shows():
    case = vector("E15")
    shares = case["input"]["expected_shares"]
    rng = np.random.default_rng(5)
    old, new = rng.multinomial(5_000, shares, 20_000) / 5_000, rng.multinomial(500, shares, 20_000) / 500
    psi = np.sum((new - old) * np.log(new / old), axis=1)
    assert np.quantile(psi, 0.95) == pytest.approx(drift.null_level(5, 5_000, 500), rel=0.05)


def test_a_share_of_zero_is_smoothed_and_said_so():
    found = drift.drift([10, 0, 20], [5, 5, 20])
    assert found.smoothed
    assert np.isfinite(found.psi)


def test_small_intents():
    case = vector("E16")
    given, want = case["input"], case["expected"]
    counts = {name: (k, n) for name, (k, n) in given["intents"].items()}
    gate = shrinkage.IntentGate(rate=given["gate_p"], min_n=given["min_n"])
    prior = shrinkage.fit_prior(counts)
    assert [prior.a, prior.b] == approx(want["prior"])
    assert prior.mean == approx(want["prior_mean"])
    for name, (k, n) in counts.items():
        found = shrinkage.posterior(prior, k, n, gate)
        expected = want["posterior"]["value"][name]
        assert [found.mean, found.lower, found.p_above] == pytest.approx(expected, abs=want["posterior"]["abs_tol"])
        assert st.clopper_pearson_lower(k, n, 0.95) == pytest.approx(
            want["cp_lower_one_sided"]["value"][name], abs=want["cp_lower_one_sided"]["abs_tol"]
        )
    assert {name: shrinkage.passes(prior, k, n, gate) for name, (k, n) in counts.items()} == want["pass"]["value"]


def test_sequential_roll_back():
    case = vector("E17")
    given, want = case["input"], case["expected"]
    test = sequential.Sprt(p0=given["p0"], p1=given["p1"], alpha=given["alpha"], beta=given["beta"])
    assert test.upper == approx(want["upper"])
    assert test.lower == approx(want["lower"])
    assert test.after(True).llr == approx(want["llr_bad"])
    assert test.after(False).llr == approx(want["llr_good"])
    bad, clean = test, test
    while bad.verdict == "go_on":
        bad = bad.after(bad.n + 1 in given["bad_positions_1_based"])
    while clean.verdict == "go_on":
        clean = clean.after(False)
    assert (bad.verdict, bad.n) == ("roll_back", want["roll_back_at"]["value"])
    assert bad.llr == approx(want["llr_at_roll_back"])
    assert (clean.verdict, clean.n) == ("pass", want["clean_passes_at"]["value"])
    assert clean.llr == approx(want["llr_at_pass"])


def test_topic_agreement():
    case = vector("E18")
    want = case["expected"]
    found = agreement.agreement(case["input"]["labels"], case["input"]["clusters"])
    for key, value in {
        "nmi": found.nmi, "ari": found.ari, "accuracy": found.accuracy, "v_measure": found.nmi,
        "purity_p": found.purity, "purity_r": found.gathered, "purity_f1": found.purity_f1,
    }.items():  # fmt: skip
        assert value == approx(want[key]), key
    assert agreement.agreement([0, 1, 2], ["a", "a", "a"]).nmi == 0


def test_calibration():
    case = vector("E13")
    sure, right, want = case["input"]["confidence"], [bool(x) for x in case["input"]["correct"]], case["expected"]
    assert st.expected_calibration_error(sure, right, 10) == approx(want["ece_10"])
    assert st.maximum_calibration_error(sure, right, 10) == approx(want["mce_10"])
    assert st.adaptive_calibration_error(sure, right, 5) == approx(want["ace_5"])
    assert st.brier_score(sure, right) == approx(want["brier"])
    assert st.log_loss(sure, right) == approx(want["log_loss"])
    temperature = st.fit_temperature(sure, right)
    assert temperature == approx(want["temperature"])
    softened = [st.tempered(c, temperature) for c in sure]
    assert st.log_loss(softened, right) == approx(want["log_loss_at_T"])
    assert st.expected_calibration_error(softened, right, 10) == approx(want["ece_10_after_T"])


def test_reviewers_who_agree_by_chance_alone_score_zero():
    assert agreement.kappa(["a", "a", "b", "b"], ["a", "b", "a", "b"]) == pytest.approx(0)
    assert agreement.kappa(["a", "b"], ["a", "b"]) == pytest.approx(1)
    assert agreement.kappa(["a"], ["a"]) is None
