"""From messages to a plan: signs that need a person, who wrote, what they want, and whether we may act on it."""

import asyncio
import re
from datetime import timedelta

import msgspec

from proofdesk.core.address import mailbox_key
from proofdesk.core.authentication import NeedCode, Sender, Unauthenticated
from proofdesk.core.interpreter import start
from proofdesk.core.one_time_code import Accepted, IssuedCode, code_digits, decide_code
from proofdesk.core.plan import ActOn, AskRequester, CannotBe, HandOver, Nothing, decide_plan, one_wish
from proofdesk.core.priority import CRITICAL_SIGNALS
from proofdesk.core.reading import Reading
from proofdesk.core.records import Records
from proofdesk.core.triage import TriageFacts
from proofdesk.core.unproven import SendCode, UnprovenFacts, decide_unproven
from proofdesk.flows.context import Desk, access_leaf
from proofdesk.flows.foresee import foresee
from proofdesk.flows.handoff import hand_off
from proofdesk.flows.identity import Identity, identify
from proofdesk.flows.look import joined, look_at, not_triaged, plan_facts, read_ticket, triage_facts, worth_foreseeing
from proofdesk.flows.prioritise import prioritise_ticket
from proofdesk.flows.redacted import known_of
from proofdesk.flows.state import After, RequestState
from proofdesk.flows.talk import CODE, CODE_SENT, MISREAD, WELCOME, identity_question, in_language, send
from proofdesk.flows.transition import Transition
from proofdesk.ports import ConnectorError
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction

READ_AT_ONCE_CHARS = 4_000
"""More than this is read in a thread: 20,000 characters take about 100 ms, in which the event loop would serve nobody.
Up to here it takes some 20 ms, and a thread would only cost."""
_CODE = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}(?!\d)")


class CodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the judgement of a one-time code: with the installation's key for codes it gives the verdict again."""

    code: IssuedCode
    given: str
    at_s: int


async def understand(desk: Desk, tr: Transition) -> None:
    """Read the ticket as it stands now; afterwards `tr` prepares the requests, asks, or hands over."""
    texts = await _inbound(desk)
    seen = look_at(desk.runtime, texts)
    language, signals = seen.language, seen.signals
    tr.set(language=language, waiting_for="", confirmed=False, requests=(), current=0)
    tr.set(signals=tuple(dict.fromkeys(signal.code for signal in signals)))
    tr.set(tone=desk.runtime.tone_of(seen.whole, language), issue_type=desk.runtime.issue_type_of(seen.whole))
    # The model is asked only where rules and signs leave something open: it costs more than all of them together.
    triage = not_triaged(signals)
    if seen.course == "person":
        await _whose_incident(desk, tr, texts)
        prioritise_ticket(desk, tr)
        await _follow_plan(desk, tr, Reading(signals=signals, language=language), triage)
        return
    if seen.course == "thanks":
        prioritise_ticket(desk, tr)
        await _follow_plan(desk, tr, Reading(signals=signals, language=language), triage, only_thanks=True)
        return
    identity = await _identity(desk, tr, texts)
    access_leaf(tr, identity.accesses)
    if identity.records is None:
        prioritise_ticket(desk, tr)
        await _without_identity(desk, tr, identity, triage_facts(desk.runtime, texts[0], signals))
        return
    records = identity.records
    _recognised(tr, identity, records)
    prioritise_ticket(desk, tr)
    if sum(map(len, texts)) <= READ_AT_ONCE_CHARS:
        reading = read_ticket(desk.runtime, texts, records, seen)
    else:
        reading = await asyncio.to_thread(read_ticket, desk.runtime, texts, records, seen)
    if not reading.requests:
        triage = triage_facts(desk.runtime, texts[0], signals)
    await _follow_plan(desk, tr, reading, triage)


async def _whose_incident(desk: Desk, tr: Transition, texts: list[str]) -> None:
    """Incident management must know whose service is down; other signs need nobody's records."""
    if not CRITICAL_SIGNALS.intersection(tr.state.signals) or "prompt_injection" in tr.state.signals:
        return
    try:
        identity = await _identity(desk, tr, texts)
    except ConnectorError:
        return  # their own outage may be ours too: a person gets it without the records, but gets it now
    access_leaf(tr, identity.accesses)
    if identity.records is not None:
        _recognised(tr, identity, identity.records)


def _recognised(tr: Transition, identity: Identity, records: Records) -> None:
    method = identity.verdict.method  # type: ignore[union-attr]  # records are there for the authenticated only
    tr.set(requester=records.requester, known=known_of(records), authenticated_by=method)


async def _inbound(desk: Desk) -> list[str]:
    async with tenant_transaction(desk.shell.pool, desk.runtime.tenant) as conn:
        messages = await t.messages(conn, tenant=desk.runtime.tenant, ticket_id=desk.ticket.ticket_id)
    return [message.text for message in messages if message.author == "requester"]


async def _identity(desk: Desk, tr: Transition, texts: list[str]) -> Identity:
    claims = desk.runtime.reader.claims(joined(texts))
    _try_code(desk, tr, texts)
    ticket = desk.ticket
    sender = Sender(
        address=ticket.sender if ticket.channel == "email" or ticket.sender_verified else "",
        proven=ticket.sender_verified,
        confirmed_address=tr.state.confirmed_address,
    )
    identity = await identify(desk.runtime, claims, sender)
    tr.decided("authentication", identity.facts, identity.verdict)
    return identity


def _try_code(desk: Desk, tr: Transition, texts: list[str]) -> None:
    """If a code is on its way and the newest message brings six digits, judge them."""
    code = tr.state.code
    given = _CODE.search(texts[-1]) if code is not None and len(texts) > 1 else None
    if code is None or given is None:
        return
    facts = CodeFacts(code=code, given=given.group(), at_s=int(desk.now.timestamp()))
    judged = decide_code(desk.shell.keys.codes, facts.code, facts.given, facts.at_s)
    tr.decided("code", facts, judged)
    if isinstance(judged, Accepted):
        tr.set(confirmed_address=judged.address, code=None)
        tr.leaf("authentication.code", {"accepted": True})
    else:
        tr.set(code=judged.code)
        tr.leaf("authentication.code", {"accepted": False, "reason": judged.reason})


async def _without_identity(desk: Desk, tr: Transition, identity: Identity, triage: TriageFacts) -> None:
    settings = desk.runtime.settings
    facts = await _unproven_facts(desk, tr, identity, triage)
    decided = decide_unproven(facts)
    tr.decided("unproven", facts, decided)
    if isinstance(decided, HandOver):
        await hand_off(desk, tr, decided.reason, decided.note)
        return
    wait = After(status="waiting_requester", step="understand", wait_s=settings.answer_wait_h * 3600.0)
    if isinstance(decided, SendCode):
        code = decided.code
        tr.set(code=code, waiting_for="code", asked=tr.state.asked + 1)
        digits = code_digits(desk.shell.keys.codes, code)
        send(desk, tr, in_language(CODE, tr.state.language).replace("{code}", digits), wait, to=code.address)
        if mailbox_key(desk.ticket.sender) != mailbox_key(code.address):
            send(desk, tr, in_language(CODE_SENT, tr.state.language), wait)
        return
    tr.set(waiting_for="identity", asked=tr.state.asked + 1)
    send(desk, tr, identity_question(settings.authentication, tr.state.language), wait)


async def _unproven_facts(desk: Desk, tr: Transition, identity: Identity, triage: TriageFacts) -> UnprovenFacts:
    settings, verdict = desk.runtime.settings, identity.verdict
    code_to = verdict.address if isinstance(verdict, NeedCode) and "email" in desk.runtime.channels else ""
    return UnprovenFacts(
        ticket_id=str(desk.ticket.ticket_id),
        at_s=int(desk.now.timestamp()),
        asked=tr.state.asked,
        max_questions=settings.max_questions,
        claimed=bool(identity.facts.claims),
        model_hash=triage.model_hash,
        in_scope_ppm=triage.in_scope_ppm,
        least_in_scope_ppm=settings.thresholds.in_scope_ppm,
        reason=verdict.reason if isinstance(verdict, Unauthenticated) else "",
        code_to=code_to,
        code=tr.state.code,
        codes_today=await _codes_to(desk, code_to) if code_to else 0,
    )


async def _codes_to(desk: Desk, address: str) -> int:
    """Codes sent to `address` within a day, whatever ticket asked for them."""
    since = desk.now - timedelta(days=1)
    async with tenant_transaction(desk.shell.pool, desk.runtime.tenant) as conn:
        return (await t.codes_to(conn, tenant=desk.runtime.tenant, address=address, since=since)).n


async def _follow_plan(
    desk: Desk, tr: Transition, reading: Reading, triage: TriageFacts, *, only_thanks: bool = False
) -> None:
    settings = desk.runtime.settings
    facts = plan_facts(settings, reading, triage, asked=tr.state.asked, only_thanks=only_thanks)
    plan = decide_plan(facts)
    refused: tuple[RequestState, ...] = ()
    if worth_foreseeing(plan):
        refused = await foresee(desk, tr, one_wish(reading))
        facts = msgspec.structs.replace(facts, foreseen=tuple(each.request.id for each in refused))
        plan = decide_plan(facts) if refused else plan
    tr.decided("plan", facts, plan)
    tr.set(reading=reading)
    match plan:
        case CannotBe():
            misread = in_language(MISREAD, tr.state.language)
            last = msgspec.structs.replace(refused[-1], replies=(*refused[-1].replies, misread))
            tr.set(step="finish", requests=(*refused[:-1], last))
            tr.status = "open"
        case HandOver():
            await hand_off(desk, tr, plan.reason, plan.note)
        case Nothing():
            # No claim of a resolution is made, so nothing can ever be billed for it.
            window = float(settings.contract.reversal_window_s) + 1
            send(
                desk, tr, in_language(WELCOME, tr.state.language), After(status="solved", step="window", wait_s=window)
            )
        case AskRequester():
            tr.set(waiting_for="slot", asked=tr.state.asked + 1)
            wait = After(status="waiting_requester", step="understand", wait_s=settings.answer_wait_h * 3600.0)
            send(desk, tr, plan.question, wait)
        case ActOn():
            requests = tuple(
                RequestState(request=request, run=start(desk.runtime.procedures[request.procedure]))
                for request in plan.requests
            )
            tr.set(step="prepare", requests=requests, confidence_ppm=plan.confidence_ppm)
            tr.status = "open"
