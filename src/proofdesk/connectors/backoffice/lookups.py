"""The `find` and `load` parts of records.yaml: which capability is called with which arguments, checked at load."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import rfc8785

from proofdesk.connectors.backoffice.mapping import Compiler, Schemas
from proofdesk.connectors.backoffice.paths import MISSING, Every, Path, Scope, value
from proofdesk.connectors.yamlfile import FieldPath, YamlFile
from proofdesk.core.reading import Claim
from proofdesk.ports import Capability

CLAIM_NAMES = ("email", "given_name", "family_name", "postcode", "requester_id", "order_id", "code")
MAX_SPLITS = 3
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One reading access for the ledger: what was asked, not what was answered. `cached`: no call was made."""

    capability: str
    args_hash: str
    """SHA-256 (hex) of the RFC 8785 form of the arguments."""
    cached: bool = False


class FindStep(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    capability: str
    args: dict[str, Any]
    """Argument to Path or fixed value."""
    id: Path
    match: tuple[tuple[Path, Path], ...]
    proves: str
    uses: frozenset[str]


class LoadStep(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    capability: str
    args: dict[str, Any]
    each: Path | None
    distinct: bool
    optional: bool
    keep_s: float
    needs: frozenset[str]


class _Find(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    capability: str
    args: dict[str, Any]
    id: str
    match: dict[str, str] = {}
    proves: str | None = None


class _Load(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    capability: str
    args: dict[str, Any] = {}
    each: str | None = None
    distinct: bool = False
    optional: bool = False
    keep_s: float = 0.0


def args_hash(args: Mapping[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(args))).hexdigest()


def read_find(
    file: YamlFile, node: Any, capabilities: Mapping[str, Capability], compiler: Compiler
) -> tuple[FindStep, ...]:
    """Raises FileError."""
    claims: Schemas = {name: {"type": "string"} for name in CLAIM_NAMES}
    steps = []
    for name, raw in file.mapping(("find",), node).items():
        at: FieldPath = ("find", name)
        found = file.convert(file.mapping(at, raw), _Find, at)
        capability = _reading(file, (*at, "capability"), found.capability, capabilities)
        answer: Schemas = {"": capability.output_schema}
        args = _args(file, (*at, "args"), found.args, claims, capability, compiler)
        match = tuple(
            (
                compiler.path(left, (*at, "match", left), answer)[0],
                compiler.path(right, (*at, "match", left), claims)[0],
            )
            for left, right in found.match.items()
        )
        used = {path.root for path in (*args.values(), *(right for _, right in match)) if isinstance(path, Path)}
        if not used:
            raise file.error(at, "uses no claim; use $" + ", $".join(CLAIM_NAMES))
        steps.append(
            FindStep(
                name=name,
                capability=found.capability,
                args=args,
                id=compiler.path(found.id, (*at, "id"), answer)[0],
                match=match,
                proves=name if found.proves is None else found.proves,
                uses=frozenset(used),
            )
        )
    return tuple(steps)


def read_load(
    file: YamlFile, node: Any, capabilities: Mapping[str, Capability], compiler: Compiler
) -> tuple[tuple[tuple[LoadStep, ...], ...], Schemas]:
    """Steps in waves (those of one wave do not need each other), and the schema of each one's answer."""
    entries = file.mapping(("load",), node)
    waiting: dict[str, _Load] = {}
    for name, raw in entries.items():
        at: FieldPath = ("load", name)
        if not _NAME.fullmatch(name) or name in ("requester_id", "item"):
            raise file.error(at, "is no usable name: lower-case letters, digits and _, not requester_id or item")
        waiting[name] = file.convert(file.mapping(at, raw), _Load, at)
    schemas: Schemas = {"requester_id": {"type": "string"}}
    waves: list[tuple[LoadStep, ...]] = []
    while waiting:
        ready = [name for name, step in waiting.items() if not (_needs(step) & waiting.keys())]
        if not ready:
            first = next(iter(waiting))
            raise file.error(("load", first), f"these need each other: {', '.join(waiting)}")
        wave, found = [], {}
        for name in ready:
            step, schema = _load_step(file, name, waiting.pop(name), capabilities, schemas, compiler)
            wave.append(step)
            found[name] = schema
        schemas = {**schemas, **found}
        waves.append(tuple(wave))
    return tuple(waves), schemas


def _load_step(
    file: YamlFile,
    name: str,
    raw: _Load,
    capabilities: Mapping[str, Capability],
    schemas: Schemas,
    compiler: Compiler,
) -> tuple[LoadStep, dict[str, Any]]:
    at: FieldPath = ("load", name)
    capability = _reading(file, (*at, "capability"), raw.capability, capabilities)
    inner = dict(schemas)
    each = None
    if raw.each is not None:
        each, schema = compiler.path(raw.each, (*at, "each"), schemas)
        items = schema.get("items") if not each.many else schema
        inner["item"] = items if isinstance(items, dict) else {}
    if not 0 <= raw.keep_s <= 86_400:
        raise file.error((*at, "keep_s"), "must lie between 0 and 86400 seconds")
    step = LoadStep(
        name=name,
        capability=raw.capability,
        args=_args(file, (*at, "args"), raw.args, inner, capability, compiler),
        each=each,
        distinct=raw.distinct,
        optional=raw.optional,
        keep_s=raw.keep_s,
        needs=frozenset(_needs(raw)),
    )
    answer = capability.output_schema
    return step, {"type": "array", "items": answer} if each else answer


def _needs(step: _Load) -> set[str]:
    texts = [step.each, *step.args.values()]
    return {found[1] for text in texts if isinstance(text, str) and (found := re.match(r"\$([a-z0-9_]+)", text))}


def _reading(file: YamlFile, at: FieldPath, name: str, capabilities: Mapping[str, Capability]) -> Capability:
    found = capabilities.get(name)
    if found is None:
        known = ", ".join(sorted(known for known, one in capabilities.items() if not one.writes))
        raise file.error(at, f"no connected system has the capability {name}; reading ones: {known}")
    if found.writes:
        raise file.error(at, f"{name} writes; records are only read")
    return found


def _args(
    file: YamlFile,
    at: FieldPath,
    raw: Mapping[str, Any],
    schemas: Schemas,
    capability: Capability,
    compiler: Compiler,
) -> dict[str, Any]:
    properties = capability.input_schema.get("properties", {})
    for name in raw:
        if properties and name not in properties:
            raise file.error((*at, name), f"{capability.name} takes no such argument; it takes {', '.join(properties)}")
    for name in capability.input_schema.get("required", ()):
        if name not in raw:
            raise file.error(at, f"{capability.name} needs the argument {name}")
    args: dict[str, Any] = {}
    for name, given in raw.items():
        if not (isinstance(given, str) and given.startswith("$")):
            args[name] = given
            continue
        path, _ = compiler.path(given, (*at, name), schemas)
        if any(isinstance(step, Every) for step in path.steps):
            raise file.error((*at, name), "leads to many values; call once for each with `each` and $item")
        args[name] = path
    return args


def fill_args(args: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    """The arguments of one call, or None when one of them has no value."""
    filled: dict[str, Any] = {}
    for name, given in args.items():
        found = value(given, scope) if isinstance(given, Path) else given
        if found is MISSING:
            return None
        filled[name] = found
    return filled


def bindings(claims: Sequence[Claim]) -> dict[str, list[tuple[str, ...]]]:
    """Claimed values by what they bind: ("email",): …; a name gives (given_name, family_name) pairs."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for claim in claims:
        text = claim.value.strip()
        if not text:
            continue
        if claim.kind == "name":
            words = text.split()
            pairs = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
            # The family name is most often the last word, then everything after the first.
            found.setdefault("name", []).extend(list(reversed(pairs))[:MAX_SPLITS])
        else:
            found.setdefault(claim.kind, []).append((text,))
    return {kind: list(dict.fromkeys(all_of)) for kind, all_of in found.items()}
