"""connector.yaml: which operations of one service the product may use, under which names and rights."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from proofdesk.connectors.backoffice.secrets import Auth, MissingVariable, fill
from proofdesk.connectors.guard import AddressGuard
from proofdesk.connectors.http import MAX_CALL_S, MAX_RETRY_AFTER_S, Limits
from proofdesk.connectors.yamlfile import YamlFile
from proofdesk.ports import IdempotencyClass

MAX_CAPABILITIES = 300
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_COMMON = ("connector", "kind", "base_url", "allow_hosts", "auth", "read_auth", "write_auth", "limits", "capabilities")
_KEYS = {"openapi": (*_COMMON, "document"), "mcp": (*_COMMON, "command")}


class Use(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One capability as the file declares it. `operation` for OpenAPI, `tool` and `pin` for MCP."""

    scope: str
    operation: str = ""
    tool: str = ""
    pin: str = ""
    writes: bool = False
    idempotency: IdempotencyClass | None = None
    idempotency_header: str = ""
    money: bool = False
    read_back: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked connector.yaml, secrets filled in."""

    connector: str
    kind: Literal["openapi", "mcp"]
    base_url: str
    document: str
    command: tuple[str, ...]
    allow_hosts: tuple[str, ...]
    read_auth: Auth | None
    write_auth: Auth | None
    limits: Limits
    uses: dict[str, Use]

    def __repr__(self) -> str:
        return f"Manifest(connector={self.connector!r}, kind={self.kind!r})"


def read_manifest(path: Path, env: Mapping[str, str]) -> tuple[Manifest, YamlFile]:
    """Raises FileError (file, line, column, field)."""
    file = YamlFile.read(path)
    data = file.mapping((), file.data)
    kind = data.get("kind")
    if kind not in _KEYS:
        raise file.error(("kind",), "must be openapi or mcp")
    for key in data:
        if key not in _KEYS[kind]:
            raise file.error((key,), f"unknown key; known keys: {', '.join(_KEYS[kind])}")
    allow = tuple(file.convert(data.get("allow_hosts", []), list[str], ("allow_hosts",)))
    try:
        AddressGuard(allow)
    except ValueError as error:
        raise file.error(("allow_hosts",), str(error)) from error
    auth = _auth(file, data, "auth", env)
    limits = _limits(file, data)
    manifest = Manifest(
        connector=_text(file, data, "connector"),
        kind=kind,
        base_url=_base_url(file, data, env),
        document=_text(file, data, "document") if kind == "openapi" else "",
        command=tuple(file.convert(data.get("command", []), list[str], ("command",))),
        allow_hosts=allow,
        read_auth=_auth(file, data, "read_auth", env) or auth,
        write_auth=_auth(file, data, "write_auth", env) or auth,
        limits=limits,
        uses=_uses(file, data, kind),
    )
    return manifest, file


def _limits(file: YamlFile, data: dict[str, Any]) -> Limits:
    """The connector's limits, refused where one call could outlast what a worker may hold a ticket for."""
    limits = file.convert(data.get("limits", {}), Limits, ("limits",))
    if limits.longest_call_s > MAX_CALL_S:
        raise file.error(
            ("limits",),
            f"one call could take {limits.longest_call_s:g} s ({1 + limits.retries} attempts of {limits.timeout_s:g} s "
            f"to get a turn and as long to be answered, {limits.retries} pauses of {MAX_RETRY_AFTER_S:g} s); at most "
            f"{MAX_CALL_S:g} s are allowed: lower timeout_s or retries",
        )
    return limits


def _text(file: YamlFile, data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise file.error((key,), f"{key} is required and must be text")
    return value


def _base_url(file: YamlFile, data: dict[str, Any], env: Mapping[str, str]) -> str:
    if "command" in data:
        if "base_url" in data:
            raise file.error(("command",), "give either base_url or command")
        return ""
    text = _text(file, data, "base_url")
    try:
        url = fill(text, env).rstrip("/")
    except MissingVariable as error:
        raise file.error(("base_url",), str(error)) from error
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in url:
        raise file.error(("base_url",), "must be http(s)://host[:port][/path] without user, query or fragment")
    return url


def _auth(file: YamlFile, data: dict[str, Any], key: str, env: Mapping[str, str]) -> Auth | None:
    if key not in data:
        return None
    auth = file.convert(data[key], Auth, (key,))
    try:
        return msgspec.structs.replace(auth, value=fill(auth.value, env))
    except MissingVariable as error:
        raise file.error((key, "value"), str(error)) from error


def _uses(file: YamlFile, data: dict[str, Any], kind: str) -> dict[str, Use]:
    entries = file.mapping(("capabilities",), data.get("capabilities"))
    if not entries or len(entries) > MAX_CAPABILITIES:
        raise file.error(("capabilities",), f"between 1 and {MAX_CAPABILITIES} capabilities are needed")
    uses: dict[str, Use] = {}
    for name, raw in entries.items():
        at = ("capabilities", name)
        if not _NAME.fullmatch(name):
            raise file.error(at, "a capability is named like orders.read: lower-case words joined by dots")
        use = file.convert(file.mapping(at, raw), Use, at)
        if not use.scope:
            raise file.error((*at, "scope"), "must name the least right the call needs, like orders:read")
        _check_use(file, at, use, kind)
        uses[name] = use
    for name, use in uses.items():
        if use.read_back and (use.read_back not in uses or uses[use.read_back].writes):
            raise file.error(("capabilities", name, "read_back"), "must name a reading capability of this file")
    return uses


def _check_use(file: YamlFile, at: tuple[str, ...], use: Use, kind: str) -> None:
    wrong = ("tool", "pin") if kind == "openapi" else ("operation", "idempotency_header")
    for field in wrong:
        if getattr(use, field):
            raise file.error((*at, field), f"has no meaning in a connector of kind {kind}")
    needed = "operation" if kind == "openapi" else "tool"
    if not getattr(use, needed):
        raise file.error(at, f"{needed} is missing")
    if not use.writes:
        for field in ("idempotency", "idempotency_header", "money", "read_back"):
            if getattr(use, field):
                raise file.error((*at, field), "only a capability with `writes: true` may have it")
    if kind == "openapi" and (use.idempotency == "A") != bool(use.idempotency_header):
        raise file.error(at, "idempotency: A and idempotency_header go together: the header carries the key")
    if kind == "mcp":
        if use.idempotency not in (None, "D"):
            raise file.error((*at, "idempotency"), "tools of an MCP server are class D: the protocol has no key")
        if use.writes and not use.read_back:
            raise file.error(at, "a writing tool needs read_back: the reading capability that proves its effect")
