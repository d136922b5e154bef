"""Carries out what was prepared, one action after the other: judged, intended, called, read back, then the next."""

from datetime import timedelta

import msgspec

from proofdesk.core.approval import ApprovalFacts, action_hash, judge_approval
from proofdesk.core.compensation import Fate
from proofdesk.core.directive import (
    Act,
    ActFailed,
    Close,
    Compensate,
    Confirmed,
    Directive,
    Escalate,
    Outcome,
    Refuse,
)
from proofdesk.core.policy import ActionRequest, Allowed, Denied, NeedsApproval
from proofdesk.flows.budgets import budget_facts, budget_for, reserve_write
from proofdesk.flows.clock import iso
from proofdesk.flows.context import Desk, access_leaf
from proofdesk.flows.drive import Accessed, drive
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.ids import new_id
from proofdesk.flows.in_force import NotUsable, in_force
from proofdesk.flows.prepare import facts_for, put
from proofdesk.flows.rollout import stopped
from proofdesk.flows.state import UnderWay
from proofdesk.flows.transition import LostRace, Transition, hash_of
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction
from proofdesk.store.rows import ApprovalRow

MAX_DIRECTIVES = 60
REQUESTED_BY = "worker"


class PolicyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the policy decision: with the policy set of this hash it gives the verdict again."""

    request: ActionRequest
    policy_hash: str


async def execute(desk: Desk, tr: Transition, first: Outcome | None = None) -> None:
    """Go on until an effect is intended, somebody is waited for, or every request has ended.

    `first`: the outcome of the effect that was under way, for the current request.
    """
    accesses: list[Accessed] = []
    for _ in range(MAX_DIRECTIVES):
        place = next((n for n, r in enumerate(tr.state.requests) if r.status in ("ready", "confirm", "running")), None)
        if place is None:
            _next_round(tr)
            tr.status = "open"
            break
        request = tr.state.requests[place]
        if first is None and request.status == "confirm":
            first = Confirmed(yes=tr.state.confirmed)
        rules = await in_force(desk, request.run)
        if isinstance(rules, NotUsable):
            put(tr, place, status="escalated", reason="procedure_error")
            await hand_off(desk, tr, "procedure_error", rules.why)
            break
        given, output, reads = await drive(
            rules.procedure, request.run, facts_for(desk, tr, request), first, desk.runtime.evaluate, rules.office
        )
        accesses += reads
        tr.decided("procedure", given, output)
        put(tr, place, run=output.run, replies=(*request.replies, *output.replies), status="ready")
        tr.set(current=place)
        first, ended = await _carry_out(desk, tr, place, output.directive)
        if ended:
            break
    access_leaf(tr, accesses)


def _next_round(tr: Transition) -> None:
    """All that was agreed on is done: finish, or prepare what had to wait for it and ask again."""
    later = [n for n, request in enumerate(tr.state.requests) if request.status == "later"]
    for place in later:
        put(tr, place, status="running")
    tr.set(step="prepare" if later else "finish", confirmed=tr.state.confirmed and not later)


async def _carry_out(desk: Desk, tr: Transition, place: int, directive: Directive) -> tuple[Outcome | None, bool]:
    """Do what one directive says within this transition: the outcome to go on with, and whether the transition ends."""
    match directive:
        case Act():
            return await _judge(desk, tr, directive)
        case Compensate():
            act = Act(step=directive.step, capability=directive.capability, args=directive.args, arg_provenance={})
            intend(desk, tr, act, undoes=tr.state.requests[place].effects[directive.step])
            return None, True
        case Close():
            put(tr, place, status="informed" if directive.outcome == "informed" else "done")
            return None, False
        case Refuse():
            replies = (*tr.state.requests[place].replies, directive.text)
            put(tr, place, status="refused", reason=directive.reason, replies=replies)
            return None, False
        case Escalate():
            put(tr, place, status="escalated", reason=directive.reason)
            await hand_off(desk, tr, directive.reason, directive.note)
            return None, True
        case _:
            put(tr, place, status="escalated", reason="procedure_error")
            await hand_off(desk, tr, "procedure_error", f"{type(directive).__name__} after the requester agreed")
            return None, True


async def _judge(desk: Desk, tr: Transition, act: Act) -> tuple[Outcome | None, bool]:
    """Put the action before the policy gate, and intend it only when the gate says so."""
    approval = await _approval(desk, tr)
    if approval is not None and approval.verdict is None and approval.expires_at > desk.now:
        tr.set(waiting_for="approval")
        tr.status, tr.due_at = "waiting_approval", approval.expires_at
        return None, True
    if why := await stopped(desk):
        put(tr, tr.state.current, status="escalated", reason="actions_stopped")
        await hand_off(desk, tr, "actions_stopped", why)
        return None, True
    asked = await _action_request(desk, tr, act)
    wanted = tr.keyed(action_hash(act.capability, act.args, desk.runtime.gate.policy_hash))
    if approval is not None:
        given = _approval_facts(approval, wanted, desk)
        refused = judge_approval(given)
        tr.decided("approval", given, refused)
        if refused:
            tr.set(approval_id="")
            return ActFailed(code=refused, message=f"approval {approval.approval_id}"), False
        asked = msgspec.structs.replace(asked, approved=True)
    verdict = desk.runtime.gate.judge(asked)
    key = effect_key(desk, tr, act)
    tr.decided("policy", PolicyFacts(request=asked, policy_hash=desk.runtime.gate.policy_hash), verdict)
    tr.leaf(
        "policy.verdict",
        {
            "action_id": key,
            "capability": act.capability,
            "verdict": "allowed" if isinstance(verdict, Allowed) else "refused",
            "policy_hash": verdict.policy_hash,
            "reasons": list(verdict.reasons),
        },
    )
    match verdict:
        case Allowed():
            if approval is not None:
                _use(desk, tr, approval, key)
            intend(desk, tr, act)
            return None, True
        case NeedsApproval():
            _request_approval(desk, tr, act, wanted)
            return None, True
        case Denied():
            code = "policy_error" if verdict.kind == "error" else "policy_denied"
            code = "budget_missing" if asked.budget_missing else code
            return ActFailed(code=code, message=", ".join(verdict.reasons)), False


async def _action_request(desk: Desk, tr: Transition, act: Act) -> ActionRequest:
    requester = tr.state.requester
    request = tr.state.requests[tr.state.current]
    budget = await budget_facts(desk, act)
    return ActionRequest(
        tenant=desk.runtime.tenant,
        procedure=request.run.procedure,
        capability=act.capability,
        args_hash=hash_of(act.args),
        arg_provenance=act.arg_provenance,
        amount_minor=act.amount_minor,
        currency=act.currency or desk.runtime.settings.currency,
        requester_id=requester.id if requester else "",
        authenticated_by=tr.state.authenticated_by,
        account_id=requester.account_id if requester else "",
        tier=requester.tier if requester else "standard",
        jurisdiction=requester.jurisdiction if requester else "",
        confidence_ppm=tr.state.confidence_ppm,
        budget_spent_minor=budget.spent_minor,
        budget_limit_minor=budget.limit_minor,
        budget_missing=budget.missing,
        signals=tr.state.signals,
    )


def effect_key(desk: Desk, tr: Transition, act: Act, *, compensation: bool = False) -> str:
    """The same action of the same ticket always has the same key, whoever carries it out and however often."""
    request = tr.state.requests[tr.state.current]
    place = [desk.runtime.tenant, str(desk.ticket.ticket_id), request.request.id]
    return tr.keyed(hash_of([*place, act.step, act.args, compensation]))[:48]


def intend(desk: Desk, tr: Transition, act: Act, *, undoes: str = "") -> None:
    """Record the intent in this transition; the call goes out only after it is committed.

    `undoes`: of a compensation, the key of the effect it takes back.
    """
    compensation = bool(undoes)
    key = effect_key(desk, tr, act, compensation=compensation)
    args_hmac = tr.keyed(hash_of(act.args))
    capability = desk.runtime.back_office.capabilities()[act.capability]
    tr.leaf(
        "compensation.intent" if compensation else "effect.intent",
        {
            "action_id": key,
            "capability": act.capability,
            "args_hmac": args_hmac,
            "amount_minor": act.amount_minor,
            "currency": act.currency,
            "policy_hash": desk.runtime.gate.policy_hash,
            **({"undoes": undoes} if undoes else {}),
        },
    )
    tr.put(
        t.intend,
        effect_key=key,
        ticket_id=desk.ticket.ticket_id,
        kind="compensation" if compensation else "action",
        capability=act.capability,
        args=act.args,
        args_hash=args_hmac,
        amount_minor=act.amount_minor,
        currency=act.currency,
        idempotency=capability.idempotency,
        now=desk.now,
    )
    budget = budget_for(desk, act)
    if budget is not None and not compensation:
        tr.also(reserve_write(desk, budget, key, act))
    if compensation:
        known(tr, undoes, "unknown")
    tr.set(under_way=UnderWay(effect_key=key, act=act, undoes=undoes), step="execute", approval_id="")
    tr.status, tr.due_at = "open", desk.now


def known(tr: Transition, undone_key: str, fate: Fate) -> None:
    """Keep what is known of an effect that is being undone, for the person who may get the ticket."""
    request = tr.state.requests[tr.state.current]
    put(tr, tr.state.current, undoing={**request.undoing, undone_key: fate})


async def _approval(desk: Desk, tr: Transition) -> ApprovalRow | None:
    if not tr.state.approval_id:
        return None
    async with tenant_transaction(desk.shell.pool, desk.runtime.tenant) as conn:
        return await t.load_approval(conn, tenant=desk.runtime.tenant, approval_id=tr.state.approval_id)


def _approval_facts(row: ApprovalRow, wanted: str, desk: Desk) -> ApprovalFacts:
    return ApprovalFacts(
        approval_id=str(row.approval_id),
        action_hash=row.action_hash,
        wanted=wanted,
        requested_by=row.requested_by,
        expires_at=row.expires_at,
        verdict=row.verdict,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        used_at=row.used_at,
        at=desk.now,
    )


def _use(desk: Desk, tr: Transition, approval: ApprovalRow, key: str) -> None:
    async def use(conn: Connection) -> None:
        used = await t.use_approval(conn, tenant=desk.runtime.tenant, approval_id=approval.approval_id, now=desk.now)
        if used != 1:
            raise LostRace(f"approval {approval.approval_id} was used already")

    tr.also(use)
    tr.set(assisted=True)
    tr.leaf(
        "approval.used",
        {"action_id": key, "approval_id": str(approval.approval_id), "approver": approval.decided_by or ""},
    )


def _request_approval(desk: Desk, tr: Transition, act: Act, wanted: str) -> None:
    approval_id = new_id()
    expires_at = desk.now + timedelta(hours=desk.runtime.settings.approval_ttl_h)
    tr.leaf(
        "approval.requested",
        {"approval_id": str(approval_id), "action_hmac": wanted, "expires_at": iso(expires_at)},
    )
    tr.also(
        lambda conn: t.request_approval(
            conn,
            tenant=desk.runtime.tenant,
            approval_id=approval_id,
            ticket_id=desk.ticket.ticket_id,
            action_hash=wanted,
            capability=act.capability,
            args=act.args,
            amount_minor=act.amount_minor,
            currency=act.currency,
            policy_hash=desk.runtime.gate.policy_hash,
            requested_by=REQUESTED_BY,
            now=desk.now,
            expires_at=expires_at,
        )
    )
    tr.set(approval_id=str(approval_id), waiting_for="approval")
    tr.status, tr.due_at = "waiting_approval", expires_at
