"""The index of each tenant in this process: built from the record at its first use, brought up to date at each use."""

import asyncio
from datetime import date
from uuid import UUID

import msgspec

from proofdesk.core.knowledge import Scope, Section
from proofdesk.flows.context import Shell
from proofdesk.knowledge.retrieval import KnowledgeIndex, Retriever
from proofdesk.store import knowledge as k
from proofdesk.store.pool import Connection, tenant_transaction

PAGE = 20_000
"""Rows read at once; more than the sections of any document."""
NIL = UUID(int=0)


class _Held:
    def __init__(self) -> None:
        self.index = KnowledgeIndex()
        self.generation = 0
        self.lock = asyncio.Lock()


class Indexes:
    """One per process. An edited document is found by the next question."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    async def retriever(self, shell: Shell, tenant: str) -> Retriever:
        held = self._held.setdefault(tenant, _Held())
        async with held.lock, tenant_transaction(shell.pool, tenant) as conn:
            row = await k.generation(conn, tenant=tenant)
            if row is not None and row.generation != held.generation:
                await _refresh(conn, tenant, held)
                held.generation = row.generation
        return Retriever(held.index)


async def _refresh(conn: Connection, tenant: str, held: _Held) -> None:
    """A change committed after the generation was read is taken in as well, and once more at the next use."""
    if held.generation == 0:
        found = await _in_force(conn, tenant, None)
        await asyncio.to_thread(held.index.load, found)
        return
    changed = await k.changed_documents(conn, tenant=tenant, generation=held.generation)
    ids = [row.document_id for row in changed]
    by_document: dict[str, list[Section]] = {str(each): [] for each in ids}
    for section in await _in_force(conn, tenant, ids):
        by_document[section.document_id].append(section)
    for document_id, sections in by_document.items():
        if sections:
            held.index.replace(sections)
        else:
            held.index.remove(document_id)


async def _in_force(conn: Connection, tenant: str, document_ids: list[UUID] | None) -> list[Section]:
    """Page by page; the last document of a full page may be cut off there, so it is read again with the next."""
    found: list[Section] = []
    after = NIL
    while True:
        rows = await k.in_force(
            conn, tenant=tenant, everything=document_ids is None, document_ids=document_ids or [], after=after,
            limit=PAGE,
        )  # fmt: skip
        full = len(rows) == PAGE
        if full:
            last = rows[-1].document_id
            rows = [row for row in rows if row.document_id != last]
        found += [section_of(row) for row in rows if not row.suspect]
        if not full:
            return found
        after = rows[-1].document_id


def section_of(row: k.SectionRow) -> Section:
    return Section(
        id=str(row.section_id),
        document_id=str(row.document_id),
        title=row.title,
        path=tuple(row.path),
        text=row.text,
        span=(row.span_start, row.span_end),
        scope=msgspec.convert(
            {
                "language": row.language, "product": row.product, "region": row.region, "tier": row.tier,
                "audience": row.audience, "valid_from": row.valid_from, "valid_to": row.valid_to,
            },
            Scope,
        ),
    )  # fmt: skip


def today_of(shell: Shell) -> date:
    return shell.clock.now().date()
