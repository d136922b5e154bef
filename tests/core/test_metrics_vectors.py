"""Metrics, labour, staffing, return on investment and prices against the worked examples."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from proofdesk.core import health, pricing, roi, savings, staffing
from proofdesk.core.metrics import escalations, first_contact, labour, replay_bias, retention, surveys, use_cases
from proofdesk.core.metrics.rate import rate
from tests.core.vectors import vector


def approx(expected: dict):
    return pytest.approx(expected["value"], abs=expected.get("abs_tol") or 0, rel=expected.get("rel_tol"))


def at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def test_first_contact_resolution():
    case = vector("E01")
    given, want = case["input"], case["expected"]
    tickets = [
        first_contact.SolvedTicket(**{**row, "created": at(row["created"]), "solved": at(row["solved"]),
                                      "reopened": at(row["reopened"])})
        for row in given["tickets"]
    ]  # fmt: skip
    found = first_contact.first_contact(tickets, at(given["as_of"]), timedelta(days=given["window_days"]))
    assert found.one_touch.denominator + found.immature == want["eligible"]["value"]
    assert found.one_touch.denominator == want["mature"]["value"]
    assert found.one_touch.numerator == want["one_touch"]["value"]
    assert found.one_touch.value == approx(want["one_touch_rate"])
    assert list(found.fcr_ticket_ids) == want["fcr_ticket_ids"]["value"]
    assert found.fcr_ticket.value == approx(want["fcr_ticket"])
    assert found.recontact_free.numerator == want["recontact_free"]["value"]
    assert found.recontact_free.value == approx(want["recontact_free_rate"])
    assert (found.fcr_issue.numerator, found.fcr_issue.denominator) == (
        want["fcr_issues"]["value"], want["issues"]["value"],
    )  # fmt: skip
    assert found.fcr_issue.value == approx(want["fcr_issue"])
    assert {"spam": found.spam, "open": found.open, "immature": found.immature} == want["excluded"]["value"]


def test_a_rate_of_nothing_is_no_number():
    found = rate(0, 0, excluded=3)
    assert (found.value, found.low, found.high, found.excluded) == (None, 0.0, 1.0, 3)


def test_survey_scores():
    case = vector("E04")
    given, want = case["input"], case["expected"]
    found = surveys.score_surveys(given["csat_1_5"], given["ces_1_7"], given["nps_0_10"])
    for name in ("csat", "ces_mean", "ces_share_5_7", "ces_index", "nps"):
        assert getattr(found, name) == approx(want[name]), name
    assert found.uncertain == ("csat", "ces", "nps")
    assert surveys.score_surveys().nps is None
    with pytest.raises(ValueError, match="csat: an answer of 6"):
        surveys.score_surveys([6])


def test_loaded_labour_and_displacement():
    case = vector("E05")
    given, want = case["input"], case["expected"]
    names = ("salary", "burden", "management", "tools", "facilities", "attrition", "replacement", "paid_hours",
             "shrinkage", "occupancy")  # fmt: skip
    loaded = labour.loaded_labour(labour.LabourCosts(**{name: given[name] for name in names}))
    for name in ("loaded_per_year", "productive_hours", "per_productive_hour", "per_minute"):
        assert getattr(loaded, name) == approx(want[name]), name
    contact = labour.cost_per_contact(loaded.per_minute, given["aht_min"])
    assert contact == approx(want["cost_per_contact"])
    resolution = labour.cost_per_resolution(contact, given["contacts_per_resolution"], given["resolved_share"])
    assert resolution == approx(want["cost_per_resolution"])
    base, now = given["baseline"], given["now"]
    assert labour.minutes_per_ticket(base["hours"], base["tickets"]) == approx(want["labour_min_per_ticket_baseline"])
    assert labour.minutes_per_ticket(now["hours"], now["tickets"]) == approx(want["labour_min_per_ticket_now"])
    work = labour.Workload(
        base_tickets=base["tickets"], base_hours=base["hours"], tickets=now["tickets"], hours=now["hours"]
    )
    found = labour.displacement(
        [work], ai_resolutions=now["ai_resolutions"], base_aht_min=base["aht_min"],
        productive_hours_year=loaded.productive_hours,
    )  # fmt: skip
    for name, key in {
        "expected_hours": "expected_hours", "displaced_hours": "displaced_hours", "ratio": "displacement_ratio",
        "claimed_hours": "claimed_hours", "realisation": "realisation", "recovered_fte": "recovered_fte_month",
    }.items():  # fmt: skip
        assert getattr(found, name) == approx(want[key]), name


def test_escalation_and_handoff_quality():
    case = vector("E06")
    given, want = case["input"], case["expected"]
    found = escalations.escalation_quality(escalations.Confusion(**given["escalation"]))
    handed = escalations.handoff_quality(**given["handoff"])
    for value, key in (
        (found.precision.value, "precision"), (found.recall.value, "recall"), (found.f1, "f1"),
        (found.unneeded.value, "unneeded_escalation_rate"), (found.containment.value, "containment"),
        (found.missed_of_contained.value, "missed_share_of_contained"),
        (found.autonomous_bound.value, "autonomous_upper_bound"), (handed.override.value, "override_rate"),
        (handed.strict.value, "handoff_accuracy_strict"), (handed.lenient.value, "handoff_accuracy_lenient"),
    ):  # fmt: skip
        assert value == approx(want[key]), key


def test_break_even_of_the_headline_plan():
    case = vector("E07")
    given, want = case["input"], case["expected"]

    def exact(value: float) -> Fraction:
        return Fraction(str(value))

    plan = savings.Plan(
        volume_month=exact(given["volume_month"]), ai_share=exact(given["ai_share"]), price=exact(given["price"])
    )
    target = exact(given["target_saving"])
    assert plan.ai_tickets_month == want["ai_tickets_month"]["value"]
    assert plan.ai_tickets_year == want["ai_tickets_year"]["value"]
    assert float(plan.ai_spend_year) == approx(want["ai_spend_year"])
    h = savings.break_even_human_cost(plan, target)
    assert float(h) == approx(want["break_even_h"])
    assert [float(savings.saving_year(plan, exact(x))) for x in given["h_values"]] == approx(want["savings_at_h"])
    assert float(savings.all_human_year(plan, h)) == approx(want["all_human_at_break_even"])
    assert float(savings.hybrid_year(plan, h)) == approx(want["hybrid_at_break_even"])
    strict = given["strict"]
    found = savings.break_even_human_cost(
        plan, target, verified_share=exact(strict["verified_share"]), realisation=exact(strict["labour_realisation"])
    )
    assert float(found) == approx(want["break_even_h_strict"])


def test_staffing():
    case = vector("E14")
    given, want = case["input"], case["expected"]
    load = staffing.Load(calls=given["calls"], interval_s=given["interval_s"], aht_s=given["aht_s"])
    within, share = given["target"]["seconds"], given["target"]["share"]
    assert load.erlangs == approx(want["erlangs"])
    queues = [staffing.erlang_c(load, agents, within) for agents in given["agents"]]
    for name in ("p_wait", "service_level", "asa_s", "occupancy"):
        assert [getattr(queue, name) for queue in queues] == approx(want[name]), name
    needed = staffing.agents_needed(load, share=share, within_s=within)
    assert needed == want["agents_needed"]["value"]
    assert staffing.scheduled(needed, given["shrinkage"]) == want["scheduled"]["value"]
    after = staffing.Load(
        calls=given["calls"] * (1 - given["after"]["contacts_removed"]), interval_s=given["interval_s"],
        aht_s=given["after"]["aht_s"],
    )  # fmt: skip
    left = staffing.agents_needed(after, share=share, within_s=within)
    assert after.erlangs == approx(want["after_erlangs"])
    assert left == want["after_agents"]["value"]
    assert staffing.erlang_c(after, left, within).service_level == approx(want["after_service_level"])
    assert needed - left == want["recovered_agents"]["value"]
    assert (needed - left) / needed == approx(want["recovered_share"])
    for agents, row in zip(given["erlang_a"]["agents"], want["erlang_a"]["value"], strict=True):
        found = staffing.erlang_a(load, agents, given["erlang_a"]["patience_s"])
        assert [found.p_wait, found.abandon, found.mean_wait_s, found.occupancy] == pytest.approx(
            row, abs=want["erlang_a"]["abs_tol"]
        )


def test_too_few_agents_give_no_service_level():
    load = staffing.Load(calls=100, interval_s=1800, aht_s=180)
    assert staffing.erlang_c(load, 10, 20).service_level == 0
    assert staffing.erlang_c(load, 10, 20).asa_s is None


def test_retention_effect():
    case = vector("E19")
    given, want = case["input"], case["expected"]
    found = retention.retention_effect(retention.Arm(**given["holdout"]), retention.Arm(**given["ai"]), given["clv"])
    assert found is not None
    assert found.effect == approx(want["effect"])
    assert [found.interval.low, found.interval.high] == approx(want["ci_95"])
    assert found.value == approx(want["value"])
    assert [found.value_interval.low, found.value_interval.high] == approx(want["value_ci"])
    assert found.shown
    assert (
        retention.retention_effect(retention.Arm(churned=0, accounts=0), retention.Arm(churned=1, accounts=9), 1)
        is None
    )


def test_return_on_investment():
    case = vector("E20")
    want = case["expected"]
    inputs = roi.RoiInputs(**{**case["input"], "ramp": tuple(case["input"]["ramp"])})
    found = roi.work_out(inputs)
    assert found.flows[:9] == approx(want["flows_0_8"])
    assert found.flows[24] == approx(want["flow_24"])
    assert found.verified[:8] == approx(want["verified_1_8"])
    assert sum(found.verified) == approx(want["verified_total"])
    for name, key in {
        "npv": "npv24", "npv12": "npv12", "undiscounted": "undiscounted", "payback_month": "payback_month",
        "discounted_payback_month": "discounted_payback_month", "peak_cash_need": "peak_cash_need",
        "irr_month": "irr_month", "irr_year": "irr_year", "total_cost": "total_cost", "roi": "roi",
    }.items():  # fmt: skip
        assert getattr(found, name) == approx(want[key]), name
    lags = {str(lag): worth for lag, worth in roi.by_release_lag(inputs, (0, 2, 6)).items()}
    assert lags == approx(want["npv24_by_lag"])
    assert roi.without_release(inputs) == approx(want["npv24_no_labour_released"])
    assert roi.break_even(inputs, "human_cost") == approx(want["break_even_human_cost"])
    assert roi.break_even(inputs, "peak_share") == approx(want["break_even_peak_share"])
    swings = {swing.input: [swing.low, swing.high] for swing in roi.tornado(inputs)}
    spreads = [abs(swing.high - swing.low) for swing in roi.tornado(inputs)]
    for name, low, high in want["tornado"]["value"]:
        assert swings[name] == pytest.approx([low, high], abs=want["tornado"]["abs_tol"]), name
    assert spreads == pytest.approx([abs(high - low) for _, low, high in want["tornado"]["value"]], abs=1.2)


@pytest.mark.parametrize("seed", [7, 8, 2_026])
def test_the_distribution_of_the_return(seed):
    case = vector("E20")
    inputs = roi.RoiInputs(**{**case["input"], "ramp": tuple(case["input"]["ramp"])})
    shapes = {
        "volume_month_1": (16_000, 20_000, 24_000), "peak_share": (0.25, 0.5, 0.65), "human_cost": (5, 7.5, 10),
        "labour_realisation": (0.4, 0.8, 1), "error_rate": (0.005, 0.02, 0.06), "loss_per_error": (20, 40, 120),
        "one_off": (0.8, 1, 2),
    }  # fmt: skip
    found = roi.simulate(inputs, shapes, draws=20_000, seed=seed)
    assert 0.600 <= found.p_negative <= 0.632
    assert -331_000 <= found.p10 <= -311_000
    assert -67_000 <= found.median <= -53_000
    assert 213_000 <= found.p90 <= 233_000
    assert roi.simulate(inputs, shapes, draws=20_000, seed=seed) == found
    pinned = {name: (mode, mode, mode) for name, (_, mode, _) in shapes.items()}
    assert roi.simulate(inputs, pinned, draws=3, seed=seed).median == pytest.approx(roi.npv(inputs))


def test_what_cannot_be_varied_and_what_is_no_share():
    inputs = roi.RoiInputs(volume_month_1=100, human_cost=5, price=1, labour_realisation=0.5, release_lag_months=1)
    with pytest.raises(ValueError, match="cannot vary months"):
        roi.simulate(inputs, {"months": (1, 2, 3)}, draws=10, seed=1)
    with pytest.raises(ValueError, match="eligible: a share"):
        roi.RoiInputs(volume_month_1=1, human_cost=5, price=1, labour_realisation=0, release_lag_months=0, eligible=2)


def test_pricing_models():
    case = vector("E21")
    given, want = case["input"], case["expected"]
    names = ("outcome_price", "conversation_price", "action_price", "actions_per_ticket", "seats", "seat_price")
    models = pricing.PriceModels(**{name: given[name] for name in names})
    found = pricing.per_verified(models, tickets=given["tickets"], resolution_rate=given["resolution_rate"])
    for name, value in want["per_verified"]["value"].items():
        assert getattr(found, name) == pytest.approx(value, abs=want["per_verified"]["abs_tol"]), name
    assert pricing.seat_break_even(models) == approx(want["break_even_resolutions_seats"])
    assert pricing.break_even_rate(given["conversation_price_b"], given["outcome_price"]) == approx(
        want["break_even_rate"]
    )
    bills = [pricing.outcome_bill(models, tickets=given["tickets"], resolution_rate=rate) for rate in given["rates"]]
    assert bills == approx(want["outcome_bill_by_rate"])
    bill = pricing.conversation_bill(given["conversation_price_b"], tickets=given["tickets"])
    assert bill == approx(want["conversation_bill"])
    assert models.seats * models.seat_price == approx(want["seat_bill"])
    nothing = pricing.per_verified(models, tickets=given["tickets"], resolution_rate=0)
    assert (nothing.conversation, nothing.seats) == (None, None)


def test_use_case_map():
    case = vector("E22")
    given, want = case["input"], case["expected"]
    facts = {
        name: use_cases.IntentFacts(**{**row, "templates": tuple(row["templates"])})
        for name, row in given["intents"].items()
    }
    found = use_cases.use_case_map(facts, cost_per_min=given["cost_per_min"], kinds=given["K"])
    assert sum(row.n for row in facts.values()) == want["total"]["value"]
    columns = ("share", "determinism", "automatability", "score", "labour", "saving")
    for name, row in want["rows"]["value"].items():
        for column, value, tolerance in zip(columns, row, want["rows"]["abs_tol_by_column"], strict=True):
            assert getattr(found[name], column) == pytest.approx(value, abs=tolerance), (name, column)
    assert {name: case.wave for name, case in found.items()} == want["wave"]["value"]


def test_account_health():
    case = vector("E24")
    given, want = case["input"], case["expected"]
    for name, facts in given["accounts"].items():
        found = health.account_health(given["coefficients"], facts, facts["arr"])
        assert found.p_churn == pytest.approx(want["p_churn"]["value"][name], abs=want["p_churn"]["abs_tol"])
        assert found.health == want["health"]["value"][name]
        assert found.at_risk == pytest.approx(want["arr_at_risk"]["value"][name], abs=want["arr_at_risk"]["abs_tol"])
    with pytest.raises(ValueError, match="missing for the health model: b"):
        health.account_health({"b0": 1, "b": 2}, {}, 1)


def test_replay_bias():
    case = vector("E27")
    want = case["expected"]
    strata = {name: replay_bias.Stratum(**row) for name, row in case["input"]["strata"].items()}
    found = replay_bias.replay_bias(strata)
    assert found.solved_only == approx(want["solved_only"])
    assert found.true_mix == approx(want["true_mix"])
    assert found.bias_points == approx(want["bias_points"])


def test_an_unsolved_ticket_still_counts_as_a_contact():
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    facts = {"requester": "r", "intent": "i", "public_agent_replies": 1, "owners": 1}
    tickets = [
        first_contact.SolvedTicket(id="a", created=start, solved=start + timedelta(hours=1), **facts),
        first_contact.SolvedTicket(id="b", created=start + timedelta(days=1), solved=None, **facts),
    ]
    found = first_contact.first_contact(tickets, start + timedelta(days=30), timedelta(days=7))
    assert found.fcr_ticket.numerator == 0
    assert found.open == 1
