"""Takes a tenant's folder into the database as a new revision: everything is checked first, then written at once."""

import hashlib
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from proofdesk.core.contract import Contract, price_of, rule_hash
from proofdesk.flows.clock import iso
from proofdesk.flows.context import Shell
from proofdesk.flows.folder import Built, Folder, TenantFolderError, build, examples_of, read_folder
from proofdesk.flows.outcome import Refusal
from proofdesk.flows.people import list_people, save_person
from proofdesk.flows.settle import add_leaf
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.examples import TooFewExamples
from proofdesk.language.intents.file import save
from proofdesk.language.intents.training import train
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction

MODEL_PATH = "@model"


class TenantLoaded(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    revision: int
    procedures: int
    examples: int
    people: int = 0
    """Entries of people.yaml that were new or had other roles."""
    unchanged: bool = False
    notice: str = ""


async def load_tenant(
    shell: Shell, root: Path, *, loaded_by: str, env: Mapping[str, str], encoder: Encoder | None
) -> TenantLoaded:
    """Raises TenantFolderError with every fault; the revision in force stays then."""
    folder = read_folder(root)
    built = await build(folder, env)
    try:
        loaded = await _write(shell, folder, built, loaded_by, encoder)
        return msgspec.structs.replace(loaded, people=await _people(shell, loaded.tenant, built, loaded_by))
    finally:
        await built.close()


async def _write(shell: Shell, folder: Folder, built: Built, loaded_by: str, encoder: Encoder | None) -> TenantLoaded:
    tenant, now = built.settings.tenant, shell.clock.now()
    procedures = {name: each.procedure for name, each in built.loaded.items()}
    examples = examples_of(procedures)
    async with tenant_transaction(shell.pool, tenant) as conn:
        before = await t.load_revision(conn, tenant=tenant)
    kept = {path: digest for path, digest in before.files.items() if path != MODEL_PATH} if before else {}
    files = {path: hashlib.sha256(content).hexdigest() for path, content in folder.files.items()}
    if before is not None and kept == files:
        return TenantLoaded(
            tenant=tenant, revision=before.revision, procedures=len(procedures), examples=len(examples), unchanged=True
        )
    model = train(examples, (), encoder, {name: each.title for name, each in procedures.items()})
    if isinstance(model, TooFewExamples):
        raise TenantFolderError(f"procedures: {model.reason}")
    model_bytes = _bytes_of(model)
    revision = before.revision + 1 if before else 1
    async with tenant_transaction(shell.pool, tenant) as conn:
        await t.create_tenant(conn, tenant=tenant, name=built.settings.name, now=now)
        await t.add_blobs(conn, tenant=tenant, hashes=list(files.values()), contents=list(folder.files.values()))
        await t.add_model(conn, tenant=tenant, model_hash=model.model_hash, content=model_bytes, now=now)
        await t.add_revision(
            conn,
            tenant=tenant,
            revision=revision,
            files={**files, MODEL_PATH: model.model_hash},
            hash=folder.hash,
            loaded_by=loaded_by,
            now=now,
        )
        await _rules(conn, tenant, built, folder, now)
        body: dict[str, object] = {
            "revision": revision,
            "files_sha256": folder.hash,
            "policy_hash": built.gate.policy_hash,
            "model_hash": model.model_hash,
            "loaded_by": loaded_by,
        }
        await add_leaf(conn, tenant, now, "config.loaded", body, None)
        await _contract(conn, tenant, built.settings.contract, now)
    return TenantLoaded(
        tenant=tenant, revision=revision, procedures=len(procedures), examples=len(examples), notice=model.notice
    )


async def _people(shell: Shell, tenant: str, built: Built, loaded_by: str) -> int:
    """Give everybody in people.yaml their roles. Whoever is not in it is left alone, and nobody gets a key by it."""
    known = {person.login: person.roles for person in await list_people(shell, tenant)}
    wanted = [entry for entry in built.people if set(known.get(entry.login, ())) != set(entry.roles)]
    for entry in wanted:
        saved = await save_person(shell, tenant, entry.login, entry.roles, by=f"tenant load:{loaded_by}")
        if isinstance(saved, Refusal):
            raise TenantFolderError(
                f"people.yaml: {entry.login}: {saved.message}. The rest of the folder is in force; take the entry out"
            )
    return len(wanted)


def _bytes_of(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        save(model, path)
        return path.read_bytes()


async def _rules(conn: Connection, tenant: str, built: Built, folder: Folder, now: datetime) -> None:
    """Keep every procedure and policy ever in force, by hash, so that any past decision can be replayed."""
    for found, path in built.sources():
        await t.add_rule(
            conn,
            tenant=tenant,
            kind="procedure",
            hash=found.procedure_hash,
            name=found.id,
            version=found.version,
            source={"text": folder.files[path].decode()},
            now=now,
        )
    await t.add_rule(
        conn,
        tenant=tenant,
        kind="policy",
        hash=built.gate.policy_hash,
        name="policy.cedar",
        version=1,
        source={"policy": built.policy_text, "schema": built.policy_schema},
        now=now,
    )


async def _contract(conn: Connection, tenant: str, contract: Contract, now: datetime) -> None:
    digest = rule_hash(contract)
    known = await t.load_contract(conn, tenant=tenant)
    if known is not None and known.rule_hash == digest:
        return
    if known is not None and (known.contract_id, known.version) == (contract.id, contract.version):
        raise TenantFolderError(
            f"tenant.yaml: contract {contract.id} version {contract.version} is in force with other terms; "
            "a changed contract needs a new version number"
        )
    await t.add_contract(
        conn,
        tenant=tenant,
        contract_id=contract.id,
        version=contract.version,
        terms=msgspec.to_builtins(contract),
        rule_hash=digest,
        now=now,
    )
    body: dict[str, object] = {
        "contract_id": contract.id,
        "version": contract.version,
        "price_minor": price_of(contract, "resolution", "state_verified").minor,
        "assisted_price_minor": price_of(contract, "approval_assisted", "state_verified").minor,
        "currency": contract.currency,
        "silence_bills": contract.silence_bills,
        "silence_window_s": contract.silence_window_s,
        "reversal_window_s": contract.reversal_window_s,
        "mode": contract.mode,
        "cap_minor": contract.cap_minor,
        "minimum_minor": contract.minimum_minor,
        "rule_hash": digest,
        "from": iso(now),
    }
    await add_leaf(conn, tenant, now, "contract.version", body, None)
