"""Processes from the warm fork server, started in milliseconds instead of the seconds their imports take."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from bench.processes import ROOT, THREADS

POLL_S = 0.01
PACKET_BYTES = 100_000
END_LIMIT_S = 10.0


class Fork:
    """One forked process, with the names of subprocess.Popen."""

    def __init__(self, server: "ForkServer", pid: int, stdout: IO[bytes]) -> None:
        self._server = server
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._server.ask({"poll": self.pid})
        return self.returncode

    def wait(self, limit_s: float = END_LIMIT_S) -> int:
        deadline = time.monotonic() + limit_s
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} did not end within {limit_s:g} s")
            time.sleep(POLL_S)
        return code

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def first_line(self) -> str:
        """Blocks. Empty when the process ended without a word."""
        return self.stdout.readline().decode().strip()

    def end(self) -> None:
        """At once: nothing of it is wanted any more."""
        if self.poll() is None:
            self.kill()
            self.wait()
        self.stdout.close()


class ForkServer:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.fork_server"],
                cwd=ROOT,
                env={
                    **os.environ,
                    **THREADS,
                    "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT / "verifier/src", ROOT))),
                },
                stdin=theirs.fileno(),
            )

    def ask(self, order: Mapping[str, Any], *files: int) -> Any:
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(order).encode()], files)
            answer = self._socket.recv(PACKET_BYTES)
        if not answer:
            raise RuntimeError("the fork server ended, see its words on standard error")
        return json.loads(answer)

    def start(self, target: str, *args: str, env: Mapping[str, str], errors: Path) -> Fork:
        """`target` of fork_server.TARGETS; it complains into the file `errors`."""
        reading, writing = os.pipe()
        with errors.open("ab") as file:
            try:
                pid = self.ask({"start": target, "args": args, "env": dict(env)}, writing, file.fileno())
            finally:
                os.close(writing)
        return Fork(self, pid, os.fdopen(reading, "rb"))

    def __enter__(self) -> "ForkServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._process.wait(END_LIMIT_S)
