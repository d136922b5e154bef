"""A month's invoice as a pure function of charges and reversals; sum of lines - sum of credits = total.

A charge belongs to the UTC month of its instant, a reversal to the month of its event: an issue reopened in April
after a charge in March is a credit in April. Invoices already issued are passed back in and never change: where a
late event altered an earlier month, the difference appears here as a `late` line or a `late_event` credit.
The monthly cap limits the lines in the order they were earned: the line that crosses it pays the rest, those after
it 0. A credit gives back what the line really came to, so a capped line is never over-credited.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from proofdesk.core.contract import Contract, rule_hash
from proofdesk.core.rating import Charge, Rated, Reversal

LATE_LINE = "late"
LATE_CREDIT = "late_event"
MINIMUM_LINE = "minimum"


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One charged outcome; `leaf_seq` is the leaf of its proof. A minimum has no issue and no leaf (0)."""

    issue_id: str
    kind: str
    grade: str
    price_minor: int
    leaf_seq: int


class InvoiceCredit(msgspec.Struct, frozen=True, kw_only=True):
    """An amount given back, positive. `kind`: the reversing event, `late_event`, `guarantee`, `sla`."""

    issue_id: str
    kind: str
    amount_minor: int
    leaf_seq: int


class InvoicePreview(msgspec.Struct, frozen=True, kw_only=True):
    """Keys as printed by `proofdesk invoice preview`. A negative total is a credit note."""

    month: str
    lines: tuple[InvoiceLine, ...]
    credits: tuple[InvoiceCredit, ...]
    total_minor: int
    currency: str
    rule_hash: str


class ChargeConflict(ValueError):
    """One issue with two different charges: the key (tenant, issue_id) allows one. A broken invariant."""


def preview_invoice(
    rated: Iterable[Rated],
    contract: Contract,
    month: str,
    *,
    issued: Sequence[InvoicePreview] = (),
    extra_credits: Sequence[InvoiceCredit] = (),
) -> InvoicePreview:
    """The invoice of `month` ("2026-03", UTC) under `contract`. Same input in any order or repetition, same result.

    `issued`: every final invoice of earlier months. `extra_credits`: guarantee and SLA credits, in minor units.
    """
    charges, reversals = _unique(rated)
    lines = _month_lines(charges.values(), contract, month)
    current = {line.issue_id: line for line in lines}
    credits = [
        _credit(reversal, current.get(reversal.issue_id) or _earlier_line(charges, reversal, contract, issued))
        for reversal in sorted(reversals.values(), key=lambda each: (each.at, each.issue_id))
        if reversal.issue_id in charges and month_of(reversal.at) == month
    ]
    late_lines, late_credits = _late(charges, reversals, contract, month, issued)
    lines = [*lines, *late_lines]
    earned = sum(line.price_minor for line in lines)
    if earned < contract.minimum_minor:
        rest = contract.minimum_minor - earned
        lines.append(InvoiceLine(issue_id="", kind=MINIMUM_LINE, grade="", price_minor=rest, leaf_seq=0))
    all_credits = tuple(each for each in (*credits, *late_credits, *extra_credits) if each.amount_minor)
    return InvoicePreview(
        month=month,
        lines=tuple(lines),
        credits=all_credits,
        total_minor=sum(line.price_minor for line in lines) - sum(each.amount_minor for each in all_credits),
        currency=contract.currency,
        rule_hash=rule_hash(contract),
    )


def month_of(instant: datetime) -> str:
    """ "2026-03": the UTC calendar month."""
    return instant.astimezone(UTC).strftime("%Y-%m")


def _unique(rated: Iterable[Rated]) -> tuple[dict[str, Charge], dict[str, Reversal]]:
    charges: dict[str, Charge] = {}
    reversals: dict[str, Reversal] = {}
    for each in rated:
        if each.charge is not None and charges.setdefault(each.charge.issue_id, each.charge) != each.charge:
            raise ChargeConflict(f"issue {each.charge.issue_id} has two different charges")
        if each.reversal is not None and reversals.setdefault(each.reversal.issue_id, each.reversal) != each.reversal:
            raise ChargeConflict(f"issue {each.reversal.issue_id} has two different reversals")
    return charges, reversals


def _month_lines(charges: Iterable[Charge], contract: Contract, month: str) -> list[InvoiceLine]:
    lines: list[InvoiceLine] = []
    left = contract.cap_minor
    mine = (charge for charge in charges if month_of(charge.at) == month)
    for charge in sorted(mine, key=lambda each: (each.at, each.issue_id)):
        if charge.currency != contract.currency:
            raise ChargeConflict(f"issue {charge.issue_id} is priced in {charge.currency}, not {contract.currency}")
        price = charge.price_minor if left is None else min(charge.price_minor, left)
        left = None if left is None else left - price
        lines.append(_line(charge, charge.kind, price))
    return lines


def _earlier_line(
    charges: dict[str, Charge], reversal: Reversal, contract: Contract, issued: Sequence[InvoicePreview]
) -> InvoiceLine:
    """The line a reversal takes back: as issued, else recomputed for its own month."""
    for invoice in issued:
        for line in invoice.lines:
            if line.issue_id == reversal.issue_id:
                return line
    lines = _month_lines(charges.values(), contract, month_of(charges[reversal.issue_id].at))
    return next(line for line in lines if line.issue_id == reversal.issue_id)


def _late(
    charges: dict[str, Charge],
    reversals: dict[str, Reversal],
    contract: Contract,
    month: str,
    issued: Sequence[InvoicePreview],
) -> tuple[list[InvoiceLine], list[InvoiceCredit]]:
    """What issued months should have said, compared issue by issue with what they did say."""
    months = {invoice.month for invoice in issued if invoice.month < month}
    said: dict[str, int] = {}
    for invoice in issued:
        if invoice.month not in months:
            continue
        for line in invoice.lines:
            if line.issue_id:
                said[line.issue_id] = said.get(line.issue_id, 0) + line.price_minor
        for credit in invoice.credits:
            if credit.issue_id:
                said[credit.issue_id] = said.get(credit.issue_id, 0) - credit.amount_minor
    owed = _owed(charges, reversals, contract, months, issued)
    lines: list[InvoiceLine] = []
    credits: list[InvoiceCredit] = []
    for issue_id in sorted(said.keys() | owed.keys()):
        difference = owed.get(issue_id, 0) - said.get(issue_id, 0)
        charge, reversal = charges.get(issue_id), reversals.get(issue_id)
        if difference > 0 and charge is not None:
            lines.append(_line(charge, LATE_LINE, difference))
        elif difference < 0:
            seq = reversal.leaf_seq if reversal else 0
            credits.append(InvoiceCredit(issue_id=issue_id, kind=LATE_CREDIT, amount_minor=-difference, leaf_seq=seq))
    return lines, credits


def _owed(
    charges: dict[str, Charge],
    reversals: dict[str, Reversal],
    contract: Contract,
    months: set[str],
    issued: Sequence[InvoicePreview],
) -> dict[str, int]:
    owed: dict[str, int] = {}
    for month in sorted(months):
        for line in _month_lines(charges.values(), contract, month):
            owed[line.issue_id] = line.price_minor
    if contract.cap_minor is not None:
        # A capped price stands as issued: a late event of another issue must not move this one across the cap.
        for invoice in issued:
            for line in invoice.lines:
                if line.issue_id in owed:
                    owed[line.issue_id] = min(line.price_minor, charges[line.issue_id].price_minor)
    for issue_id, reversal in reversals.items():
        if month_of(reversal.at) in months and issue_id in owed:
            owed[issue_id] = 0
    return owed


def _credit(reversal: Reversal, line: InvoiceLine) -> InvoiceCredit:
    return InvoiceCredit(
        issue_id=reversal.issue_id, kind=reversal.reason, amount_minor=line.price_minor, leaf_seq=reversal.leaf_seq
    )


def _line(charge: Charge, kind: str, price_minor: int) -> InvoiceLine:
    return InvoiceLine(
        issue_id=charge.issue_id, kind=kind, grade=charge.grade, price_minor=price_minor, leaf_seq=charge.leaf_seq
    )
