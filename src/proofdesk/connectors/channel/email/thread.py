"""Which issue a mail belongs to, and whether a machine may answer it. Pure: look-ups and counts are passed in."""

import re
from collections.abc import Sequence

import msgspec

from proofdesk.connectors.channel.email.message import InboundMessage
from proofdesk.core.address import mailbox_key

MAX_ID_PART_CHARS = 200
_PLAIN = re.compile(r"[A-Za-z0-9_-]")
_OWN = re.compile(r"<([A-Za-z0-9_=-]{1,200})\.([A-Za-z0-9_=-]{1,200})@proofdesk\.([A-Za-z0-9.-]{1,200})>")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,198}[A-Za-z0-9])?")


class OwnId(msgspec.Struct, frozen=True, kw_only=True):
    """What one of our Message-IDs says: the outgoing message's key and the tenant."""

    key: str
    tenant: str


class KnownMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message one of `referenced_ids` led to. `participants`: addresses it went from and to."""

    message_id: str
    issue_id: str
    participants: tuple[str, ...]


class Belongs(msgspec.Struct, frozen=True, kw_only=True, tag="belongs"):
    issue_id: str
    by: str
    """The message id that decided."""


class ForeignSender(msgspec.Struct, frozen=True, kw_only=True, tag="foreign_sender"):
    """The mail names a message of this issue, but its sender has no part in it: a forward, a second person, or a
    guess. It opens an issue of its own; a person may join the two."""

    issue_id: str
    by: str


class NewIssue(msgspec.Struct, frozen=True, kw_only=True, tag="new_issue"):
    pass


class LoopLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Most mails within `window_s` seconds before the guard stops answering that address."""

    window_s: int = 3_600
    auto_mails: int = 5
    replies: int = 20


class Answerable(msgspec.Struct, frozen=True, kw_only=True, tag="answerable"):
    pass


class Silent(msgspec.Struct, frozen=True, kw_only=True, tag="silent"):
    """The mail is stored and threaded, but no machine answers it."""

    reason: str


class Ignored(msgspec.Struct, frozen=True, kw_only=True, tag="ignored"):
    """The mail is stored in the inbox only: it opens nothing and changes nothing."""

    reason: str


def message_id_of(key: str, tenant: str, domain: str) -> str:
    """Our Message-ID for outgoing `key`: `<KEY.TENANT@proofdesk.DOMAIN>`, the same each time it is sent.

    Characters other than letters, digits, "-" and "_" are written =XX (UTF-8, hexadecimal). Raises ValueError for
    an empty or too long part or a domain that is none: those are faults of the caller, not of a mail.
    """
    parts = [_escaped(part) for part in (key, tenant)]
    if not all(1 <= len(part) <= MAX_ID_PART_CHARS for part in parts):
        raise ValueError(f"key and tenant need 1 to {MAX_ID_PART_CHARS} characters once escaped")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"not a domain: {domain!r}")
    return f"<{parts[0]}.{parts[1]}@proofdesk.{domain.lower()}>"


def read_message_id(message_id: str, domain: str) -> OwnId | None:
    """The key and tenant in one of our own Message-IDs, None for anyone else's."""
    match = _OWN.fullmatch(message_id)
    if match is None or match[3].lower() != domain.lower():
        return None
    key, tenant = _unescaped(match[1]), _unescaped(match[2])
    if not key or not tenant or (_escaped(key), _escaped(tenant)) != (match[1], match[2]):
        return None
    return OwnId(key=key, tenant=tenant)


def referenced_ids(message: InboundMessage) -> tuple[str, ...]:
    """The message ids to look up, nearest first: In-Reply-To, then References from the newest to the oldest."""
    return tuple(dict.fromkeys(filter(None, (message.in_reply_to, *reversed(message.references)))))


def decide_issue(message: InboundMessage, known: Sequence[KnownMessage]) -> Belongs | ForeignSender | NewIssue:
    """The issue of the nearest referenced message that the sender takes part in.

    Being able to name a message proves nothing, so a stranger's mail is never put into someone's issue.
    """
    by_id = {entry.message_id: entry for entry in known}
    foreign: ForeignSender | None = None
    for message_id in referenced_ids(message):
        entry = by_id.get(message_id)
        if entry is None:
            continue
        if mailbox_key(message.from_addr) in {mailbox_key(address) for address in entry.participants}:
            return Belongs(issue_id=entry.issue_id, by=message_id)
        foreign = foreign or ForeignSender(issue_id=entry.issue_id, by=message_id)
    return foreign or NewIssue()


def decide_answering(
    message: InboundMessage, domain: str, *, auto_mails: int, replies: int, limits: LoopLimits
) -> Answerable | Silent | Ignored:
    """May a machine answer (RFC 3834 section 2)? `auto_mails` machine-made mails came from, and `replies` of ours
    went to, this address within `limits.window_s` before this mail."""
    if read_message_id(message.message_id, domain) is not None:
        return Ignored(reason="our own message came back")
    machine = made_by_machine(message)
    if machine and auto_mails >= limits.auto_mails:
        return Ignored(reason="too many automatic mails from this sender")
    if machine:
        return Silent(reason=machine)
    if message.suppresses_replies:
        return Silent(reason="the sender asks for no automatic reply")
    if replies >= limits.replies:
        return Silent(reason="too many replies to this sender")
    return Answerable()


def made_by_machine(message: InboundMessage) -> str:
    """What kind of machine wrote it, in words; empty when a person seems to have."""
    if message.is_bounce or message.null_return_path:
        return "a delivery report"
    if message.is_out_of_office:
        return "an out-of-office reply"
    if message.auto_submitted:
        return "sent automatically"
    return "a mailing list or bulk mail" if message.is_list else ""


def _escaped(text: str) -> str:
    octets = text.encode("utf-8", "replace")
    return "".join(chr(octet) if _PLAIN.fullmatch(chr(octet)) else f"={octet:02X}" for octet in octets)


def _unescaped(text: str) -> str:
    try:
        return re.sub(rb"=([0-9A-F]{2})", lambda m: bytes((int(m[1], 16),)), text.encode("ascii")).decode("utf-8")
    except UnicodeError:
        return ""
