"""Invoices recomputed from an export, against example E03 and against the product's own fold."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.resolution import ResolutionEvent, fold_resolution
from proofdesk.core.resolution import Terms as ProductTerms
from proofdesk_verifier.billing import EVENTS, Event, Terms, fold_issue
from proofdesk_verifier.cli import main
from tests.rooms.ledger.support import Book, vectors

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
AS_OF = "2026-05-01T00:00:00Z"
CONTRACT = {
    "contract_id": "c-1",
    "version": 1,
    "price_minor": 99,
    "currency": "USD",
    "silence_bills": False,
    "silence_window_s": 72 * 3600,
    "reversal_window_s": 14 * 86400,
    "mode": "accrue",
    "cap_minor": None,
    "rule_hash": "cd" * 32,
}
GRADES = {"customer_confirmed": "confirmed", "system_state_verified": "state_verified", "proposed": "silent"}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def terms(*, silence_bills: bool) -> Terms:
    return Terms(silence_bills=silence_bills, silence_window=timedelta(hours=72), reversal_window=timedelta(days=14))


def fold(events: list[dict[str, str]], as_of: str, *, silence_bills: bool) -> Any:
    listed = [Event(event["type"], instant(event["ts"]), seq) for seq, event in enumerate(events)]
    return fold_issue(listed, terms(silence_bills=silence_bills), instant(as_of))


def example() -> dict[str, Any]:
    path = next(vectors("metrics").glob("E03*.json"))
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def expectations(case: dict[str, Any]) -> list[tuple[bool, dict[str, str], dict[str, Any], dict[str, Any]]]:
    """(silence_bills, final states, accrual by month, settle by month) of the example and of each variant."""
    main_case = {name: item["value"] for name, item in case["expected"].items()}
    found = [(True, main_case["final_state"], main_case["accrual"], main_case["settle_mode"])]
    for variant in case["variants"]:
        states = {**main_case["final_state"], **variant["expected"]["final_state_changes"]}
        silence = variant["input_change"]["silence_bills"]
        found.append((silence, states, variant["expected"]["accrual"], variant["expected"]["settle_mode"]))
    return found


def ledger(events: list[dict[str, str]], **changes: Any) -> Book:
    book = Book()
    book.add("contract.version", {**CONTRACT, **changes}, at=datetime(2026, 2, 1, tzinfo=UTC))
    for event in events:
        body = {"issue_id": event["issue"], "event": event["type"], "at": event["ts"]}
        book.add("resolution.event", body, at=instant(event["ts"]) + timedelta(seconds=1))
    book.sign()
    return book


def expected_line(events: list[dict[str, str]], issue: str, *, silence: bool) -> dict[str, Any]:
    """The line for an issue of the example: its proof is the first proof event, else its proposal."""
    own = [(seq, event) for seq, event in enumerate(events, start=1) if event["issue"] == issue]
    proofs = [(seq, event) for seq, event in own if event["type"] in {"customer_confirmed", "system_state_verified"}]
    assert proofs or silence
    seq, event = (proofs or own)[0]
    return {
        "issue_id": issue,
        "kind": "resolution",
        "grade": GRADES[event["type"]],
        "price_minor": 99,
        "leaf_seq": seq,
    }


def expected_credit(events: list[dict[str, str]], issue: str) -> dict[str, Any]:
    kinds = {"reopened", "csat_negative", "qa_fail", "customer_contact"}
    seq, kind = next(
        (seq, event["type"])
        for seq, event in enumerate(events, start=1)
        if event["issue"] == issue and event["type"] in kinds
    )
    return {"issue_id": issue, "kind": kind, "amount_minor": 99, "leaf_seq": seq}


def invoice(month: str, lines: list[dict[str, Any]], credits: list[dict[str, Any]]) -> dict[str, Any]:
    total = sum(line["price_minor"] for line in lines) - sum(line["amount_minor"] for line in credits)
    return {
        "tenant": "tenant-a",
        "month": month,
        "lines": lines,
        "credits": credits,
        "total_minor": total,
        "currency": "USD",
        "rule_hash": CONTRACT["rule_hash"],
        "as_of": AS_OF,
    }


Check = Callable[..., dict[str, Any]]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Export the book, check an invoice against it, give what was printed."""
    numbers = iter(range(1000))

    def run(book: Book, stated: dict[str, Any], *more: str) -> dict[str, Any]:
        place = tmp_path / f"run-{next(numbers)}"
        export = book.write(place / "export")
        (place / "invoice.json").write_text(json.dumps(stated))
        words = ["invoice", str(export), "--invoice", str(place / "invoice.json"), "--json", *more]
        code = main(words)
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "exit": code}

    return run


def test_example_e03_states_and_variants() -> None:
    case = example()
    assert len(case["variants"]) >= 1
    for silence, states, _, _ in expectations(case):
        for issue, state in states.items():
            events = [event for event in case["input"]["events"] if event["issue"] == issue]
            assert fold(events, case["input"]["as_of"], silence_bills=silence).state == state, (silence, issue)


def test_example_e03_boundary_cases() -> None:
    case = example()
    assert len(case["boundary_cases"]) == 6
    for boundary in case["boundary_cases"]:
        outcome = fold(boundary["events"], case["input"]["as_of"], silence_bills=boundary["silence_bills"])
        assert outcome.state == boundary["state"], boundary["why"]
        assert int(outcome.billed_at is not None) == boundary["charges"], boundary["why"]
        assert int(outcome.reversal is not None) == boundary.get("reversals", 0), boundary["why"]


def test_example_e03_invoices_to_zero_variance(check: Check) -> None:
    case = example()
    events = case["input"]["events"]
    for silence, _, accrual, _ in expectations(case):
        book = ledger(events, silence_bills=silence)
        for month, said in accrual.items():
            lines = [expected_line(events, issue, silence=silence) for issue in said["charges"]]
            credits = [expected_credit(events, issue) for issue in said["reversals"]]
            stated = invoice(month, lines, credits)
            assert stated["total_minor"] == said["net_minor"]
            result = check(book, stated)
            assert result["ok"], (month, result["bad_lines"])
            assert result["recomputed_total_minor"] == said["net_minor"]
            assert result["variance_minor"] == 0
            assert result["lines"] == len(lines) + len(credits)


def test_example_e03_settled_invoices(check: Check) -> None:
    case = example()
    events = case["input"]["events"]
    for silence, _, _, settled in expectations(case):
        book = ledger(events, silence_bills=silence, mode="settle")
        for month, issues in settled.items():
            lines = [expected_line(events, issue, silence=silence) for issue in issues]
            assert check(book, invoice(month, lines, []))["ok"]


def test_example_e03_settles_at_the_stated_instants() -> None:
    case = example()
    for issue, at in case["expected"]["settle_at"]["value"].items():
        events = [event for event in case["input"]["events"] if event["issue"] == issue]
        assert fold(events, case["input"]["as_of"], silence_bills=True).settles_at == instant(at)


def test_shuffled_and_repeated_events_give_the_same() -> None:
    case = example()
    shuffle = random.Random(7)
    for issue in case["expected"]["final_state"]["value"]:
        events = [event for event in case["input"]["events"] if event["issue"] == issue]
        listed = [Event(event["type"], instant(event["ts"]), seq) for seq, event in enumerate(events)]
        plain = fold_issue(listed, terms(silence_bills=True), instant(AS_OF))
        for _ in range(5):
            mixed = [*listed, *listed]
            shuffle.shuffle(mixed)
            assert fold_issue(mixed, terms(silence_bills=True), instant(AS_OF)) == plain


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(0, 20), st.booleans()),
        max_size=8,
    ),
    st.booleans(),
    st.integers(0, 30),
)
def test_the_verifier_and_the_product_agree_on_any_history(
    history: list[tuple[str, int, bool]], silence_bills: bool, days: int
) -> None:
    as_of = START + timedelta(days=days)
    ours = fold_issue(
        [
            Event(name, START + timedelta(days=day), seq, silence_eligible=eligible)
            for seq, (name, day, eligible) in enumerate(history)
        ],
        terms(silence_bills=silence_bills),
        as_of,
    )
    theirs = fold_resolution(
        [
            ResolutionEvent(type=name, ts=START + timedelta(days=day), leaf_seq=seq, silence_eligible=eligible)  # type: ignore[arg-type]
            for seq, (name, day, eligible) in enumerate(history)
        ],
        ProductTerms(silence_bills=silence_bills),
        as_of,
    )
    assert (ours.state, ours.billed_at, ours.grade or None) == (theirs.state, theirs.billed_at, theirs.grade)
    assert ours.assisted == theirs.assisted
    assert (ours.reversal.at if ours.reversal else None) == (theirs.reversal.at if theirs.reversal else None)


CONFIRMED = [
    {"issue": issue, "ts": f"2026-03-0{day}T{hour}:00:00Z", "type": kind}
    for day, issue in enumerate("ABC", start=1)
    for hour, kind in (("10", "proposed"), ("11", "customer_confirmed"))
]


def confirmed_invoice() -> dict[str, Any]:
    return invoice("2026-03", [expected_line(CONFIRMED, issue, silence=False) for issue in "ABC"], [])


@pytest.mark.parametrize(
    ("change", "variance", "where"),
    [
        (lambda i: i["lines"][1].update(price_minor=100), 0, "lines[1]"),
        (lambda i: i.update(total_minor=298), 1, "total_minor"),
        (lambda i: i["lines"].append(dict(i["lines"][0])), 0, "lines[3]"),
        (lambda i: i["lines"].pop(), 0, "lines"),
        (lambda i: i["lines"][0].update(issue_id="Z"), 0, "lines[0]"),
        (lambda i: i["lines"][0].update(leaf_seq=3), 0, "lines[0]"),
        (lambda i: i["lines"][0].update(grade="silent"), 0, "lines[0]"),
        (lambda i: i["lines"][0].update(kind="workflow"), 0, "lines[0]"),
        (lambda i: i["credits"].append({**i["lines"][0], "kind": "reopened"}), 0, "credits[0]"),
        (lambda i: i.update(currency="EUR"), 0, "currency"),
        (lambda i: i.update(rule_hash="00"), 0, "rule_hash"),
        (lambda i: i.update(tenant="tenant-b"), 0, "tenant"),
        (lambda i: i.update(as_of="2026-03-03T10:30:00Z"), 99, "lines[2]"),
    ],
)
def test_whatever_is_changed_in_an_invoice_is_named(
    change: Callable[[dict[str, Any]], Any], variance: int, where: str, check: Check
) -> None:
    stated = confirmed_invoice()
    assert check(ledger(CONFIRMED), stated)["exit"] == 0
    change(stated)
    result = check(ledger(CONFIRMED), stated)
    assert result["exit"] == 1
    assert result["variance_minor"] == variance
    assert where in {line["where"] for line in result["bad_lines"]}


def test_cap_minimum_and_assisted_price(check: Check) -> None:
    stated = confirmed_invoice()
    stated["lines"][1]["price_minor"], stated["lines"][2]["price_minor"] = 51, 0
    stated["total_minor"] = 150
    assert check(ledger(CONFIRMED, cap_minor=150), stated)["ok"]
    assert not check(ledger(CONFIRMED, cap_minor=151), stated)["ok"]
    stated = confirmed_invoice()
    stated["lines"].append({"issue_id": "", "kind": "minimum", "grade": "", "price_minor": 203, "leaf_seq": 0})
    stated["total_minor"] = 500
    assert check(ledger(CONFIRMED, minimum_minor=500), stated)["ok"]
    assert not check(ledger(CONFIRMED), stated)["ok"]
    assisted = [*CONFIRMED, {"issue": "A", "ts": "2026-03-01T10:30:00Z", "type": "approved"}]
    stated = confirmed_invoice()
    stated["lines"][0].update(kind="approval_assisted", price_minor=0)
    stated["total_minor"] = 198
    assert check(ledger(assisted), stated)["ok"]


def test_silence_never_bills_what_its_proposal_excludes(check: Check) -> None:
    book = Book()
    book.add("contract.version", {**CONTRACT, "silence_bills": True}, at=datetime(2026, 2, 1, tzinfo=UTC))
    body = {"issue_id": "A", "event": "proposed", "at": "2026-03-01T10:00:00Z", "silence_eligible": False}
    book.add("resolution.event", body)
    book.sign()
    assert check(book, invoice("2026-03", [], []))["ok"]


def test_a_credit_of_a_charge_of_the_month_before_may_be_written_as_a_line(check: Check) -> None:
    events = [*CONFIRMED[:2], {"issue": "A", "ts": "2026-03-10T09:00:00Z", "type": "reopened"}]
    credit = {"issue_id": "A", "kind": "resolution", "grade": "confirmed", "price_minor": -99, "leaf_seq": 3}
    stated = invoice("2026-03", [expected_line(CONFIRMED, "A", silence=False)], [])
    stated.update(credits=[credit], total_minor=0)
    assert check(ledger(events), stated)["ok"]


def test_an_unsound_export_is_no_ground_for_an_invoice(check: Check) -> None:
    book = ledger(CONFIRMED)
    assert check(book, confirmed_invoice(), "--vkey", book.vkey)["key_pinned"] is True
    book.add("resolution.event", {"issue_id": "A", "event": "invented", "at": "2026-03-01T10:00:00Z"})
    result = check(book, confirmed_invoice())
    assert result["exit"] == 1
    assert result["export_ok"] is False
    assert any("unknown event" in line["reason"] for line in result["bad_lines"])


def test_a_ledger_without_a_contract_bills_nothing(check: Check) -> None:
    book = Book()
    book.add("read_back", {"ok": True})
    book.sign()
    result = check(book, confirmed_invoice())
    assert result["recomputed_total_minor"] == 0
    assert result["exit"] == 1


@pytest.mark.parametrize(
    "change", [{"month": "2026-13"}, {"total_minor": "1"}, {"lines": [{}]}, {"as_of": "2026-03-01"}, {"lines": None}]
)
def test_what_is_no_invoice_is_wrong_use(change: dict[str, Any], check: Check) -> None:
    assert check(ledger(CONFIRMED), {**confirmed_invoice(), **change})["exit"] == 2
