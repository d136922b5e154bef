"""Small real servers for the connector tests: our services as processes, and a scripted HTTP server."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from proofdesk.connectors.http import Clock

ROOT = Path(__file__).parents[2]
LARKFIELD = ROOT / "examples" / "larkfield"
TODAY = "2026-11-16"


@contextmanager
def process(*command: str) -> Iterator[str]:
    """Run `python -m command…` and give the URL it prints."""
    started = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert started.stdout is not None
        url = started.stdout.readline().strip()
        assert url.startswith("http://"), f"{command} did not start"
        yield url
    finally:
        started.terminate()
        started.wait(10)
        if started.stdout is not None:
            started.stdout.close()


def larkfield_env(url: str) -> dict[str, str]:
    return {
        "LARKFIELD_URL": url,
        "LARKFIELD_READ_TOKEN": "larkfield-read",
        "LARKFIELD_WRITE_TOKEN": "larkfield-write",
    }


class Scripted:
    """Answers request after request from a list; keeps what it was sent."""

    def __init__(self, answers: list[bytes | None]) -> None:
        self.answers = answers
        self.requests: list[bytes] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                body = await reader.readexactly(length)
                self.requests.append(head + body)
                answer = self.answers.pop(0) if self.answers else None
                if answer is None:
                    break
                if answer == b"hang":
                    await asyncio.sleep(3)
                    break
                writer.write(answer)
                await writer.drain()
                if b"connection: close" in answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def scripted(*answers: bytes | None) -> AsyncIterator[Scripted]:
    """None ends the connection without an answer; b"hang" gives none."""
    script = Scripted(list(answers))
    server = await asyncio.start_server(script.handle, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()


def http(status: int, body: bytes = b"{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Hands:
    """A clock that jumps instead of waiting; `waits` are the seconds that were waited for."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.at += seconds

    def clock(self) -> Clock:
        return Clock(now=self.now, sleep=self.sleep)
