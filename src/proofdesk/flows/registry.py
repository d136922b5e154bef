"""The tenants of one process, built from the database and renewed when a new revision is loaded."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from proofdesk.core.procedure import Procedure
from proofdesk.flows.folder import Built, Folder, TenantFolderError, build, runtime_of
from proofdesk.flows.load_tenant import MODEL_PATH
from proofdesk.flows.tenancy import Runtime
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.file import load as load_model
from proofdesk.policy.gate import CedarGate
from proofdesk.ports import PolicyGate
from proofdesk.procedures.load import Loaded, load
from proofdesk.store import tables as t
from proofdesk.store.pool import Pool, tenant_transaction
from proofdesk.store.rows import RevisionRow

CHECK_S = 1.0


class UnknownTenant(Exception):
    """No such tenant, or none was ever loaded under this name."""


class _Held(msgspec.Struct):
    built: Built
    runtime: Runtime
    checked_at: float


class Registry:
    """Implements flows.tenancy.Tenants. `env` gives connectors their addresses and secrets."""

    def __init__(self, pool: Pool, env: Mapping[str, str], encoder: Encoder | None) -> None:
        self._pool = pool
        self._env = env
        self._encoder = encoder
        self._held: dict[str, _Held] = {}
        self._replaced: list[Built] = []
        self._locks: dict[str, asyncio.Lock] = {}
        self._rules: dict[tuple[str, str, str], Procedure | CedarGate] = {}

    async def get(self, tenant: str) -> Runtime:
        """Raises UnknownTenant; TenantFolderError when the stored revision no longer fits the connected systems."""
        held = self._held.get(tenant)
        if held is not None and time.monotonic() - held.checked_at < CHECK_S:
            return held.runtime
        async with self._locks.setdefault(tenant, asyncio.Lock()):
            held = self._held.get(tenant)
            if held is not None and time.monotonic() - held.checked_at < CHECK_S:
                return held.runtime
            async with tenant_transaction(self._pool, tenant) as conn:
                revision = await t.load_revision(conn, tenant=tenant)
            if revision is None:
                raise UnknownTenant(f"no tenant {tenant}")
            if held is not None and held.runtime.revision == revision.revision:
                held.checked_at = time.monotonic()
                return held.runtime
            built, runtime = await self._build(tenant, revision)
            if held is not None:
                # It may still be in use by tickets under way; its connections end with the registry.
                self._replaced.append(held.built)
            self._held[tenant] = _Held(built=built, runtime=runtime, checked_at=time.monotonic())
            return runtime

    async def rules(self, tenant: str, kind: Literal["procedure", "policy"], rule_hash: str) -> Procedure | PolicyGate:
        """As it was when it was first loaded. Raises UnknownTenant when this hash never was."""
        place = (tenant, kind, rule_hash)
        if place in self._rules:
            return self._rules[place]
        async with tenant_transaction(self._pool, tenant) as conn:
            row = await t.load_rule(conn, tenant=tenant, kind=kind, hash=rule_hash)
        if row is None:
            raise UnknownTenant(f"{tenant} never had the {kind} {rule_hash}")
        found: Procedure | CedarGate
        if kind == "policy":
            found = CedarGate(str(row.source["policy"]), str(row.source["schema"]), file=row.name)
        else:
            loaded = load(str(row.source["text"]), row.name, None)
            if not isinstance(loaded, Loaded):
                raise TenantFolderError("\n".join(str(fault) for fault in loaded))
            found = loaded.procedure
        self._rules[place] = found
        return found

    async def close(self) -> None:
        for built in (*self._replaced, *(held.built for held in self._held.values())):
            await built.close()
        self._replaced.clear()
        self._held.clear()

    async def _build(self, tenant: str, revision: RevisionRow) -> tuple[Built, Runtime]:
        wanted = {path: digest for path, digest in revision.files.items() if path != MODEL_PATH}
        async with tenant_transaction(self._pool, tenant) as conn:
            blobs = await t.load_blobs(conn, tenant=tenant, hashes=list(set(wanted.values())))
            stored = await t.load_model(conn, tenant=tenant, model_hash=revision.files[MODEL_PATH])
        content = {blob.hash: blob.content for blob in blobs}
        with tempfile.TemporaryDirectory(prefix="proofdesk-") as root:
            files = {path: content[digest] for path, digest in wanted.items()}
            for path, data in files.items():
                place = Path(root) / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            built = await build(Folder(root=Path(root), files=files, hash=revision.hash), self._env)
            if stored is None:
                raise TenantFolderError(f"{tenant}: the intent model of revision {revision.revision} is missing")
            model_file = Path(root) / "model.npz"
            model_file.write_bytes(stored.content)
            model = load_model(model_file, self._encoder)
        return built, runtime_of(built, revision.revision, model)
