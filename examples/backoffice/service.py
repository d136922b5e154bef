"""The HTTP face of Larkfield's back office: plain ASGI, so that a request costs little."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from examples.backoffice import billing, orders, people
from examples.backoffice.api import OPERATIONS, Call, Operation, document
from examples.backoffice.faults import Fault, Faults
from examples.backoffice.kinds import kinds
from examples.backoffice.model import Record
from examples.backoffice.seed import make_world
from examples.backoffice.world import No, World, Write

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
MAX_BODY_BYTES = 200_000
_MODULES = (orders, people, billing)
"""Imported for the operations they register."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    body: bytes
    etag: bytes = b""
    retry_after: bytes = b""
    cut: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered under an idempotency key, and for which request."""

    request_hash: str
    reply: Reply


class BackOffice:
    """The ASGI application. `tokens`: token to the scopes it has ("orders:read"); "*:read" is every read."""

    def __init__(
        self, *, seed: int, today: str, tokens: dict[str, frozenset[str]], faults: list[Fault], scale: int = 1
    ) -> None:
        self._scale = scale
        self._seed = seed
        self._today = today
        self._tokens = {f"Bearer {token}".encode(): scopes for token, scopes in tokens.items()}
        self._routes: dict[tuple[str, int], list[tuple[tuple[str, ...], Operation]]] = {}
        for op in OPERATIONS.values():
            parts = tuple(op.path.strip("/").split("/"))
            self._routes.setdefault((op.method, len(parts)), []).append((parts, op))
        self._decoders = {op.id: msgspec.json.Decoder(op.body) for op in OPERATIONS.values() if op.body is not None}
        self._encode = msgspec.json.Encoder().encode
        self._document = msgspec.json.encode(document())
        self.reset(seed, faults)

    def reset(self, seed: int, faults: list[Fault]) -> None:
        self.world: World = make_world(seed, self._today, self._scale)
        self._faults = Faults(faults)
        self._done: dict[str, Done] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _read(receive)
        reply = await self._reply(scope, body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(reply.body)).encode())]
        if reply.etag:
            headers.append((b"etag", reply.etag))
        if reply.retry_after:
            headers.append((b"retry-after", reply.retry_after))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if reply.cut else reply.body, "more_body": reply.cut})

    async def _reply(self, scope: dict[str, Any], body: bytes) -> Reply:
        path: str = scope["raw_path"].decode("ascii", "replace")
        try:
            if path.startswith("/control/"):
                return self._control(scope["method"], path, body)
            if path == "/openapi.json":
                return Reply(status=200, body=self._document)
            return await self._serve(scope, path, body)
        except No as no:
            return self._problem(no)

    async def _serve(self, scope: dict[str, Any], path: str, body: bytes) -> Reply:
        op, found = self._route(scope["method"], path)
        headers = dict(scope["headers"])
        self._authorise(op, headers.get(b"authorization", b""))
        fault = self._faults.next_for(op.id)
        if fault is not None:
            if fault.kind == "rate_limited":
                retry = f"{fault.retry_after_s:g}".encode()
                answer = self._problem(No(429, "rate_limited", "too many requests"))
                return msgspec.structs.replace(answer, retry_after=retry)
            if fault.kind == "error_before":
                raise No(500, "internal", "injected failure before the change")
            if fault.kind == "slow":
                await asyncio.sleep(fault.delay_s)
        call = Call(world=self.world, path=found, query=self._query(op, scope), body=self._body(op, body))
        if op.business is None:
            reply = self._answer(op, op.handle(call))
        else:
            reply = self._write(op, call, headers, path.encode() + b"\n" + body, fault)
        return self._spoiled(reply, fault)

    def _write(self, op: Operation, call: Call, headers: dict[bytes, bytes], raw: bytes, fault: Fault | None) -> Reply:
        key = headers.get(b"idempotency-key", b"").decode("latin-1")
        if not key:
            raise No(422, "key_missing", "a write needs the header Idempotency-Key")
        request_hash = hashlib.sha256(f"{op.id}\n".encode() + raw).hexdigest()
        before = self._done.get(key)
        if before is not None:
            if before.request_hash != request_hash:
                raise No(409, "key_reused", "this Idempotency-Key was used for another request")
            return before.reply
        if op.subject is not None:
            subject = self.world.get(op.subject[0], call.path[op.subject[1]])
            if fault is not None and fault.kind == "stale":
                subject.version += 1
            wanted = headers.get(b"if-match")
            if wanted is not None and wanted != _etag(subject):
                raise No(412, "stale", "the record has changed since it was read")
        assert op.business is not None
        business = op.business(call)
        reply = self._answer(op, op.handle(call))
        self.world.writes.append(Write(seq=len(self.world.writes) + 1, operation=op.id, key=key, business=business))
        self._done[key] = Done(request_hash=request_hash, reply=reply)
        return reply

    def _spoiled(self, reply: Reply, fault: Fault | None) -> Reply:
        if fault is None:
            return reply
        if fault.kind == "error_after_commit":
            return self._problem(No(500, "internal", "injected failure after the change"))
        if fault.kind == "lost_answer":
            return msgspec.structs.replace(reply, cut=True)
        if fault.kind == "wrong_answer":
            return msgspec.structs.replace(reply, body=b'{"unexpected": true}')
        return reply

    def _route(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        parts = path.strip("/").split("/")
        for pattern, op in self._routes.get((method, len(parts)), ()):
            found: dict[str, str] = {}
            for want, given in zip(pattern, parts, strict=True):
                if want[0] == "{":
                    found[want[1:-1]] = unquote(given)
                elif want != given:
                    break
            else:
                return op, found
        raise No(404, "not_found", "there is no such operation")

    def _authorise(self, op: Operation, header: bytes) -> None:
        scopes = self._tokens.get(header)
        if scopes is None:
            raise No(401, "unauthorised", "the token is missing or unknown")
        if op.scope not in scopes and f"*:{op.scope.split(':')[1]}" not in scopes:
            raise No(403, "scope_missing", f"the token lacks the scope {op.scope}")

    def _query(self, op: Operation, scope: dict[str, Any]) -> dict[str, str]:
        if not op.query:
            return {}
        given = dict(parse_qsl(scope["query_string"].decode("utf-8", "replace")))
        for name in op.query:
            if not given.get(name):
                raise No(422, "invalid", f"the query field {name} is missing")
        return given

    def _body(self, op: Operation, body: bytes) -> Any:
        decoder = self._decoders.get(op.id)
        if decoder is None:
            return None
        try:
            return decoder.decode(body)
        except msgspec.DecodeError as error:
            raise No(422, "invalid", str(error)) from error

    def _answer(self, op: Operation, value: Record) -> Reply:
        return Reply(status=op.status, body=self._encode(value), etag=_etag(value))

    def _problem(self, no: No) -> Reply:
        return Reply(status=no.status, body=self._encode({"code": no.code, "message": no.message}))

    def _control(self, method: str, path: str, body: bytes) -> Reply:
        """For tests and demonstrations: state, log of writes, faults, reset. No token: the service is local."""
        what = f"{method} {path}"
        try:
            if what == "GET /control/state":
                return Reply(status=200, body=self._encode(self.world))
            if what == "GET /control/writes":
                return Reply(status=200, body=self._encode({"items": self.world.writes, "doubled": self.doubled()}))
            if what == "GET /control/kinds":
                return Reply(status=200, body=self._encode(kinds(self.world)))
            if what == "POST /control/faults":
                self._faults = Faults(msgspec.json.decode(body, type=list[Fault]))
                return Reply(status=200, body=b"{}")
            if what == "POST /control/reset":
                self.reset(self._seed, [])
                return Reply(status=200, body=b"{}")
        except msgspec.DecodeError as error:
            raise No(422, "invalid", str(error)) from error
        raise No(404, "not_found", "there is no such control")

    def doubled(self) -> list[str]:
        """Business effects that were carried out more than once, whatever key they came with."""
        seen: dict[str, int] = {}
        for write in self.world.writes:
            seen[write.business] = seen.get(write.business, 0) + 1
        return [business for business, count in seen.items() if count > 1]


def _etag(value: Any) -> bytes:
    version = getattr(value, "version", None)
    return b"" if version is None else f'"{version}"'.encode()


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return b""
    return body
