"""Fetching a service's own OpenAPI document at start-up, through the address guard, with a size limit."""

import asyncio
import threading

from proofdesk.connectors.backoffice.manifest import Manifest
from proofdesk.connectors.http import HttpKit, Limits
from proofdesk.ports import ConnectorError


def fetch_document(manifest: Manifest, max_bytes: int) -> bytes:
    """The document's bytes. Blocks the caller; its own thread, as loading may happen inside a running loop."""
    result: list[bytes] = []
    failed: list[ConnectorError] = []

    def run() -> None:
        try:
            result.append(asyncio.run(_fetch(manifest, max_bytes)))
        except ConnectorError as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="fetch-openapi")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return result[0]


async def _fetch(manifest: Manifest, max_bytes: int) -> bytes:
    kit = HttpKit(
        name=manifest.connector,
        base_url=manifest.base_url,
        allow_hosts=manifest.allow_hosts,
        limits=Limits(timeout_s=manifest.limits.timeout_s, max_answer_bytes=max_bytes, retries=2),
    )
    try:
        auth = manifest.read_auth
        headers = {} if auth is None else {auth.header: auth.value}
        answer = await kit.send("GET", manifest.document, headers=headers, body=None, writes=False, repeatable=True)
    finally:
        await kit.aclose()
    if answer.status != 200:
        raise ConnectorError(f"GET {manifest.document} answered {answer.status}", permanent=True)
    return answer.body
