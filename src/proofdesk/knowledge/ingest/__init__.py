"""Reading documents: bytes of many kinds to cleaned sections, in a process that can open and reach nothing.

What is read is never trusted: hidden text is left out, personal data is taken out, everything has a limit.
"""

from proofdesk.knowledge.ingest.document import Draft, Piece, Redact, Suspect, draft
from proofdesk.knowledge.ingest.meta import MANIFEST, Manifest, read_manifest
from proofdesk.knowledge.ingest.parser import Parser
from proofdesk.knowledge.ingest.values import Broken, Job, Limits, Meta, Outcome, Parsed, Unreadable

__all__ = [
    "MANIFEST", "Broken", "Draft", "Job", "Limits", "Manifest", "Meta", "Outcome", "Parsed", "Parser", "Piece",
    "Redact", "Suspect", "Unreadable", "draft", "read_manifest",
]  # fmt: skip
