"""The one HTTP client of all connectors: guarded addresses, limits, safe retries, a circuit breaker.

`HttpKit.send` gives an `HttpAnswer` for every status that is an answer, and raises ConnectorError otherwise.
A repeat happens only where it cannot do harm: reads, and writes whose other side knows the idempotency key.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import httpcore
import httpx
import msgspec

from proofdesk.connectors.guard import AddressGuard, AddressRefused, GuardedBackend
from proofdesk.ports import ConnectorError

MAX_RETRY_AFTER_S = 30.0
MAX_CALL_S = 300.0
"""The longest one call may take with all its repeats and pauses: a connector that could need more is refused."""
BREAKER_FAILURES = 8
BREAKER_OPEN_S = 5.0
KEEPALIVE_S = 4.0
"""Shorter than the five seconds common among servers, so that an idle connection is not used as it closes."""
MAX_CONNECTIONS = 32
FIRST_BACKOFF_S = 0.1
_RETRIED_STATUS = frozenset((408, 425, 429, 500, 502, 503, 504))


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one connector may use. `retries` counts repeats after the first attempt."""

    timeout_s: float = 10.0
    max_answer_bytes: int = 1_000_000
    per_second: float = 50.0
    retries: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.timeout_s <= 300:
            raise ValueError("timeout_s must be above 0 and at most 300")
        if not 1 <= self.max_answer_bytes <= 50_000_000:
            raise ValueError("max_answer_bytes must lie between 1 and 50000000")
        if not 0 < self.per_second <= 10_000:
            raise ValueError("per_second must be above 0 and at most 10000")
        if not 0 <= self.retries <= 5:
            raise ValueError("retries must lie between 0 and 5")

    @property
    def longest_call_s(self) -> float:
        """Worst case of one call: each attempt waits for its turn and for its answer, with a pause between two."""
        return (1 + self.retries) * 2 * self.timeout_s + self.retries * MAX_RETRY_AFTER_S


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Time as a collaborator: seconds of a monotonic clock, and a way to wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class HttpKit:
    """One keep-alive client to one service. Bound to the event loop of its first call; `aclose` ends it."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        allow_hosts: Iterable[str] = (),
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.limits = limits or Limits()
        self._clock = clock or Clock()
        self._bucket = TokenBucket(self.limits.per_second, self._clock)
        self._breaker = Breaker(self._clock)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=_GuardedTransport(AddressGuard(allow_hosts)),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=min(self.limits.timeout_s, 5.0)),
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "proofdesk"},
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, writes: bool, repeatable: bool
    ) -> HttpAnswer:
        """One call with its safe repeats.

        `writes`: a lost answer is `uncertain`. `repeatable`: carrying it out twice equals once (a read, or a
        write with a key that the other side knows). Raises ConnectorError.
        """
        self._breaker.check(f"{self.name}: {method} {path}")
        attempts = 1 + (self.limits.retries if repeatable else 0)
        backoff = FIRST_BACKOFF_S
        maybe_done = False
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                answer = await self._once(method, path, headers, body, writes)
            except ConnectorError as error:
                maybe_done = maybe_done or error.uncertain
                if error.permanent or last:
                    raise self._remembering(error, maybe_done) from error
                await self._clock.sleep(max(backoff, min(error.retry_after_s, MAX_RETRY_AFTER_S)))
                backoff *= 2
                continue
            if answer.status not in _RETRIED_STATUS:
                if maybe_done and answer.status >= 400:
                    raise ConnectorError(
                        f"{self.name}: {method} {path} answered {answer.status} after an attempt that may have been "
                        "carried out",
                        permanent=False,
                        uncertain=True,
                    )
                return answer
            wait_s = retry_after_s(answer.headers)
            # 408, 425 and 429 say that the call was not taken up; a 5xx may come after the write was committed.
            maybe_done = maybe_done or (writes and answer.status >= 500)
            if last or wait_s > MAX_RETRY_AFTER_S:
                raise ConnectorError(
                    f"{self.name}: {method} {path} answered {answer.status}",
                    permanent=False,
                    uncertain=maybe_done,
                    retry_after_s=wait_s,
                )
            await self._clock.sleep(max(backoff, wait_s))
            backoff *= 2
        raise AssertionError("unreachable: every path of the last attempt returns or raises")

    def _remembering(self, error: ConnectorError, maybe_done: bool) -> ConnectorError:
        """`error`, uncertain when any earlier attempt may have been carried out."""
        return ConnectorError(
            str(error), permanent=error.permanent, uncertain=maybe_done, retry_after_s=error.retry_after_s
        )

    async def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, writes: bool
    ) -> HttpAnswer:
        what = f"{self.name}: {method} {path}"
        await self._bucket.take(what, self.limits.timeout_s)
        sent = False
        try:
            async with asyncio.timeout(self.limits.timeout_s):
                request = self._client.build_request(method, path, headers=dict(headers), content=body)
                sent = True
                response = await self._client.send(request, stream=True)
                try:
                    content = await self._read(response, what, writes)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            self._breaker.failed()
            raise ConnectorError(f"{what}: no connection ({error})", permanent=False) from error
        except AddressRefused as error:
            raise ConnectorError(f"{what}: {error}", permanent=True) from error
        except TimeoutError as error:
            self._breaker.failed()
            raise ConnectorError(
                f"{what}: no answer within {self.limits.timeout_s:g} s", permanent=False, uncertain=writes and sent
            ) from error
        except (httpx.TransportError, httpx.StreamError) as error:
            self._breaker.failed()
            raise ConnectorError(
                f"{what}: connection lost ({type(error).__name__})", permanent=False, uncertain=writes
            ) from error
        if response.status_code >= 500:
            self._breaker.failed()
        else:
            self._breaker.worked()
        return HttpAnswer(status=response.status_code, headers=response.headers, body=content)

    async def _read(self, response: httpx.Response, what: str, writes: bool) -> bytes:
        """The body, refused as soon as it is larger than allowed."""
        most = self.limits.max_answer_bytes
        chunks: list[bytes] = []
        size = 0
        if response.headers.get("content-encoding", "identity") not in ("identity", ""):
            raise ConnectorError(f"{what}: compressed answers were not asked for", permanent=True, uncertain=writes)
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > most:
                raise ConnectorError(f"{what}: answer is larger than {most} bytes", permanent=True, uncertain=writes)
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds of a Retry-After header (RFC 9110 section 10.2.3); 0 where absent or given as a date."""
    try:
        return max(0.0, float(headers.get("retry-after", "0")))
    except ValueError:
        return 0.0


class TokenBucket:
    """At most `per_second` calls a second with bursts of one second's worth; callers wait in turn."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._rate = per_second
        self._most = max(1.0, per_second)
        self._tokens = self._most
        self._clock = clock
        self._at = clock.now()

    async def take(self, what: str, longest_s: float) -> None:
        """Wait for a turn. Raises ConnectorError when the turn would come after `longest_s`."""
        now = self._clock.now()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return
        wait_s = (1.0 - self._tokens) / self._rate
        if wait_s > longest_s:
            raise ConnectorError(
                f"{what}: more than {self._rate:g} calls a second are waiting", permanent=False, retry_after_s=wait_s
            )
        self._tokens -= 1.0
        await self._clock.sleep(wait_s)


class Breaker:
    """After `BREAKER_FAILURES` failures in a row, refuse for `BREAKER_OPEN_S`, then let single calls probe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._closed_again_at = 0.0

    def check(self, what: str) -> None:
        if self._failures < BREAKER_FAILURES:
            return
        now = self._clock.now()
        if now < self._closed_again_at:
            raise ConnectorError(
                f"{what}: not tried, the last {self._failures} calls failed",
                permanent=False,
                retry_after_s=self._closed_again_at - now,
            )
        self._closed_again_at = now + BREAKER_OPEN_S

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= BREAKER_FAILURES:
            self._closed_again_at = self._clock.now() + BREAKER_OPEN_S

    def worked(self) -> None:
        self._failures = 0


_MAPPED: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.TimeoutException, httpx.ReadTimeout),
    (httpcore.NetworkError, httpx.ReadError),
    (httpcore.ProtocolError, httpx.RemoteProtocolError),
)
_HTTPCORE = tuple(source for source, _ in _MAPPED)


def _mapped(error: Exception) -> httpx.TransportError:
    for source, target in _MAPPED:
        if isinstance(error, source):
            return target(str(error))
    return httpx.TransportError(str(error))


class _GuardedTransport(httpx.AsyncBaseTransport):
    """httpx over an httpcore pool whose connections go through the address guard. HTTP/1.1 only."""

    def __init__(self, guard: AddressGuard) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=GuardedBackend(guard),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        inner = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            response = await self._pool.handle_async_request(inner)
        except _HTTPCORE as error:
            raise _mapped(error) from error
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Stream(response.stream),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> Any:
        try:
            async for part in self._inner:
                yield part
        except _HTTPCORE as error:
            raise _mapped(error) from error

    async def aclose(self) -> None:
        await self._inner.aclose()
