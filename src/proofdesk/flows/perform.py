"""Makes the call of an intended effect and reads it back. The one place that writes to another system.

Fresh: this worker has just committed the intent, so nobody has called yet. Not fresh: somebody may have. Then class A
repeats under the same key, the others look first, and money is never sent twice on a guess.
"""

from datetime import timedelta
from typing import Any

import msgspec

from proofdesk.core.compensation import fate_of
from proofdesk.core.directive import Acted, ActFailed, LookedUp, LookupRefused, Outcome, Read, ReadBack
from proofdesk.core.effect_course import (
    Course,
    CourseFacts,
    LookFacts,
    Point,
    decide_course,
    expected_read_back,
    judge_look,
    may_have_arrived,
)
from proofdesk.core.interpreter import next_step, resume
from proofdesk.flows.context import Desk, access_leaf
from proofdesk.flows.crash import crash_point
from proofdesk.flows.drive import Accessed, drive, looked_up
from proofdesk.flows.execute import execute, known
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.in_force import InForce, NotUsable, in_force
from proofdesk.flows.prepare import facts_for, put
from proofdesk.flows.state import UnderWay
from proofdesk.flows.transition import Transition, canonical, hash_of
from proofdesk.ports import Answer, ConnectorError
from proofdesk.store import tables as t
from proofdesk.store.pool import jsonb, tenant_transaction


async def perform(desk: Desk, tr: Transition, *, fresh: bool) -> None:
    """Afterwards `tr` records what became of the effect, or when to try again."""
    under_way = tr.state.under_way
    assert under_way is not None
    rules = await in_force(desk, tr.state.requests[tr.state.current].run)
    if isinstance(rules, NotUsable):
        _settled(
            desk, tr, under_way, "given_up" if _course(desk, tr, "no_rules", fresh=fresh) == "given_up" else "uncertain"
        )
        tr.set(under_way=None)
        await hand_off(desk, tr, "procedure_error" if fresh else "effect_uncertain", rules.why)
        return
    act, office = under_way.act, rules.office
    # A change that this worker has just intended is called: there is nothing to decide.
    course = "call" if fresh else _course(desk, tr, "before_call", fresh=fresh)
    crash_point("before_call")
    if course == "let_it_arrive":
        _let_it_arrive(desk, tr, under_way, desk.runtime.back_office.capabilities()[act.capability].timeout_s)
        return
    if course == "look":
        await _reconcile(desk, tr, under_way, rules)
        return
    try:
        answer = await office.call(act.capability, in_one_order(act.args), key=under_way.effect_key)
    except ConnectorError as error:
        await _no_answer(desk, tr, under_way, rules, error, fresh=fresh)
        return
    crash_point("after_call")
    if isinstance(answer, Answer):
        await _prove(desk, tr, under_way, rules, answer)
        return
    if _course(desk, tr, "refused", fresh=fresh) == "look_last":
        await _reconcile(desk, tr, under_way, rules, last=True)
        return
    _settled(desk, tr, under_way, "refused", answer={"code": answer.code, "message": answer.message})
    tr.set(under_way=None)
    await execute(desk, tr, ActFailed(code="refused_by_system", message=f"{answer.code}: {answer.message}"))


def _course(
    desk: Desk, tr: Transition, point: Point, *, fresh: bool, error: ConnectorError | None = None, attempts: int = 0
) -> Course:
    """How it goes on with the effect under way, as a decision of the ticket."""
    under_way = tr.state.under_way
    assert under_way is not None
    capability = desk.runtime.back_office.capabilities().get(under_way.act.capability)
    facts = CourseFacts(
        point=point,
        fresh=fresh,
        idempotency=capability.idempotency if capability else "",
        tries=under_way.tries,
        in_doubt=under_way.in_doubt,
        permanent=error is not None and error.permanent,
        uncertain=error is not None and error.uncertain,
        attempts=attempts,
        max_attempts=desk.shell.limits.max_effect_attempts,
    )
    course = decide_course(facts)
    tr.decided("effect", facts, course)
    return course


def in_one_order(args: dict[str, Any]) -> dict[str, Any]:
    """The same bytes whoever sends it: the database keeps no order of keys, and a repeat under one idempotency key
    must be the same request."""
    ordered: dict[str, Any] = msgspec.json.decode(canonical(args))
    return ordered


async def _prove(desk: Desk, tr: Transition, under_way: UnderWay, rules: InForce, answer: Answer) -> None:
    """The other system said yes: read it back before anybody is told."""
    place = tr.state.current
    request = tr.state.requests[place]
    procedure, facts = rules.procedure, facts_for(desk, tr, request)
    given, output, reads = await drive(
        procedure, request.run, facts, Acted(value=answer.value), desk.runtime.evaluate, rules.office
    )
    tr.decided("procedure", given, output)
    put(tr, place, run=output.run)
    if not isinstance(output.directive, ReadBack):
        _settled(desk, tr, under_way, "uncertain", answer=answer.value)
        tr.set(under_way=None)
        reason = "compensation_failed" if under_way.compensation else "read_back_failed"
        await hand_off(desk, tr, reason, "no read-back could be made")
        return
    read_back = output.directive
    found = await _read(desk, read_back)
    access_leaf(tr, [*reads, Accessed(capability=read_back.capability, args_hash=hash_of(read_back.args))])
    crash_point("after_read_back")
    proven_run, _ = next_step(procedure, resume(procedure, output.run, found), facts, desk.runtime.evaluate)
    fate = fate_of(proven_run, read_back.step)
    proven = fate == "undone" if under_way.compensation else read_back.step in proven_run.acted
    args_hmac = tr.keyed(hash_of(read_back.args))
    receipt = {"capability": read_back.capability, "args_hmac": args_hmac, "at": tr.now.isoformat()}
    if isinstance(found, Read):
        receipt["value_hmac"] = tr.keyed(hash_of(found.value))
    _settled(desk, tr, under_way, "confirmed" if proven else "uncertain", answer=answer.value, receipt=receipt)
    if under_way.compensation:
        known(tr, under_way.undoes, fate)
    elif proven:
        put(tr, place, effects={**request.effects, read_back.step: under_way.effect_key})
    tr.set(under_way=None)
    tr.floor = tr.mark()
    await execute(desk, tr, found)


async def _read(desk: Desk, read_back: ReadBack) -> Outcome:
    """Read with a view that can do nothing but this read. No answer counts as not found, never as proof."""
    office = desk.runtime.scoped(frozenset({read_back.capability}))
    try:
        answer = looked_up(await office.call(read_back.capability, read_back.args))
    except ConnectorError as error:
        return LookupRefused(code="unavailable", message=str(error))
    return Read(value=answer.value) if isinstance(answer, LookedUp) else answer


async def _reconcile(desk: Desk, tr: Transition, under_way: UnderWay, rules: InForce, *, last: bool = False) -> None:
    """It is unknown whether the call went out: look whether the change is there. `last`: nothing is repeated."""
    request, evaluate = tr.state.requests[tr.state.current], desk.runtime.evaluate
    facts = facts_for(desk, tr, request)
    _, directive = expected_read_back(rules.procedure, request.run, facts, evaluate)
    looked = LookFacts(
        run=request.run,
        facts=facts,
        found=await _read(desk, directive) if isinstance(directive, ReadBack) else None,
        compensation=under_way.compensation,
        last=last,
        idempotency=desk.runtime.back_office.capabilities()[under_way.act.capability].idempotency,
        amount_minor=under_way.act.amount_minor,
    )
    seen = judge_look(rules.procedure, looked, evaluate)
    tr.decided("look", looked, seen)
    match seen:
        case "there":
            await _prove(desk, tr, under_way, rules, Answer(value={}, operation="reconciled"))
        case "repeat":
            await perform(desk, tr, fresh=True)
        case "uncertain":
            _settled(desk, tr, under_way, "uncertain")
            tr.set(under_way=None)
            await hand_off(desk, tr, "effect_uncertain", under_way.act.capability)


async def _no_answer(
    desk: Desk, tr: Transition, under_way: UnderWay, rules: InForce, error: ConnectorError, *, fresh: bool
) -> None:
    limits = desk.shell.limits
    async with tenant_transaction(desk.shell.pool, desk.runtime.tenant) as conn:
        row = await t.load_effect(conn, tenant=desk.runtime.tenant, effect_key=under_way.effect_key)
    attempts = (row.attempts if row else 0) + 1
    course = _course(desk, tr, "unanswered", fresh=fresh, error=error, attempts=attempts)
    if course == "look_last":
        await _reconcile(desk, tr, under_way, rules, last=True)
        return
    if course == "given_up":
        _settled(desk, tr, under_way, "given_up")
        tr.set(under_way=None)
        await execute(desk, tr, ActFailed(code="connector_failed", message=str(error)))
        return
    tr.leaf("effect.unanswered", {"action_id": under_way.effect_key, "attempt": attempts, "uncertain": error.uncertain})
    doubt = error.uncertain or may_have_arrived(fresh=fresh, tries=under_way.tries, in_doubt=under_way.in_doubt)
    tr.set(under_way=msgspec.structs.replace(under_way, tries=under_way.tries + 1, in_doubt=doubt))
    tr.put(t.attempt_effect, effect_key=under_way.effect_key, now=desk.now)
    wait_s = max(error.retry_after_s, min(limits.retry_first_s * 2 ** (attempts - 1), limits.retry_most_s))
    capability = desk.runtime.back_office.capabilities()[under_way.act.capability]
    if error.uncertain and capability.idempotency in ("C", "D"):
        # It may still be on its way or at work: a read-back that comes too early would not see it.
        wait_s = max(wait_s, capability.timeout_s)
    tr.status = "open"
    # From now, not from before the call: that it took long is no part of the pause.
    tr.due_at = desk.shell.clock.now() + timedelta(seconds=wait_s * desk.shell.clock.speed)


def _let_it_arrive(desk: Desk, tr: Transition, under_way: UnderWay, timeout_s: float) -> None:
    """The worker that intended it died: its call may have just left, so the read-back waits as long as a call may."""
    tr.leaf("effect.unanswered", {"action_id": under_way.effect_key, "attempt": 1, "uncertain": True})
    tr.set(under_way=msgspec.structs.replace(under_way, tries=1, in_doubt=True))
    tr.put(t.attempt_effect, effect_key=under_way.effect_key, now=desk.now)
    tr.status = "open"
    tr.due_at = desk.now + timedelta(seconds=timeout_s * desk.shell.clock.speed)


def _settled(
    desk: Desk, tr: Transition, under_way: UnderWay, state: str, *, answer: Any = None, receipt: Any = None
) -> None:
    """Write what became of the effect: its row, its leaf, its reservation, and what it compensated."""
    key = under_way.effect_key
    body: dict[str, Any] = {"action_id": key, "state": state}
    if receipt is not None:
        body["read_back_hmac"] = tr.keyed(hash_of(receipt))
    tr.leaf(f"effect.{state}" if not under_way.compensation else f"compensation.{state}", body)
    tr.put(
        t.settle_effect,
        effect_key=key,
        state=state,
        answer=jsonb(answer),
        receipt=jsonb(receipt) if receipt is not None else None,
        now=desk.now,
    )
    if under_way.compensation and state == "confirmed":
        tr.leaf("effect.compensated", {"action_id": under_way.undoes, "state": "compensated", "by": key})
        tr.put(t.mark_compensated, effect_key=under_way.undoes, now=desk.now)
        tr.put(t.return_reservation, effect_key=under_way.undoes)
    elif under_way.compensation and state in ("refused", "given_up"):
        known(tr, under_way.undoes, "standing")
    if under_way.act.amount_minor and state != "uncertain":
        reservation = "spent" if state == "confirmed" else "released"
        tr.put(t.settle_reservation, effect_key=key, state=reservation)
