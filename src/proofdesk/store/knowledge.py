"""Rows and queries of knowledge, bound as in `tables`."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from proofdesk.store import sql


class GenerationRow(msgspec.Struct, frozen=True, kw_only=True):
    generation: int


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    document_id: UUID
    source: str
    collection: str
    file: str
    version: int
    input_sha256: str
    state: str
    content_sha256: str


class ListedRow(msgspec.Struct, frozen=True, kw_only=True):
    document_id: UUID
    source: str
    collection: str
    version: int
    state: str
    changed_at: datetime
    title: str
    language: str
    product: list[str]
    region: list[str]
    tier: list[str]
    audience: str
    valid_from: date | None
    valid_to: date | None
    owner: str
    link: str
    notes: list[str]
    sections: int


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    document_id: UUID
    source: str
    collection: str
    state: str
    newest: int
    version: int
    title: str
    text: str
    language: str
    product: list[str]
    region: list[str]
    tier: list[str]
    audience: str
    valid_from: date | None
    valid_to: date | None
    owner: str
    link: str
    notes: list[str]
    content_sha256: str
    ingested_by: str
    ingested_at: datetime


class PartRow(msgspec.Struct, frozen=True, kw_only=True):
    """A section within one version."""

    section_id: UUID
    ordinal: int
    path: list[str]
    text: str
    span_start: int
    span_end: int
    suspect: bool


class SectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A section with what its version says about it. `live`: it is in force."""

    section_id: UUID
    document_id: UUID
    version: int
    path: list[str]
    text: str
    span_start: int
    span_end: int
    suspect: bool
    live: bool
    title: str
    language: str
    product: list[str]
    region: list[str]
    tier: list[str]
    audience: str
    valid_from: date | None
    valid_to: date | None
    link: str


class ChangedRow(msgspec.Struct, frozen=True, kw_only=True):
    document_id: UUID


lock = sql.execute("knowledge.sql", "lock")
next_generation = sql.one("knowledge.sql", "next_generation", GenerationRow)
generation = sql.optional("knowledge.sql", "generation", GenerationRow)
by_source = sql.optional("knowledge.sql", "by_source", DocumentRow)
of_collection = sql.many("knowledge.sql", "of_collection", DocumentRow)
save_document = sql.execute("knowledge.sql", "save_document")
same_again = sql.execute("knowledge.sql", "same_again")
remove_document = sql.execute("knowledge.sql", "remove_document")
add_version = sql.execute("knowledge.sql", "add_version")
add_sections = sql.execute("knowledge.sql", "add_sections")
retire_sections = sql.execute("knowledge.sql", "retire_sections")
documents = sql.many("knowledge.sql", "documents", ListedRow)
version = sql.optional("knowledge.sql", "version", VersionRow)
sections_of = sql.many("knowledge.sql", "sections_of", PartRow)
sections = sql.many("knowledge.sql", "sections", SectionRow)
admitted = sql.many("knowledge.sql", "admitted", SectionRow)
changed_documents = sql.many("knowledge.sql", "changed_documents", ChangedRow)
in_force = sql.many("knowledge.sql", "in_force", SectionRow)
