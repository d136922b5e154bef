"""One pass over a tenant's ledger: each leaf's hash and columns checked, and what the books must agree with counted."""

import hashlib
from collections import Counter
from typing import Any

import msgspec

from proofdesk.store import checks
from proofdesk.store.checks import ScannedLeaf
from proofdesk.store.pool import Pool, tenant_transaction

MAX_FINDINGS = 1_000
_EFFECT_PREFIXES = ("effect.", "compensation.", "reply.")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that does not add up. `check`: which rule; `subject`: the id of the row or leaf at fault."""

    check: str
    subject: str
    detail: str


class Scan(msgspec.Struct, kw_only=True):
    """What one ledger says. Counters by the id their leaves name."""

    findings: list[Finding] = []
    leaves: int = 0
    intents: Counter[str] = msgspec.field(default_factory=Counter)
    confirmations: Counter[str] = msgspec.field(default_factory=Counter)
    charges: Counter[str] = msgspec.field(default_factory=Counter)
    credits: Counter[str] = msgspec.field(default_factory=Counter)
    charged_minor: dict[str, int] = {}
    decisions: Counter[str] = msgspec.field(default_factory=Counter)
    received: Counter[str] = msgspec.field(default_factory=Counter)
    events: dict[int, tuple[str, str]] = {}
    """leaf_no of a resolution event -> (issue, event)."""

    def find(self, check: str, subject: object, detail: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(check=check, subject=str(subject), detail=detail))


async def scan_ledger(pool: Pool, tenant: str) -> Scan:
    """Read every leaf once, a page in each transaction. Raises StoreUnavailable."""
    scan, after = Scan(), 0
    while True:
        async with tenant_transaction(pool, tenant) as conn:
            page = await checks.leaves(conn, tenant=tenant, after_no=after)
        if not page:
            return scan
        for leaf in page:
            _see(scan, tenant, leaf)
        after = page[-1].leaf_no


def _see(scan: Scan, tenant: str, leaf: ScannedLeaf) -> None:
    scan.leaves += 1
    where = f"leaf_no {leaf.leaf_no}" + ("" if leaf.seq is None else f", seq {leaf.seq}")
    if leaf.seq is None:
        scan.find("leaf_numbered", where, "it has no number yet: is a worker running?")
    if hashlib.sha256(b"\x00" + leaf.canon).digest() != leaf.leaf_hash:
        scan.find("leaf_hash", where, "its bytes do not give its hash: it was altered")
        return
    try:
        fields: dict[str, Any] = msgspec.json.decode(leaf.canon, type=dict[str, Any])
        body = fields["body"]
        stated = (fields["tenant"], fields["ts"], fields["kind"])
    except (msgspec.DecodeError, KeyError):
        scan.find("leaf_hash", where, "its bytes are no leaf")
        return
    if stated != (tenant, leaf.ts, leaf.kind):
        scan.find("leaf_columns", where, f"the row says {leaf.kind} at {leaf.ts}, the hashed bytes {stated[2]}")
    _count(scan, leaf, str(stated[2]), body)


def _count(scan: Scan, leaf: ScannedLeaf, kind: str, body: dict[str, Any]) -> None:
    if kind.startswith(_EFFECT_PREFIXES):
        key = str(body.get("action_id") or body.get("effect_key"))
        what = kind.partition(".")[2]
        if what == "intent":
            scan.intents[key] += 1
        elif what == "confirmed":
            scan.confirmations[key] += 1
        return
    match kind:
        case "billing.charged":
            scan.charges[str(body["issue_id"])] += 1
            scan.charged_minor[str(body["issue_id"])] = int(body["price_minor"])
        case "billing.credited":
            scan.credits[str(body["issue_id"])] += 1
        case "resolution.event":
            scan.events[leaf.leaf_no] = (str(body["issue_id"]), str(body["event"]))
        case "decision":
            scan.decisions[str(leaf.ticket_id)] += 1
        case "message.received":
            scan.received[str(leaf.ticket_id)] += 1
