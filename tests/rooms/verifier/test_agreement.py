"""The product's invoice, checked by the verifier from the ledger alone: zero variance on any history."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofdesk.core.contract import Contract, Price, rule_hash, terms_of
from proofdesk.core.invoice import preview_invoice
from proofdesk.core.rating import rate_issue
from proofdesk.core.resolution import ResolutionEvent, fold_resolution
from proofdesk_verifier.invoice import BillingLeaves, check_invoice
from proofdesk_verifier.leaves import read_leaves
from tests.rooms.ledger.support import Book

START = datetime(2026, 3, 20, 10, tzinfo=UTC)
NAMES = [
    *("proposed", "customer_confirmed", "system_state_verified", "customer_contact", "human_takeover", "reopened"),
    *("csat_negative", "qa_fail", "approved", "deflected", "abandoned", "dispute_opened", "dispute_upheld"),
]
HISTORY = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from(NAMES[:3] * 4 + NAMES), st.integers(0, 40)), max_size=14
)


def contract(mode: Any, cap_minor: int | None, *, silence_bills: bool) -> Contract:
    return Contract(
        id="c-1",
        version=1,
        currency="EUR",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        prices=(Price(kind="resolution", unit_price=Decimal("0.99")),),
        mode=mode,
        cap_minor=cap_minor,
        silence_bills=silence_bills,
    )


def contract_body(signed: Contract) -> dict[str, Any]:
    return {
        "contract_id": signed.id,
        "version": signed.version,
        "price_minor": 99,
        "currency": signed.currency,
        "silence_bills": signed.silence_bills,
        "silence_window_s": signed.silence_window_s,
        "reversal_window_s": signed.reversal_window_s,
        "mode": signed.mode,
        "cap_minor": signed.cap_minor,
        "rule_hash": rule_hash(signed),
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(
    history=HISTORY,
    mode=st.sampled_from(["accrue", "settle"]),
    cap=st.none() | st.integers(0, 300),
    silence=st.booleans(),
    days=st.integers(0, 60),
)
def test_every_invoice_of_the_product_comes_out_to_zero_variance(
    history: list[tuple[str, str, int]], mode: str, cap: int | None, silence: bool, days: int, tmp_path: Path
) -> None:
    signed, as_of = contract(mode, cap, silence_bills=silence), START + timedelta(days=days)
    book = Book()
    book.add("contract.version", contract_body(signed), at=signed.valid_from)
    issues: dict[str, list[ResolutionEvent]] = {}
    for issue, name, day in history:
        at = START + timedelta(days=day)
        seq = book.add("resolution.event", {"issue_id": issue, "event": name, "at": at.isoformat()})
        event = ResolutionEvent(type=name, ts=at, leaf_seq=seq, silence_eligible=True)  # type: ignore[arg-type]
        issues.setdefault(issue, []).append(event)
    rated = [
        rate_issue(issue, fold_resolution(events, terms_of(signed), as_of), signed) for issue, events in issues.items()
    ]
    path = tmp_path / "leaves.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in written(book)))
    leaves = BillingLeaves()
    for leaf in read_leaves(path):
        leaves.see(leaf)
    for month in ("2026-03", "2026-04", "2026-05"):
        preview = msgspec.json.decode(msgspec.json.encode(preview_invoice(rated, signed, month)))
        check = check_invoice({**preview, "tenant": "tenant-a", "as_of": as_of.isoformat()}, leaves)
        assert check.ok, check.bad_lines
        assert check.variance_minor == 0


def written(book: Book) -> list[dict[str, Any]]:
    return [
        {
            "seq": seq,
            "ts": leaf.ts,
            "kind": leaf.kind,
            "tenant": leaf.tenant,
            "body": leaf.body,
            "leaf_hash": leaf.leaf_hash.hex(),
        }
        for seq, leaf in enumerate(book.leaves)
    ]
