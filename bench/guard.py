"""`python -m bench.guard HOME`: cleans up after a run that was itself killed.

Waits for the end of standard input, which the run holds open. A run that ends in order says `done` first. Otherwise the
PostgreSQL of HOME, which lives in a session of its own and would stay for ever, is ended at once, and HOME is removed:
nothing of a throw-away database is wanted any more.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

END_LIMIT_S = 10.0
POLL_S = 0.05


def postmaster(home: Path) -> int:
    """Its process id, 0 where none runs on the data folder of `home`."""
    try:
        pid = int((home / "pgdata" / "postmaster.pid").read_text(encoding="ascii").split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return 0
    return pid if str(home / "pgdata").encode() in command else 0


def clean_up(home: Path) -> None:
    deadline = time.monotonic() + END_LIMIT_S
    for number in (signal.SIGQUIT, signal.SIGKILL):
        while (pid := postmaster(home)) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            time.sleep(POLL_S)
        deadline = time.monotonic() + END_LIMIT_S
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    if sys.stdin.readline().strip() != "done":
        clean_up(Path(sys.argv[1]))
