"""How long one decision takes by itself: triage, reading, plan, procedure steps and policy, from records at hand."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from bench.tickets import Ticket, tickets
from proofdesk.core.authentication import Found, Sender, decide_authentication
from proofdesk.core.directive import Act, Confirm, Confirmed, Facts
from proofdesk.core.interpreter import start
from proofdesk.core.plan import ActOn, PlanFacts, decide_plan
from proofdesk.core.policy import ActionRequest, Allowed
from proofdesk.core.reading import Claim
from proofdesk.core.records import Records
from proofdesk.core.triage import Candidate, TriageConfig, TriageFacts
from proofdesk.flows.drive import drive
from proofdesk.flows.tenancy import Runtime
from proofdesk.flows.transition import hash_of
from proofdesk.ports import Answer, Capability, Refused

COUNT = 400
WARM_UP = 20


@dataclasses.dataclass(frozen=True)
class Remembered:
    """The answers of the back office, looked up beforehand."""

    answers: Mapping[tuple[str, str], Answer | Refused]

    def capabilities(self) -> Mapping[str, Capability]:
        return {}

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        assert not key, "a decision writes nothing"
        return self.answers[capability, hash_of(dict(args))]


async def decision_times(runtime: Runtime, state: dict[str, Any]) -> dict[str, float]:
    """Milliseconds, wall clock, one thread; `decision_cpu_ms` is the mean of the thread's own CPU time."""
    walls, cpus, kinds = [], [], dict[str, int]()
    for number, ticket in enumerate(tickets(state)):
        if number == COUNT + WARM_UP:
            break
        records, office = await _beforehand(runtime, ticket)
        began, cpu = time.perf_counter(), time.thread_time()
        what = await _decide(runtime, ticket, records, office)
        wall_ms, cpu_ms = 1000 * (time.perf_counter() - began), 1000 * (time.thread_time() - cpu)
        if number >= WARM_UP:
            walls.append(wall_ms)
            cpus.append(cpu_ms)
            kinds[what] = kinds.get(what, 0) + 1
    assert "nothing" not in kinds, kinds
    walls.sort()
    cpus.sort()
    return {
        "decision_p50_ms": round(walls[len(walls) // 2], 2),
        "decision_p99_ms": round(walls[int(len(walls) * 0.99)], 2),
        "decision_cpu_p50_ms": round(cpus[len(cpus) // 2], 2),
        "decision_cpu_p99_ms": round(cpus[int(len(cpus) * 0.99)], 2),
    }


async def _beforehand(runtime: Runtime, ticket: Ticket) -> tuple[Records, Remembered]:
    found = await runtime.records.find(runtime.back_office, [Claim(kind="email", value=ticket.sender)])
    loaded = await runtime.records.load_records(runtime.back_office, found.requester_id)  # type: ignore[union-attr]
    args = {"order_id": ticket.order}
    answer = await runtime.back_office.call("orders.read", args)
    return loaded.records, Remembered({("orders.read", hash_of(args)): answer})


async def _decide(runtime: Runtime, ticket: Ticket, records: Records, office: Remembered) -> str:
    """All that is decided between the message and the first write, in the order the flows do it."""
    language = runtime.language_of(ticket.text)
    signals = runtime.signals(ticket.text)
    assert runtime.model is not None
    seen = runtime.model.triage(ticket.text)
    triage = TriageFacts(
        scores=tuple(Candidate(intent=s.intent, score_ppm=s.score_ppm) for s in seen.scores),
        in_scope_ppm=seen.in_scope_ppm,
        signals=signals,
        model_hash=seen.model_hash,
    )
    claims = runtime.reader.claims(ticket.text)
    known = Found(requester=records.requester, order_ids=tuple(order.id for order in records.orders))
    sender = Sender(address=ticket.sender, proven=True)
    verdict = decide_authentication(claims, (known,), sender, runtime.settings.authentication)
    reading = runtime.reader.read(ticket.text, records, [])
    thresholds = runtime.settings.thresholds
    plan = decide_plan(
        PlanFacts(
            reading=reading,
            triage=triage,
            config=TriageConfig(in_scope_ppm=thresholds.in_scope_ppm),
            asked=0,
            max_questions=runtime.settings.max_questions,
            rule_ppm=thresholds.rule_ppm,
        )
    )
    if not isinstance(plan, ActOn):
        return "nothing"
    request = plan.requests[0]
    procedure = runtime.procedures[request.procedure]
    method = getattr(verdict, "method", "")
    facts = Facts(
        slots=request.slots,
        requester=records.requester,
        authenticated_by=method,
        now="2026-11-22T12:00:00Z",
        language=language,
    )
    _, output, _ = await drive(procedure, start(procedure), facts, None, runtime.evaluate, office)
    if isinstance(output.directive, Confirm):
        _, output, _ = await drive(procedure, output.run, facts, Confirmed(yes=True), runtime.evaluate, office)
    if not isinstance(output.directive, Act):
        return type(output.directive).__name__
    act = output.directive
    judged = runtime.gate.judge(
        ActionRequest(
            tenant=runtime.tenant,
            procedure=procedure.id,
            capability=act.capability,
            args_hash=hash_of(act.args),
            arg_provenance=act.arg_provenance,
            amount_minor=act.amount_minor,
            currency=act.currency or runtime.settings.currency,
            requester_id=records.requester.id,
            authenticated_by=method,
            account_id=records.requester.account_id,
            tier=records.requester.tier,
            jurisdiction=records.requester.jurisdiction,
            confidence_ppm=plan.confidence_ppm,
            budget_spent_minor=0,
            budget_limit_minor=0,
            signals=(),
        )
    )
    return "allowed" if isinstance(judged, Allowed) else "denied"
