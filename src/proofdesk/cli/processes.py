"""Further worker processes of `proofdesk up --workers N`: started, watched, started again, stopped."""

import asyncio
import os
import sys

import structlog

from proofdesk.cli.house import child_environment
from proofdesk.cli.serve import STOP_LIMIT_S, Backoff
from proofdesk.settings import Settings

log = structlog.get_logger("up")


async def keep_process(name: str, settings: Settings) -> None:
    """One worker process, restarted whenever it ends, until cancelled. RuntimeError when it dies again and again."""
    backoff = Backoff()
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "proofdesk.cli", "worker", "--name", name, "--parent", str(os.getpid())),
            env=child_environment(settings),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us first; we stop it in order
        )
        log.info("worker process started", name=name, pid=process.pid)
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        pause_s = backoff.died()
        if pause_s is None:
            raise RuntimeError(f"worker process {name} dies again and again (last exit code {code})")
        log.error("worker process ended, starting it again", name=name, exit_code=code, pause_s=pause_s)
        await asyncio.sleep(pause_s)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_LIMIT_S - 1)
    except TimeoutError:
        process.kill()
        await process.wait()
