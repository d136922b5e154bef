"""What goes into the reading of documents and what comes out, as values that travel between processes."""

from datetime import date
from typing import Literal

import msgspec

from proofdesk.core.knowledge import Audience

Code = Literal[
    "too_large", "unknown_kind", "encoding", "broken", "encrypted", "empty", "metadata", "archive_unsafe",
    "archive_bomb", "too_deep", "timeout", "memory",
]  # fmt: skip


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one input may use. Archives: what is inside them, all levels together."""

    file_bytes: int = 20_000_000
    text_chars: int = 2_000_000
    pages: int = 2_000
    documents: int = 20_000
    sections: int = 10_000
    section_chars: int = 4_000
    """Longer ones are divided between paragraphs, under the same headings."""
    archive_files: int = 20_000
    archive_bytes: int = 200_000_000
    archive_ratio: int = 200
    """Unpacked to packed bytes of one member; a few hundred kilobytes are always allowed."""
    archive_depth: int = 2
    wall_s: float = 60.0
    """Longest wait for the next document of an input."""
    cpu_s: int = 45
    memory_bytes: int = 1_000_000_000
    answer_bytes: int = 100_000_000


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What was said about a document. None: nobody said."""

    title: str | None = None
    language: str | None = None
    product: tuple[str, ...] | None = None
    region: tuple[str, ...] | None = None
    tier: tuple[str, ...] | None = None
    audience: Audience | None = None
    owner: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    link: str | None = None
    encoding: str | None = None


def combined(operator: Meta, own: Meta) -> Meta:
    """What a document says of itself counts before the operator's manifest, except that internal always wins."""
    given = {name: value for name, value in msgspec.structs.asdict(own).items() if value is not None}
    both = msgspec.structs.replace(operator, **given)
    if "internal" in (operator.audience, own.audience):
        return msgspec.structs.replace(both, audience="internal")
    return both


class Block(msgspec.Struct, frozen=True):
    """A paragraph (level 0) or a heading (1 the outermost)."""

    level: int
    text: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A section's text under its headings, outermost first."""

    path: tuple[str, ...]
    text: str


class Parsed(msgspec.Struct, frozen=True, kw_only=True, tag="parsed"):
    """One document. `name`: its path below what was given. `notes`: what was left out or looks wrong."""

    name: str
    title: str
    parts: tuple[Part, ...]
    meta: Meta
    notes: tuple[str, ...] = ()


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag="broken"):
    """A document that cannot be read; nothing of it is kept. `message`: what, where, what to do."""

    name: str
    code: Code
    message: str


Outcome = Parsed | Broken


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One input to read. `meta`: what the operator said of it."""

    name: str
    data: bytes
    meta: Meta = Meta()
    limits: Limits = Limits()


class Unreadable(Exception):
    """Raised while reading one document; becomes its Broken."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
