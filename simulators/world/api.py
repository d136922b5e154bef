"""A world over HTTP: bearer tokens with scopes, idempotent writes, and a control side for tests and benchmarks."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from simulators.world.openapi import openapi_document
from simulators.world.route import Route
from simulators.world.state import World, WriteRefused

MAX_BODY_BYTES = 64 * 1024
READ_TOKEN, WRITE_TOKEN, CONTROL_TOKEN = "world-read", "world-write", "world-control"
"""A simulator holds nothing secret and listens on loopback only, so its tokens are fixed."""

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Answer = tuple[int, Any]


class WorldApi:
    """An ASGI application over one World."""

    def __init__(self, world: World, title: str, routes: Sequence[Route]) -> None:
        self.world = world
        self.tokens = {
            READ_TOKEN: frozenset(route.scope for route in routes if not route.writes),
            WRITE_TOKEN: frozenset(route.scope for route in routes),
            CONTROL_TOKEN: frozenset({"control"}),
        }
        self.kept: dict[tuple[str, str], tuple[bytes, Answer]] = {}
        self.document = msgspec.json.encode(openapi_document(title, routes))
        self.routes = [(_pattern(route.path), route) for route in routes]

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        body = await _body(receive)
        status, answer = self._answer(scope, body) if body is not None else _error(413, "body_too_large", "too large")
        content = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, scope: dict[str, Any], body: bytes) -> Answer:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path, method = scope.get("raw_path", scope["path"].encode()).decode("ascii").partition("?")[0], scope["method"]
        if path == "/openapi.json" and method == "GET":
            return 200, self.document
        granted = self.tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
        if granted is None:
            return _error(401, "unauthorized", "give a known bearer token")
        if path.startswith("/control/"):
            return self._control(method, path, granted)
        for pattern, route in self.routes:
            found = pattern.fullmatch(path)
            if found and route.method == method:
                if route.scope not in granted:
                    return _error(403, "forbidden", f"this token lacks {route.scope}")
                args = {name: unquote(value) for name, value in found.groupdict().items()}
                args |= dict(parse_qsl(scope["query_string"].decode("ascii")))
                return self._operate(route, args, body, headers)
        return _error(404, "not_found", "there is no such operation")

    def _operate(self, route: Route, args: dict[str, Any], body: bytes, headers: dict[str, str]) -> Answer:
        missing = [name for name in route.query if name not in args]
        if missing:
            return _error(400, "bad_request", f"the query lacks {', '.join(missing)}")
        if route.body is not None:
            try:
                args |= msgspec.to_builtins(msgspec.json.decode(body, type=route.body))
            except msgspec.DecodeError as error:
                return _error(400, "bad_request", str(error))
        if not route.writes:
            return self._carried_out(route, args)
        key = headers.get("idempotency-key", "")
        if not key:
            return _error(400, "idempotency_key_required", "a write needs the header Idempotency-Key")
        fingerprint = msgspec.json.encode([route.operation, args])
        kept = self.kept.get((headers["authorization"], key))
        if kept is not None:
            return (
                kept[1] if kept[0] == fingerprint else _error(409, "idempotency_conflict", "that key had another body")
            )
        status, answer = self._carried_out(route, args)
        frozen = (status, msgspec.json.encode(answer))
        self.kept[(headers["authorization"], key)] = (fingerprint, frozen)
        return frozen

    def _carried_out(self, route: Route, args: dict[str, Any]) -> Answer:
        try:
            return 200, route.handler(self.world, args)
        except WriteRefused as refusal:
            status = 404 if refusal.code.endswith("_not_found") and "payment" not in refusal.code else 422
            return _error(status, refusal.code, refusal.message)

    def _control(self, method: str, path: str, granted: frozenset[str]) -> Answer:
        if "control" not in granted:
            return _error(403, "forbidden", "this token lacks control")
        if (method, path) == ("POST", "/control/reset"):
            self.world.reset()
            self.kept.clear()
            return 200, {"ok": True}
        if (method, path) == ("GET", "/control/state_sha256"):
            return 200, {"state_sha256": self.world.state_sha256()}
        if (method, path) == ("GET", "/control/diff"):
            return 200, {"changed": self.world.diff()}
        if (method, path) == ("GET", "/control/writes"):
            return 200, {"writes": self.world.writes, "refusals": self.world.refusals}
        return _error(404, "not_found", "there is no such control")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


def _error(status: int, code: str, message: str) -> Answer:
    return status, {"code": code, "message": message}


async def _body(receive: Receive) -> bytes | None:
    """The whole body, None when it is larger than MAX_BODY_BYTES."""
    parts, size = [], 0
    while True:
        event = await receive()
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if not event.get("more_body"):
            return b"".join(parts) if size <= MAX_BODY_BYTES else None
        if size > MAX_BODY_BYTES:
            parts = []


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
