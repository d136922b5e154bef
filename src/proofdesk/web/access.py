"""Who is calling and what they may do: decided before a byte of the body is read.

A handler names its roles in `opt` with `roles(...)`, or says `PUBLIC`. One that says neither is refused to everybody.
The tenant comes from the key alone; nothing in a request can name another.
"""

import hmac
import time
from collections import OrderedDict
from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from proofdesk.flows.people import Role, hash_secret, parse_key
from proofdesk.store import tables as t
from proofdesk.store.pool import Pool, connection
from proofdesk.store.rows import KeyRow
from proofdesk.web.faults import ApiError

CACHE_S = 5.0
"""A key revoked elsewhere stops working here after this long."""
CACHED_KEYS = 10_000
BURST_S = 10.0
"""A key may use up this many seconds' worth of requests at once."""
_NOBODY = bytes(32)
ROLES_OPT = "proofdesk_roles"
PUBLIC: dict[str, Any] = {ROLES_OPT: None}
NOBODY: dict[str, Any] = {ROLES_OPT: frozenset()}


def roles(*allowed: Role) -> dict[str, Any]:
    """`opt` of a handler that these roles may use."""
    return {ROLES_OPT: frozenset(allowed)}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    login: str
    roles: frozenset[str]
    prefix: str


class KeyDoor:
    """Checks API keys against the database, remembering each answer for a few seconds, and counts requests per key."""

    def __init__(self, engine_pool: Pool, requests_per_minute: int) -> None:
        self._pool = engine_pool
        self._rate = requests_per_minute / 60
        self._burst = max(1.0, self._rate * BURST_S)
        self._rows: OrderedDict[str, tuple[float, KeyRow | None]] = OrderedDict()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def caller(self, key: str) -> Caller | None:
        """The holder of this key, None when it is not one in use."""
        parsed = parse_key(key)
        if parsed is None:
            return None
        return await self.caller_by_hash(parsed[0], hash_secret(parsed[1]))

    async def caller_by_hash(self, prefix: str, secret_hash: bytes) -> Caller | None:
        row = await self._row(prefix)
        same = hmac.compare_digest(row.secret_hash if row else _NOBODY, secret_hash)
        if row is None or not same:
            return None
        return Caller(tenant=row.tenant, login=row.login, roles=frozenset(row.roles), prefix=prefix)

    def wait_s(self, prefix: str) -> float:
        """0 when the request may pass (and is counted), else seconds until one may."""
        now = time.monotonic()
        tokens, at = self._buckets.get(prefix, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        if tokens < 1:
            self._buckets[prefix] = (tokens, now)
            return (1 - tokens) / self._rate
        self._buckets[prefix] = (tokens - 1, now)
        self._buckets.move_to_end(prefix)
        while len(self._buckets) > CACHED_KEYS:
            self._buckets.popitem(last=False)
        return 0.0

    def forget(self, prefix: str) -> None:
        self._rows.pop(prefix, None)

    def forget_all(self) -> None:
        """After somebody's roles changed."""
        self._rows.clear()

    async def _row(self, prefix: str) -> KeyRow | None:
        found = self._rows.get(prefix)
        if found is not None and time.monotonic() < found[0]:
            return found[1]
        async with connection(self._pool) as conn:
            row = await t.find_api_key(conn, prefix=prefix)
        self._rows[prefix] = (time.monotonic() + CACHE_S, row)
        self._rows.move_to_end(prefix)
        while len(self._rows) > CACHED_KEYS:
            self._rows.popitem(last=False)
        return row


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The one guard of the whole application. Raises ApiError 401, 403, 429, or 400 for an unknown query parameter."""
    allowed = handler.opt.get(ROLES_OPT, frozenset())
    if allowed is not None:
        connection.scope["user"] = await _authorise(connection, allowed)
    if connection.scope["query_string"]:
        _known_query(connection, handler)


async def _authorise(connection: ASGIConnection[Any, Any, Any, Any], allowed: frozenset[str]) -> Caller:
    door: KeyDoor = connection.app.state.web.door
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    caller = await door.caller(key.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        raise ApiError(401, "unauthenticated", "send a valid API key: Authorization: Bearer pd_…")
    if (wait := door.wait_s(caller.prefix)) > 0:
        raise ApiError(429, "too_many_requests", "this key has used up its requests", retry_after_s=wait)
    if not caller.roles & allowed:
        needed = ", ".join(sorted(allowed)) or "nobody's"
        raise ApiError(403, "forbidden", f"this needs one of the roles {needed}")
    return caller


def _known_query(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    known = set(handler.parsed_fn_signature.parameters) - {"request", "data"} - set(connection.path_params)
    for name, _ in connection.query_params.multi_items():
        if name not in known:
            raise ApiError(400, "invalid", "unknown query parameter", field=name[:100])
        if len(connection.query_params.getall(name)) > 1:
            raise ApiError(400, "invalid", "given more than once", field=name)
