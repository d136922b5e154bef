"""Whether this ticket may be acted on yet: the tenant's rungs and its stop switch, and what became of those acted on.

A tenant without a KPI contract is not governed: its procedures act as its policy allows. With one, a procedure nobody
has promoted runs in shadow: read, decided, prepared, and handed to a person with all of it.
"""

import time
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from proofdesk.core.gate import KpiContract, judge_outcomes
from proofdesk.core.rollout import Cohort, CohortFacts, Rollout, Rules, decide_cohort
from proofdesk.flows.context import Desk, Shell
from proofdesk.flows.settle import add_leaf
from proofdesk.flows.state import State
from proofdesk.flows.transition import Transition
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.rollout_rows import KpiRow, RolloutRow

MAX_OUTCOMES = 100_000
Became = Literal["kept", "reopened", "judged_wrong", "breach"]


async def rules_of(shell: Shell, tenant: str) -> Rules:
    """At most `limits.rollout_s` old: a stop takes effect within that time in every process."""
    now = time.monotonic()
    known = shell.rules.get(tenant)
    if known is not None and now - known.read_at < shell.limits.rollout_s:
        return known
    async with tenant_transaction(shell.pool, tenant) as conn:
        contract = await t.kpi_contract(conn, tenant=tenant)
        rows = await t.rollouts(conn, tenant=tenant)
        stop = await t.action_stop(conn, tenant=tenant)
    rules = Rules(
        governed=contract is not None, stopped=f"{stop.reason} ({stop.stopped_by})" if stop else "",
        rungs={row.procedure: rung_of(row) for row in rows}, read_at=now,
    )  # fmt: skip
    shell.rules[tenant] = rules
    return rules


async def held_back(desk: Desk, tr: Transition) -> Cohort | None:
    """The first request that a person must answer for now, with the decision recorded; None where all may go on."""
    rules = await rules_of(desk.shell, desk.runtime.tenant)
    if not rules.governed and not rules.stopped:
        return None
    for procedure in dict.fromkeys(request.run.procedure for request in tr.state.requests):
        facts = _facts(desk, tr.state, procedure, rules)
        found = decide_cohort(facts)
        tr.decided("cohort", facts, found)
        if found.held:
            return found
    return None


async def stopped(desk: Desk) -> str:
    """Why no action may be begun now; empty: it may. Asked again before each single action."""
    return (await rules_of(desk.shell, desk.runtime.tenant)).stopped


def _facts(desk: Desk, state: State, procedure: str, rules: Rules) -> CohortFacts:
    requester = state.requester
    who = (requester.account_id or requester.id) if requester else str(desk.ticket.issue_id)
    rung = rules.rungs.get(procedure)
    if rung is None and not rules.governed:
        rung = Rollout(procedure=procedure, percent=100, holdout_ppm=0)
    return CohortFacts(
        tenant=desk.runtime.tenant, procedure=procedure, who=who, tier=requester.tier if requester else "standard",
        jurisdiction=requester.jurisdiction if requester else "", channel=desk.ticket.channel, rollout=rung,
        stopped=bool(rules.stopped),
    )  # fmt: skip


async def record_outcome(
    conn: Connection, tenant: str, ticket_id: UUID, state: State, became: Became, now: datetime
) -> None:
    """What became of a ticket that was acted on, for each of its procedures; rolls back by itself where it must."""
    contract = await t.kpi_contract(conn, tenant=tenant)
    if contract is None:
        return
    for procedure in dict.fromkeys(r.run.procedure for r in state.requests if r.status in ("done", "informed")):
        await outcome_of(conn, contract, tenant, ticket_id, procedure, became, now)


async def outcome_of(
    conn: Connection, contract: KpiRow, tenant: str, ticket_id: UUID, procedure: str, became: Became, now: datetime
) -> None:
    rung = await t.lock_rollout(conn, tenant=tenant, procedure=procedure)
    if rung is None or rung.percent == 0:
        return
    bad = became != "kept"
    await t.add_rollout_outcome(
        conn, tenant=tenant, ticket_id=ticket_id, procedure=procedure, bad=bad, kind=became, now=now
    )
    if not bad:
        return
    rows = await t.rollout_outcomes(conn, tenant=tenant, procedure=procedure, since=rung.changed_at, limit=MAX_OUTCOMES)
    terms = msgspec.convert(contract.terms, KpiContract)
    if judge_outcomes([row.bad for row in rows], terms, breach=became == "breach") == "roll_back":
        why = f"{sum(row.bad for row in rows)} bad of {len(rows)} outcomes since {rung.changed_at.isoformat()}"
        await set_rung(conn, tenant, msgspec.structs.replace(rung_of(rung), percent=0), "guardrail", why, now)


async def set_rung(
    conn: Connection, tenant: str, rung: Rollout, login: str, reason: str, now: datetime,
    evidence: dict[str, object] | None = None,
) -> None:  # fmt: skip
    """Move a procedure to a rung, with the leaf that says who, why and on what evidence."""
    await t.save_rollout(
        conn, tenant=tenant, procedure=rung.procedure, percent=rung.percent, holdout_ppm=rung.holdout_ppm,
        tiers=list(rung.tiers), jurisdictions=list(rung.jurisdictions), channels=list(rung.channels), login=login,
        now=now, reason=reason,
    )  # fmt: skip
    body: dict[str, object] = {
        "procedure": rung.procedure, "percent": rung.percent, "holdout_ppm": rung.holdout_ppm, "by": login,
        "reason": reason, "evidence": evidence or {},
    }  # fmt: skip
    await add_leaf(conn, tenant, now, "rollout.rolled_back" if rung.percent == 0 else "rollout.set", body, None)


def rung_of(row: RolloutRow) -> Rollout:
    return Rollout(
        procedure=row.procedure, percent=row.percent, holdout_ppm=row.holdout_ppm, tiers=tuple(row.tiers),
        jurisdictions=tuple(row.jurisdictions), channels=tuple(row.channels),
    )  # fmt: skip
