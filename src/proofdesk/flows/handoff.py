"""The transfer to a person: a row with an owner queue, a complete context packet, the SLA clock running on."""

from typing import cast

import msgspec

from proofdesk.core.escalation import Routed, RouteRule, RoutingConfig, route_handoff
from proofdesk.core.packet import AccountSummary, Attempt, PacketFacts, Source, TimelineItem, build_packet, packet_text
from proofdesk.core.reading import Reading
from proofdesk.flows.clock import iso
from proofdesk.flows.context import Desk
from proofdesk.flows.ids import new_id
from proofdesk.flows.settle import settle_issue
from proofdesk.flows.state import After, RequestState
from proofdesk.flows.talk import HANDED, composed, in_language, send
from proofdesk.flows.tenancy import TenantSettings
from proofdesk.flows.transition import Transition
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import EffectRow, MessageRow

_STATE = {
    "intent": "not_sent",
    "sent": "sent",
    "confirmed": "confirmed",
    "refused": "refused",
    "uncertain": "uncertain",
    "compensated": "compensated",
    "given_up": "not_sent",
}


class HandoffFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the routing decision, complete."""

    reason: str
    language: str
    tier: str
    signals: tuple[str, ...]
    routing: RoutingConfig


def route(facts: HandoffFacts) -> Routed:
    """Whose queue it is. Pure."""
    return route_handoff(facts.reason, facts.language, facts.tier, facts.signals, facts.routing)


async def hand_off(desk: Desk, tr: Transition, reason: str, note: str = "") -> None:
    """Make `tr` the transition that gives the ticket to a person."""
    settings = desk.runtime.settings
    async with tenant_transaction(desk.shell.pool, desk.runtime.tenant) as conn:
        messages = await t.messages(conn, tenant=desk.runtime.tenant, ticket_id=desk.ticket.ticket_id)
        effects = await t.effects_of_ticket(conn, tenant=desk.runtime.tenant, ticket_id=desk.ticket.ticket_id)
        timers = await t.timers(conn, tenant=desk.runtime.tenant, ticket_id=desk.ticket.ticket_id)
    settled = tr.settled()
    effects = [msgspec.structs.replace(e, state=settled.get(e.effect_key, e.state)) for e in effects]
    packet = build_packet(_facts(desk, tr, reason, note, messages, effects))
    requester = tr.state.requester or desk.state.requester
    tier = requester.tier if requester else "standard"
    facts = HandoffFacts(
        reason=packet.reason,
        language=tr.state.language,
        tier=tier,
        signals=tr.state.signals,
        routing=routing(settings),
    )
    routed = route(facts)
    resolution_due = next((timer.due_at for timer in timers if timer.kind == "resolution"), None)
    handoff_id = new_id()
    text = packet_text(packet)
    tr.decided("handoff", facts, routed)
    # From here on a person decides: nothing the machine was waiting for or about to do may come back.
    tr.set(news=False, waiting_for="", approval_id="", under_way=None, claims=())
    tr.leaf(
        "handoff.created",
        {"handoff_id": str(handoff_id), "queue": routed.queue, "reason": packet.reason},
        personal=text.encode(),
    )
    tr.also(
        lambda conn: t.add_handoff(
            conn,
            tenant=desk.runtime.tenant,
            handoff_id=handoff_id,
            ticket_id=desk.ticket.ticket_id,
            queue=routed.queue,
            reason=packet.reason,
            packet=cast(dict[str, object], msgspec.to_builtins(packet)),
            packet_text=text,
            sla_due_at=resolution_due,
            now=desk.now,
        )
    )
    tr.also(
        lambda conn: settle_issue(
            conn,
            desk.runtime.tenant,
            issue_id=desk.ticket.issue_id,
            ticket_id=desk.ticket.ticket_id,
            events=("human_takeover",),
            now=desk.now,
        )
    )
    language = tr.state.language
    said = [text for request in tr.state.requests for text in request.replies if request.status == "done"]
    reply = composed(desk, [*said, in_language(HANDED, language)], language)
    send(desk, tr, reply.text if reply else in_language(HANDED, language), After(status="handed_off", step="window"))


def _seen(effect: EffectRow, requests: tuple[RequestState, ...]) -> str:
    """What reading back showed of an effect, and of its undoing where one was tried."""
    if effect.state == "compensated":
        return "done, undone and seen undone"
    if effect.state != "confirmed":
        return ""
    if effect.kind == "compensation":
        return "seen undone"
    fate = next((r.undoing[effect.effect_key] for r in requests if effect.effect_key in r.undoing), "")
    return {"standing": "read back and confirmed; not undone", "unknown": "read back; unknown whether undone"}.get(
        fate, "read back and confirmed"
    )


def routing(settings: TenantSettings) -> RoutingConfig:
    """The tenant's queues as routing rules: one per reason, the default for the rest."""
    rules = tuple(RouteRule(queue=q, reasons=(r,)) for r, q in sorted(settings.queues.items()) if r != "default")
    return RoutingConfig(default_queue=settings.queues["default"], rules=rules)


def _facts(
    desk: Desk, tr: Transition, reason: str, note: str, messages: list[MessageRow], effects: list[EffectRow]
) -> PacketFacts:
    state, requester = tr.state, desk.state.requester or tr.state.requester
    first = next((m.text for m in messages if m.direction == "in"), "")
    return PacketFacts(
        ticket_id=str(desk.ticket.ticket_id),
        issue_id=str(desk.ticket.issue_id),
        subject=desk.ticket.subject,
        text=first,
        reason=reason,
        detail=note,
        reading=state.reading or Reading(language=state.language),
        priority=state.prioritised.reasons if state.prioritised else (),
        issue_type=state.issue_type,
        tone=state.tone,
        requester=requester,
        authenticated_by=state.authenticated_by,
        account=AccountSummary(id=requester.account_id or requester.id, tier=requester.tier) if requester else None,
        timeline=tuple(
            TimelineItem(at=iso(m.at), who="requester" if m.direction == "in" else m.author, what=m.text)
            for m in messages
        ),
        attempts=tuple(
            Attempt(
                step=effect.capability,
                what=", ".join(f"{k}={v}" for k, v in sorted(effect.args.items())),
                state=_STATE[effect.state],  # type: ignore[arg-type]  # the column's CHECK allows only these
                read_back=_seen(effect, state.requests),
            )
            for effect in effects
            if effect.kind != "reply"
        ),
        environment={
            "policy": desk.runtime.gate.policy_hash,
            "configuration": str(desk.runtime.revision),
            "model": desk.runtime.model.model_hash if desk.runtime.model else "",
            **{f"procedure {r.run.procedure}": f"{r.run.version} {r.run.procedure_hash[:12]}" for r in state.requests},
        },
        sources=tuple(
            Source(title=f"{r.run.procedure}: {r.status}", ref=" > ".join(r.run.trail)) for r in state.requests
        ),
    )
