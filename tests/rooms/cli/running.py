"""The command line as a newcomer uses it: real processes, nothing of the test's own in their memory."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from proofdesk.cli.run import run

ROOT = Path(__file__).parents[3]
LIMIT_S = 60.0
TOKENS = {"LARKFIELD_READ_TOKEN": "larkfield-read", "LARKFIELD_WRITE_TOKEN": "larkfield-write"}


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out.strip().splitlines()[-1])


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROOFDESK_")}
    return {**kept, **TOKENS, "COLUMNS": "200", **more}


def proofdesk(*words: str, cwd: Path = ROOT, stdin: str = "", **env: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "proofdesk.cli", *words],
        cwd=cwd, env=environment(**env), input=stdin, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def inside(*words: str) -> Done:
    """The same command in this process: the rooms are loaded once for all of them."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([*words])
    return Done(code, out.getvalue(), err.getvalue())


@contextmanager
def background(*words: str, log: Path, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that announces itself by one line on stdout; killed at the end if it still runs."""
    with log.open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT, env=environment(**env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, log.read_text()
        yield process, line.strip()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
