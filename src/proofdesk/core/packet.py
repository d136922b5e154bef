"""The context packet: everything an agent needs to go on without asking the requester again.

Pure assembly: every sentence is a fact of the ticket, put in an order. It holds what the requester wrote, so it is
personal data and stays inside the ticket's tenant; logs get the ticket id only.
"""

from typing import Final, Literal

import msgspec

from proofdesk.core.escalation import reason_for
from proofdesk.core.issue_type import IssueType
from proofdesk.core.reading import Reading, Span
from proofdesk.core.records import Requester
from proofdesk.core.tone import Tone

MAX_TIMELINE: Final = 200
MAX_QUOTE_CHARS: Final = 400
_GAP: Final = "…"


class TimelineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened: ISO 8601 UTC instant, who (requester, worker, agent name, system), what."""

    at: str
    who: str
    what: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One action tried. `read_back` says in words what the system of record showed; empty where none was made."""

    step: str
    what: str
    state: Literal["not_sent", "sent", "confirmed", "refused", "uncertain", "compensated"]
    read_back: str = ""
    at: str = ""


class AccountSummary(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str = ""
    tier: str = "standard"
    renews_at: str = ""
    health: str = ""
    open_tickets: int = 0


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a fact comes from: a record, a knowledge section, a ledger leaf."""

    title: str
    ref: str


class PacketFacts(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: str
    issue_id: str
    subject: str
    text: str
    """The message the reading's spans point into (redacted as the tenant wants it)."""
    reason: str
    detail: str = ""
    reading: Reading = Reading()
    priority: tuple[str, ...] = ()
    issue_type: IssueType | None = None
    tone: Tone | None = None
    requester: Requester | None = None
    authenticated_by: str = ""
    account: AccountSummary | None = None
    timeline: tuple[TimelineItem, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    environment: dict[str, str] = {}
    """Versions and settings in force: procedure, policy_hash, model_hash, cohort, …"""
    suggested_next_step: str = ""
    """Overrides the reason's own suggestion, for example the procedure's note."""
    sources: tuple[Source, ...] = ()


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was understood, beside the words it was read from."""

    procedure: str
    mood: str
    confidence_ppm: int
    slots: dict[str, str]
    doubts: tuple[str, ...]
    quote: str
    span: Span | None = None


class ContextPacket(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: str
    issue_id: str
    summary: str
    requester: str
    account: str
    timeline: tuple[TimelineItem, ...]
    requests: tuple[ReadRequest, ...]
    signals: tuple[str, ...]
    priority: tuple[str, ...]
    """Why it is as urgent as it is, the deciding reason first."""
    issue_type: str
    tone: str
    unread: tuple[str, ...]
    tried: tuple[Attempt, ...]
    reason: str
    why_it_stopped: str
    environment: dict[str, str]
    suggested_next_step: str
    sources: tuple[Source, ...]
    language: str


def build_packet(facts: PacketFacts) -> ContextPacket:
    """Everything known about a ticket at its handoff. Timeline and quotes are cut at named limits, oldest first."""
    reason = reason_for(facts.reason)
    # A procedure's own word is not in the closed set; the agent must still see it.
    own_word = facts.reason if reason.code != facts.reason else ""
    detail = ": ".join(part for part in (own_word, facts.detail) if part)
    requests = tuple(
        ReadRequest(
            procedure=request.procedure,
            mood=request.mood,
            confidence_ppm=request.confidence_ppm,
            slots={name: slot.shown or str(slot.value) for name, slot in request.slots.items()},
            doubts=tuple(
                " ".join(part for part in (doubt.kind, doubt.slot, doubt.question) if part) for doubt in request.doubts
            ),
            quote=_quote(facts.text, request.span),
            span=request.span,
        )
        for request in facts.reading.requests
    )
    return ContextPacket(
        ticket_id=facts.ticket_id,
        issue_id=facts.issue_id,
        summary=_summary(facts, requests),
        requester=_requester(facts),
        account=_account(facts.account),
        timeline=facts.timeline[-MAX_TIMELINE:],
        requests=requests,
        signals=tuple(
            f"{signal.code}: {_quote(facts.text, signal.span)}" if signal.span else signal.code
            for signal in facts.reading.signals
        ),
        priority=facts.priority,
        issue_type=_issue_type(facts.issue_type),
        tone=_tone(facts.tone),
        unread=tuple(_quote(facts.text, span) for span in facts.reading.unread),
        tried=facts.attempts,
        reason=reason.code,
        why_it_stopped=f"{reason.title}. {reason.why}" + (f" ({detail})" if detail else ""),
        environment=dict(sorted(facts.environment.items())),
        suggested_next_step=facts.suggested_next_step or reason.next_step,
        sources=facts.sources,
        language=facts.reading.language,
    )


def packet_text(packet: ContextPacket) -> str:
    """The packet as plain text, for an internal note in a helpdesk or an e-mail to an agent. Empty parts are named."""
    parts: list[tuple[str, list[str]]] = [
        ("Summary", [packet.summary]),
        ("Why it stopped", [packet.why_it_stopped]),
        ("Suggested next step", [packet.suggested_next_step]),
        ("Requester", [packet.requester]),
        ("Account", [packet.account]),
        ("Understood", [_request_line(request) for request in packet.requests]),
        ("Issue type", [packet.issue_type] if packet.issue_type else []),
        ("Priority", list(packet.priority)),
        ("Signals", list(packet.signals)),
        ("Tone", [packet.tone] if packet.tone else []),
        ("Not understood", [f'"{quote}"' for quote in packet.unread]),
        ("Tried", [_attempt_line(attempt) for attempt in packet.tried]),
        ("Timeline", [f"{item.at}  {item.who}: {item.what}" for item in packet.timeline]),
        ("In force", [f"{name}: {value}" for name, value in packet.environment.items()]),
        ("Sources", [f"{source.title} [{source.ref}]" for source in packet.sources]),
    ]
    blocks = [f"Ticket {packet.ticket_id} (issue {packet.issue_id}), language {packet.language}"]
    blocks.extend("\n".join([title, *(f"  - {line}" for line in lines or ["none"])]) for title, lines in parts)
    return "\n\n".join(blocks) + "\n"


def _summary(facts: PacketFacts, requests: tuple[ReadRequest, ...]) -> str:
    wants = "; ".join(_wish(request) for request in requests) or "not understood; see the message"
    confirmed = sum(1 for attempt in facts.attempts if attempt.state == "confirmed")
    undone = sum(1 for attempt in facts.attempts if attempt.state == "compensated")
    uncertain = sum(1 for attempt in facts.attempts if attempt.state == "uncertain")
    counts = (
        (uncertain, "with unknown result"),
        (confirmed, "confirmed by read-back"),
        (undone, "done, undone and seen undone"),
    )
    done = ", ".join(f"{count} action(s) {what}" for count, what in counts if count) or "Nothing has been changed"
    return f"{facts.subject.strip() or 'No subject'}. Wants: {wants}. {done}."


def _wish(request: ReadRequest) -> str:
    slots = ", ".join(f"{name} {shown}" for name, shown in sorted(request.slots.items()))
    mood = "" if request.mood == "asserted" else f" [{request.mood}]"
    return f"{request.procedure}{mood}" + (f" ({slots})" if slots else "")


def _requester(facts: PacketFacts) -> str:
    if facts.requester is None:
        return "unknown: identity not proven"
    name = f"{facts.requester.given_name} {facts.requester.family_name}".strip() or "no name on record"
    mails = ", ".join(facts.requester.emails)
    proof = f"proven by {facts.authenticated_by}" if facts.authenticated_by else "identity not proven"
    return f"{name} ({facts.requester.id})" + (f", {mails}" if mails else "") + f", {proof}"


def _issue_type(found: IssueType | None) -> str:
    if found is None:
        return ""
    share = f"{found.ppm / 10_000:.0f} %{'' if found.calibrated else ' (uncalibrated)'}"
    signs = f", by {', '.join(repr(sign) for sign in found.signs)}" if found.signs else ", by nothing in particular"
    return f"{found.name.replace('_', ' ')}, {share}{signs}"


def _tone(tone: Tone | None) -> str:
    """Each estimate in words; one that is no frequency says so."""
    if tone is None:
        return ""
    parts = (("positive", tone.sentiment), ("urgent", tone.urgency), ("frustrated", tone.frustration))
    return ", ".join(
        f"{name} {each.ppm / 10_000:.0f} %{'' if each.calibrated else ' (uncalibrated)'}" for name, each in parts
    )


def _account(account: AccountSummary | None) -> str:
    if account is None:
        return "none"
    parts = [f"{account.name or account.id} ({account.id})", f"tier {account.tier}"]
    parts += [f"renews {account.renews_at}"] if account.renews_at else []
    parts += [f"health {account.health}"] if account.health else []
    return ", ".join([*parts, f"{account.open_tickets} open ticket(s)"])


def _request_line(request: ReadRequest) -> str:
    line = f"{_wish(request)}, certainty {request.confidence_ppm / 10_000:.1f} %"
    line += f', from "{request.quote}"' if request.quote else ""
    return line + "".join(f"; open: {doubt}" for doubt in request.doubts)


def _attempt_line(attempt: Attempt) -> str:
    when = f"{attempt.at}  " if attempt.at else ""
    return f"{when}{attempt.step}: {attempt.what}, {attempt.state}; read-back: {attempt.read_back or 'none'}"


def _quote(text: str, span: Span | None) -> str:
    if span is None:
        return ""
    quote = " ".join(text[max(span.start, 0) : max(span.end, 0)].split())
    return quote if len(quote) <= MAX_QUOTE_CHARS else quote[:MAX_QUOTE_CHARS] + _GAP
