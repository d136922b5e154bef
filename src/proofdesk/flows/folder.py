"""A tenant's folder of configuration files becomes a Runtime, or one clear error that names file, line and field.

tenant.yaml  connector*.yaml  records.yaml  policy.cedar  aliases.yaml  people.yaml  procedures/*.yaml
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import yaml

from proofdesk.connectors.backoffice.combined import CombinedBackOffice, DuplicateCapability
from proofdesk.connectors.backoffice.mcp import McpConnector
from proofdesk.connectors.backoffice.openapi import OpenApiConnector
from proofdesk.connectors.backoffice.records import RecordsMapping
from proofdesk.connectors.channel.email.smtp import SmtpChannel, SmtpSettings
from proofdesk.connectors.yamlfile import FileError
from proofdesk.core.procedure import Procedure
from proofdesk.flows.tenancy import Email, Runtime, TenantSettings
from proofdesk.flows.tenant_file import PersonEntry, TenantFile, read_people, read_tenant_file, unknown_capabilities
from proofdesk.language.intents.examples import LabelledText
from proofdesk.language.issue_type import issue_type
from proofdesk.language.langid import identify
from proofdesk.language.reading import (
    LANGUAGES,
    Profile,
    Reader,
    SlotProfile,
    TenantWords,
    WordFileError,
    load_tenant_words,
)
from proofdesk.language.signals import find_signals
from proofdesk.language.tone import default_model
from proofdesk.policy.gate import CedarGate, PolicyRefused
from proofdesk.policy.schema import schema_text
from proofdesk.ports import BackOffice, Capability, Channel, IntentModel
from proofdesk.procedures.cel import evaluate
from proofdesk.procedures.load import Loaded, load

MAX_FILE_BYTES = 2_000_000
MAX_FILES = 500
SUFFIXES = (".yaml", ".json", ".cedar")


class TenantFolderError(Exception):
    """The folder cannot be used; nothing was loaded. The text lists every fault with its place."""


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """The folder's files by relative path, and what they hash to together."""

    root: Path
    files: dict[str, bytes]
    hash: str


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a folder gives except the trained model; `close` releases its connections."""

    settings: TenantSettings
    office: CombinedBackOffice
    records: RecordsMapping
    loaded: dict[str, Loaded]
    paths: dict[str, str]
    """Procedure id -> its file."""
    gate: CedarGate
    policy_text: str
    policy_schema: str
    reader: Reader
    channels: dict[str, Channel]
    people: tuple[PersonEntry, ...]
    connectors: tuple[OpenApiConnector | McpConnector, ...]

    def sources(self) -> list[tuple[Procedure, str]]:
        return [(each.procedure, self.paths[name]) for name, each in self.loaded.items()]

    async def close(self) -> None:
        for connector in self.connectors:
            await connector.aclose()


def read_folder(root: Path) -> Folder:
    """Raises TenantFolderError for a missing folder, too many or too large files."""
    if not root.is_dir():
        raise TenantFolderError(f"{root}: no such folder")
    paths = sorted(p for p in root.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    if len(paths) > MAX_FILES:
        raise TenantFolderError(f"{root}: {len(paths)} files, at most {MAX_FILES} are allowed")
    files: dict[str, bytes] = {}
    for path in paths:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TenantFolderError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
        files[path.relative_to(root).as_posix()] = path.read_bytes()
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return Folder(root=root, files=files, hash=digest.hexdigest())


async def build(folder: Folder, env: Mapping[str, str]) -> Built:
    """Check everything against everything and connect. Raises TenantFolderError."""
    tenant_file = read_tenant(folder.root / "tenant.yaml")
    settings = tenant_file.settings
    connectors: list[OpenApiConnector | McpConnector] = []
    try:
        for path in sorted(folder.root.glob("connector*.yaml")):
            connectors.append(await _connect(path, env))  # noqa: PERF401 - those already open are closed on a fault
        office = CombinedBackOffice(connectors)
        records = RecordsMapping.load(folder.root / "records.yaml", office.capabilities())
        loaded, paths = _procedures(folder.root, office.capabilities())
        policy_schema = schema_text(office.capabilities())
        policy_text = (folder.root / "policy.cedar").read_text(encoding="utf-8")
        gate = CedarGate(policy_text, policy_schema, file="policy.cedar")
        words_file = folder.root / "aliases.yaml"
        words = load_tenant_words(words_file) if words_file.exists() else TenantWords()
        if unknown := unknown_capabilities(tenant_file, office.capabilities()):
            raise TenantFolderError("\n".join(str(fault) for fault in unknown))
        people_file = folder.root / "people.yaml"
        people = read_people(people_file) if people_file.exists() else ()
    except (FileError, DuplicateCapability, WordFileError, OSError, UnicodeDecodeError) as error:
        await _close(connectors)
        raise TenantFolderError(str(error)) from error
    except PolicyRefused as error:
        await _close(connectors)
        raise TenantFolderError("\n".join(str(fault) for fault in error.faults)) from error
    except BaseException:
        await _close(connectors)
        raise
    return Built(
        settings=settings,
        office=office,
        records=records,
        loaded=loaded,
        paths=paths,
        gate=gate,
        policy_text=policy_text,
        policy_schema=policy_schema,
        reader=Reader(
            [profile_of(each.procedure) for each in loaded.values()], words, reading_languages(settings.languages)
        ),
        channels=_channels(settings, env),
        people=people,
        connectors=tuple(connectors),
    )


def runtime_of(built: Built, revision: int, model: IntentModel | None) -> Runtime:
    def scoped(names: frozenset[str]) -> BackOffice:
        return built.office.scoped(names)

    return Runtime(
        tenant=built.settings.tenant,
        revision=revision,
        settings=built.settings,
        back_office=built.office,
        scoped=scoped,
        records=built.records,
        procedures={name: each.procedure for name, each in built.loaded.items()},
        evaluate=evaluate,
        gate=built.gate,
        reader=built.reader,
        model=model,
        signals=find_signals,
        language_of=_language(built.settings.languages),
        tone_of=default_model().tone,
        issue_type_of=issue_type,
        channels=built.channels,
    )


def examples_of(procedures: Mapping[str, Procedure]) -> tuple[LabelledText, ...]:
    """What the intent model learns from on the first day."""
    return tuple(
        LabelledText(text=text, intent=name) for name, each in procedures.items() for text in each.understand.examples
    )


def profile_of(procedure: Procedure) -> Profile:
    return Profile(
        procedure=procedure.id,
        kind=procedure.kind,
        examples=procedure.understand.examples,
        acts=procedure.understand.acts,
        serves=procedure.understand.serves,
        slots={
            name: SlotProfile(
                type=slot.type,
                ask=slot.ask,
                values=slot.values,
                of=slot.of,
                optional=slot.optional,
                allow=slot.allow,
                otherwise=slot.otherwise,
                stated=slot.stated,
            )
            for name, slot in procedure.slots.items()
        },
    )


def reading_languages(languages: tuple[str, ...]) -> tuple[str, ...]:
    """The tenant's own languages first; the others are read too, since people write what they speak."""
    return tuple(dict.fromkeys((*(code for code in languages if code in LANGUAGES), *LANGUAGES)))


def read_tenant(path: Path) -> TenantFile:
    """tenant.yaml. Raises TenantFolderError with every fault, each with its line and field."""
    try:
        file, faults = read_tenant_file(path)
    except FileError as error:
        raise TenantFolderError(str(error)) from error
    if faults:
        raise TenantFolderError("\n".join(str(fault) for fault in faults))
    return file


async def _connect(path: Path, env: Mapping[str, str]) -> OpenApiConnector | McpConnector:
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    if (yaml.safe_load(text) or {}).get("kind") == "mcp":
        return await McpConnector.load(path, env)
    # Fetches the service's document: nothing else may stand still meanwhile.
    return await asyncio.to_thread(OpenApiConnector.load, path, env)


async def _close(connectors: list[OpenApiConnector | McpConnector]) -> None:
    for connector in connectors:
        await connector.aclose()


def _procedures(root: Path, capabilities: Mapping[str, Capability]) -> tuple[dict[str, Loaded], dict[str, str]]:
    faults: list[str] = []
    found: dict[str, Loaded] = {}
    paths: dict[str, str] = {}
    for path in sorted((root / "procedures").glob("*.yaml")):
        loaded = load(path.read_text(encoding="utf-8"), f"procedures/{path.name}", capabilities)
        if not isinstance(loaded, Loaded):
            faults += [str(fault) for fault in loaded]
        elif loaded.procedure.id in found:
            faults.append(f"procedures/{path.name}: a second procedure named {loaded.procedure.id}")
        else:
            found[loaded.procedure.id] = loaded
            paths[loaded.procedure.id] = f"procedures/{path.name}"
    if not found and not faults:
        faults.append(f"{root}/procedures: no procedure; write at least one")
    if faults:
        raise TenantFolderError("\n".join(faults))
    return found, paths


def _channels(settings: TenantSettings, env: Mapping[str, str]) -> dict[str, Channel]:
    if settings.email is None or not settings.email.smtp:
        return {}
    return {"email": _smtp(settings, settings.email, env)}


def _smtp(settings: TenantSettings, email: Email, env: Mapping[str, str]) -> SmtpChannel:
    host, port = host_port(from_env(email.smtp, env), "tenant.yaml: email.smtp")
    return SmtpChannel(
        SmtpSettings(
            host=host,
            port=port,
            sender=email.address,
            sender_name=settings.name,
            domain=email.address.partition("@")[2],
            tenant=settings.tenant,
            username=from_env(email.user, env) if email.smtp_login else "",
            security=email.smtp_security,
        ),
        from_env(email.password, env) if email.smtp_login else "",
    )


def from_env(text: str, env: Mapping[str, str]) -> str:
    """A value, or that of the environment variable it names as env:NAME."""
    if not text.startswith("env:"):
        return text
    name = text.removeprefix("env:")
    if not env.get(name):
        raise TenantFolderError(f"tenant.yaml: environment variable {name} is not set")
    return env[name]


def host_port(text: str, where: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise TenantFolderError(f"{where}: write host:port, not {text!r}")
    return host, int(port)


def _language(languages: tuple[str, ...]) -> Callable[[str], str]:
    def language_of(text: str) -> str:
        return identify(text, languages, languages[0]).code

    return language_of
