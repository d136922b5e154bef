"""The journey of one ticket: transition after transition, each durable, until it waits for somebody or is done.

Whoever runs this may die at any line. What was committed stands; what was not is decided again from the same facts.
"""

from datetime import timedelta
from typing import Final, assert_never
from uuid import UUID

import msgspec
import structlog

from proofdesk.core.consent import read_consent
from proofdesk.flows.budgets import BudgetExhausted
from proofdesk.flows.context import Desk, Shell
from proofdesk.flows.crash import crash_point
from proofdesk.flows.deliver import deliver
from proofdesk.flows.execute import execute
from proofdesk.flows.fault import record_fault
from proofdesk.flows.finish import close_after_window, finish
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.lease import leased
from proofdesk.flows.perform import perform
from proofdesk.flows.prepare import prepare
from proofdesk.flows.state import State, Step
from proofdesk.flows.subjects import SubjectErased
from proofdesk.flows.transition import AlreadyIntended, LostRace, Mark, Transition
from proofdesk.flows.understand import understand
from proofdesk.ports import ConnectorError
from proofdesk.store import tables as t
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import TicketRow

MAX_STEPS = 6
"""Within one transition; a ticket has four kinds that follow each other."""
log = structlog.get_logger("resolve")


class ConsentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the consent decision: the requester's answer, word by word."""

    answer: str


async def advance(shell: Shell, tenant: str, ticket_id: UUID) -> None:
    """Take the ticket from where it stands to where it waits. Safe to call at any time, any number of times."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        halt = await t.ledger_halt(conn, tenant=tenant)
    if ticket is None or ticket.due_at is None:
        return
    if halt is not None:
        log.warning("the tenant's ledger is stopped, ticket left alone", tenant=tenant, ticket_id=str(ticket_id))
        return
    try:
        key = await shell.subjects.key_of(shell.pool, tenant, ticket.subject_ref)
    except SubjectErased:
        log.warning("subject erased, ticket left alone", ticket_id=str(ticket_id))
        return
    fresh = False
    for _ in range(shell.limits.max_transitions_per_job):
        now = shell.clock.now()
        if ticket.due_at is None or ticket.due_at > now:
            return
        runtime = await shell.tenants.get(tenant)
        state = msgspec.convert(ticket.state, State)
        desk = Desk(shell=shell, runtime=runtime, ticket=ticket, state=state, key=key, now=now)
        try:
            ticket, fresh = await _transition(desk, fresh=fresh)
        except LostRace:
            return
        except StoreUnavailable:
            raise  # the lease brings the ticket back when there is a database again
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not feed this ticket to itself for ever
            moved = await record_fault(desk, error)
            if moved is None:
                return
            ticket, fresh = moved, False


async def _transition(desk: Desk, *, fresh: bool) -> tuple[TicketRow, bool]:
    """Steps up to the next change outside, in one commit. Gives the moved ticket and whether an effect was just
    intended by this worker."""
    tr = desk.transition()
    here, mark = await _steps(desk, tr, fresh=fresh)
    tr.set(faults=0)
    crash_point("before_commit")
    goes_on = tr.due_at is not None and tr.due_at <= desk.now
    lease_s = desk.shell.limits.lease_s if goes_on else 0.0
    try:
        moved = await tr.commit(desk.shell.pool, lease_s=lease_s)
    except BudgetExhausted as error:
        # What was found out before stays, and so does the outcome of an effect that is settled here.
        tr.rewind(tr.floor or mark)
        await hand_off(here, tr, "budget_exhausted", str(error))
        moved = await tr.commit(desk.shell.pool, lease_s=0.0)
    except AlreadyIntended:
        # Whatever became of it then, a second call is not ours to make.
        tr.rewind(tr.floor or mark)
        await hand_off(here, tr, "effect_uncertain", "this change was begun before on this ticket")
        moved = await tr.commit(desk.shell.pool, lease_s=0.0)
    crash_point("after_commit")
    before, now = desk.state.under_way, tr.state.under_way
    return moved, now is not None and (before is None or before.effect_key != now.effect_key)


async def _steps(desk: Desk, tr: Transition, *, fresh: bool) -> tuple[Desk, Mark]:
    """Step after step while nothing is written outside and nobody is waited for. Gives the last step's desk and start.

    Other systems are only read between two commits, so a crash costs no more than reading again.
    """
    here, mark = desk, tr.mark()
    for number in range(MAX_STEPS):
        try:
            await _step(here, tr, fresh=fresh)
        except ConnectorError as error:
            tr.rewind(mark)
            if number == 0:
                await _stall(desk, tr, error)
            # Else: the steps before are committed, and the failing one comes again, first in its own transition.
            break
        if not _goes_straight_on(desk, tr, here.state.step):
            break
        crash_point("between_steps")
        here, mark = msgspec.structs.replace(here, state=tr.state), tr.mark()
    tr.set(stalls=tr.state.stalls if tr.state.stalls != desk.state.stalls else 0)
    return here, mark


def _goes_straight_on(desk: Desk, tr: Transition, done: Step) -> bool:
    return (
        tr.status == "open"
        and tr.due_at == desk.now
        and tr.state.under_way is None
        and not tr.state.waiting_for
        and tr.state.step != done
        and tr.state.step in ("prepare", "execute", "finish")
    )


async def _step(desk: Desk, tr: Transition, *, fresh: bool) -> None:
    state = desk.state
    if state.silent and state.step == "understand":
        await hand_off(desk, tr, "limit_reached", state.silent)
        return
    if state.for_person and state.step in _AT_WORK and state.under_way is None:
        tr.set(for_person="")
        await hand_off(desk, tr, "unread_content", state.for_person)
        return
    if state.news and state.step in _AT_WORK and await _hear(desk, tr):
        return
    # What is still on its way out has not been asked yet: nothing can have answered it.
    if tr.state.step != "send" and tr.state.waiting_for and await _waited(desk, tr):
        return
    match tr.state.step:
        case "understand":
            await understand(desk, tr)
        case "prepare":
            await prepare(desk, tr)
        case "execute" if state.under_way is not None:
            async with leased(desk):
                await perform(desk, tr, fresh=fresh)
        case "execute":
            await execute(desk, tr)
        case "finish":
            await finish(desk, tr)
        case "send":
            await deliver(desk, tr)
        case "window":
            close_after_window(desk, tr)
        case "reopened":
            await hand_off(desk, tr, "reopened", "the requester came back after we had called it solved")
        case _:
            assert_never(tr.state.step)


_AT_WORK: Final = frozenset({"understand", "prepare", "execute", "finish"})
"""Steps in which a new message changes what we are about to do. What is leaving leaves first (`deliver`)."""


async def _hear(desk: Desk, tr: Transition) -> bool:
    """The requester wrote while we were at work. True when that alone was the step."""
    if desk.state.under_way is not None:
        return False  # what has been begun is brought to its end first
    tr.set(news=False)
    if any(request.run.acted for request in desk.state.requests):
        await hand_off(desk, tr, "wrote_again")
        return True
    tr.set(step="understand", waiting_for="", approval_id="")
    return False


async def _waited(desk: Desk, tr: Transition) -> bool:
    """What the ticket waited for has come, or the time for it has passed. True when that alone was the step."""
    waiting, answered = tr.state.waiting_for, await _latest_answer(desk)
    if waiting == "approval":
        tr.set(waiting_for="")
        return False
    if answered is None:
        await hand_off(desk, tr, "no_answer", f"waited for {waiting}")
        return True
    tr.set(waiting_for="")
    if waiting != "confirm":
        tr.set(step="understand")
        return False
    consent = read_consent(answered)
    tr.decided("consent", ConsentFacts(answer=answered), consent)
    if consent == "unclear":
        # Whoever adds a condition has changed the request: read it all again.
        tr.set(step="understand")
        return False
    tr.set(confirmed=consent == "yes", step="execute")
    return False


async def _latest_answer(desk: Desk) -> str | None:
    """The requester's message since we last wrote, None when there is none. What a machine sent is no answer."""
    async with tenant_transaction(desk.shell.pool, desk.runtime.tenant) as conn:
        messages = await t.messages(conn, tenant=desk.runtime.tenant, ticket_id=desk.ticket.ticket_id)
    spoken = [message for message in messages if message.author != "system"]
    return spoken[-1].text if spoken and spoken[-1].direction == "in" else None


async def _stall(desk: Desk, tr: Transition, error: ConnectorError) -> None:
    """Another system gave no answer before anything was decided: later again, and not for ever."""
    limits, stalls = desk.shell.limits, desk.state.stalls + 1
    if error.permanent or stalls > limits.max_stalls:
        await hand_off(desk, tr, "connector_failed", str(error))
        return
    wait_s = max(error.retry_after_s, min(limits.retry_first_s * 2 ** (stalls - 1), limits.retry_most_s))
    tr.leaf("stalled", {"stalls": stalls})
    tr.set(stalls=stalls)
    tr.status = "open"
    tr.due_at = desk.now + timedelta(seconds=wait_s * desk.shell.clock.speed)
