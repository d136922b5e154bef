"""An invoice recomputed from the ledger: charges and credits of one month, compared line by line."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from proofdesk_verifier.billing import EVENTS, Event, Outcome, Terms, fold_issue
from proofdesk_verifier.leaves import Leaf

MINIMUM = "minimum"
"""Kind of the line that lifts a month to the contract's minimum; it belongs to no issue."""


class BadInvoice(ValueError):
    """The invoice file is not an invoice. The message names the field."""


@dataclass(frozen=True)
class BadLine:
    where: str
    issue_id: str
    reason: str


@dataclass(frozen=True)
class Contract:
    """One `contract.version` leaf; in force from the instant the leaf was written."""

    since: datetime
    rule_hash: str
    price_minor: int
    assisted_price_minor: int
    currency: str
    mode: str
    cap_minor: int | None
    minimum_minor: int
    terms: Terms


@dataclass(frozen=True)
class Charge:
    issue_id: str
    at: datetime
    outcome: Outcome
    price_minor: int


@dataclass(frozen=True)
class InvoiceCheck:
    ok: bool
    lines: int
    recomputed_total_minor: int
    variance_minor: int
    bad_lines: tuple[BadLine, ...]


class BillingLeaves:
    """Collects what billing needs while the export is being read."""

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.contracts: list[Contract] = []
        self.last_ts: datetime | None = None
        self.tenant = ""
        self.bad: list[BadLine] = []

    def see(self, leaf: Leaf) -> None:
        self.tenant = self.tenant or leaf.tenant
        try:
            written = instant(leaf.ts)
            self.last_ts = max(self.last_ts or written, written)
            if leaf.kind == "resolution.event":
                self._event(leaf)
            elif leaf.kind == "contract.version":
                self.contracts.append(_contract(leaf, written))
        except (ValueError, KeyError, TypeError) as error:
            self.bad.append(BadLine(f"leaf {leaf.seq}", str(leaf.body.get("issue_id", "")), f"{leaf.kind}: {error}"))

    def _event(self, leaf: Leaf) -> None:
        name, issue = leaf.body["event"], leaf.body["issue_id"]
        if name not in EVENTS:
            raise ValueError(f"unknown event {name!r:.40}")
        if not isinstance(issue, str) or not issue:
            raise ValueError("issue_id is not a text")
        eligible = leaf.body.get("silence_eligible", True) is True
        self.events[issue].append(Event(name, instant(leaf.body["at"]), leaf.seq, silence_eligible=eligible))

    def in_force(self, at: datetime) -> Contract:
        """The version in force at an instant; the first one for what came before any."""
        return next((item for item in reversed(self.contracts) if item.since <= at), self.contracts[0])


def instant(text: Any) -> datetime:
    """An ISO 8601 instant with a time zone. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("an instant is not a text")
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return value.astimezone(UTC)


def check_invoice(invoice: Any, leaves: BillingLeaves) -> InvoiceCheck:
    """Recompute `invoice` (the output of `proofdesk invoice preview --json`) from leaves. Raises BadInvoice."""
    _check_shape(invoice)
    bad = list(leaves.bad)
    month = invoice["month"]
    as_of = _as_of(invoice, leaves)
    if not leaves.contracts:
        bad.append(BadLine("rule_hash", "", "the ledger holds no contract.version"))
        return _result(invoice, 0, bad)
    contract = leaves.in_force(min(as_of, _month_end(month)))
    for name, expected in (
        ("tenant", leaves.tenant),
        ("currency", contract.currency),
        ("rule_hash", contract.rule_hash),
    ):
        if invoice[name] != expected:
            bad.append(BadLine(name, "", f"the invoice says {invoice[name]!r:.80}, the ledger {expected!r:.80}"))
    charges = _charges(leaves, as_of)
    amounts = _capped(charges, leaves)
    owed = {issue: charge for issue, charge in charges.items() if _month(charge.at) == month}
    back = {
        issue: charge
        for issue, charge in charges.items()
        if charge.outcome.reversal and _month(charge.outcome.reversal.at) == month and amounts[issue]
    }
    earned = sum(amounts[issue] for issue in owed)
    minimum = max(0, contract.minimum_minor - earned)
    total = earned + minimum - sum(amounts[issue] for issue in back)
    lines = [line for line in invoice["lines"] if line["kind"] != MINIMUM]
    billed_minimum = sum(_amount(line) for line in invoice["lines"] if line["kind"] == MINIMUM)
    if billed_minimum != minimum:
        bad.append(BadLine("lines", "", f"the minimum is billed with {billed_minimum}, the contract gives {minimum}"))
    bad += _compare("lines", lines, owed, amounts, leaves)
    bad += _compare("credits", invoice["credits"], back, amounts, leaves)
    stated = sum(_amount(line) for line in invoice["lines"]) - sum(abs(_amount(line)) for line in invoice["credits"])
    if stated != invoice["total_minor"]:
        bad.append(BadLine("total_minor", "", f"is {invoice['total_minor']}, its lines less credits give {stated}"))
    return _result(invoice, total, bad)


def _charges(leaves: BillingLeaves, as_of: datetime) -> dict[str, Charge]:
    """Every charge up to `as_of`, by issue; amounts before the monthly cap."""
    charges: dict[str, Charge] = {}
    for issue, events in leaves.events.items():
        contract = leaves.in_force(min(event.at for event in events))
        outcome = fold_issue(events, contract.terms, as_of)
        if outcome.billed_at is None or outcome.settles_at is None:
            continue
        contract = leaves.in_force(outcome.billed_at)
        if contract.mode == "settle" and not outcome.settled:
            continue
        at = outcome.settles_at if contract.mode == "settle" else outcome.billed_at
        price = contract.assisted_price_minor if outcome.assisted else contract.price_minor
        charges[issue] = Charge(issue, at, outcome, price)
    return charges


def _capped(charges: dict[str, Charge], leaves: BillingLeaves) -> dict[str, int]:
    """What each charge comes to: the month's cap is used up in the order in which charges were earned."""
    left: dict[str, int | None] = {}
    amounts: dict[str, int] = {}
    for charge in sorted(charges.values(), key=lambda item: (item.at, item.issue_id)):
        month = _month(charge.at)
        rest = left.setdefault(month, leaves.in_force(_month_end(month)).cap_minor)
        amounts[charge.issue_id] = charge.price_minor if rest is None else min(charge.price_minor, rest)
        left[month] = None if rest is None else rest - amounts[charge.issue_id]
    return amounts


def _compare(
    part: str, lines: list[dict[str, Any]], owed: dict[str, Charge], amounts: dict[str, int], leaves: BillingLeaves
) -> list[BadLine]:
    bad: list[BadLine] = []
    seen: set[str] = set()
    for place, line in enumerate(lines):
        issue = line["issue_id"]
        fault = "billed twice" if issue in seen else _line_fault(part, line, owed.get(issue), amounts, leaves)
        seen.add(issue)
        if fault:
            bad.append(BadLine(f"{part}[{place}]", issue, fault))
    missing = sorted(owed.keys() - seen)
    return bad + [BadLine(part, issue, f"missing: the ledger gives {amounts[issue]}") for issue in missing]


def _line_fault(
    part: str, line: dict[str, Any], charge: Charge | None, amounts: dict[str, int], leaves: BillingLeaves
) -> str:
    if charge is None:
        return "the ledger gives no such charge in this month" if part == "lines" else "the ledger gives no such credit"
    expected, stated = amounts[charge.issue_id], _amount(line) if part == "lines" else abs(_amount(line))
    if stated != expected:
        return f"says {stated}, the ledger gives {expected}"
    deciding = charge.outcome.proof if part == "lines" else charge.outcome.reversal
    same = {
        event.seq
        for event in leaves.events[charge.issue_id]
        if deciding and (event.name, event.at) == (deciding.name, deciding.at)
    }
    if line["leaf_seq"] not in same:
        return f"points at leaf {line['leaf_seq']}, its proof is leaf {min(same)}"
    if part == "lines" and line["kind"] != ("approval_assisted" if charge.outcome.assisted else "resolution"):
        return f"its kind is {line['kind']!r:.40}, which the ledger does not give"
    if part == "lines" and line["grade"] != charge.outcome.grade:
        return f"its grade is {line['grade']!r:.40}, the ledger gives {charge.outcome.grade!r}"
    return ""


def _amount(line: dict[str, Any]) -> int:
    """Credits carry `amount_minor` or, in the shape of a line, `price_minor`."""
    value = line.get("amount_minor", line.get("price_minor"))
    return value if type(value) is int else 0


def _result(invoice: Any, total: int, bad: list[BadLine]) -> InvoiceCheck:
    variance = invoice["total_minor"] - total
    count = len(invoice["lines"]) + len(invoice["credits"])
    return InvoiceCheck(not bad and variance == 0, count, total, variance, tuple(bad))


def _check_shape(invoice: Any) -> None:
    if not isinstance(invoice, dict):
        raise BadInvoice("the invoice is not an object")
    for name, kind in (
        *((text, str) for text in ("month", "currency", "rule_hash")),
        ("lines", list),
        ("credits", list),
        ("total_minor", int),
    ):
        if type(invoice.get(name)) is not kind:
            raise BadInvoice(f"{name}: missing or not of the type {kind.__name__}")
    _month_end(invoice["month"])
    for part in ("lines", "credits"):
        for place, line in enumerate(invoice[part]):
            if not isinstance(line, dict) or type(line.get("issue_id")) is not str:
                raise BadInvoice(f"{part}[{place}].issue_id: missing or not a text")
            if type(line.get("leaf_seq")) is not int:
                raise BadInvoice(f"{part}[{place}].leaf_seq: missing or not an integer")
            if type(line.get("amount_minor", line.get("price_minor"))) is not int:
                raise BadInvoice(f"{part}[{place}].price_minor: missing or not an integer")
            if part == "lines" and not all(isinstance(line.get(name), str) for name in ("kind", "grade")):
                raise BadInvoice(f"lines[{place}]: kind or grade missing or not a text")


def _as_of(invoice: dict[str, Any], leaves: BillingLeaves) -> datetime:
    """Up to when events count: as the invoice says, else to the last leaf written or event, whichever is later."""
    if invoice.get("as_of") is not None:
        try:
            return instant(invoice["as_of"])
        except ValueError as error:
            raise BadInvoice(f"as_of: {error}") from error
    events = [event.at for each in leaves.events.values() for event in each]
    return max([*events, leaves.last_ts or datetime.min.replace(tzinfo=UTC)])


def _month(at: datetime) -> str:
    return at.strftime("%Y-%m")


def _month_end(month: str) -> datetime:
    """The last instant of "2026-03", UTC. Raises BadInvoice."""
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadInvoice(f"month: {month!r:.40} is not of the form 2026-03") from error
    return (first + timedelta(days=32)).replace(day=1) - timedelta(microseconds=1)


def _contract(leaf: Leaf, since: datetime) -> Contract:
    body = leaf.body
    for name in ("price_minor", "silence_window_s", "reversal_window_s"):
        if type(body[name]) is not int or body[name] < 0:
            raise ValueError(f"{name} is not a whole number of at least 0")
    if body["mode"] not in {"accrue", "settle"} or type(body["silence_bills"]) is not bool:
        raise ValueError("mode or silence_bills is not as the format says")
    cap = body["cap_minor"]
    if cap is not None and (type(cap) is not int or cap < 0):
        raise ValueError("cap_minor is neither null nor a whole number of at least 0")
    terms = Terms(
        silence_bills=body["silence_bills"],
        silence_window=timedelta(seconds=body["silence_window_s"]),
        reversal_window=timedelta(seconds=body["reversal_window_s"]),
    )
    return Contract(
        since=since,
        rule_hash=body["rule_hash"],
        price_minor=body["price_minor"],
        assisted_price_minor=body.get("assisted_price_minor", 0),
        currency=body["currency"],
        mode=body["mode"],
        cap_minor=cap,
        minimum_minor=body.get("minimum_minor", 0),
        terms=terms,
    )
