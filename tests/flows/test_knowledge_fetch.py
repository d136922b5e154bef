"""Addresses as documents: only the hosts that were named, through the guard, redirect by redirect."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from proofdesk.flows.knowledge.fetch import fetch
from proofdesk.flows.knowledge.gather import GatherError

PAGE = "<h1>Fees</h1><p>5 €</p>".encode("cp1252")


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        port = self.server.server_address[1]
        moves = {"/moved": "/page", "/inside": "http://169.254.169.254/latest", "/other": f"http://localhost:{port}/page",
                 "/loop": "/loop", "/file": "file:///etc/passwd"}  # fmt: skip
        if self.path in moves:
            self.send_response(302)
            self.send_header("location", moves[self.path])
            body = b""
        else:
            self.send_response(200 if self.path == "/page" else 404)
            self.send_header("content-type", "text/html; charset=windows-1252")
            body = PAGE
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the test's output."""


@pytest.fixture
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("path", ["/page", "/moved"])
async def test_a_listed_page_is_fetched(site: str, path: str) -> None:
    batch = await fetch([site + path], ["127.0.0.1"], private_hosts=["127.0.0.1"])
    (given,) = batch.inputs
    assert (given.load(), given.meta.link, given.meta.encoding) == (PAGE, site + path, "windows-1252")
    assert (batch.collection, batch.whole, given.file) == ("web", False, f"{site[7:]}{path}.html")


@pytest.mark.parametrize(
    ("path", "says"),
    [("/inside", "169.254.169.254 is not among"), ("/other", "localhost is not among"), ("/loop", "redirects more"),
     ("/file", "no plain http"), ("/none", "answered 404")],
)  # fmt: skip
async def test_what_leads_elsewhere_is_refused(site: str, path: str, says: str) -> None:
    with pytest.raises(GatherError, match=says):
        await fetch([site + path], ["127.0.0.1"], private_hosts=["127.0.0.1"])


async def test_a_named_host_inside_is_refused_unless_that_was_said_too(site: str) -> None:
    with pytest.raises(GatherError, match="not a public address"):
        await fetch([site + "/page"], ["127.0.0.1"])
    with pytest.raises(GatherError, match="not among the hosts"):
        await fetch([site + "/page"], ["help.example"])
    with pytest.raises(GatherError, match="no plain http"):
        await fetch(["http://user:word@127.0.0.1/page"], ["127.0.0.1"])
