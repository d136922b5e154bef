"""The contract versions of a tenant by the instant their leaf was written: what ledger and verifier know."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec

from proofdesk.core.contract import Contract, terms_of
from proofdesk.core.rating import Rated, rate_issue
from proofdesk.core.resolution import EventType, Resolution, ResolutionEvent, fold_resolution
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection
from proofdesk.store.rows import ContractVersionRow


class Versions:
    """At least one version. `dated`: each with the instant it came into force."""

    def __init__(self, rows: Sequence[ContractVersionRow]) -> None:
        self._rows = [(row.effective_from, msgspec.convert(row.terms, Contract)) for row in rows]
        self.dated = [msgspec.structs.replace(contract, valid_from=since) for since, contract in self._rows]

    def at(self, instant: datetime) -> Contract:
        """The version in force; the first one for what came before any."""
        return next((contract for since, contract in reversed(self._rows) if since <= instant), self._rows[0][1])

    def rate(
        self, issue_id: str, history: Sequence[tuple[str, datetime, int]], as_of: datetime
    ) -> tuple[Resolution, Rated, Contract]:
        """Fold one issue's events (type, instant, leaf) by the terms in force at its first one, priced at its proof.

        Gives the resolution, what it comes to, and the version that prices it.
        """
        events = [ResolutionEvent(type=cast("EventType", kind), ts=at, leaf_seq=leaf) for kind, at, leaf in history]
        first = min((event.ts for event in events), default=as_of)
        resolution = fold_resolution(events, terms_of(self.at(first)), as_of)
        contract = self.at(resolution.billed_at or as_of)
        return resolution, rate_issue(issue_id, resolution, contract), contract


async def load_versions(conn: Connection, tenant: str) -> Versions | None:
    """None before a configuration was ever loaded."""
    rows = await t.contracts(conn, tenant=tenant)
    return Versions(rows) if rows else None
