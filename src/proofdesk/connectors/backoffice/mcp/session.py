"""One connection to an MCP server, held by a task of its own so that any task may use it."""

import asyncio
import hashlib
import shutil
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import rfc8785
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Tool

from proofdesk.connectors.backoffice.mcp.transport import GuardedTransport
from proofdesk.connectors.guard import AddressGuard
from proofdesk.connectors.http import Limits
from proofdesk.ports import ConnectorError

MAX_TOOLS = 500
MAX_PAGES = 20


def pin(tool: Tool) -> str:
    """`sha256:` of the tool's name, description and input schema in canonical form (RFC 8785)."""
    seen: dict[str, Any] = {"name": tool.name, "description": tool.description or "", "input_schema": tool.input_schema}
    return "sha256:" + hashlib.sha256(rfc8785.dumps(seen)).hexdigest()


class Target:
    """Where the server is: a URL (streamable HTTP) or a local command (stdio)."""

    def __init__(
        self,
        *,
        name: str,
        url: str = "",
        command: tuple[str, ...] = (),
        allow_hosts: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        limits: Limits,
    ) -> None:
        self.name = name
        self.limits = limits
        self._url = url
        self._command = command
        self._guard = AddressGuard(allow_hosts)
        self._headers = dict(headers or {})

    async def client(self, stack: AsyncExitStack) -> Client:
        if self._command:
            program = shutil.which(self._command[0]) or self._command[0]
            server: Any = StdioServerParameters(command=program, args=list(self._command[1:]))
        else:
            http = await stack.enter_async_context(
                httpx2.AsyncClient(
                    transport=GuardedTransport(self._guard, self.limits.max_answer_bytes),
                    headers=self._headers,
                    timeout=httpx2.Timeout(self.limits.timeout_s),
                    trust_env=False,
                )
            )
            server = streamable_http_client(self._url, http_client=http)
        client = Client(server, read_timeout_seconds=self.limits.timeout_s, cache=None)
        return await stack.enter_async_context(client)


class Session:
    """Open until `close`. The library binds its scopes to one task, so a task owns the connection."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._stop = asyncio.Event()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(), name=f"mcp-{target.name}")

    async def client(self) -> Client:
        """The open connection. Raises ConnectorError."""
        return await asyncio.shield(self._ready)

    @property
    def open(self) -> bool:
        return not self._owner.done()

    async def tools(self) -> dict[str, Tool]:
        """What the server offers now, page by page, never from a cache."""
        client = await self.client()
        found: dict[str, Tool] = {}
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            for tool in page.tools:
                if tool.name in found or len(found) >= MAX_TOOLS:
                    raise ConnectorError(
                        f"{self._target.name}: offers {tool.name} twice or more than {MAX_TOOLS} tools", permanent=True
                    )
                found[tool.name] = tool
            cursor = page.next_cursor
            if cursor is None:
                return found
        raise ConnectorError(f"{self._target.name}: its list of tools does not end", permanent=True)

    async def close(self) -> None:
        self._stop.set()
        await asyncio.wait([self._owner])

    async def _own(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                self._ready.set_result(await self._target.client(stack))
                await self._stop.wait()
        except Exception as error:  # noqa: BLE001 - whatever the library raises, it means there is no connection
            if not self._ready.done():
                self._ready.set_exception(
                    ConnectorError(f"{self._target.name}: no connection ({_reason(error)})", permanent=False)
                )
                # Marked as seen: the caller may have been cancelled meanwhile.
                self._ready.exception()


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"[:300]
