"""A person's yes or no to one exact action. Four eyes: never the one who asked for it, nor who brought the request."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from proofdesk.core.approval import Approval, ApprovalRefused, check_approval
from proofdesk.flows.context import Shell
from proofdesk.flows.crash import crash_point
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.settle import add_leaf
from proofdesk.flows.state import State
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import ApprovalRow, TicketRow

ROLE = "approver"
Verdict = Literal["approved", "rejected"]


class ApprovalDecided(msgspec.Struct, frozen=True, kw_only=True):
    approval_id: UUID
    ticket_id: UUID
    verdict: Verdict
    decided_by: str


async def decide_approval(
    shell: Shell, tenant: str, approval_id: UUID, verdict: Verdict, login: str
) -> ApprovalDecided | Refusal:
    """Record the verdict of `login` and make the ticket due. The same verdict of the same person again is no fault.

    The action is judged again when it is carried out; here only who may decide, and whether it still can be.
    """
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        approval = await t.load_approval(conn, tenant=tenant, approval_id=approval_id)
        if approval is None:
            return Refusal(code="not_found", message="there is no such approval", field="approval_id")
        person = await t.person_by_login(conn, tenant=tenant, login=login)
        if person is None or ROLE not in person.roles:
            return Refusal(code="forbidden", message=f"{login} does not have the role {ROLE}")
        # The ticket's lock comes first, as in every transition, so that none waits for another in a circle.
        ticket = await t.lock_ticket(conn, tenant=tenant, ticket_id=approval.ticket_id)
        approval = await t.load_approval(conn, tenant=tenant, approval_id=approval_id)
        if ticket is None or approval is None:
            return Refusal(code="not_found", message="there is no such approval", field="approval_id")
        decided = ApprovalDecided(
            approval_id=approval_id, ticket_id=approval.ticket_id, verdict=verdict, decided_by=login
        )
        if (approval.verdict, approval.decided_by) == (verdict, login):
            return decided
        if approval.verdict is not None:
            return Refusal(code="conflict", message=f"it was {approval.verdict} by {approval.decided_by} already")
        hand = await t.had_a_hand(conn, tenant=tenant, ticket_id=approval.ticket_id, login=login)
        refused = _may_not(approval, login, now, had_a_hand=hand.n > 0) or _not_waited_for(ticket, approval_id)
        if refused is not None:
            return refused
        await t.decide_approval(
            conn, tenant=tenant, approval_id=approval_id, verdict=verdict, decided_by=login, now=now
        )
        await t.wake(
            conn, tenant=tenant, ticket_id=ticket.ticket_id, version=ticket.version, state=ticket.state, now=now
        )
        body: dict[str, object] = {
            "ticket_id": str(ticket.ticket_id),
            "approval_id": str(approval_id),
            "action_hmac": approval.action_hash,
            "verdict": verdict,
            "approver": login,
        }
        await add_leaf(conn, tenant, now, "approval.decided", body, ticket.ticket_id)
        crash_point("approval_before_commit")
    crash_point("approval_after_commit")
    return decided


def _not_waited_for(ticket: TicketRow, approval_id: UUID) -> Refusal | None:
    """The same rule as the list of open approvals: only the one the ticket waits for now can be decided."""
    if ticket.status != "waiting_approval":
        return Refusal(code="conflict", message=f"the ticket no longer waits for it: it is {ticket.status}")
    waits_for = msgspec.convert(ticket.state, State).approval_id
    if waits_for != str(approval_id):
        return Refusal(code="conflict", message=f"the ticket no longer waits for it but for approval {waits_for}")
    return None


def _may_not(row: ApprovalRow, login: str, now: datetime, *, had_a_hand: bool) -> Refusal | None:
    """By the rule that counts when the action is carried out, as if this verdict were a yes given now.

    `had_a_hand`: the login wrote to the ticket or took it over, so its eyes are not the second pair.
    """
    if had_a_hand:
        return Refusal(code="forbidden", message="whoever wrote to the ticket or took it over may not decide it")
    yes = Approval(
        id=str(row.approval_id),
        action_hash=row.action_hash,
        approver=login,
        approved_at=now,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )
    checked = check_approval(yes, row.action_hash, now, row.requested_by, login)
    if not isinstance(checked, ApprovalRefused):
        return None
    if checked.reason == "same_person":
        return Refusal(code="forbidden", message="whoever asked for an approval may not decide it")
    if checked.reason == "expired":
        return Refusal(code="conflict", message="the approval has expired; the ticket goes to a person")
    return Refusal(code="conflict", message=f"the approval cannot be used: {checked.reason}")
