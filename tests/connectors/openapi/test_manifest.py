"""connector.yaml: every mistake is named with its line, column and field."""

import json
from pathlib import Path
from typing import Any

import pytest

from proofdesk.connectors.backoffice.openapi import OpenApiConnector
from proofdesk.connectors.yamlfile import FileError

GOOD = """connector: shop
kind: openapi
document: openapi.json
base_url: "env:SHOP_URL"
allow_hosts: [127.0.0.1]
auth: {header: Authorization, value: "Bearer env:SHOP_TOKEN"}
limits: {timeout_s: 5, retries: 1}
capabilities:
  orders.read: {operation: getOrder, scope: "orders:read"}
  orders.note:
    operation: addNote
    scope: "orders:write"
    writes: true
    idempotency: A
    idempotency_header: Idempotency-Key
"""
LIMITS = "limits: {timeout_s: 5, retries: 1}"
ENV = {"SHOP_URL": "http://127.0.0.1:9/api", "SHOP_TOKEN": "s3cret"}


def note(schema: dict[str, Any] | None = None) -> dict[str, Any]:
    body = {
        "type": "object",
        "required": ["text"],
        "properties": {"text": schema or {"$ref": "#/components/schemas/T"}},
    }
    return {
        "openapi": "3.1.0",
        "components": {"schemas": {"T": {"type": "string"}}},
        "paths": {
            "/orders/{order_id}": {
                "parameters": [{"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": {"operationId": "getOrder", "responses": {"200": {"content": {"application/json": {}}}}},
                "post": {
                    "operationId": "addNote",
                    "parameters": [
                        {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}},
                        {"name": "If-Match", "in": "header", "schema": {"type": "string"}},
                        {"name": "loud", "in": "query", "schema": {"type": "boolean"}},
                    ],
                    "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                    "responses": {"201": {"content": {"application/json": {"schema": {"type": "object"}}}}},
                },
            }
        },
    }


def load(tmp_path: Path, text: str, document: dict[str, Any] | None = None) -> OpenApiConnector:
    (tmp_path / "openapi.json").write_text(json.dumps(document or note()))
    (tmp_path / "connector.yaml").write_text(text)
    return OpenApiConnector.load(tmp_path / "connector.yaml", ENV)


def test_a_capability_knows_its_schemas(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD).capabilities()["orders.note"]
    assert (found.writes, found.idempotency, found.scope, found.operation) == (True, "A", "orders:write", "addNote")
    assert found.input_schema == {
        "type": "object",
        "additionalProperties": False,
        "required": ["order_id", "text"],
        "properties": {
            "order_id": {"type": "string"},
            "if_match": {"type": "string"},
            "loud": {"type": "boolean"},
            "text": {"type": "string"},
        },
    }
    assert found.output_schema == {"type": "object"}


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("operation: getOrder", "operation: getOrdr", "connector.yaml:9:17: capabilities.orders.read.operation: "
         "openapi.json has no operation getOrdr; it has: addNote, getOrder"),
        ("scope: \"orders:read\"", "scop: x", "9:38: capabilities.orders.read.scop: unknown key"),
        ("writes: true", "writes: yes please", "13:5: capabilities.orders.note.writes: Expected `bool`"),
        ("timeout_s: 5", "timeout_s: 0", "7:1: limits: timeout_s must be above 0"),
        ("kind: openapi", "kind: soap", "2:1: kind: must be openapi or mcp"),
        ("kind: openapi", "kind: openapi\nkind: mcp", "3:1: kind: key 'kind' is given twice"),
        ("connector: shop", "connector: &a shop\nx: *a", "2:4: aliases"),
        ("connector: shop", "connector: [", "connector.yaml:3:9: expected"),
        ("env:SHOP_TOKEN", "env:OTHER", "auth.value: environment variable OTHER is not set"),
        ("\"env:SHOP_URL\"", "ftp://x", "4:1: base_url: must be http(s)://"),
        ("[127.0.0.1]", "[\"http://x\"]", "5:1: allow_hosts: 'http://x' is neither"),
        ("document: openapi.json", "document: ../openapi.json", "3:1: document: must be a file beside"),
        ("document: openapi.json", "document: gone.json", "3:1: document: gone.json cannot be read"),
        ("    idempotency: A\n", "", "10:3: capabilities.orders.note: idempotency: A and idempotency_header go"),
        ("    writes: true\n    idempotency: A\n    idempotency_header: Idempotency-Key\n", "",
         "11:5: capabilities.orders.note.operation: POST operations need `writes: true`"),
        ("orders.read:", "Orders:", "9:3: capabilities.Orders: a capability is named like"),
        ("    writes: true\n", "    writes: true\n    read_back: orders.gone\n",
         "14:5: capabilities.orders.note.read_back"),
    ],
)  # fmt: skip
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, error: str) -> None:
    assert old in GOOD
    with pytest.raises(FileError) as raised:
        load(tmp_path, GOOD.replace(old, new))
    assert error in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda d: d["paths"]["/orders/{order_id}"].pop("parameters"), "has an undeclared parameter"),
        (lambda d: d["paths"]["/orders/{order_id}"]["get"].pop("responses"), "no 2xx answer"),
        (lambda d: d.update(openapi="2.0"), "is not an OpenAPI 3 document"),
        (
            lambda d: d["paths"]["/orders/{order_id}"]["post"]["parameters"].append(
                {"name": "text", "in": "query", "schema": {}}
            ),
            "text is both a body field and another argument",
        ),
        (lambda d: d["components"]["schemas"].clear(), "reference '#/components/schemas/T' points at nothing"),
        (lambda d: d["components"]["schemas"].update(T={"not": {}}), "arguments.text uses not"),
    ],
)
def test_documents_that_cannot_be_used_are_refused(tmp_path: Path, change: Any, error: str) -> None:
    document = note()
    change(document)
    with pytest.raises(FileError) as raised:
        load(tmp_path, GOOD, document)
    assert error in str(raised.value)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    from proofdesk.connectors.backoffice.manifest import read_manifest

    load(tmp_path, GOOD)
    manifest, _ = read_manifest(tmp_path / "connector.yaml", ENV)
    assert manifest.read_auth is not None
    assert manifest.read_auth.value == "Bearer s3cret"
    assert "s3cret" not in repr(manifest) + repr(manifest.read_auth)


@pytest.mark.parametrize(
    ("limits", "worst"), [("timeout_s: 40, retries: 3", "410"), ("timeout_s: 151, retries: 0", "302")]
)
def test_a_call_that_could_outlast_the_longest_allowed_is_refused(tmp_path: Path, limits: str, worst: str) -> None:
    with pytest.raises(FileError) as caught:
        load(tmp_path, GOOD.replace(LIMITS, f"limits: {{{limits}}}"))
    assert (caught.value.line, caught.value.field) == (7, "limits")
    assert f"one call could take {worst} s" in str(caught.value)
    assert "at most 300 s are allowed: lower timeout_s or retries" in str(caught.value)


def test_a_slow_service_may_take_its_time_within_that(tmp_path: Path) -> None:
    load(tmp_path, GOOD.replace(LIMITS, "limits: {timeout_s: 40, retries: 2}"))
