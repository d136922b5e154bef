"""Any service described by OpenAPI 3 as a back office: one capability per listed operation.

Arguments are checked before anything is sent and answers before anything is believed. Reads use the read token.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import yaml

from proofdesk.connectors.backoffice.answers import refusal
from proofdesk.connectors.backoffice.manifest import Manifest, Use, read_manifest
from proofdesk.connectors.backoffice.openapi.document import DocumentError, Operation, OperationSource, read_operations
from proofdesk.connectors.backoffice.openapi.fetch import fetch_document
from proofdesk.connectors.backoffice.secrets import Auth
from proofdesk.connectors.http import Clock, HttpAnswer, HttpKit
from proofdesk.connectors.schema import Check, SchemaError, compile_schema
from proofdesk.connectors.yamlfile import YamlFile
from proofdesk.ports import Answer, Capability, ConnectorError, Refused

MAX_KEY_CHARS = 200
MAX_DOCUMENT_BYTES = 20_000_000
REFUSAL_STATUS = frozenset((400, 403, 404, 409, 410, 412, 422))


class OpenApiConnector:
    """One service. Calls are safe from several tasks of one event loop; `aclose` when done."""

    def __init__(self, manifest: Manifest, calls: dict[str, "_Call"], kit: HttpKit) -> None:
        self.name = manifest.connector
        self.money_capabilities = frozenset(name for name, use in manifest.uses.items() if use.money)
        self._calls = calls
        self._kit = kit
        self._capabilities = {name: call.capability for name, call in calls.items()}

    @classmethod
    def load(cls, path: Path, env: Mapping[str, str], *, clock: Clock | None = None) -> "OpenApiConnector":
        """Read connector.yaml and check every capability against the service's document. Raises FileError.

        A document given as a path on the service ("/openapi.json") is fetched here, synchronously, with the
        read token and through the same address guard.
        """
        manifest, file = read_manifest(path, env)
        if manifest.kind != "openapi":
            raise file.error(("kind",), "must be openapi")
        sources = _sources(manifest, file, path)
        calls = {}
        for name, use in manifest.uses.items():
            at = ("capabilities", name, "operation")
            source = sources.get(use.operation)
            if source is None:
                known = ", ".join(sorted(sources)[:30])
                raise file.error(at, f"{manifest.document} has no operation {use.operation}; it has: {known}")
            try:
                operation = source.read()
                calls[name] = _Call(name, manifest, use, operation)
            except (DocumentError, SchemaError) as error:
                raise file.error(at, f"{manifest.document}: {error}") from error
            if not use.writes and operation.method != "GET":
                # A POST that only searches is legitimate, but it must be said.
                if use.scope.endswith(":read"):
                    continue
                raise file.error(
                    at, f"{operation.method} operations need `writes: true`, or a scope that ends in :read"
                )
        kit = HttpKit(
            name=manifest.connector,
            base_url=manifest.base_url,
            allow_hosts=manifest.allow_hosts,
            limits=manifest.limits,
            clock=clock,
        )
        return cls(manifest, calls, kit)

    def capabilities(self) -> Mapping[str, Capability]:
        return self._capabilities

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        found = self._calls.get(capability)
        if found is None:
            raise ConnectorError(f"{self.name} has no capability {capability}", permanent=True)
        path, headers, body = found.request(args, key)
        answer = await self._kit.send(
            found.method, path, headers=headers, body=body, writes=found.writes, repeatable=found.repeatable
        )
        return found.answer(answer)

    async def aclose(self) -> None:
        await self._kit.aclose()


def _sources(manifest: Manifest, file: YamlFile, path: Path) -> dict[str, OperationSource]:
    at = ("document",)
    try:
        if manifest.document.startswith("/"):
            raw = fetch_document(manifest, MAX_DOCUMENT_BYTES)
        else:
            beside = (path.parent / manifest.document).resolve()
            if path.parent.resolve() not in beside.parents:
                raise file.error(at, "must be a file beside or below the connector file, or a path on the service")
            raw = beside.read_bytes()
        text_is_yaml = manifest.document.endswith((".yaml", ".yml"))
        document = yaml.safe_load(raw) if text_is_yaml else msgspec.json.decode(raw)
        own = {use.idempotency_header.lower() for use in manifest.uses.values() if use.idempotency_header}
        own |= {auth.header.lower() for auth in (manifest.read_auth, manifest.write_auth) if auth is not None}
        return read_operations(document, frozenset(own))
    except OSError as error:
        raise file.error(at, f"{manifest.document} cannot be read: {error.strerror}") from error
    except (DocumentError, msgspec.DecodeError, yaml.YAMLError, ConnectorError) as error:
        raise file.error(at, f"{manifest.document}: {error}") from error


class _Call:
    """One capability made ready: what to check, where each argument goes, how to read the answer."""

    def __init__(self, name: str, manifest: Manifest, use: Use, operation: Operation) -> None:
        self.name = name
        self.method = operation.method
        self.writes = use.writes
        self.repeatable = not use.writes or use.idempotency == "A"
        self._operation = operation
        self._key_header = use.idempotency_header
        self._headers = _headers(manifest.write_auth if use.writes else manifest.read_auth)
        self._check_args = compile_schema(operation.input_schema, strict=True, where="arguments")
        self._checks: dict[str, Check | None] = {
            status: None if schema is None else compile_schema(schema, where=f"answer {status}")
            for status, schema in operation.output_schemas.items()
        }
        self._path = _path_maker(operation)
        self._query = tuple((a.name, a.wire_name) for a in operation.arguments if a.place == "query")
        self._header_args = tuple((a.name, a.wire_name) for a in operation.arguments if a.place == "header")
        self._body = tuple(a.name for a in operation.arguments if a.place == "body")
        self._whole_body = any(a.place == "whole_body" for a in operation.arguments)
        self.capability = Capability(
            name=name,
            connector=manifest.connector,
            operation=operation.id,
            scope=use.scope,
            writes=use.writes,
            idempotency=(use.idempotency or "D") if use.writes else "A",
            timeout_s=manifest.limits.timeout_s,
            input_schema=operation.input_schema,
            output_schema=operation.output_schema(),
        )

    def request(self, args: Mapping[str, Any], key: str) -> tuple[str, dict[str, str], bytes | None]:
        """Path with query, headers, body. Raises ConnectorError before anything is sent."""
        given = dict(args)
        if wrong := self._check_args(given):
            raise ConnectorError(f"{self.name}: argument {wrong.lstrip('.')}", permanent=True)
        if self.writes and not 0 < len(key) <= MAX_KEY_CHARS:
            raise ConnectorError(f"{self.name}: a write needs a key of 1 to {MAX_KEY_CHARS} characters", permanent=True)
        path = self._path(given)
        query = [(wire, value) for name, wire in self._query if name in given for value in _query_values(given[name])]
        if query:
            path = f"{path}?{urlencode(query)}"
        headers = dict(self._headers)
        if self._key_header:
            headers[self._key_header] = key
        for name, wire in self._header_args:
            if name in given:
                headers[wire] = _header_value(self.name, name, given[name])
        body: bytes | None = None
        if self._body:
            body = msgspec.json.encode({name: given[name] for name in self._body if name in given})
        elif self._whole_body and "body" in given:
            body = msgspec.json.encode(given["body"])
        if body is not None:
            headers["content-type"] = "application/json"
        return path, headers, body

    def answer(self, answer: HttpAnswer) -> Answer | Refused:
        status = answer.status
        if 200 <= status < 300:
            return Answer(
                value=self._value(answer),
                status=status,
                version=answer.headers.get("etag", ""),
                operation=self._operation.id,
            )
        if status in REFUSAL_STATUS:
            return refusal(answer)
        reason = {401: "our credentials were not accepted"}.get(
            status, "redirects are not followed" if 300 <= status < 400 else "this answer was not expected"
        )
        raise ConnectorError(f"{self.name}: status {status}, {reason}", permanent=True)

    def _value(self, answer: HttpAnswer) -> Any:
        status = str(answer.status)
        for described in (status, status[0] + "XX", "default"):
            if described in self._checks:
                check = self._checks[described]
                break
        else:
            raise self._wrong(f"status {status} is not described by the document")
        if check is None or not answer.body:
            if check is not None:
                raise self._wrong("is empty")
            return None
        try:
            value = msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            raise self._wrong(f"is not JSON ({error})") from error
        if wrong := check(value):
            raise self._wrong(wrong.lstrip("."))
        return value

    def _wrong(self, what: str) -> ConnectorError:
        # A write with an unreadable answer was most likely carried out: only a read-back can tell.
        return ConnectorError(f"{self.name}: answer {what}", permanent=True, uncertain=self.writes)


def _headers(auth: Auth | None) -> dict[str, str]:
    return {} if auth is None else {auth.header: auth.value}


def _path_maker(operation: Operation) -> Callable[[Mapping[str, Any]], str]:
    arguments = tuple((a.name, "{" + a.wire_name + "}") for a in operation.arguments if a.place == "path")
    template = operation.path

    def make(args: Mapping[str, Any]) -> str:
        path = template
        for name, mark in arguments:
            text = _plain_text(args[name])
            if text in ("", ".", ".."):
                raise ConnectorError(f"{operation.id}: argument {name} cannot be empty or dots", permanent=True)
            path = path.replace(mark, quote(text, safe=""))
        return path

    return make


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)


def _query_values(value: Any) -> list[str]:
    return [_plain_text(item) for item in (value if isinstance(value, list) else [value])]


def _header_value(capability: str, name: str, value: Any) -> str:
    text = _plain_text(value)
    if any(ord(char) < 32 or ord(char) > 126 for char in text):
        raise ConnectorError(f"{capability}: argument {name} has characters a header cannot carry", permanent=True)
    return text
