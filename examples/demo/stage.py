"""The demonstration's processes and folders: back office, proofdesk, and its commands, as a user would start them."""

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
STOP_LIMIT_S = 30.0
START_LIMIT_S = 90.0
WORKERS = 1


class DemoFailed(Exception):
    """A step did not work; the message says which and where to look."""


class Stage:
    """Everything the demonstration starts; leaving the block stops all of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = _fresh_home(folder)
        self.env = {
            **os.environ,
            "PROOFDESK_HOME": str(self.home),
            "LARKFIELD_READ_TOKEN": secrets.token_hex(16),
            "LARKFIELD_WRITE_TOKEN": secrets.token_hex(16),
            "OPENBLAS_NUM_THREADS": "1",
        }
        for name in ("PROOFDESK_DATABASE_URL", "PROOFDESK_CLOCK_SPEED", "PROOFDESK_CLOCK_ANCHOR"):
            self.env.pop(name, None)
        self.log = folder / "proofdesk.log"
        self.log.write_bytes(b"")
        self._office: subprocess.Popen[str] | None = None
        self._up: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Stage":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._office is not None:
            _end(self._office)

    def start_office(self, today: str) -> str:
        """Larkfield's back office, a process of its own that knows nothing of proofdesk. Gives its URL."""
        self._office = self._spawn(["-m", "examples.backoffice", "--port", "0", "--seed", "7", "--today", today])
        url = self._first_line(self._office, "the back office").strip()
        self.env["LARKFIELD_URL"] = url
        return url

    def start(self, *, clock_speed: float = 1.0, port: int = 0) -> str:
        """`proofdesk up` on a free port. Gives its URL."""
        words = ["-m", "proofdesk.cli", "up", "--port", str(port), "--workers", str(WORKERS), "--json"]
        self._up = self._spawn([*words, "--clock-speed", repr(clock_speed), "--log-level", "warning"])
        return str(json.loads(self._first_line(self._up, "proofdesk up"))["url"])

    def stop(self) -> None:
        if self._up is not None:
            _end(self._up)
            self._up = None

    def wait(self) -> None:
        """Until `proofdesk up` ends by itself."""
        if self._up is not None:
            self._up.wait()

    def command(self, module: str, *words: str, ends: Sequence[int] = (0,)) -> dict[str, Any]:
        """Run a command with --json and give its object. `ends`: exit codes that are an answer, not a failure."""
        done = subprocess.run(
            [sys.executable, "-m", module, *words, "--json"],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in ends:
            raise DemoFailed(f"{module} {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    def _spawn(self, words: Sequence[str]) -> subprocess.Popen[str]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip

    def _first_line(self, process: subprocess.Popen[str], name: str) -> str:
        assert process.stdout is not None
        deadline = time.monotonic() + START_LIMIT_S
        line = process.stdout.readline()
        if not line or time.monotonic() > deadline:
            raise DemoFailed(f"{name} did not start; see {self.log}: {self.log.read_text()[-2000:]}")
        return line


def choose_folder(wanted: Path) -> Path:
    """The demo's folder: `wanted`; as root below the system's temporary folder when its database user cannot get in."""
    closed = [folder for folder in wanted.absolute().parents if folder.exists() and not folder.stat().st_mode & 0o001]
    if os.geteuid() == 0 and closed:
        return Path(tempfile.gettempdir()) / "proofdesk-demo"
    return wanted.absolute()


def _fresh_home(folder: Path) -> Path:
    """An empty home; refuses while another demonstration uses it."""
    home = folder / "home"
    folder.mkdir(parents=True, exist_ok=True)
    lock = home / "owner.lock"
    if lock.exists():
        with lock.open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DemoFailed(f"another demonstration runs in {home}; stop it first (Ctrl-C there)") from None
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder / "export", ignore_errors=True)
    return home


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def shown_environment(env: Mapping[str, str]) -> str:
    """What a second terminal needs to use the running demonstration."""
    names = ("PROOFDESK_HOME", "LARKFIELD_URL", "LARKFIELD_READ_TOKEN", "LARKFIELD_WRITE_TOKEN")
    return "export " + " ".join(f"{name}={env[name]}" for name in names)
