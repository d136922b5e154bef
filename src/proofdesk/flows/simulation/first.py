"""The first decision on one past ticket, by the functions that decide live tickets."""

from collections.abc import Callable, Sequence

import msgspec

from proofdesk.core.authentication import Authenticated, NeedCode, Sender, Unauthenticated
from proofdesk.core.directive import (
    Act,
    Ask,
    Authenticate,
    Close,
    Confirm,
    Confirmed,
    Directive,
    Escalate,
    Facts,
    Refuse,
    Run,
)
from proofdesk.core.interpreter import start
from proofdesk.core.plan import ActOn, AskRequester, CannotBe, HandOver, Nothing, Plan, decide_plan, one_wish
from proofdesk.core.reading import Reading, Request
from proofdesk.core.records import Records
from proofdesk.core.simulation.values import Case, Course, Decided, Guess
from proofdesk.core.triage import OutOfScope, Proceed, TriageConfig, TriageFacts, Unsure, decide_triage
from proofdesk.core.unproven import AskWhoItIs, SendCode, UnprovenFacts, decide_unproven
from proofdesk.flows.clock import iso
from proofdesk.flows.drive import drive
from proofdesk.flows.fault import described
from proofdesk.flows.foresee import refusals
from proofdesk.flows.identity import identity_from
from proofdesk.flows.in_force import InForce, NotUsable, usable
from proofdesk.flows.look import (
    MAX_READ_CHARS,
    Look,
    look_at,
    not_triaged,
    plan_facts,
    read_ticket,
    triage_facts,
    worth_foreseeing,
)
from proofdesk.flows.simulation.batch import BatchModel
from proofdesk.flows.simulation.office import NotRecorded, PastOffice
from proofdesk.flows.simulation.past import PastTicket
from proofdesk.flows.tenancy import Runtime
from proofdesk.ports import BackOffice

MAX_REQUESTS = 20
Begun = Callable[[Request], tuple[Run, Facts]]
"""The run and the facts a request's procedure begins with."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket replayed: the case for the figures, and what a person needs to follow it."""

    case: Case
    language: str
    signals: tuple[str, ...]
    authenticated_by: str
    reading: Reading | None
    plan: Plan | None
    steps: tuple[str, ...]
    """What the procedures came to, and what was not known, in words."""


class _Trace(msgspec.Struct, kw_only=True):
    """What is gathered on the way. Mutable and private to one ticket."""

    authenticated_by: str = ""
    reading: Reading | None = None
    plan: Plan | None = None
    steps: list[str] = msgspec.field(default_factory=list)


async def first_decision(
    runtime: Runtime, config: TriageConfig, ticket: PastTicket, office: BackOffice | None = None
) -> Replayed:
    """`runtime.model`, where there is one, is a BatchModel that was prepared with the ticket's text.

    `office`: who answers look-ups (default: what the ticket's row recorded).
    """
    past = office or PastOffice(runtime.back_office.capabilities(), ticket.lookups)
    runtime = msgspec.structs.replace(runtime, back_office=past, scoped=lambda _: past)
    seen = look_at(runtime, [ticket.text])
    triage = triage_facts(runtime, ticket.text, seen.signals)
    trace = _Trace()
    try:
        decided = await _decided(runtime, ticket, seen, triage, trace)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError) as error:
        # As live: a fault of our own ends with a person.
        fault = described(error)
        trace.steps.append(f"a fault of our own: {fault['error']} at {fault['place']}")
        decided = Decided(kind="hand_over", reason="internal_fault")
    case = Case(
        id=ticket.id,
        at=iso(ticket.at),
        channel=ticket.channel,
        human=ticket.human,
        solved=ticket.solved,
        amount_minor=(ticket.human.amount_minor if ticket.human else 0) or decided.amount_minor,
        decided=decided,
        guess=_guess(runtime, config, ticket, seen, triage),
    )
    return Replayed(
        case=case,
        language=seen.language,
        signals=tuple(dict.fromkeys(signal.code for signal in seen.signals)),
        authenticated_by=trace.authenticated_by,
        reading=trace.reading,
        plan=trace.plan,
        steps=tuple(trace.steps),
    )


def _guess(runtime: Runtime, config: TriageConfig, ticket: PastTicket, seen: Look, triage: TriageFacts) -> Guess:
    course: Course
    match decide_triage(triage, config):
        case _ if seen.course == "thanks":
            course = "thanks"
        case Proceed():
            course = "proceed"
        case Unsure():
            course = "unsure"
        case OutOfScope():
            course = "out_of_scope"
        case _:
            course = "human_first"
    best = triage.scores[0] if triage.scores else None
    model = runtime.model
    return Guess(
        intent=best.intent if best else "",
        score_ppm=best.score_ppm if best else 0,
        in_scope_ppm=triage.in_scope_ppm,
        course=course,
        encoding=model.encoding(ticket.text[:MAX_READ_CHARS]) if isinstance(model, BatchModel) else "none",
    )


async def _decided(runtime: Runtime, ticket: PastTicket, seen: Look, triage: TriageFacts, trace: _Trace) -> Decided:
    settings = runtime.settings
    if seen.course != "read":
        reading = Reading(signals=seen.signals, language=seen.language)
        thanks = seen.course == "thanks"
        trace.plan = decide_plan(plan_facts(settings, reading, not_triaged(seen.signals), asked=0, only_thanks=thanks))
        return _plain(trace.plan)
    if ticket.records is None:
        trace.steps.append("would look up the requester's records: unknown")
        return Decided(kind="unknown", unknown=("records",), reason="records are not in the export")
    records = await _proven(runtime, ticket, ticket.records, seen, triage, trace)
    if isinstance(records, Decided):
        return records
    reading = read_ticket(runtime, [ticket.text], records, seen)
    trace.reading = reading
    facts = plan_facts(settings, reading, not_triaged(seen.signals) if reading.requests else triage, asked=0)
    plan = decide_plan(facts)

    def begun(request: Request) -> tuple[Run, Facts]:
        return start(runtime.procedures[request.procedure]), _facts(ticket, records, request, seen, trace)

    async def rules_of(run: Run) -> InForce | NotUsable:
        return usable(runtime, runtime.procedures[run.procedure])

    try:
        if worth_foreseeing(plan):
            foreseen = await refusals(one_wish(reading), begun, rules_of, runtime.evaluate)
            ids = tuple(request.id for request, *_ in foreseen.refused)
            plan = decide_plan(msgspec.structs.replace(facts, foreseen=ids)) if ids else plan
    except NotRecorded as unknown:
        trace.plan = plan
        return _not_known(plan, unknown, trace)
    trace.plan = plan
    if isinstance(plan, ActOn):
        return await _performed(runtime, plan, begun, trace)
    return _plain(plan)


async def _proven(
    runtime: Runtime, ticket: PastTicket, records: Records, seen: Look, triage: TriageFacts, trace: _Trace
) -> Records | Decided:
    """The records, where the writer is proven to be whose they are, else what would have been decided."""
    settings = runtime.settings
    claims = runtime.reader.claims(seen.whole)
    addressed = ticket.channel == "email" or bool(ticket.verified)
    sender = Sender(address=ticket.requester if addressed else "", proven=bool(ticket.verified))
    identity = identity_from(settings.authentication, claims, sender, [records])
    verdict = identity.verdict
    if isinstance(verdict, Authenticated):
        trace.authenticated_by = verdict.method
        return records
    if ticket.verified is None:
        trace.steps.append("would ask the channel whether the sender is proven: unknown")
        return Decided(
            kind="unknown", unknown=("verified",), reason="whether the sender was proven is not in the export"
        )
    decided = decide_unproven(
        UnprovenFacts(
            ticket_id=ticket.id,
            at_s=int(ticket.at.timestamp()),
            asked=0,
            max_questions=settings.max_questions,
            claimed=bool(identity.facts.claims),
            model_hash=triage.model_hash,
            in_scope_ppm=triage.in_scope_ppm,
            least_in_scope_ppm=settings.thresholds.in_scope_ppm,
            reason=verdict.reason if isinstance(verdict, Unauthenticated) else "",
            code_to=verdict.address if isinstance(verdict, NeedCode) and settings.email is not None else "",
        )
    )
    match decided:
        case HandOver():
            return _plain(decided)
        case SendCode():
            return Decided(kind="ask", reason="one_time_code")
        case AskWhoItIs():
            return Decided(kind="ask", reason="identity")


async def _performed(runtime: Runtime, plan: ActOn, begun: Begun, trace: _Trace) -> Decided:
    """Every request as far as it goes without writing; an act that waits for a yes is looked at as if it were given."""
    ends: list[Directive] = []
    acts: list[Act] = []
    missing: list[str] = []
    for request in plan.requests[:MAX_REQUESTS]:
        run, facts = begun(request)
        rules = usable(runtime, runtime.procedures[request.procedure])
        if isinstance(rules, NotUsable):
            return Decided(kind="hand_over", reason="procedure_error", intents=_intents(plan))
        try:
            _, output, _ = await drive(rules.procedure, run, facts, None, runtime.evaluate, rules.office)
        except NotRecorded as unknown:
            return _not_known(plan, unknown, trace)
        end = output.directive
        trace.steps.append(f"{request.procedure}: {type(end).__name__.lower()}{_why(end)}")
        ends.append(end)
        if isinstance(end, Confirm):
            try:
                yes = Confirmed(yes=True)
                _, output, _ = await drive(rules.procedure, output.run, facts, yes, runtime.evaluate, rules.office)
                end = output.directive
                trace.steps.append(f"{request.procedure}: after a yes {type(end).__name__.lower()}{_why(end)}")
            except NotRecorded as unknown:
                missing.append(unknown.capability)
                trace.steps.append(f"{request.procedure}: after a yes it {unknown}")
        if isinstance(end, Act):
            acts.append(end)
        if isinstance(ends[-1], Ask | Authenticate | Escalate):
            break
    return _outcome(plan, ends, acts, tuple(missing))


def _outcome(plan: ActOn, ends: Sequence[Directive], acts: Sequence[Act], missing: tuple[str, ...]) -> Decided:
    last, intents, sure = ends[-1], _intents(plan), plan.confidence_ppm
    match last:
        case Ask():
            return Decided(kind="ask", reason=last.slot, intents=intents)
        case Authenticate():
            return Decided(kind="hand_over", reason="unauthenticated", intents=intents)
        case Escalate():
            return Decided(kind="hand_over", reason=last.reason, intents=intents)
        case _ if any(isinstance(end, Act | Confirm) for end in ends):
            return Decided(
                kind="act",
                intents=intents,
                actions=tuple(act.capability for act in acts),
                amount_minor=sum(act.amount_minor for act in acts),
                confidence_ppm=sure,
                unknown=missing,
            )
        case Refuse():
            return Decided(kind="refuse", reason=last.reason, intents=intents, confidence_ppm=sure)
        case Close():
            return Decided(kind="answer", intents=intents, confidence_ppm=sure)
        case _:
            raise AssertionError(f"a procedure that has not acted cannot give {type(last).__name__}")


def _plain(plan: Plan) -> Decided:
    match plan:
        case HandOver(reason="out_of_scope"):
            return Decided(kind="out_of_scope", reason="out_of_scope")
        case HandOver():
            return Decided(kind="hand_over", reason=plan.reason)
        case AskRequester():
            return Decided(kind="ask", reason=plan.slot)
        case Nothing():
            return Decided(kind="nothing")
        case CannotBe():
            return Decided(kind="refuse", reason="cannot_be", intents=_intents(plan))
        case ActOn():
            raise AssertionError("requests to act on are performed, not summed up")


def _not_known(plan: Plan, unknown: NotRecorded, trace: _Trace) -> Decided:
    trace.steps.append(str(unknown))
    intents = _intents(plan) if isinstance(plan, ActOn) else ()
    return Decided(kind="unknown", intents=intents, unknown=(unknown.capability,), reason=str(unknown))


def _facts(ticket: PastTicket, records: Records, request: Request, seen: Look, trace: _Trace) -> Facts:
    return Facts(
        slots=request.slots,
        requester=records.requester,
        authenticated_by=trace.authenticated_by,
        now=iso(ticket.at),
        language=seen.language,
    )


def _intents(plan: ActOn | CannotBe) -> tuple[str, ...]:
    return tuple(sorted({request.procedure for request in plan.requests}))


def _why(end: Directive) -> str:
    match end:
        case Act():
            return f" {end.capability}"
        case Ask():
            return f" for {end.slot}"
        case Escalate() | Refuse():
            return f" ({end.reason})"
        case _:
            return ""
