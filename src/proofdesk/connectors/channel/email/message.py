"""The values e-mail is read into, and the limits of that reading."""

from typing import Literal

import msgspec

MAX_MESSAGE_BYTES = 25 * 1024 * 1024
MAX_LINES = 600_000
"""25 MB of base64 has 350 000 lines; more is an attack on the parser, whose cost is per line."""
MAX_NESTING = 20
MAX_CONTAINERS = 50
"""Parts that hold other parts. Checked before parsing, whose cost is lines times levels."""
MAX_ATTACHMENTS = 20
MAX_TEXT_BYTES = 100_000
MAX_HTML_CHARS = 500_000
MAX_HEADER_CHARS = 8_000
MAX_REFERENCES = 50
MAX_RECIPIENTS = 50
MAX_NAME_CHARS = 200
MAX_SUBJECT_CHARS = 500

RejectionCode = Literal[
    "empty", "too_large", "too_many_lines", "too_deep", "unreadable", "no_sender", "several_senders"
]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file without keeping it. `size` is in bytes after decoding; `sha256` is hex of the same."""

    name: str
    content_type: str
    size: int
    sha256: str


class AuthenticationResults(msgspec.Struct, frozen=True, kw_only=True):
    """What our own receiving server found out (RFC 8601). Results in lower case, empty where it said nothing."""

    authserv_id: str = ""
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    dkim_domains: tuple[str, ...] = ()
    """Domains (header.d) whose signature passed."""
    dmarc_from: str = ""
    """The domain (header.from) the DMARC result is about."""


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One e-mail, read. Ids keep their angle brackets; addresses have lower-case domains; no text holds NUL."""

    message_id: str
    """Its own, or one derived from its bytes (`<…@missing.invalid>`), so that every mail can be recognised again."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    """Oldest first."""
    from_addr: str
    from_name: str = ""
    to: tuple[str, ...] = ()
    subject: str = ""
    date: str = ""
    """ISO 8601 instant in UTC as the sender claims it, empty where unreadable."""
    text: str = ""
    text_truncated: bool = False
    attachments: tuple[Attachment, ...] = ()
    attachments_omitted: int = 0
    """Attachments beyond MAX_ATTACHMENTS, which are in the raw mail only."""
    auto_submitted: bool = False
    is_list: bool = False
    """From a mailing list or sent in bulk."""
    is_bounce: bool = False
    is_out_of_office: bool = False
    suppresses_replies: bool = False
    """The sender asks not to be answered by a machine (X-Auto-Response-Suppress)."""
    null_return_path: bool = False
    authentication_results: AuthenticationResults = AuthenticationResults()


class RejectedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that cannot become a message; `reason` says to a person why. The raw mail stays in the inbox."""

    code: RejectionCode
    reason: str
