"""What an agent does with a ticket that was handed to a person: takes it, answers, calls it solved."""

from uuid import UUID

import msgspec

from proofdesk.flows.context import Desk, Shell
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.settle import add_leaf, settle_issue
from proofdesk.flows.state import After, State
from proofdesk.flows.subjects import SubjectErased
from proofdesk.flows.talk import send
from proofdesk.flows.transition import LostRace, Transition
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import HandoffRow, MessageRow, TicketRow

MAX_REPLY_CHARS = 20_000


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    handoff_id: UUID
    ticket_id: UUID
    accepted_by: str


class Replied(msgspec.Struct, frozen=True, kw_only=True):
    """`duplicate`: this very text was sent already, nothing was sent again."""

    ticket_id: UUID
    status: str
    duplicate: bool


class _AgentTransition(Transition):
    """A transition whose messages are a person's."""

    def message(self, text: str, *, channel_ref: str = "", author: str = "agent") -> None:
        super().message(text, channel_ref=channel_ref, author=author)


async def accept_handoff(shell: Shell, tenant: str, handoff_id: UUID, login: str) -> Accepted | Refusal:
    """The ticket is theirs from now on. Accepting what is one's own already is no fault."""
    now = shell.clock.now()
    async with tenant_transaction(shell.pool, tenant) as conn:
        handoff = await t.load_handoff(conn, tenant=tenant, handoff_id=handoff_id)
        if handoff is None:
            return Refusal(code="not_found", message="there is no such handoff", field="handoff_id")
        accepted = Accepted(handoff_id=handoff_id, ticket_id=handoff.ticket_id, accepted_by=login)
        if handoff.closed_at is None and handoff.accepted_by == login:
            return accepted
        if await t.accept_handoff(conn, tenant=tenant, handoff_id=handoff_id, login=login, now=now) != 1:
            return Refusal(code="conflict", message="the handoff is closed, or another agent has it")
        body: dict[str, object] = {
            "ticket_id": str(handoff.ticket_id),
            "handoff_id": str(handoff_id),
            "accepted_by": login,
        }
        await add_leaf(conn, tenant, now, "handoff.accepted", body, handoff.ticket_id)
    return accepted


async def reply(
    shell: Shell, tenant: str, ticket_id: UUID, text: str, login: str, *, solved: bool
) -> Replied | Refusal:
    """The agent's public answer, sent through the ticket's channel. `solved` closes the handoff with it.

    A resolution a person gave is never billed: the event `human_reply` says so in the ledger.
    """
    if not text.strip() or len(text) > MAX_REPLY_CHARS:
        return Refusal(code="invalid", message=f"a reply has 1 to {MAX_REPLY_CHARS} characters", field="text")
    async with tenant_transaction(shell.pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        handoff = await t.handoff_of(conn, tenant=tenant, ticket_id=ticket_id)
        messages = await t.messages(conn, tenant=tenant, ticket_id=ticket_id)
        halt = await t.ledger_halt(conn, tenant=tenant)
    if ticket is None:
        return Refusal(code="not_found", message="there is no such ticket", field="ticket_id")
    if halt is not None:
        return Refusal(code="conflict", message=f"nothing can be sent while the ledger is stopped: {halt.reason}")
    if _sent_already(messages, text):
        return Replied(ticket_id=ticket_id, status=ticket.status, duplicate=True)
    if (refused := _not_theirs(ticket, handoff, login)) is not None:
        return refused
    try:
        key = await shell.subjects.key_of(shell.pool, tenant, ticket.subject_ref)
        moved = await _answer(shell, tenant, ticket, key, text, login, solved=solved)
    except SubjectErased:
        return Refusal(code="conflict", message="the requester's data was erased: there is nobody to answer")
    except LostRace:
        return Refusal(code="conflict", message="the ticket changed meanwhile; look at it and try again")
    return Replied(ticket_id=ticket_id, status=moved.status, duplicate=False)


def _sent_already(messages: list[MessageRow], text: str) -> bool:
    """Whether the last thing said is this text by an agent: a double click, not a second answer."""
    return bool(messages) and messages[-1].author == "agent" and messages[-1].text == text


def _not_theirs(ticket: TicketRow, handoff: HandoffRow | None, login: str) -> Refusal | None:
    if ticket.status != "handed_off":
        return Refusal(code="conflict", message=f"only a handed-off ticket is answered here; it is {ticket.status}")
    if handoff is None or handoff.closed_at is not None or handoff.accepted_by != login:
        return Refusal(code="conflict", message="accept the ticket's handoff first, so that it has one owner")
    return None


async def _answer(
    shell: Shell, tenant: str, ticket: TicketRow, key: bytes, text: str, login: str, *, solved: bool
) -> TicketRow:
    runtime, now = await shell.tenants.get(tenant), shell.clock.now()
    state = msgspec.convert(ticket.state, State)
    desk = Desk(shell=shell, runtime=runtime, ticket=ticket, state=state, key=key, now=now)
    tr = _AgentTransition(tenant, ticket, state, now, key)
    tr.leaf("agent.replied", {"agent": login, "solved": solved})
    after = After(status="handed_off", step="window")
    if solved:
        after = After(status="solved", step="window", wait_s=float(runtime.settings.contract.reversal_window_s) + 1)
        tr.also(lambda conn: t.close_handoff(conn, tenant=tenant, ticket_id=ticket.ticket_id, now=now))
        tr.also(lambda conn: t.meet_timer(conn, tenant=tenant, ticket_id=ticket.ticket_id, kind="resolution", now=now))
    tr.also(
        lambda conn: settle_issue(
            conn,
            tenant,
            issue_id=ticket.issue_id,
            ticket_id=ticket.ticket_id,
            events=("human_reply",),
            now=now,
        )
    )
    # What the machine was at is over: a person has it now.
    tr.set(news=False, under_way=None, waiting_for="", approval_id="")
    send(desk, tr, text, after, by_person=True)
    return await tr.commit(shell.pool, lease_s=0.0)
