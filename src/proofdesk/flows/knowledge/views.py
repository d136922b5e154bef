"""Knowledge as people look at it: documents, their versions, and the section that an answer cited."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from proofdesk.core.knowledge import Audience
from proofdesk.flows.context import Shell
from proofdesk.store import knowledge as k
from proofdesk.store.pool import tenant_transaction


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """`notes`: what was left out of it or looks wrong. `state`: live, or removed."""

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
    audience: Audience
    valid_from: date | None
    valid_to: date | None
    owner: str
    link: str
    notes: list[str]
    sections: int


class SectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A section of a version. `live`: it is in force. `span`: characters of the version's text."""

    section_id: UUID
    document_id: UUID
    version: int
    title: str
    path: list[str]
    text: str
    span: tuple[int, int]
    suspect: bool
    live: bool
    audience: Audience
    valid_from: date | None
    valid_to: date | None
    link: str


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """One version with its text. `newest`: the number of the latest."""

    document_id: UUID
    source: str
    state: str
    version: int
    newest: int
    title: str
    text: str
    language: str
    product: list[str]
    region: list[str]
    tier: list[str]
    audience: Audience
    valid_from: date | None
    valid_to: date | None
    owner: str
    link: str
    notes: list[str]
    content_sha256: str
    ingested_by: str
    ingested_at: datetime
    sections: list[k.PartRow]


async def list_documents(
    shell: Shell, tenant: str, *, collection: str = "", removed: bool = False, limit: int, offset: int = 0
) -> list[DocumentView]:
    """In order of source; `removed`: also those no longer in force."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        rows = await k.documents(
            conn, tenant=tenant, collection=collection, removed=removed, limit=limit, offset=offset
        )
    return [msgspec.convert(row, DocumentView, from_attributes=True) for row in rows]


async def show_version(shell: Shell, tenant: str, document_id: UUID, version: int = 0) -> VersionView | None:
    """`version` 0: the newest."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        row = await k.version(conn, tenant=tenant, document_id=document_id, version=version)
        if row is None:
            return None
        parts = await k.sections_of(conn, tenant=tenant, document_id=document_id, version=row.version)
    return msgspec.convert(msgspec.structs.asdict(row) | {"sections": parts}, VersionView, from_attributes=True)


async def find_document(shell: Shell, tenant: str, source: str) -> UUID | None:
    """The document of a source, in force or not."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        row = await k.by_source(conn, tenant=tenant, source=source)
    return row.document_id if row else None


async def show_section(shell: Shell, tenant: str, section_id: UUID) -> SectionView | None:
    """The very text that was cited, whatever became of its document since."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        rows = await k.sections(conn, tenant=tenant, section_ids=[section_id])
    return section_view(rows[0]) if rows else None


def section_view(row: k.SectionRow) -> SectionView:
    known: dict[str, Any] = msgspec.structs.asdict(row) | {"span": (row.span_start, row.span_end)}
    return msgspec.convert(known, SectionView, from_attributes=True)
