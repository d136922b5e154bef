"""Writes a tenant's ledger to files that an auditor verifies without us.

Everything committed before the export began is in it, numbered and covered by a signed checkpoint. The database is
copied as it is, altered or not: judging is the verifier's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec

from proofdesk.flows.clock import iso
from proofdesk.flows.context import Shell
from proofdesk.ledger.export import ExportError, ExportLeaf, ExportSummary, write_export
from proofdesk.ledger.notes import encode_vkey
from proofdesk.store import checks
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import ExportRow

WAIT_S = 30.0
POLL_S = 0.1
PAGE_TIMEOUT_S = 60.0


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to number and sign what is committed. Not `done`: another process leads and will do it."""

    done: bool
    warning: str = ""
    """Why nothing could be signed: the ledger does not extend what its witness saw."""


Number = Callable[[], Awaitable[Numbered]]


class _Canon(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hashed bytes of a leaf, taken apart."""

    tenant: str
    ts: str
    kind: str
    body: msgspec.Raw
    subject_ref: str | None = None
    ciphertext_sha256: str | None = None


async def export_ledger(
    shell: Shell, tenant: str, directory: Path, number: Number, *, wait_s: float = WAIT_S
) -> ExportSummary:
    """Write the ledger of `tenant` to a new `directory`. Raises ExportError, StoreUnavailable."""
    warning = await _all_numbered(shell, tenant, number, wait_s)
    async with tenant_transaction(shell.pool, tenant) as conn:
        checkpoints = await t.checkpoints(conn, tenant=tenant)
    covered = checkpoints[-1].size if checkpoints else 0
    manifest = {"tenant": tenant, "exported_at": iso(shell.clock.now())}
    if warning:
        manifest["warning"] = warning
    loop = asyncio.get_running_loop()

    def leaves() -> Iterator[ExportLeaf]:
        """Pages come through the event loop, so that a large ledger never lies in memory as a whole."""
        at = 0
        while True:
            page = asyncio.run_coroutine_threadsafe(_page(shell, tenant, at, covered), loop).result(PAGE_TIMEOUT_S)
            if not page:
                return
            for row in page:
                yield export_leaf(tenant, row)
            at = page[-1].seq + 1

    vkey = encode_vkey(shell.keys.log.public)
    return await asyncio.to_thread(write_export, directory, leaves(), [c.note for c in checkpoints], vkey, manifest)


async def _all_numbered(shell: Shell, tenant: str, number: Number, wait_s: float) -> str:
    """Return when everything committed has its number and a checkpoint, whoever gave it. Raises ExportError."""
    deadline = time.monotonic() + wait_s
    while True:
        numbered = await number()
        if numbered.done:
            return numbered.warning
        async with tenant_transaction(shell.pool, tenant) as conn:
            pending = (await t.pending_leaves(conn, tenant=tenant)).n
            tree = await checks.tree_size(conn, tenant=tenant)
            newest = await t.latest_checkpoint(conn, tenant=tenant)
        if pending == 0 and tree is not None and newest is not None and newest.size >= tree.size:
            return ""
        if time.monotonic() > deadline:
            raise ExportError(
                f"{pending} entries of {tenant} are not numbered and signed after {wait_s:g} s although another "
                "process leads; look at its log, or stop it and export again"
            )
        await asyncio.sleep(POLL_S)


async def _page(shell: Shell, tenant: str, at: int, covered: int) -> list[ExportRow]:
    async with tenant_transaction(shell.pool, tenant) as conn:
        return await t.export_page(conn, tenant=tenant, from_seq=at, to_seq=covered)


def export_leaf(tenant: str, row: ExportRow) -> ExportLeaf:
    """The leaf from the bytes that were hashed. What cannot be read as a leaf is shown in full under `unreadable`:
    it does not give the hash that was signed, so the verifier names it."""
    try:
        fields = msgspec.json.decode(row.canon, type=_Canon)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = {"unreadable": row.canon.hex()}
        return ExportLeaf(seq=row.seq, ts=row.ts, kind=row.kind, tenant=tenant, body=body, leaf_hash=row.leaf_hash)
    return ExportLeaf(
        seq=row.seq,
        ts=fields.ts,
        kind=fields.kind,
        tenant=fields.tenant,
        body=fields.body,
        leaf_hash=row.leaf_hash,
        subject_ref=fields.subject_ref,
        ciphertext_sha256=fields.ciphertext_sha256,
        ciphertext=row.ciphertext,
    )
