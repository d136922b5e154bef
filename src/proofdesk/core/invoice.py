"""A month's invoice as a pure function of charges and reversals; sum of lines - sum of credits = total.

A charge belongs to the UTC month of its instant, a reversal to the month of its event: an issue reopened in April
after a charge in March is a credit in April. Invoices already issued are passed back in and never change: where a
late event altered an earlier month, the difference appears here as a `late` line or a `late_event` credit.
The monthly cap limits the lines in the order they were earned: the line that crosses it pays the rest, those after
it 0. A credit gives back what the line came to under the cap. A late event may therefore move amounts between issues
of a capped month; the sum of all invoices is always the recomputation from all events.
"""

from collections import defaultdict
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
    versions: Sequence[Contract] = (),
    extra_credits: Sequence[InvoiceCredit] = (),
) -> InvoicePreview:
    """The invoice of `month` ("2026-03", UTC) under `contract`. Same input in any order or repetition, same result.

    `issued`: every final invoice of earlier months. `versions`: the contract versions those months fell under, for
    their caps. `extra_credits`: guarantee and SLA credits, in minor units.
    """
    books = _Books(*_unique(rated), contract, versions)
    late_lines, late_credits = _late(books, [invoice for invoice in issued if invoice.month < month])
    lines = [*books.lines(month), *late_lines]
    earned = sum(line.price_minor for line in lines)
    if earned < contract.minimum_minor:
        rest = contract.minimum_minor - earned
        lines.append(InvoiceLine(issue_id="", kind=MINIMUM_LINE, grade="", price_minor=rest, leaf_seq=0))
    given_back = (*books.credits(month), *late_credits, *extra_credits)
    credits = tuple(credit for credit in given_back if credit.amount_minor)
    return InvoicePreview(
        month=month,
        lines=tuple(lines),
        credits=credits,
        total_minor=sum(line.price_minor for line in lines) - sum(credit.amount_minor for credit in credits),
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


class _Books:
    """All charges and reversals of one customer; what each month should say, recomputed from them alone."""

    def __init__(
        self,
        charges: dict[str, Charge],
        reversals: dict[str, Reversal],
        contract: Contract,
        versions: Sequence[Contract],
    ) -> None:
        self.charges = charges
        self.reversals = {issue: reversal for issue, reversal in reversals.items() if issue in charges}
        self._contract = contract
        self._versions = versions
        self._lines: dict[str, list[InvoiceLine]] = {}

    def lines(self, month: str) -> list[InvoiceLine]:
        if month not in self._lines:
            self._lines[month] = self._earned(month)
        return self._lines[month]

    def credits(self, month: str) -> list[InvoiceCredit]:
        """What the reversals of `month` give back: the price the charge came to in its own month."""
        mine = [reversal for reversal in self.reversals.values() if month_of(reversal.at) == month]
        credits: list[InvoiceCredit] = []
        for reversal in sorted(mine, key=lambda each: (each.at, each.issue_id)):
            lines = self.lines(month_of(self.charges[reversal.issue_id].at))
            price = next(line.price_minor for line in lines if line.issue_id == reversal.issue_id)
            credits.append(
                InvoiceCredit(
                    issue_id=reversal.issue_id, kind=reversal.reason, amount_minor=price, leaf_seq=reversal.leaf_seq
                )
            )
        return credits

    def _earned(self, month: str) -> list[InvoiceLine]:
        lines: list[InvoiceLine] = []
        left = self._rules(month).cap_minor
        mine = (charge for charge in self.charges.values() if month_of(charge.at) == month)
        for charge in sorted(mine, key=lambda each: (each.at, each.issue_id)):
            if charge.currency != self._contract.currency:
                wanted = self._contract.currency
                raise ChargeConflict(f"issue {charge.issue_id} is priced in {charge.currency}, not {wanted}")
            price = charge.price_minor if left is None else min(charge.price_minor, left)
            left = None if left is None else left - price
            lines.append(_line(charge, charge.kind, price))
        return lines

    def _rules(self, month: str) -> Contract:
        in_force = [version for version in self._versions if month_of(version.valid_from) <= month]
        return max(in_force, key=lambda version: (version.valid_from, version.version), default=self._contract)


def _late(books: _Books, issued: Sequence[InvoicePreview]) -> tuple[list[InvoiceLine], list[InvoiceCredit]]:
    """What the issued months should have said, compared issue by issue with what they did say."""
    difference: dict[str, int] = defaultdict(int)
    for invoice in issued:
        for line in invoice.lines:
            difference[line.issue_id] -= line.price_minor
        for credit in invoice.credits:
            difference[credit.issue_id] += credit.amount_minor
    for month in {invoice.month for invoice in issued}:
        for line in books.lines(month):
            difference[line.issue_id] += line.price_minor
        for credit in books.credits(month):
            difference[credit.issue_id] -= credit.amount_minor
    # Minimums and general credits belong to no issue; a late event does not change them.
    difference.pop("", None)
    lines: list[InvoiceLine] = []
    credits: list[InvoiceCredit] = []
    for issue_id, amount in sorted(difference.items()):
        charge, reversal = books.charges.get(issue_id), books.reversals.get(issue_id)
        if amount > 0:
            grade, seq = (charge.grade, charge.leaf_seq) if charge else ("", 0)
            lines.append(InvoiceLine(issue_id=issue_id, kind=LATE_LINE, grade=grade, price_minor=amount, leaf_seq=seq))
        elif amount < 0:
            seq = reversal.leaf_seq if reversal else 0
            credits.append(InvoiceCredit(issue_id=issue_id, kind=LATE_CREDIT, amount_minor=-amount, leaf_seq=seq))
    return lines, credits


def _line(charge: Charge, kind: str, price_minor: int) -> InvoiceLine:
    return InvoiceLine(
        issue_id=charge.issue_id, kind=kind, grade=charge.grade, price_minor=price_minor, leaf_seq=charge.leaf_seq
    )
