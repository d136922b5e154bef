"""Documents into the record: each kept in one transaction, or not at all; what is gone is removed, never deleted."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from proofdesk.flows.context import Shell
from proofdesk.flows.ids import new_id
from proofdesk.flows.knowledge.gather import Batch
from proofdesk.flows.knowledge.read import Read, read_batch
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.settle import add_leaf
from proofdesk.knowledge.ingest import Broken, Draft, Limits
from proofdesk.store import knowledge as k
from proofdesk.store.pool import Connection, jsonb, tenant_transaction

Result = Literal["added", "changed", "unchanged", "removed", "broken"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one document. `code` and `message` where it is broken: what, where, what to do."""

    source: str
    result: Result
    document_id: UUID | None
    version: int
    sections: int
    notes: tuple[str, ...]
    code: str
    message: str


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """`documents`: every one that was not simply unchanged. `sections`: those of added and changed documents."""

    added: int
    changed: int
    unchanged: int
    removed: int
    broken: int
    sections: int
    documents: tuple[Outcome, ...]


Progress = Callable[[Outcome], None]


async def ingest(
    shell: Shell, tenant: str, batches: Sequence[Batch], *, by: str, progress: Progress | None = None,
    limits: Limits | None = None,
) -> Ingested:  # fmt: skip
    """Take in every input of every batch; what a whole batch no longer holds is removed.

    A document that cannot be read is an outcome and keeps the version it had.
    """
    told: list[Outcome] = []
    counts: Counter[str] = Counter()
    sections = 0
    for batch in batches:
        async with aclosing(_batch(shell, tenant, batch, by, limits or Limits())) as outcomes:
            async for outcome in outcomes:
                counts[outcome.result] += 1
                sections += outcome.sections
                if outcome.result != "unchanged":
                    told.append(outcome)
                if progress is not None:
                    progress(outcome)
    return Ingested(
        added=counts["added"], changed=counts["changed"], unchanged=counts["unchanged"], removed=counts["removed"],
        broken=counts["broken"], sections=sections, documents=tuple(told),
    )  # fmt: skip


async def remove(shell: Shell, tenant: str, source: str, *, by: str) -> Outcome | Refusal:
    """Take one document out of force. Its versions stay, so that what cited them can still be read."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        row = await k.by_source(conn, tenant=tenant, source=source)
    if row is None or row.state != "live":
        return Refusal(code="not_found", message=f"there is no document {source} in force", field="source")
    return await _Writer(shell, tenant, row.collection, by).remove(row)


async def _batch(shell: Shell, tenant: str, batch: Batch, by: str, limits: Limits) -> AsyncGenerator[Outcome]:
    async with tenant_transaction(shell.pool, tenant) as conn:
        rows = await k.of_collection(conn, tenant=tenant, collection=batch.collection)
    write = _Writer(shell, tenant, batch.collection, by)
    hashes = {row.file: row.input_sha256 for row in rows if row.input_sha256}
    named: dict[str, set[str]] = {}
    readable: set[str] = set()
    async with aclosing(read_batch(batch, hashes, limits)) as items:
        async for item in items:
            if isinstance(item, Read):
                source = write.source(item.document.name)
                named.setdefault(item.file, set()).add(source)
                if isinstance(item.document, Draft):
                    readable.add(item.file)
                    yield await write.keep(item, item.document)
                else:
                    yield _broken(source, item.document)
            elif item.same:
                yield _outcome(write.source(item.file), "unchanged")
            elif item.file in readable:
                # Members that an archive or export no longer holds; one that cannot be read at all keeps everything.
                for row in rows:
                    if row.file == item.file and row.source not in named[item.file]:
                        yield await write.remove(row)
    if batch.whole:
        there = {given.file for given in batch.inputs}
        for row in rows:
            if row.file not in there:
                yield await write.remove(row)


class _Writer:
    """Writes documents of one collection; each call is one transaction."""

    def __init__(self, shell: Shell, tenant: str, collection: str, by: str) -> None:
        self._shell, self._tenant, self._collection, self._by = shell, tenant, collection, by

    def source(self, name: str) -> str:
        return f"{self._collection}/{name}"

    async def keep(self, read: Read, draft: Draft) -> Outcome:
        """A new document, a new version, or nothing new."""
        source, now, digest = self.source(draft.name), self._shell.clock.now(), draft.sha256
        async with tenant_transaction(self._shell.pool, self._tenant) as conn:
            await k.lock(conn, tenant=self._tenant)
            known = await k.by_source(conn, tenant=self._tenant, source=source)
            if known is not None and known.state == "live" and known.content_sha256 == digest:
                await k.same_again(
                    conn, tenant=self._tenant, document_id=known.document_id, input_sha256=read.input_sha256,
                    file=read.file,
                )  # fmt: skip
                return _outcome(source, "unchanged", document_id=known.document_id, version=known.version)
            document_id, version = (known.document_id, known.version + 1) if known else (new_id(), 1)
            place = {"tenant": self._tenant, "document_id": document_id}
            await k.save_document(
                conn, **place, source=source, collection=self._collection, file=read.file, version=version,
                input_sha256=read.input_sha256, now=now,
            )  # fmt: skip
            await self._version(conn, document_id, version, draft, now)
            await self._leaf(conn, now, source, document_id, version, digest)
        return _outcome(
            source, "changed" if known else "added", document_id=document_id, version=version,
            sections=len(draft.pieces), notes=draft.notes,
        )  # fmt: skip

    async def remove(self, row: k.DocumentRow) -> Outcome:
        now = self._shell.clock.now()
        place = {"tenant": self._tenant, "document_id": row.document_id}
        async with tenant_transaction(self._shell.pool, self._tenant) as conn:
            await k.lock(conn, tenant=self._tenant)
            if await k.remove_document(conn, **place, now=now) == 1:
                generation = (await k.next_generation(conn, tenant=self._tenant, now=now)).generation
                await k.retire_sections(conn, **place, generation=generation)
                await self._leaf(conn, now, row.source, row.document_id, row.version, "")
        return _outcome(row.source, "removed", document_id=row.document_id, version=row.version)

    async def _version(self, conn: Connection, document_id: UUID, version: int, draft: Draft, now: datetime) -> None:
        place = {"tenant": self._tenant, "document_id": document_id}
        scope = draft.scope
        generation = (await k.next_generation(conn, tenant=self._tenant, now=now)).generation
        await k.retire_sections(conn, **place, generation=generation)
        await k.add_version(
            conn, **place, version=version, title=draft.title, text=draft.text, language=scope.language,
            product=list(scope.product), region=list(scope.region), tier=list(scope.tier), audience=scope.audience,
            valid_from=scope.valid_from, valid_to=scope.valid_to, owner=draft.owner, link=draft.link,
            notes=list(draft.notes), content_sha256=draft.sha256, by=self._by, now=now,
        )  # fmt: skip
        sections = [
            {
                "section_id": new_id(), "ordinal": ordinal, "path": piece.path, "text": piece.text,
                "span_start": piece.span[0], "span_end": piece.span[1], "suspect": piece.suspect,
            }
            for ordinal, piece in enumerate(draft.pieces)
        ]  # fmt: skip
        await k.add_sections(conn, **place, version=version, generation=generation, sections=jsonb(sections))

    async def _leaf(
        self, conn: Connection, now: datetime, source: str, document_id: UUID, version: int, digest: str
    ) -> None:
        """`content_sha256` is "" where the document was removed."""
        body: dict[str, object] = {"document_id": str(document_id), "source": source, "version": version}
        body |= {"content_sha256": digest, "by": self._by}
        await add_leaf(conn, self._tenant, now, "knowledge.changed", body, None)


def _broken(source: str, broken: Broken) -> Outcome:
    return _outcome(source, "broken", code=broken.code, message=broken.message)


def _outcome(source: str, result: Result, **more: Any) -> Outcome:
    return msgspec.structs.replace(_NOTHING, source=source, result=result, **more)


_NOTHING = Outcome(
    source="", result="unchanged", document_id=None, version=0, sections=0, notes=(), code="", message=""
)
