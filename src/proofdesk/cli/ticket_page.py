"""One ticket as a page of text: reading, path, policy verdicts, effects with read-backs, messages."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from proofdesk.cli.output import fail, say
from proofdesk.core.reading import Reading
from proofdesk.flows.queries import EffectView, RequestView, TicketView, ticket_leaves, ticket_view
from proofdesk.flows.waiting import open_approvals

if TYPE_CHECKING:
    from proofdesk.app import House


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy gate said about one action, and by which policies."""

    capability: str
    verdict: str
    reasons: tuple[str, ...] = ()


class _VerdictLeaf(msgspec.Struct):
    body: Verdict


class TicketPage(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    ticket: TicketView
    verdicts: tuple[Verdict, ...]
    approval_id: UUID | None
    """The approval the ticket waits for."""
    leaves: tuple[str, ...]
    """Kinds, oldest first."""


async def read_page(house: "House", tenant: str, ticket_id: UUID) -> TicketPage:
    pool = house.shell.pool
    view = await ticket_view(pool, tenant, ticket_id)
    leaves = await ticket_leaves(pool, tenant, ticket_id)
    if view is None or leaves is None:
        fail(f"{tenant} has no ticket {ticket_id}; proofdesk ticket list shows those there are")
    waiting = [
        each for each in await open_approvals(pool, tenant, house.shell.clock.now()) if each.ticket_id == view.ticket_id
    ]
    return TicketPage(
        tenant=tenant,
        ticket=view,
        verdicts=tuple(
            msgspec.json.decode(leaf.canonical, type=_VerdictLeaf).body
            for leaf in leaves
            if leaf.kind == "policy.verdict"
        ),
        approval_id=waiting[0].approval_id if waiting else None,
        leaves=tuple(leaf.kind for leaf in leaves),
    )


def show_page(page: TicketPage, *, brief: bool = False) -> None:
    ticket = page.ticket
    waits = f", waiting for {ticket.waiting_for}" if ticket.waiting_for else ""
    say(f"Ticket {ticket.ticket_id} ({page.tenant}): {ticket.status}{waits}")
    say(f"  arrived {ticket.created_at:%Y-%m-%d %H:%M:%S} UTC by {ticket.channel}, language {ticket.language}")
    proven = f"proven by {ticket.authenticated_by}" if ticket.authenticated_by else "not proven"
    say(f"  from {ticket.sender or 'nobody named'}, {proven}")
    if ticket.signals:
        say(f"  signals: {', '.join(ticket.signals)}")
    if ticket.priority_reasons:
        say(f"  priority: {'; '.join(ticket.priority_reasons)}")
    if not brief:
        _show_work(page)
    if page.approval_id:
        say(f"Needs a second person: proofdesk approve {page.approval_id} --as LOGIN")
    if ticket.handoff:
        say(f"Handed to a person: queue {ticket.handoff.queue}, reason {ticket.handoff.reason}")
    say("Messages")
    for message in ticket.messages:
        say(f"  {message.at:%H:%M:%S} {message.author}:")
        say("\n".join(f"    {line}" for line in message.text.splitlines()))
    if brief:
        return
    if ticket.handoff:
        say(f"Context packet\n{ticket.handoff.packet_text}")
    for billed in ticket.billing:
        what = "charged" if billed.sign > 0 else "credited"
        say(f"{what}: {billed.kind}, {billed.price_minor} {billed.currency} (minor units), proven by {billed.grade}")
    say(f"Ledger: {len(page.leaves)} leaves, {len(ticket.decisions)} decisions. proofdesk replay {ticket.ticket_id}")


def _show_reading(reading: Reading) -> None:
    """What was understood of the latest message, before any of it was begun."""
    say("Understood")
    for request in reading.requests:
        doubts = "; ".join(f"{doubt.kind} {doubt.slot}".strip() for doubt in request.doubts)
        slots = ", ".join(f"{name} = {slot.shown or slot.value}" for name, slot in request.slots.items())
        say(f"  {request.procedure} ({slots or 'no slots'})" + (f"; in doubt: {doubts}" if doubts else ""))
    if reading.unread:
        say(f"  {len(reading.unread)} part(s) not understood")


def _show_work(page: TicketPage) -> None:
    if page.ticket.reading is not None:
        _show_reading(msgspec.convert(page.ticket.reading, Reading))
    if page.ticket.requests:
        say(f"Requests (confidence {page.ticket.confidence_ppm / 10_000:.1f} %)")
    for request in page.ticket.requests:
        _show_request(request)
    if page.verdicts:
        say("Policy")
    for verdict in page.verdicts:
        by = f" by {', '.join(verdict.reasons)}" if verdict.reasons else ""
        say(f"  {verdict.capability}: {verdict.verdict}{by}")
    effects = [effect for effect in page.ticket.effects if effect.kind != "reply"]
    if effects:
        say("Effects")
    for effect in effects:
        _show_effect(effect)


def _show_request(request: RequestView) -> None:
    reason = f" ({request.reason})" if request.reason else ""
    say(f"  {request.procedure} version {request.version}: {request.status}{reason}")
    for slot in request.slots:
        say(f"    {slot.name} = {slot.shown or slot.value} [{slot.provenance}]")
    if request.path:
        say(f"    path: {' > '.join(request.path)}")


def _show_effect(effect: EffectView) -> None:
    money = f", {effect.amount_minor} {effect.currency} (minor units)" if effect.amount_minor else ""
    say(f"  {effect.capability}: {effect.state} after {effect.attempts} attempt(s){money}")
    say(f"    arguments: {msgspec.json.encode(effect.args).decode()}")
    if effect.receipt is not None:
        say(f"    read back: {msgspec.json.encode(effect.receipt).decode()}")
