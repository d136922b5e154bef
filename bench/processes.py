"""The processes of a measured desk: database, back office and workers, each in its own; what CPU they used.

Also what the chaos tests kill, pause and start again.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def temporary_home(prefix: str = "proofdesk-bench-") -> Iterator[Path]:
    """Directly below the system's temporary folder: the database's own user must be able to enter it.

    A guard stands by that ends the database on it and removes it, should this process be killed.
    """
    home = Path(tempfile.mkdtemp(prefix=prefix))
    guard = subprocess.Popen(
        [sys.executable, "-S", "-m", "bench.guard", str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # what interrupts us does not interrupt it
    )
    try:
        yield home
    finally:
        try:
            shutil.rmtree(home, ignore_errors=True)
        finally:
            guard.communicate(b"done\n")


def start(
    module: str, *args: str, env: Mapping[str, str] | None = None, errors: IO[bytes] | int = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    """`python -m module args…`; wait for its first line on standard output with `first_line`."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *args],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **(env or {})},
        stdout=subprocess.PIPE,
        stderr=errors,
    )


def first_line(process: "subprocess.Popen[bytes]") -> str:
    """Blocks. Empty when the process ended without a word."""
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask, then insist."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


class OfficeControl:
    """Larkfield's back office at `url`, as its owner sees it."""

    def __init__(self, url: str) -> None:
        self.url = url
        if not self.url.startswith("http://"):
            raise RuntimeError("the back office did not start")

    @property
    def env(self) -> dict[str, str]:
        return {
            "LARKFIELD_URL": self.url,
            "LARKFIELD_READ_TOKEN": "larkfield-read",
            "LARKFIELD_WRITE_TOKEN": "larkfield-write",
        }

    def state(self) -> dict[str, Any]:
        return self._get("state")

    def writes(self) -> dict[str, Any]:
        """{"items": [{seq, operation, key, business}], "doubled": [business]}"""
        return self._get("writes")

    def reset(self) -> None:
        request = urllib.request.Request(f"{self.url}/control/reset", method="POST", data=b"")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def _get(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/control/{what}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


class Office(OfficeControl):
    """A back office in a process of its own."""

    def __init__(self, *, scale: int = 1, seed: int = 7) -> None:
        self.process = start("examples.backoffice", "--port", "0", "--seed", str(seed), "--scale", str(scale))
        super().__init__(first_line(self.process))

    def __enter__(self) -> "Office":
        return self

    def __exit__(self, *_: object) -> None:
        end(self.process)


def start_worker(
    home: Path, office: Office, *args: str, env: Mapping[str, str] | None = None, wait: bool = True
) -> "subprocess.Popen[bytes]":
    """A worker on the database of `home`; `--cold` leaves the encoder out. It complains into `home`/log/worker.log."""
    log = home / "log" / "worker.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as errors:
        worker = start(
            "bench.worker",
            *args,
            env={**office.env, "PROOFDESK_HOME": str(home), **THREADS, **(env or {})},
            errors=errors,
        )
    if wait and first_line(worker) != "ready" and not (env or {}).get("PROOFDESK_CRASH_AT"):
        raise RuntimeError(f"the worker did not start: {log.read_text()[-2000:]}")
    return worker


THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Set before numpy is imported: more threads than one make a short text slower, not faster."""


def cpu_s(pids: Sequence[int]) -> float:
    """User and system seconds of these processes and of their children that have ended; 0 for those that are gone."""
    total = 0
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()
        total += sum(int(fields[place]) for place in (11, 12, 13, 14))
    return total / TICK


def children(pid: int) -> list[int]:
    """`pid` and everything below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        each = todo.pop()
        found.append(each)
        todo += parents.get(each, [])
    return found
