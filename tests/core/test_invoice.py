"""Contracts, rating and invoices: recomputable rules, exact books, credits in the month of their event."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofdesk.core.contract import (
    Contract,
    Guarantee,
    Price,
    check_contract,
    contract_at,
    price_of,
    rule_hash,
    terms_of,
)
from proofdesk.core.invoice import ChargeConflict, InvoiceCredit, InvoicePreview, preview_invoice
from proofdesk.core.money import Money
from proofdesk.core.rating import Charge, Rated, Reversal, guarantee_credit, rate_issue
from proofdesk.core.resolution import ResolutionEvent, fold_resolution
from tests.core.vectors import vector

START = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")


def contract(**more: Any) -> Contract:
    prices = (
        Price(kind="resolution", unit_price=Decimal("0.99")),
        Price(kind="resolution", grade="confirmed", unit_price=Decimal("0.495")),
    )
    return Contract(id="c1", version=1, currency="USD", valid_from=START, prices=prices, **more)


def charged(issue: str, day: int, *, reversed_day: int | None = None, price: int = 99) -> Rated:
    charge = Charge(
        issue_id=issue, kind="resolution", grade="state_verified", price_minor=price, currency="USD",
        at=START + timedelta(days=day), leaf_seq=day + 1, rule_hash="h",
    )  # fmt: skip
    if reversed_day is None:
        return Rated(charge=charge)
    at = START + timedelta(days=reversed_day)
    return Rated(charge=charge, reversal=Reversal(issue_id=issue, reason="reopened", at=at, leaf_seq=900))


def balanced(invoice: InvoicePreview) -> bool:
    earned = sum(line.price_minor for line in invoice.lines)
    return invoice.total_minor == earned - sum(credit.amount_minor for credit in invoice.credits)


def test_rule_hash_can_be_recomputed_with_any_json_library() -> None:
    rules = contract(cap_minor=100_000)
    plain = json.loads(msgspec.json.encode(rules))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert rule_hash(rules) == sha256(text.encode()).hexdigest()
    assert rule_hash(msgspec.structs.replace(rules, version=2)) != rule_hash(rules)
    assert msgspec.json.decode(msgspec.json.encode(rules), type=Contract) == rules


def test_price_by_grade_and_the_free_defaults() -> None:
    rules = contract()
    assert price_of(rules, "resolution", "state_verified") == Money(99, "USD")
    assert price_of(rules, "resolution", "confirmed") == Money(50, "USD")
    assert price_of(rules, "approval_assisted", "state_verified") == Money(0, "USD")
    assert not terms_of(rules).silence_bills


def test_version_in_force() -> None:
    first, second = contract(), msgspec.structs.replace(contract(), version=2, valid_from=START + timedelta(days=9))
    assert contract_at([second, first], START) == first
    assert contract_at([first, second], START + timedelta(days=9)) == second
    assert contract_at([first], START - timedelta(seconds=1)) is None


def test_faults_of_a_contract_are_named() -> None:
    bad = Contract(
        id="x", version=1, currency="EURO", valid_from=datetime(2026, 1, 1), cap_minor=1, minimum_minor=2,
        prices=(Price(kind="workflow", unit_price=Decimal(-1)), Price(kind="workflow", unit_price=Decimal("NaN"))),
        silence_window_s=-1, guarantee=Guarantee(points=Decimal(101), per_point=Decimal(2), cap=Decimal(-1)),
    )  # fmt: skip
    faults = " | ".join(check_contract(bad))
    for field in (
        "currency",
        "valid_from",
        "prices[0].unit_price",
        "prices[1]",
        "no price for kind resolution",
        "cap_minor",
        "silence_window_s",
        "guarantee.points",
        "guarantee.per_point",
        "guarantee.cap",
    ):
        assert field in faults
    assert check_contract(contract()) == ()


def test_preview_has_the_printed_keys() -> None:
    (line,) = json.loads(msgspec.json.encode(preview_invoice([charged("i", 0)], contract(), "2026-01")))["lines"]
    assert line == {"issue_id": "i", "kind": "resolution", "grade": "state_verified", "price_minor": 99, "leaf_seq": 1}
    keys = set(json.loads(msgspec.json.encode(preview_invoice([], contract(), "2026-01"))))
    assert keys >= {"lines", "credits", "total_minor", "currency", "rule_hash"}


def test_a_reopen_across_months_is_a_credit_in_the_month_of_the_event() -> None:
    rated = [charged("i", 30, reversed_day=35)]
    january, february = (preview_invoice(rated, contract(), month) for month in MONTHS[:2])
    assert (january.total_minor, len(january.lines), len(january.credits)) == (99, 1, 0)
    assert (february.total_minor, len(february.lines), len(february.credits)) == (-99, 0, 1)


def test_cap_limits_lines_and_credits_give_back_what_was_paid() -> None:
    rules = contract(cap_minor=150)
    rated = [charged("a", 0), charged("b", 1, reversed_day=40), charged("c", 2, reversed_day=41)]
    january = preview_invoice(rated, rules, "2026-01")
    assert [line.price_minor for line in january.lines] == [99, 51, 0]
    february = preview_invoice(rated, rules, "2026-02", issued=[january])
    assert february.total_minor == -51
    assert preview_invoice(rated, rules, "2026-02").total_minor == -51


def test_minimum_and_extra_credits() -> None:
    credit = InvoiceCredit(issue_id="", kind="sla", amount_minor=30, leaf_seq=0)
    invoice = preview_invoice([charged("a", 0)], contract(minimum_minor=500), "2026-01", extra_credits=[credit])
    assert [line.kind for line in invoice.lines] == ["resolution", "minimum"]
    assert invoice.total_minor == 470 and balanced(invoice)


def test_conflicting_charges_of_one_issue_crash() -> None:
    with pytest.raises(ChargeConflict, match="two different charges"):
        preview_invoice([charged("i", 0), charged("i", 1)], contract(), "2026-01")
    with pytest.raises(ChargeConflict, match="not EUR"):
        preview_invoice([charged("i", 0)], msgspec.structs.replace(contract(), currency="EUR"), "2026-01")


def test_a_late_event_never_changes_an_issued_invoice() -> None:
    january = preview_invoice([charged("a", 0), charged("b", 1)], contract(), "2026-01")
    # A contact recorded late shows that a was never billable; a late proof makes c billable in January.
    february = preview_invoice([charged("b", 1), charged("c", 2)], contract(), "2026-02", issued=[january])
    assert [(line.issue_id, line.kind) for line in february.lines] == [("c", "late")]
    assert [(credit.issue_id, credit.kind, credit.amount_minor) for credit in february.credits] == [
        ("a", "late_event", 99)
    ]


outcomes = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.tuples(st.integers(0, 119), st.none() | st.integers(0, 14), st.sampled_from([0, 50, 99])),
)


def rate(found: dict[str, tuple[int, int | None, int]]) -> list[Rated]:
    return [
        charged(issue, day, reversed_day=None if after is None else min(day + after, 119), price=price)
        for issue, (day, after, price) in found.items()
    ]


@settings(max_examples=150, deadline=None)
@given(outcomes, st.none() | st.integers(0, 400), st.integers(0, 200), st.randoms(use_true_random=False))
def test_books_balance_in_any_order(found: Any, cap: int | None, minimum: int, chance: Any) -> None:
    rules = contract(cap_minor=cap, minimum_minor=minimum)
    rated = rate(found)
    again = [*rated, *rated[:3]]
    chance.shuffle(again)
    for month in MONTHS:
        invoice = preview_invoice(rated, rules, month)
        assert balanced(invoice)
        assert preview_invoice(again, rules, month) == invoice
        assert cap is None or sum(line.price_minor for line in invoice.lines if line.kind == "resolution") <= cap


@settings(max_examples=150, deadline=None)
@given(st.lists(outcomes, min_size=4, max_size=4), st.none() | st.integers(0, 400))
def test_issued_invoices_and_corrections_come_to_the_recomputation(views: list[Any], cap: int | None) -> None:
    """Each month is issued with what was known then; after the last one the sum is what all events together say."""
    rules = contract(cap_minor=cap)
    issued: list[InvoicePreview] = []
    for month, view in zip(MONTHS, views, strict=True):
        issued.append(preview_invoice(rate(view), rules, month, issued=issued))
        assert balanced(issued[-1])
    final = rate(views[-1])
    steady = preview_invoice(final, rules, "2026-05", issued=issued)
    assert not steady.lines and not steady.credits
    assert sum(each.total_minor for each in issued) == sum(
        preview_invoice(final, rules, month).total_minor for month in MONTHS
    )


def test_an_earlier_month_keeps_the_cap_of_its_own_contract_version() -> None:
    first = contract(cap_minor=99)
    second = msgspec.structs.replace(first, version=2, cap_minor=None, valid_from=START + timedelta(days=31))
    rated = [charged("a", 0), charged("b", 1)]
    january = preview_invoice(rated, first, "2026-01", versions=[first, second])
    february = preview_invoice(rated, second, "2026-02", issued=[january], versions=[first, second])
    assert (january.total_minor, february.total_minor, february.lines) == (99, 0, ())


def test_settled_charges_survive_only_until_an_upheld_dispute() -> None:
    rules = contract(mode="settle")
    base = [
        ResolutionEvent(type="proposed", ts=START), ResolutionEvent(type="system_state_verified", ts=START, leaf_seq=4),
    ]  # fmt: skip

    def rated(*more: ResolutionEvent, day: int = 90) -> Rated:
        return rate_issue("i", fold_resolution([*base, *more], terms_of(rules), START + timedelta(days=day)), rules)

    def on(day: int, kind: Any) -> ResolutionEvent:
        return ResolutionEvent(type=kind, ts=START + timedelta(days=day))

    assert rated(day=14) == Rated()
    final = rated()
    assert final.charge is not None and final.charge.at == START + timedelta(days=14)
    assert rated(on(3, "reopened")) == Rated()
    assert rated(on(3, "dispute_opened"), on(30, "dispute_upheld")) == Rated()
    assert rated(on(20, "dispute_opened")).charge == final.charge
    upheld = rated(on(20, "dispute_opened"), on(30, "dispute_upheld"))
    assert upheld.charge == final.charge and upheld.reversal is not None


def test_assisted_outcomes_have_their_own_line_at_zero() -> None:
    events = [ResolutionEvent(type=kind, ts=START) for kind in ("approved", "proposed", "system_state_verified")]  # type: ignore[arg-type]
    found = rate_issue("i", fold_resolution(events, terms_of(contract()), START), contract())
    assert found.charge is not None and (found.charge.kind, found.charge.price_minor) == ("approval_assisted", 0)


def test_e26_guarantee_credit() -> None:
    e26 = vector("E26")
    facts, want = e26["input"], {name: each["value"] for name, each in e26["expected"].items()}
    terms = Guarantee(
        points=Decimal(facts["guarantee_points"]),
        per_point=Decimal(str(facts["credit_per_full_point"])),
        cap=Decimal(str(facts["cap"])),
    )
    fee = Money(facts["verified"] * facts["price_minor"], "USD")
    credit = guarantee_credit(terms, eligible=facts["eligible"], verified=facts["verified"], fee=fee)
    assert (fee.minor, credit.minor, (fee - credit).minor) == (
        want["fee_minor"],
        want["credit_minor"],
        want["net_minor"],
    )


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 10**9))
def test_guarantee_never_exceeds_its_cap(eligible: int, verified: int, fee: int) -> None:
    terms = Guarantee(points=Decimal(60), per_point=Decimal("0.05"), cap=Decimal("0.2"))
    credit = guarantee_credit(terms, eligible=eligible, verified=min(verified, eligible), fee=Money(fee, "USD")).minor
    assert 0 <= 5 * credit <= fee + 5
    if 100 * min(verified, eligible) > 59 * eligible:
        assert credit == 0
