"""Personal data: found by checksum, form and the ticket's own records, replaced by tokens, put back at the border.

Card numbers and their codes are never kept. No model, no network; the vault belongs to the caller.
"""

from proofdesk.language.pii.redaction import TextTooLong, redact, restore, without_secrets
from proofdesk.language.pii.values import (
    IRREVERSIBLE,
    Kind,
    KnownEntity,
    PiiSpan,
    Redacted,
    Restored,
    UnknownTokens,
    known_entities,
)

__all__ = [
    "IRREVERSIBLE", "Kind", "KnownEntity", "PiiSpan", "Redacted", "Restored", "TextTooLong", "UnknownTokens",
    "known_entities", "redact", "restore", "without_secrets",
]  # fmt: skip
