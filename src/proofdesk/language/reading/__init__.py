"""Reads what a requester wants, by rules: identity claims, requests with typed slots, doubts, unread spans.

Vocabulary comes from the profiles of procedures, the requester's own records and one word file per tenant, never
from code. What no rule explains and could change the outcome becomes a doubt: the reader asks, it does not guess.
"""

from proofdesk.language.reading.profile import Profile, SlotProfile
from proofdesk.language.reading.reader import Reader
from proofdesk.language.reading.tenant_words import TenantWords, WordFileError, load_tenant_words
from proofdesk.language.reading.words import LANGUAGES

__all__ = ["LANGUAGES", "Profile", "Reader", "SlotProfile", "TenantWords", "WordFileError", "load_tenant_words"]
