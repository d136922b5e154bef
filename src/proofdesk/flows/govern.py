"""What people decide about a rollout: sign a contract, judge decisions, promote, roll back, stop everything.

A gate opens only with evidence and a named person; its evidence goes into the ledger with the decision.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from proofdesk.connectors.yamlfile import YamlFile
from proofdesk.core.gate import Gate, KpiContract, Label, decide_gate
from proofdesk.core.rollout import Rollout, next_rung
from proofdesk.flows.context import Shell
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.rollout import Became, outcome_of, rung_of, set_rung
from proofdesk.flows.settle import add_leaf
from proofdesk.flows.state import State
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, jsonb, tenant_transaction
from proofdesk.store.rollout_rows import KpiRow, RolloutRow

SIGNERS = ("approver",)
JUDGES = ("agent", "manager", "approver")
STOPPERS = ("manager", "approver", "administrator", "agent")
RESUMERS = ("manager", "approver", "administrator")
MAX_LABELS = 100_000
PROCEDURES = "procedures/"


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    signed_by: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a procedure stands, and whether the evidence for the next rung is there."""

    procedure: str
    percent: int
    next_percent: int | None
    changed_by: str
    changed_at: datetime | None
    reason: str
    gate: Gate
    rollout: Rollout


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    contract: KpiContract | None
    contract_version: int
    signed_by: str
    stopped: str
    standings: list[Standing]


async def sign_contract(shell: Shell, tenant: str, terms: KpiContract, *, login: str) -> Signed | Refusal:
    """From now on nothing acts that nobody promoted. A new version replaces the old one for every later judgement."""
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        refused = await _needs(conn, tenant, login, SIGNERS)
        if refused is not None:
            return refused
        last = await t.kpi_contract(conn, tenant=tenant)
        version = last.version + 1 if last else 1
        values = msgspec.to_builtins(terms)
        await t.sign_kpi_contract(conn, tenant=tenant, version=version, terms=jsonb(values), login=login, now=now)
        body: dict[str, object] = {"version": version, "terms": _texts(values), "signed_by": login}
        await add_leaf(conn, tenant, now, "kpi.signed", body, None)
    return Signed(version=version, signed_by=login)


async def review_decision(
    shell: Shell, tenant: str, ticket_id: UUID, *, login: str, right: bool, human_right: bool | None, breach: bool
) -> list[str] | Refusal:
    """A reviewer's word on what the worker decided for a ticket; gives the procedures it counts for."""
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        refused = await _needs(conn, tenant, login, JUDGES)
        ticket = await t.lock_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        if refused is not None:
            return refused
        if ticket is None:
            return Refusal(code="not_found", message="there is no such ticket", field="ticket_id")
        state = msgspec.convert(ticket.state, State)
        procedures = list(dict.fromkeys(request.run.procedure for request in state.requests))
        if not procedures:
            return Refusal(code="conflict", message="the worker decided on no procedure for this ticket")
        contract = await t.kpi_contract(conn, tenant=tenant)
        for procedure in procedures:
            await t.say_label(
                conn, tenant=tenant, ticket_id=ticket_id, procedure=procedure, login=login, worker_right=right,
                human_right=human_right, breach=breach, now=now,
            )  # fmt: skip
            acted = any(r.run.procedure == procedure and r.status in ("done", "informed") for r in state.requests)
            if contract is not None and acted and (breach or not right):
                became: Became = "breach" if breach else "judged_wrong"
                await outcome_of(conn, contract, tenant, ticket_id, procedure, became, now)
        body: dict[str, object] = {
            "procedures": procedures, "right": right, "breach": breach, "reviewer": login,
            "human_right": "" if human_right is None else human_right,
        }  # fmt: skip
        await add_leaf(conn, tenant, now, "rollout.judged", body, ticket_id)
    return procedures


async def overview(shell: Shell, tenant: str) -> Overview:
    """All procedures of the tenant, promoted or not. Needs the database alone: no other system has to be there."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        procedures = await _procedures(conn, tenant)
        contract = await t.kpi_contract(conn, tenant=tenant)
        rows = {row.procedure: row for row in await t.rollouts(conn, tenant=tenant)}
        stop = await t.action_stop(conn, tenant=tenant)
        names = sorted({*procedures, *rows})
        standings = [await _standing(conn, tenant, name, rows.get(name), contract, len(names)) for name in names]
    return Overview(
        contract=_terms(contract) if contract else None, contract_version=contract.version if contract else 0,
        signed_by=contract.signed_by if contract else "", stopped=f"{stop.reason} ({stop.stopped_by})" if stop else "",
        standings=standings,
    )  # fmt: skip


async def promote(
    shell: Shell, tenant: str, procedure: str, *, login: str, limits: Rollout | None = None
) -> Standing | Refusal:
    """One rung up, when the gate is open and `login` may approve. `limits` restricts tiers, jurisdictions, channels."""
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        refused = await _needs(conn, tenant, login, SIGNERS)
        if refused is not None:
            return refused
        procedures = await _procedures(conn, tenant)
        if procedure not in procedures:
            return Refusal(code="not_found", message=f"there is no procedure {procedure}", field="procedure")
        contract = await t.kpi_contract(conn, tenant=tenant)
        if contract is None:
            return Refusal(code="conflict", message="sign a KPI contract first: proofdesk rollout sign")
        row = await t.lock_rollout(conn, tenant=tenant, procedure=procedure)
        standing = await _standing(conn, tenant, procedure, row, contract, len(procedures))
        if standing.next_percent is None:
            return Refusal(code="conflict", message=f"{procedure} acts for all already")
        if not standing.gate.open:
            return Refusal(code="conflict", message="the gate is closed: " + "; ".join(standing.gate.reasons))
        changes = {} if limits is None else {
            "tiers": limits.tiers, "jurisdictions": limits.jurisdictions, "channels": limits.channels,
        }  # fmt: skip
        rung = msgspec.structs.replace(standing.rollout, percent=standing.next_percent, **changes)
        seen = standing.gate.evidence
        evidence: dict[str, object] = {
            "contract": contract.version, "labels": seen.labels, "right": seen.right, "breaches": seen.breaches,
            "pairs": seen.pairs, "log_e": f"{seen.log_e:.4f}", "bar": f"{seen.bar:.4f}",
            "paired_log_e": "" if seen.paired_log_e is None else f"{seen.paired_log_e:.4f}",
        }  # fmt: skip
        await set_rung(conn, tenant, rung, login, "promoted", now, evidence)
        row = await t.lock_rollout(conn, tenant=tenant, procedure=procedure)
        return await _standing(conn, tenant, procedure, row, contract, len(procedures))


async def roll_back(shell: Shell, tenant: str, procedure: str, *, login: str, reason: str) -> Rollout | Refusal:
    """To shadow, at once; whoever may stop may roll back."""
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        refused = await _needs(conn, tenant, login, STOPPERS)
        row = await t.lock_rollout(conn, tenant=tenant, procedure=procedure)
        if refused is not None:
            return refused
        if row is None or row.percent == 0:
            return Refusal(code="conflict", message=f"{procedure} is in shadow already")
        rung = msgspec.structs.replace(rung_of(row), percent=0)
        await set_rung(conn, tenant, rung, login, reason, now)
    return rung


async def stop_actions(shell: Shell, tenant: str, *, login: str, reason: str) -> str | Refusal:
    """No action is begun from now on, whatever the rung. Those under way are read back and settled as always."""
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        refused = await _needs(conn, tenant, login, STOPPERS)
        if refused is not None:
            return refused
        await t.stop_actions(conn, tenant=tenant, login=login, reason=reason, now=now)
        await add_leaf(conn, tenant, now, "actions.stopped", {"by": login, "reason": reason}, None)
    return reason


async def resume_actions(shell: Shell, tenant: str, *, login: str, reason: str) -> str | Refusal:
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        refused = await _needs(conn, tenant, login, RESUMERS)
        if refused is not None:
            return refused
        if await t.action_stop(conn, tenant=tenant) is None:
            return Refusal(code="conflict", message="nothing is stopped")
        await t.lift_action_stop(conn, tenant=tenant)
        await add_leaf(conn, tenant, now, "actions.resumed", {"by": login, "reason": reason}, None)
    return reason


async def _procedures(conn: Connection, tenant: str) -> list[str]:
    """Names of the procedures in force, as their files say."""
    revision = await t.load_revision(conn, tenant=tenant)
    if revision is None:
        return []
    hashes = [digest for path, digest in revision.files.items() if path.startswith(PROCEDURES)]
    blobs = await t.load_blobs(conn, tenant=tenant, hashes=hashes)
    files = (YamlFile(blob.hash, blob.content.decode()) for blob in blobs)
    return sorted(str(file.data["procedure"]) for file in files)


async def _standing(
    conn: Connection, tenant: str, procedure: str, row: RolloutRow | None, contract: KpiRow | None, procedures: int
) -> Standing:
    labels = await t.rollout_labels(conn, tenant=tenant, procedure=procedure, limit=MAX_LABELS)
    said = [Label(right=each.worker_right, human_right=each.human_right, breach=each.breach) for each in labels]
    rung = rung_of(row) if row else Rollout(procedure=procedure)
    return Standing(
        procedure=procedure, percent=rung.percent, next_percent=next_rung(rung.percent), rollout=rung,
        changed_by=row.changed_by if row else "", changed_at=row.changed_at if row else None,
        reason=row.reason if row else "", gate=decide_gate(said, _terms(contract), procedures),
    )  # fmt: skip


def _terms(contract: KpiRow | None) -> KpiContract:
    return msgspec.convert(contract.terms, KpiContract) if contract else KpiContract()


async def _needs(conn: Connection, tenant: str, login: str, roles: tuple[str, ...]) -> Refusal | None:
    person = await t.person_by_login(conn, tenant=tenant, login=login)
    if person is None or not set(roles) & set(person.roles):
        return Refusal(code="forbidden", message=f"{login} has none of the roles {', '.join(roles)}")
    return None


def _texts(values: dict[str, object]) -> dict[str, object]:
    """Shares as text: a leaf holds no floating point."""
    return {key: str(value) if isinstance(value, float) else value for key, value in values.items()}
