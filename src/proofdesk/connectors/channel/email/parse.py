"""Bytes of one e-mail (RFC 5322, 2045) into a value. Pure; any bytes give an InboundMessage or a RejectedMail."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.policy import compat32
from typing import TYPE_CHECKING

import msgspec

from proofdesk.connectors.channel.email import headers as fields
from proofdesk.connectors.channel.email.html_text import html_to_text
from proofdesk.connectors.channel.email.message import (
    MAX_ATTACHMENTS,
    MAX_CONTAINERS,
    MAX_HTML_CHARS,
    MAX_LINES,
    MAX_MESSAGE_BYTES,
    MAX_NAME_CHARS,
    MAX_NESTING,
    MAX_RECIPIENTS,
    MAX_REFERENCES,
    MAX_SUBJECT_CHARS,
    MAX_TEXT_BYTES,
    Attachment,
    InboundMessage,
    RejectedMail,
)

if TYPE_CHECKING:
    Part = Message[str, str]
else:
    Part = Message  # generic in the type stubs only

_PARSER_FAULTS = (
    MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, OverflowError,
)  # fmt: skip
"""What the standard library's parser is known to raise on malformed mail, though its contract is to raise nothing."""

_CONTAINER = re.compile(rb"(?:\A|[\r\n])content-type:\s*[\"']?(?:multipart|message)/", re.IGNORECASE)
_UNTEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_OUT_OF_OFFICE = re.compile(
    r"^(?:out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?(?:reply|response)|abwesenheit|"
    r"automatische antwort|r[ée]ponse automatique|absence du bureau|respuesta autom[áa]tica|"
    r"fuera de la oficina|risposta automatica|automatisch antwoord|afwezig|resposta autom[áa]tica|autosvar)",
    re.IGNORECASE,
)


class _Body(msgspec.Struct):
    plain: list[str] = []
    html: list[str] = []
    attachments: list[Attachment] = []
    omitted: int = 0


class _TooDeep(Exception):
    pass


def parse_mail(raw: bytes, *, trusted_authserv_id: str = "") -> InboundMessage | RejectedMail:
    """Read one mail. `trusted_authserv_id`: whose Authentication-Results to believe (our receiving server's name)."""
    refusal = _refusal_before_parsing(raw)
    if refusal is not None:
        return refusal
    try:
        return _read(raw, message_from_bytes(raw, policy=compat32), trusted_authserv_id)
    except _TooDeep:
        return RejectedMail(code="too_deep", reason=f"parts are nested deeper than {MAX_NESTING} levels")
    except _PARSER_FAULTS as fault:
        return RejectedMail(code="unreadable", reason=f"the MIME structure cannot be read ({type(fault).__name__})")


def _refusal_before_parsing(raw: bytes) -> RejectedMail | None:
    if not raw.strip():
        return RejectedMail(code="empty", reason="the mail has no content")
    if len(raw) > MAX_MESSAGE_BYTES:
        return RejectedMail(
            code="too_large", reason=f"the mail has {len(raw)} bytes; at most {MAX_MESSAGE_BYTES} are read"
        )
    if max(raw.count(b"\n"), raw.count(b"\r")) > MAX_LINES:
        return RejectedMail(code="too_many_lines", reason=f"the mail has more than {MAX_LINES} lines")
    if sum(1 for _ in _CONTAINER.finditer(raw)) > MAX_CONTAINERS:
        return RejectedMail(
            code="too_deep", reason=f"the mail has more than {MAX_CONTAINERS} parts that hold other parts"
        )
    return None


def _read(raw: bytes, mail: Part, trusted_authserv_id: str) -> InboundMessage | RejectedMail:
    several: dict[str, list[str]] = {}
    for name, value in mail.raw_items():
        several.setdefault(name.lower(), []).append(fields.header_text(str(value)))
    first = {name: values[0] for name, values in several.items()}
    senders = [box for value in several.get("from", []) for box in fields.mailboxes(value)]
    if len(senders) > 1:
        # Which of them a proof of the sender is about cannot be told (RFC 7489 section 6.6.1).
        return RejectedMail(code="several_senders", reason=f"From names {len(senders)} senders; one is expected")
    if not senders or not senders[0][1]:
        return RejectedMail(code="no_sender", reason="From is missing or holds no e-mail address")
    body = _Body()
    _collect(mail, body, depth=0)
    text, truncated = _text_of(body)
    name, address = senders[0]
    recipients = [box[1] for key in ("to", "cc") for value in several.get(key, []) for box in fields.mailboxes(value)]
    in_reply_to = fields.message_ids(first.get("in-reply-to", ""), 2)
    subject = fields.decoded(first.get("subject", ""))[:MAX_SUBJECT_CHARS]
    return InboundMessage(
        message_id=_message_id(raw, first),
        in_reply_to=in_reply_to[0] if in_reply_to else "",
        references=fields.message_ids(" ".join(several.get("references", [])), MAX_REFERENCES),
        from_addr=address,
        from_name=name,
        to=tuple(dict.fromkeys(filter(None, recipients)))[:MAX_RECIPIENTS],
        subject=subject,
        date=fields.iso_date(first.get("date", "")),
        text=text,
        text_truncated=truncated,
        attachments=tuple(body.attachments),
        attachments_omitted=body.omitted,
        auto_submitted=fields.is_automatic(first),
        is_list="list-id" in first or first.get("precedence", "").lower() in ("bulk", "list", "junk"),
        is_bounce=_is_bounce(mail, first, address),
        is_out_of_office=_is_out_of_office(first, subject),
        suppresses_replies=first.get("x-auto-response-suppress", "none").lower() != "none",
        null_return_path=first.get("return-path", "").replace(" ", "") == "<>",
        authentication_results=fields.authentication_results(
            several.get("authentication-results", []), trusted_authserv_id
        ),
    )


def _message_id(raw: bytes, first: Mapping[str, str]) -> str:
    own = fields.message_ids(first.get("message-id", ""), 2)
    return own[0] if own else f"<{hashlib.sha256(raw).hexdigest()[:40]}@missing.invalid>"


def _is_bounce(mail: Part, first: Mapping[str, str], address: str) -> bool:
    local = address.rpartition("@")[0].lower()
    report = (
        mail.get_content_type() == "multipart/report" and "delivery-status" in first.get("content-type", "").lower()
    )
    return report or local == "mailer-daemon" or (local == "postmaster" and fields.is_automatic(first))


def _is_out_of_office(first: Mapping[str, str], subject: str) -> bool:
    marked = first.get("auto-submitted", "").lower().startswith("auto-replied")
    return marked or "x-autoreply" in first or "x-autorespond" in first or bool(_OUT_OF_OFFICE.match(subject))


def _collect(part: Part, body: _Body, depth: int) -> None:
    if depth > MAX_NESTING:
        raise _TooDeep
    kind = part.get_content_type()
    if kind.startswith("message/") and part.is_multipart():
        _measure_depth(part, depth)
        _attach(part, body, _bytes_within(part))
    elif part.is_multipart():
        _collect_children(part, body, depth, alternative=kind == "multipart/alternative")
    elif kind in ("text/plain", "text/html") and not _is_file(part):
        text = _clean(fields.decode_bytes(_content(part), _charset(part)))
        if kind == "text/plain":
            body.plain.append(text)
        else:
            body.html.append(html_to_text(text[:MAX_HTML_CHARS]))
            body.plain.append(body.html[-1])
    else:
        _attach(part, body, _content(part))


def _collect_children(part: Part, body: _Body, depth: int, *, alternative: bool) -> None:
    """Texts follow one another, except in an alternative: there the plain form stands for all, unless it is blank."""
    if not alternative:
        for child in _children(part):
            _collect(child, body, depth + 1)
        return
    chosen: list[str] = []
    for child in _children(part):
        inner = _Body(attachments=body.attachments, omitted=body.omitted)
        _collect(child, inner, depth + 1)
        body.omitted = inner.omitted
        has_text = any(text.strip() for text in inner.plain)
        if has_text and (not chosen or not inner.html):
            chosen = inner.plain
    body.plain.extend(chosen)


def _measure_depth(part: Part, depth: int) -> None:
    if depth > MAX_NESTING:
        raise _TooDeep
    if part.is_multipart():
        for child in _children(part):
            _measure_depth(child, depth + 1)


def _children(part: Part) -> Iterator[Part]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (child for child in payload if isinstance(child, Message))


def _is_file(part: Part) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _charset(part: Part) -> str:
    return str(part.get_content_charset() or "utf-8")[:40]


def _content(part: Part) -> bytes:
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if "uu" in encoding:  # the standard library decodes uuencode with a deprecated module: left as it came
        del part["content-transfer-encoding"]
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _bytes_within(part: Part) -> bytes:
    """An attached mail as bytes. It is only measured and hashed, so the library's rewriting of it does no harm."""
    return b"".join(child.as_bytes(policy=compat32) for child in _children(part))


def _attach(part: Part, body: _Body, content: bytes) -> None:
    if len(body.attachments) >= MAX_ATTACHMENTS:
        body.omitted += 1
        return
    name = fields.decoded(fields.header_text(str(part.get_filename() or "")))
    body.attachments.append(
        Attachment(
            name=name.replace("\\", "/").rpartition("/")[2][:MAX_NAME_CHARS],
            content_type=fields.one_line(part.get_content_type())[:100],
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
    )


def _text_of(body: _Body) -> tuple[str, bool]:
    text = "\n\n".join(part.strip("\n") for part in body.plain if part.strip())
    octets = text.encode("utf-8")
    if len(octets) <= MAX_TEXT_BYTES:
        return text, False
    return octets[:MAX_TEXT_BYTES].decode("utf-8", "ignore"), True


def _clean(text: str) -> str:
    """Line ends as \\n; NUL, other control characters and lone surrogates dropped (no database stores them)."""
    return _UNTEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
