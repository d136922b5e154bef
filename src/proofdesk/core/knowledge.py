"""What the company knows, as values: documents divided into sections, each with who may see it and when it holds."""

from datetime import date
from typing import Literal

import msgspec

Audience = Literal["public", "internal"]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text holds. Empty means everywhere."""

    language: str = ""
    product: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    audience: Audience = "internal"
    """Public only where somebody said so."""
    valid_from: date | None = None
    valid_to: date | None = None
    """Last day on which it holds."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a document under one heading. `span` characters of the document's cleaned text."""

    id: str
    document_id: str
    title: str
    """The document's title."""
    path: tuple[str, ...] = ()
    """Headings above it, outermost first."""
    text: str
    span: tuple[int, int] = (0, 0)
    scope: Scope = Scope()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    text: str
    sections: tuple[Section, ...]
    scope: Scope = Scope()
    owner: str = ""
    source: str = ""
    """Link or file name it came from."""
    content_sha256: str = ""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A section found for a question; `score` is comparable within one answer only."""

    section_id: str
    document_id: str
    score: float
    why: tuple[str, ...] = ()
