"""Brings every request as far as it goes without writing anything, then asks for the missing or confirms the whole.

Nothing is written for any request before all of them are ready: a ticket is answered as one.
"""

import msgspec

from proofdesk.core.directive import Act, Ask, Authenticate, Close, Confirm, Directive, Escalate, Facts, Refuse, Run
from proofdesk.flows.clock import iso
from proofdesk.flows.context import Desk, access_leaf
from proofdesk.flows.drive import Accessed, drive
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.in_force import NotUsable, in_force
from proofdesk.flows.rollout import held_back
from proofdesk.flows.state import After, RequestState
from proofdesk.flows.talk import confirmation, send
from proofdesk.flows.transition import Transition


async def prepare(desk: Desk, tr: Transition) -> None:
    """Afterwards `tr` executes, asks, waits for a yes, finishes, or hands over."""
    accesses: list[Accessed] = []
    held = await held_back(desk, tr)
    for place, request in enumerate(tr.state.requests):
        if request.status == "running":
            directive = await _advance(desk, tr, place, accesses)
            if held is not None:
                put(tr, place, status="escalated", reason=held.held, summary=_would(directive))
            elif await _stopped(desk, tr, place, directive):
                break
    if held is not None:
        access_leaf(tr, accesses)
        await hand_off(desk, tr, held.held, proposed(tr))
        return
    access_leaf(tr, accesses)
    if tr.status in ("waiting_requester", "handed_off") or tr.state.step == "send":
        return
    summaries = [request.summary for request in tr.state.requests if request.status == "confirm"]
    if summaries and not tr.state.confirmed:
        tr.set(waiting_for="confirm", asked=tr.state.asked + 1)
        wait_s = desk.runtime.settings.answer_wait_h * 3600.0
        after = After(status="waiting_requester", step="execute", wait_s=wait_s)
        send(desk, tr, confirmation(summaries, tr.state.language), after)
        return
    tr.set(step="execute" if any(r.status in ("ready", "confirm") for r in tr.state.requests) else "finish", current=0)
    tr.status = "open"


def proposed(tr: Transition) -> str:
    """What the worker would have done, for the person who answers in its place."""
    return "; ".join(f"{r.run.procedure}: {r.summary}" for r in tr.state.requests if r.summary)


def _would(directive: Directive) -> str:
    """The next thing that would have happened, in words."""
    match directive:
        case Confirm():
            return directive.summary
        case Act():
            return f"would do {directive.capability}"
        case Refuse():
            return f"would refuse: {directive.text}"
        case Ask():
            return f"would ask: {directive.question}"
        case Escalate():
            return f"would hand over: {directive.reason}"
        case Authenticate():
            return "would ask for proof of identity"
        case _:
            return "would answer and close"


async def _advance(desk: Desk, tr: Transition, place: int, accesses: list[Accessed]) -> Directive:
    request = tr.state.requests[place]
    rules = await in_force(desk, request.run)
    if isinstance(rules, NotUsable):
        return Escalate(step="", reason="procedure_error", note=rules.why)
    facts = facts_for(desk, tr, request)
    given, output, reads = await drive(rules.procedure, request.run, facts, None, desk.runtime.evaluate, rules.office)
    accesses += reads
    tr.decided("procedure", given, output)
    put(tr, place, run=output.run, replies=(*request.replies, *output.replies))
    return output.directive


async def _stopped(desk: Desk, tr: Transition, place: int, directive: Directive) -> bool:
    """Note where the request stands; True when the ticket cannot go on without its requester or a person."""
    settings = desk.runtime.settings
    match directive:
        case Confirm():
            put(tr, place, status="confirm", summary=directive.summary)
        case Act() if tr.state.unproven:
            # Whoever forged that mail may have asked for this; a procedure that confirms would have asked before.
            await hand_off(desk, tr, "unauthenticated", "a mail in this ticket does not prove its sender")
            return True
        case Act():
            put(tr, place, status="ready")
        case Close():
            put(tr, place, status="informed" if directive.outcome == "informed" else "done")
        case Refuse() if any(earlier.status in ("confirm", "ready") for earlier in tr.state.requests[:place]):
            # Started anew, by the same version.
            run = tr.state.requests[place].run
            anew = Run(procedure=run.procedure, version=run.version, procedure_hash=run.procedure_hash)
            put(tr, place, status="later", run=anew, replies=())
        case Refuse():
            put(
                tr,
                place,
                status="refused",
                reason=directive.reason,
                replies=(*tr.state.requests[place].replies, directive.text),
            )
        case Ask() if tr.state.asked < settings.max_questions:
            tr.set(waiting_for="slot", asked=tr.state.asked + 1)
            wait = After(status="waiting_requester", step="understand", wait_s=settings.answer_wait_h * 3600.0)
            send(desk, tr, directive.question, wait)
            return True
        case Ask():
            await hand_off(desk, tr, "missing_information", directive.slot)
            return True
        case Authenticate():
            await hand_off(desk, tr, "unauthenticated", "needs " + ", ".join(directive.methods))
            return True
        case Escalate():
            put(tr, place, status="escalated", reason=directive.reason)
            await hand_off(desk, tr, directive.reason, directive.note)
            return True
        case _:
            raise AssertionError(f"a procedure that has not acted cannot give {type(directive).__name__}")
    return False


def put(tr: Transition, place: int, **changes: object) -> None:
    """Change one request of the ticket's state."""
    requests = list(tr.state.requests)
    requests[place] = msgspec.structs.replace(requests[place], **changes)
    tr.set(requests=tuple(requests))


def facts_for(desk: Desk, tr: Transition, request: RequestState) -> Facts:
    return Facts(
        slots=request.request.slots,
        requester=tr.state.requester,
        authenticated_by=tr.state.authenticated_by,
        now=iso(desk.now),
        language=tr.state.language,
    )
