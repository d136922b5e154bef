"""A fault of our own in the middle of a transition: tried again a few times, then a person has the ticket.

Nothing of the failed transition was committed. Without this the ticket's lease would end and feed it to the same
fault for ever, with nobody told.
"""

import traceback
from datetime import timedelta

import psycopg
import structlog

from proofdesk.flows.context import Desk
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.transition import LostRace
from proofdesk.store import tables as t
from proofdesk.store.rows import TicketRow

MAX_FAULTS = 3
log = structlog.get_logger("resolve")


async def record_fault(desk: Desk, error: Exception) -> TicketRow | None:
    """Count the fault in a transition of its own: later again, or to a person. None when another worker was first.

    The log gets the error's type and place only: its text may quote what the requester wrote.
    """
    faults = desk.state.faults + 1
    log.error(
        "a transition failed",
        tenant=desk.runtime.tenant,
        ticket_id=str(desk.ticket.ticket_id),
        step=desk.state.step,
        faults=faults,
        **described(error),
    )
    try:
        if faults >= MAX_FAULTS:
            try:
                return await _give_away(desk, error, faults)
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError) as second:
                log.critical(
                    "a failing ticket could not be handed over",
                    tenant=desk.runtime.tenant,
                    ticket_id=str(desk.ticket.ticket_id),
                    **described(second),
                )
        return await _later(desk, error, faults)
    except LostRace:
        return None


def described(error: Exception) -> dict[str, str]:
    """Type and place of an error, and of a database's refusal its code and constraint; never its text."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "proofdesk" in f.filename] or list(frames)
    place = f"{ours[-1].filename.rsplit('/', 1)[-1]}:{ours[-1].lineno} {ours[-1].name}" if ours else ""
    found = {"error": type(error).__name__, "place": place}
    if isinstance(error, psycopg.Error):
        found["sqlstate"] = error.sqlstate or ""
        found["constraint"] = error.diag.constraint_name or ""
    return found


async def _later(desk: Desk, error: Exception, faults: int) -> TicketRow:
    limits = desk.shell.limits
    tr = desk.transition()
    tr.leaf("fault", {"faults": faults, "error": type(error).__name__})
    tr.set(faults=faults)
    wait_s = min(limits.retry_first_s * 2 ** (min(faults, MAX_FAULTS) - 1), limits.retry_most_s)
    if faults > MAX_FAULTS:
        wait_s = limits.retry_most_s
    tr.due_at = desk.now + timedelta(seconds=wait_s * desk.shell.clock.speed)
    return await tr.commit(desk.shell.pool, lease_s=0.0)


async def _give_away(desk: Desk, error: Exception, faults: int) -> TicketRow:
    tr = desk.transition()
    tr.leaf("fault", {"faults": faults, "error": type(error).__name__})
    under_way = tr.state.under_way
    tr.set(faults=faults, under_way=None, waiting_for="", approval_id="")
    if under_way is not None:
        kind = "compensation" if under_way.compensation else "effect"
        tr.leaf(f"{kind}.uncertain", {"action_id": under_way.effect_key, "state": "uncertain"})
        tr.put(
            t.settle_effect,
            effect_key=under_way.effect_key,
            state="uncertain",
            answer=None,
            receipt=None,
            now=desk.now,
        )
    place = described(error)["place"]
    reason = "internal_fault" if under_way is None else "effect_uncertain"
    await hand_off(desk, tr, reason, f"{type(error).__name__} at {place}, {faults} times in a row")
    return await tr.commit(desk.shell.pool, lease_s=0.0)
