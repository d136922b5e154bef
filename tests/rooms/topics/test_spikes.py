"""Spikes: found when real, not shouted at scatter, weekdays or small numbers."""

from datetime import date, timedelta

import numpy as np
import pytest

from proofdesk.language.topics.spikes import chance_of, spiking, weekday_profile

DAYS = [date(2026, 3, 2) + timedelta(days=i) for i in range(43)]


def steady(mean, seed, dispersion=0.1):
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(1 / dispersion, dispersion * mean, len(DAYS))).tolist()


def test_a_real_spike_among_steady_topics_is_the_only_one():
    counts = [steady(8, seed) for seed in range(12)]
    for row in counts:
        row[-1] = 8
    counts[5][-1] = 60
    assert spiking(counts, DAYS) == [i == 5 for i in range(12)]


def test_the_usual_monday_is_no_spike():
    counts = [[40 if day.weekday() == 0 else 4 for day in DAYS] for _ in range(5)]
    assert DAYS[-1].weekday() == 0
    assert spiking(counts, DAYS) == [False] * 5


def test_two_tickets_of_a_new_topic_are_no_spike_and_a_short_past_says_nothing():
    quiet = [0] * 42 + [2]
    assert spiking([quiet], DAYS) == [False]
    assert spiking([[0] * 9 + [50]], DAYS[:10]) == [False]
    assert spiking([], DAYS) == []


def test_more_scatter_in_the_past_means_more_doubt():
    calm, wild = [6] * 42, [0, 12] * 21
    ones = [1.0] * 42
    assert chance_of(20, calm, ones, 1.0) < chance_of(20, wild, ones, 1.0)
    assert chance_of(0, calm, ones, 1.0) == pytest.approx(1.0)


def test_the_profile_has_mean_one_and_stays_flat_without_tickets():
    assert weekday_profile(DAYS, [0] * len(DAYS)).tolist() == [1.0] * 7
    profile = weekday_profile(DAYS[:42], [20 if day.weekday() < 5 else 0 for day in DAYS[:42]])
    assert profile.mean() == pytest.approx(1.0, abs=0.02) and profile[6] < 0.2 < 1.3 < profile[0]


def test_false_discoveries_in_simulation_stay_near_the_nominal_rate():
    """A few rounds only (the bench runs hundreds): no spike at all is planted, so every find is false."""
    false = sum(any(spiking([steady(6, 100 * r + t, 0.3) for t in range(15)], DAYS)) for r in range(12))
    assert false <= 2
