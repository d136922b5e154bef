"""An MCP server's listed tools as capabilities."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from anyio import BrokenResourceError, ClosedResourceError
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, CallToolResult, TextContent, Tool
from pydantic import ValidationError

from proofdesk.connectors.backoffice.manifest import Manifest, Use, read_manifest
from proofdesk.connectors.backoffice.mcp.session import Session, Target, pin
from proofdesk.connectors.http import Clock, TokenBucket
from proofdesk.connectors.schema import Check, SchemaError, compile_schema
from proofdesk.connectors.yamlfile import YamlFile
from proofdesk.ports import Answer, Capability, ConnectorError, Refused

MAX_MESSAGE_CHARS = 500
_NOT_TAKEN_UP = frozenset((METHOD_NOT_FOUND, INVALID_PARAMS, INVALID_REQUEST))
_LOST = (httpx2.HTTPError, BrokenResourceError, ClosedResourceError, TimeoutError, EOFError, OSError)


class McpConnector:
    """One server. Reading and writing tokens are kept apart: writes use a connection of their own."""

    def __init__(self, manifest: Manifest, tools: Mapping[str, Tool], file: YamlFile, clock: Clock) -> None:
        self.name = manifest.connector
        self.money_capabilities = frozenset(name for name, use in manifest.uses.items() if use.money)
        self._manifest = manifest
        self._calls = {name: _Call(name, manifest, use, tools[use.tool], file) for name, use in manifest.uses.items()}
        self._capabilities = {name: call.capability for name, call in self._calls.items()}
        self._sessions: dict[bool, Session] = {}
        self._opening = asyncio.Lock()
        self._bucket = TokenBucket(manifest.limits.per_second, clock)

    @classmethod
    async def load(cls, path: Path, env: Mapping[str, str], *, clock: Clock | None = None) -> "McpConnector":
        """Read connector.yaml and compare every listed tool with its pin. Raises FileError, ConnectorError."""
        manifest, file = read_manifest(path, env)
        if manifest.kind != "mcp":
            raise file.error(("kind",), "must be mcp")
        session = Session(_target(manifest, writes=False))
        try:
            tools = await session.tools()
        except (*_LOST, MCPError, ValidationError) as error:
            raise ConnectorError(f"{manifest.connector}: tools cannot be listed ({error})", permanent=False) from error
        finally:
            await session.close()
        for name, use in manifest.uses.items():
            at = ("capabilities", name, "tool")
            if use.tool not in tools:
                raise file.error(at, f"the server has no tool {use.tool}; it has: {', '.join(sorted(tools))}")
            if wrong := _pin_differs(use, tools[use.tool]):
                raise file.error(("capabilities", name, "pin"), wrong)
        return cls(manifest, tools, file, clock or Clock())

    def capabilities(self) -> Mapping[str, Capability]:
        return self._capabilities

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        found = self._calls.get(capability)
        if found is None:
            raise ConnectorError(f"{self.name} has no capability {capability}", permanent=True)
        found.check(args, key)
        await self._bucket.take(capability, self._manifest.limits.timeout_s)
        attempts = 1 if found.writes else 1 + self._manifest.limits.retries
        for attempt in range(1, attempts + 1):
            try:
                return await self._once(found, args)
            except ConnectorError as error:
                if error.permanent or attempt == attempts:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def aclose(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _once(self, call: "_Call", args: Mapping[str, Any]) -> Answer | Refused:
        session = await self._session(call.writes)
        client = await session.client()
        sent = False
        try:
            async with asyncio.timeout(self._manifest.limits.timeout_s):
                if call.writes:
                    # A server may swap a tool while we are connected: what is written must be what was pinned.
                    self._compare(await session.tools(), call)
                sent = True
                result = await client.call_tool(call.tool, dict(args))
        except MCPError as error:
            refused = error.code in _NOT_TAKEN_UP
            if not refused:
                await self._drop(call.writes)
            raise ConnectorError(
                f"{call.name}: {error.message[:MAX_MESSAGE_CHARS]}",
                permanent=refused,
                uncertain=call.writes and sent and not refused,
            ) from error
        except ValidationError as error:
            raise ConnectorError(
                f"{call.name}: answer does not follow the protocol", permanent=True, uncertain=call.writes and sent
            ) from error
        except _LOST as error:
            await self._drop(call.writes)
            raise ConnectorError(
                f"{call.name}: connection lost ({type(error).__name__})",
                permanent=False,
                uncertain=call.writes and sent,
            ) from error
        return call.answer(result)

    def _compare(self, tools: Mapping[str, Tool], call: "_Call") -> None:
        use = self._manifest.uses[call.name]
        wrong = _pin_differs(use, tools[use.tool]) if use.tool in tools else f"the server dropped the tool {use.tool}"
        if wrong:
            raise ConnectorError(f"{call.name}: {wrong}", permanent=True)

    async def _session(self, writes: bool) -> Session:
        async with self._opening:
            session = self._sessions.get(writes)
            if session is None or not session.open:
                session = Session(_target(self._manifest, writes=writes))
                self._sessions[writes] = session
                try:
                    async with asyncio.timeout(self._manifest.limits.timeout_s):
                        tools = await session.tools()
                    for call in self._calls.values():
                        self._compare(tools, call)
                except (*_LOST, MCPError, ValidationError) as error:
                    await self._drop(writes)
                    raise ConnectorError(f"{self.name}: no connection ({error})", permanent=False) from error
                except ConnectorError:
                    await self._drop(writes)
                    raise
            return session

    async def _drop(self, writes: bool) -> None:
        session = self._sessions.pop(writes, None)
        if session is not None:
            await session.close()


class _Call:
    """One tool made ready."""

    def __init__(self, name: str, manifest: Manifest, use: Use, tool: Tool, file: YamlFile) -> None:
        self.name = name
        self.tool = use.tool
        self.writes = use.writes
        try:
            self._args = compile_schema(tool.input_schema, strict=True, where="arguments")
            schema = tool.output_schema
            self._answer: Check | None = None if schema is None else compile_schema(schema, where="answer")
        except SchemaError as error:
            raise file.error(("capabilities", name, "tool"), f"{use.tool}: {error}") from error
        self.capability = Capability(
            name=name,
            connector=manifest.connector,
            operation=use.tool,
            scope=use.scope,
            writes=use.writes,
            idempotency="D" if use.writes else "A",
            timeout_s=manifest.limits.timeout_s,
            input_schema=tool.input_schema,
            output_schema=tool.output_schema or {},
        )

    def check(self, args: Mapping[str, Any], key: str) -> None:
        if wrong := self._args(dict(args)):
            raise ConnectorError(f"{self.name}: argument {wrong.lstrip('.')}", permanent=True)
        if self.writes and not key:
            raise ConnectorError(f"{self.name}: a write needs a key", permanent=True)

    def answer(self, result: CallToolResult) -> Answer | Refused:
        texts = [block.text for block in result.content if isinstance(block, TextContent)]
        if result.is_error:
            message = " ".join(texts)[:MAX_MESSAGE_CHARS]
            if self.writes:
                # The protocol has no way to say that nothing was written: only a read-back can tell.
                raise ConnectorError(f"{self.name}: the tool failed: {message}", permanent=True, uncertain=True)
            return Refused(code="tool_error", message=message, status=422)
        value = result.structured_content
        if value is None:
            value = _plain(texts[0]) if len(texts) == 1 else texts
        if self._answer is not None and (wrong := self._answer(value)):
            raise ConnectorError(f"{self.name}: answer {wrong.lstrip('.')}", permanent=True, uncertain=self.writes)
        return Answer(value=value, operation=self.tool)


def _plain(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _pin_differs(use: Use, tool: Tool) -> str:
    actual = pin(tool)
    if use.pin == actual:
        return ""
    return f"tool {use.tool} is pinned to {use.pin or 'nothing'} but is {actual}; look at what changed, then pin it"


def _target(manifest: Manifest, *, writes: bool) -> Target:
    auth = manifest.write_auth if writes else manifest.read_auth
    return Target(
        name=manifest.connector,
        url=manifest.base_url,
        command=manifest.command,
        allow_hosts=manifest.allow_hosts,
        headers={} if auth is None else {auth.header: auth.value},
        limits=manifest.limits,
    )
