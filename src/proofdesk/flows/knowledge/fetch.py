"""Pages of listed addresses as inputs: through the address guard, one redirect at a time, within limits.

Only hosts that the operator names are asked, each redirect is judged like the first address, and what comes back is
read like any other document.
"""

from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from proofdesk.connectors.http import HttpKit, Limits
from proofdesk.flows.knowledge.gather import Batch, GatherError, Input
from proofdesk.knowledge.ingest import Meta
from proofdesk.ports import ConnectorError

MAX_REDIRECTS = 3
MAX_PAGES = 500
TIMEOUT_S = 20.0
MAX_BYTES = 20_000_000
COLLECTION = "web"
_KINDS = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md", "text/plain": ".txt",
    "text/csv": ".csv", "application/pdf": ".pdf", "application/json": ".json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx", "application/zip": ".zip",
}  # fmt: skip


def is_address(text: str) -> bool:
    return text.startswith(("http://", "https://"))


async def fetch(
    addresses: Sequence[str], hosts: Sequence[str], *, private_hosts: Sequence[str] = (), collection: str = ""
) -> Batch:
    """One input per address. `hosts`: those that may be asked; of these, `private_hosts` may lie outside the public
    Internet. Raises GatherError for the first address that cannot be had."""
    if len(addresses) > MAX_PAGES:
        raise GatherError(f"more than {MAX_PAGES} addresses; give them in parts")
    inputs = [await _page(address, hosts, private_hosts) for address in addresses]
    return Batch(collection=collection or COLLECTION, inputs=tuple(inputs), whole=False)


async def _page(address: str, hosts: Sequence[str], private_hosts: Sequence[str]) -> Input:
    here = address
    for _ in range(MAX_REDIRECTS + 1):
        parts = urlsplit(here)
        host = (parts.hostname or "").lower()
        if not is_address(here) or parts.username or parts.password:
            raise GatherError(f"{address}: leads to {here[:200]}, which is no plain http or https address")
        if host not in {each.lower() for each in hosts}:
            raise GatherError(f"{address}: {host} is not among the hosts that may be asked; name it by --allow-host")
        status, headers, body = await _get(here, private_hosts)
        if status in (301, 302, 303, 307, 308) and headers.get("location"):
            here = urljoin(here, headers["location"])
            continue
        if status != 200:
            raise GatherError(f"{address}: answered {status}")
        return _input(address, headers.get("content-type", ""), body)
    raise GatherError(f"{address}: redirects more than {MAX_REDIRECTS} times")


async def _get(address: str, private_hosts: Sequence[str]) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(address)
    kit = HttpKit(
        name=parts.netloc, base_url=f"{parts.scheme}://{parts.netloc}", allow_hosts=private_hosts,
        limits=Limits(timeout_s=TIMEOUT_S, max_answer_bytes=MAX_BYTES, retries=1),
    )  # fmt: skip
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        answer = await kit.send("GET", path, headers={"accept": "*/*"}, body=None, writes=False, repeatable=True)
    except ConnectorError as error:
        raise GatherError(str(error)) from error
    finally:
        await kit.aclose()
    return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body


def _input(address: str, content_type: str, body: bytes) -> Input:
    """Named by its address; its kind is what the server says it is, and its charset too."""
    kind, _, rest = content_type.partition(";")
    suffix = _KINDS.get(kind.strip().lower())
    if suffix is None:
        raise GatherError(f"{address}: is {kind.strip()[:80] or 'of no stated kind'}, which is not read")
    charset = rest.lower().partition("charset=")[2].strip(" \"'") or None
    parts = urlsplit(address)
    name = f"{parts.netloc}{parts.path}{'?' + parts.query if parts.query else ''}"
    file = name if name.lower().endswith(suffix) else f"{name.rstrip('/')}{suffix}"
    return Input(file=file, size=len(body), load=lambda: body, meta=Meta(link=address, encoding=charset))
