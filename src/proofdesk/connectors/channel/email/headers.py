"""Header fields as received (RFC 5322, 2047, 8601) turned into clean values. Pure; never raises; linear in its input.

The standard library's decoders raise on malformed encoded words and have been fooled about addresses, so
the little that is needed is done here on bounded strings.
"""

import binascii
import quopri
import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from proofdesk.connectors.channel.email.message import (
    MAX_HEADER_CHARS,
    MAX_NAME_CHARS,
    MAX_RECIPIENTS,
    AuthenticationResults,
)

_ENCODED_WORD = re.compile(r"=\?([A-Za-z0-9_.:*+-]{1,40})\?([BbQq])\?([^?\s]{0,4000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]+(=\?)")
_ADDRESS = re.compile(r"[^\s<>()\[\]\\,;:\"@\x00-\x1f\x7f]{1,64}@[^\s<>()\[\]\\,;:\"@\x00-\x1f\x7f]{1,255}")
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,900}>")
_RESULT = re.compile(r"\s*([a-z0-9-]{1,40})(?:/\d+)?\s*=\s*([a-z]{1,20})(.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"([a-z]{1,20}\.[a-z0-9_-]{1,40})\s*=\s*\"?([^\s\";]{1,300})", re.IGNORECASE)


def header_text(raw: str) -> str:
    """A header's characters: bytes beyond ASCII read as UTF-8 or else Latin-1, folded lines joined, bounded."""
    raw = raw[:MAX_HEADER_CHARS]
    try:
        octets = raw.encode("utf-8", "surrogateescape")
    except UnicodeError:  # surrogates that stand for no byte: made by an encoded parameter, not received
        octets = raw.encode("utf-8", "replace")
    return one_line(decode_bytes(octets, "utf-8"))


def decoded(text: str) -> str:
    """`text` with its encoded words (RFC 2047) decoded; line breaks smuggled in by them become spaces."""
    return one_line(_ENCODED_WORD.sub(_decode_word, _BETWEEN_WORDS.sub(r"\1\2", text)))


def one_line(text: str) -> str:
    """Control characters (line breaks and NUL among them) and lone surrogates as spaces, runs of space as one."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def decode_bytes(octets: bytes, charset: str) -> str:
    """Text of `octets`: in `charset` when it is known and fits, else UTF-8, else Latin-1, which always fits."""
    for name in (charset, "utf-8"):
        try:
            return octets.decode(name)
        except (LookupError, UnicodeError, ValueError, TypeError, AttributeError):
            continue  # unknown, not a text codec, or not what the mail is in: the next one decides
    return octets.decode("latin-1")


def message_ids(text: str, limit: int) -> tuple[str, ...]:
    """The message ids in a header, each once, in order; of too many the oldest one and the newest are kept."""
    found = tuple(dict.fromkeys(_MESSAGE_ID.findall(text)))
    return found if len(found) <= limit else found[:1] + found[-(limit - 1) :]


def mailboxes(text: str) -> tuple[tuple[str, str], ...]:
    """(display name, address) of each mailbox in an address header; the address is "" where it is not one.

    An address inside a quoted name, a comment or an encoded word is part of the name, never the address.
    """
    return tuple(_mailbox(part) for part in _split_outside_quotes(text, ",")[: MAX_RECIPIENTS + 1] if part.strip())


def iso_date(text: str) -> str:
    try:
        when = parsedate_to_datetime(text)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when.year >= 1900 else ""


def authentication_results(values: Iterable[str], trusted_authserv_id: str) -> AuthenticationResults:
    """The results in the topmost Authentication-Results header if it is by `trusted_authserv_id`, else nothing.

    Only the topmost counts: anything below it may have come with the mail. An empty id trusts no header.
    """
    top = next(iter(values), "")
    parts = _split_outside_quotes(_without_comments(top), ";")
    words = parts[0].split()
    if not trusted_authserv_id or not words or words[0].strip('"').lower() != trusted_authserv_id.lower():
        return AuthenticationResults()
    outcomes: dict[str, str] = {}
    domains: list[str] = []
    dmarc_from = ""
    for match in filter(None, map(_RESULT.fullmatch, parts[1:])):
        method, outcome = match[1].lower(), match[2].lower()
        properties = {name.lower(): value.lower() for name, value in _PROPERTY.findall(match[3])}
        if method == "dkim" and outcome == "pass":
            domains.append(properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2])
        if method == "dmarc":
            dmarc_from = dmarc_from or properties.get("header.from", "")
        outcomes[method] = _better(method, outcomes.get(method), outcome)
    return AuthenticationResults(
        authserv_id=trusted_authserv_id.lower(),
        spf=outcomes.get("spf", ""),
        dkim=outcomes.get("dkim", ""),
        dmarc=outcomes.get("dmarc", ""),
        dkim_domains=tuple(domain for domain in domains if domain),
        dmarc_from=dmarc_from,
    )


def sender_is_proven(from_addr: str, results: AuthenticationResults) -> bool:
    """Whether the trusted server proved the From domain: DMARC passed for it, or it signed the mail itself (DKIM).

    SPF alone proves only the envelope, which the requester's mail program never shows, so it does not count.
    A DMARC result other than pass or none (the domain has no policy) overrules a signature.
    """
    domain = from_addr.rpartition("@")[2].lower()
    if not domain or results.dmarc not in ("pass", "none", ""):
        return False
    if results.dmarc == "pass":
        return results.dmarc_from in ("", domain)
    return domain in results.dkim_domains


def is_automatic(headers: Mapping[str, str]) -> bool:
    """RFC 3834: Auto-Submitted with anything but "no", or the older fields vacation programs set."""
    value = headers.get("auto-submitted", "").partition(";")[0].strip().lower()
    return value not in ("", "no") or any(
        name in headers for name in ("x-autoreply", "x-autorespond", "x-autoresponse")
    )


def _better(method: str, before: str | None, now: str) -> str:
    """One passing DKIM signature of several suffices; for spf and dmarc a second, differing result voids both."""
    if before is None or before == now:
        return now
    return ("pass" if "pass" in (before, now) else now) if method == "dkim" else "permerror"


def _decode_word(match: re.Match[str]) -> str:
    charset, encoding, payload = match[1].partition("*")[0], match[2].upper(), match[3]
    octets = payload.encode("utf-8", "replace")
    if encoding == "Q":
        return decode_bytes(quopri.decodestring(octets, header=True), charset)
    return decode_bytes(from_base64(octets), charset)


def from_base64(octets: bytes) -> bytes:
    """Forgiving base64: foreign characters skipped, missing padding added, an impossible tail dropped."""
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
    kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def _mailbox(text: str) -> tuple[str, str]:
    bare = _without_comments(text)
    outside = re.sub(r'"[^"]*"', " ", bare)
    angles = re.findall(r"<([^<>]*)>", outside)
    if len(angles) > 1 or outside.count("<") != len(angles):
        return "", ""
    name = decoded(bare.partition("<")[0].replace('"', "").replace("\\", "")) if angles else ""
    address = angles[0].strip() if angles else outside.strip()
    if not _ADDRESS.fullmatch(address):
        return name[:MAX_NAME_CHARS], ""
    local, _, domain = address.rpartition("@")
    return name[:MAX_NAME_CHARS], f"{local}@{domain.lower() if domain.isascii() else domain}"


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    parts, start, quoted, depth = [], 0, False, 0
    escaped = False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = quoted or depth > 0
        elif char == '"' and depth == 0:
            quoted = not quoted
        elif not quoted and char in "()":
            depth = max(0, depth + (1 if char == "(" else -1))
        elif char == separator and not quoted and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _without_comments(text: str) -> str:
    """RFC 5322 comments removed (they nest); those inside quoted strings are not comments."""
    kept: list[str] = []
    quoted, depth, escaped = False, 0, False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and depth == 0:
            quoted = not quoted
        elif not quoted and char == "(":
            depth += 1
        elif not quoted and char == ")" and depth:
            depth -= 1
            continue
        if depth == 0:
            kept.append(char)
    return "".join(kept)
