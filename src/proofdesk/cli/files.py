"""`procedure` and `policy`: checks of files, without a database and without any connected system."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
import yaml

from proofdesk.cli.output import CheckFailed, fail, print_json, say
from proofdesk.cli.running import Json

if TYPE_CHECKING:
    from proofdesk.ports import Capability
    from proofdesk.procedures import DryRun, Loaded

MAX_FILES = 500
MAX_BYTES = 1_000_000
procedure_app = typer.Typer(no_args_is_help=True)
policy_app = typer.Typer(no_args_is_help=True)
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Procedure files, or folders of them.")]
TenantDir = Annotated[
    Path | None,
    typer.Option(help="Tenant folder whose connectors say which capabilities exist (default: the one around FILE)."),
]


class _AnyValue(Mapping[str, str]):
    """The environment, and a stand-in for what is not set: checking a file calls no system and needs no secret."""

    def __getitem__(self, name: str) -> str:
        return os.environ.get(name) or ("http://127.0.0.1:9" if name.endswith("URL") else "not-set")

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)


@procedure_app.command()
def check(files: Files, tenant_dir: TenantDir = None, json: Json = False) -> None:
    """Check procedure files: form, names, types of every expression; exit 2 when one cannot be used."""
    loaded = _load_all(files, tenant_dir)
    if json:
        print_json({"ok": True, "procedures": [_named(path, each) for path, each in loaded]})
        return
    for path, each in loaded:
        say(f"{path}: {each.procedure.id} version {each.procedure.version} is good ({len(each.tests)} tests)")


@procedure_app.command()
def test(
    files: Files,
    tenant_dir: TenantDir = None,
    paths: Annotated[bool, typer.Option("--paths/--no-paths", help="Print the path each test took.")] = True,
    json: Json = False,
) -> None:
    """Run the tests that procedure files carry; exit 1 when one fails."""
    from proofdesk.procedures import run_tests

    results = [(path, case) for path, each in _load_all(files, tenant_dir) for case in run_tests(each)]
    failed = sum(not case.passed for _, case in results)
    if json:
        cases = [
            {
                "file": str(path),
                "name": case.name,
                "passed": case.passed,
                "differences": case.differences,
                "outcome": case.run.outcome,
                "path": case.run.path,
            }
            for path, case in results
        ]
        print_json({"ok": not failed, "tests": len(results), "failed": failed, "cases": cases})
    else:
        for path, case in results:
            say(f"{'ok    ' if case.passed else 'FAILED'} {path.name}: {case.name}")
            if paths:
                say(f"         {' > '.join((*case.run.path, case.run.outcome))}")
            for difference in case.differences:
                say(f"         {difference}")
        say(f"{len(results)} tests, {failed} failed")
    if failed:
        raise CheckFailed


@procedure_app.command()
def schema() -> None:
    """The JSON Schema of a procedure file, for editors."""
    from proofdesk.procedures import json_schema

    print_json(json_schema())


@procedure_app.command("run")
def run_file(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    case: Annotated[
        Path | None,
        typer.Option(help="YAML like one entry of `tests:` without `expect`: slots, requester, answers, confirm, now."),
    ] = None,
    tenant_dir: TenantDir = None,
    json: Json = False,
) -> None:
    """Follow a procedure with given facts and answers: its path, what it would do and say. Touches nothing."""
    from proofdesk.procedures import dry_run
    from proofdesk.procedures.document import CaseDoc
    from proofdesk.procedures.run_tests import facts_of

    ((_, loaded),) = _load_all([file], tenant_dir)
    given = _yaml(case) if case is not None else {}
    try:
        doc = msgspec.convert({"name": "run", "expect": {}, **given}, CaseDoc)
        facts = facts_of(loaded.procedure, doc)
    except msgspec.ValidationError as error:
        fail(f"{case}: {error}; write slots, requester, authenticated_by, answers, confirm, now")
    done = dry_run(loaded.procedure, facts, doc.answers, confirm=doc.confirm)
    if json:
        print_json(done)
    else:
        _show_run(done)


def _show_run(done: "DryRun") -> None:
    say(f"path: {' > '.join(done.path)}")
    say(f"outcome: {done.outcome}" + (f" ({done.note})" if done.note else ""))
    for act in done.acts:
        say(f"would do: {act.capability} {msgspec.json.encode(act.args).decode()}")
    for text in done.confirms:
        say(f"would confirm: {text}")
    for text in done.replies:
        say(f"would say: {text}")


@policy_app.command("check")
def check_policy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .cedar file.")],
    tenant_dir: TenantDir = None,
    json: Json = False,
) -> None:
    """Check a policy file against the product's schema and the capabilities of the tenant folder around it."""
    from proofdesk.policy.gate import CedarGate, PolicyRefused
    from proofdesk.policy.schema import schema_text

    text = _text(file)
    capabilities = _capabilities(tenant_dir or file.parent, required=tenant_dir is not None)
    if capabilities is None:
        fail(f"{file}: no connector*.yaml beside it, so its actions cannot be checked; give --tenant-dir")
    try:
        gate = CedarGate(text, schema_text(capabilities), file=str(file))
    except PolicyRefused as error:
        fail("\n".join(str(fault) for fault in error.faults))
    if json:
        print_json({"ok": True, "policy_hash": gate.policy_hash, "capabilities": len(capabilities)})
    else:
        say(f"{file}: good; {len(capabilities)} capabilities, policy {gate.policy_hash}")


def _load_all(files: list[Path], tenant_dir: Path | None) -> "list[tuple[Path, Loaded]]":
    from proofdesk.procedures import load
    from proofdesk.procedures.load import Loaded

    faults: list[str] = []
    found: list[tuple[Path, Loaded]] = []
    known: dict[Path, Mapping[str, Capability] | None] = {}
    for path in _expanded(files):
        around = tenant_dir or path.absolute().parent.parent
        if around not in known:
            known[around] = _capabilities(around, required=tenant_dir is not None)
        loaded = load(_text(path), str(path), known[around])
        if isinstance(loaded, Loaded):
            found.append((path, loaded))
        else:
            faults += [str(fault) for fault in loaded]
    if faults:
        fail("\n".join(faults))
    return found


def _expanded(files: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in files:
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not inside:
            fail(f"{path}: no *.yaml in this folder")
        found += inside
    return found if len(found) <= MAX_FILES else fail(f"{len(found)} files, at most {MAX_FILES} at once")


def _capabilities(folder: Path, *, required: bool) -> "Mapping[str, Capability] | None":
    """What the OpenAPI connectors of a tenant folder offer, by their files alone; None where there are none."""
    from proofdesk.connectors.backoffice.openapi import OpenApiConnector

    paths = sorted(folder.glob("connector*.yaml"))
    if not paths:
        return fail(f"{folder}: no connector*.yaml in this folder") if required else None
    found: dict[str, Capability] = {}
    for path in paths:
        if (_yaml(path) or {}).get("kind") == "mcp":
            fail(
                f"{path}: an MCP server must be asked for its tools; check the whole folder with proofdesk tenant load"
            )
        connector = OpenApiConnector.load(path, _AnyValue())
        found |= connector.capabilities()
        asyncio.run(connector.aclose())
    return found


def _named(path: Path, each: "Loaded") -> dict[str, Any]:
    procedure = each.procedure
    return {
        "file": str(path),
        "procedure": procedure.id,
        "version": procedure.version,
        "hash": procedure.procedure_hash,
        "tests": len(each.tests),
    }


def _yaml(path: Path) -> Any:
    try:
        value = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        fail(f"{path}: {' '.join(str(error).split())}")
    return value if isinstance(value, dict) else fail(f"{path}: must be a mapping of names to values")


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode() if len(data) <= MAX_BYTES else fail(f"{path}: larger than {MAX_BYTES} bytes")
    except UnicodeDecodeError as error:
        fail(f"{path}: not UTF-8 text (byte {error.start})")
    except IsADirectoryError:
        fail(f"{path}: is a folder; name a file")
