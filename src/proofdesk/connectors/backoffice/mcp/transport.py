"""HTTP for the MCP client library (httpx2), through the address guard and with a size limit."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from proofdesk.connectors.guard import AddressGuard, AddressRefused, resolve


class AnswerTooLarge(httpx2.TransportError):
    """The server sent more than allowed."""


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends each request to an address that was judged, keeping the name for the Host header and for TLS."""

    def __init__(self, guard: AddressGuard, max_bytes: int) -> None:
        self._guard = guard
        self._max = max_bytes
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            address = (await resolve(self._guard, name, port))[0]
        except AddressRefused as error:
            raise httpx2.ConnectError(str(error)) from error
        except OSError as error:
            raise httpx2.ConnectError(f"{name} cannot be resolved: {error.strerror}") from error
        pinned = httpx2.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": name},
        )
        response = await self._inner.handle_async_request(pinned)
        response.stream = _Limited(response.stream, self._max)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Limited(httpx2.AsyncByteStream):
    def __init__(self, inner: Any, max_bytes: int) -> None:
        self._inner = inner
        self._max = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._inner:
            size += len(part)
            if size > self._max:
                raise AnswerTooLarge(f"answer is larger than {self._max} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
