"""The parent's side of reading: one limited process, started when needed, replaced when it fails."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import msgspec

from proofdesk.knowledge.ingest.frames import LENGTH, Done, answer_decoder, framed
from proofdesk.knowledge.ingest.values import Broken, Job, Outcome

JOBS_PER_PROCESS = 500
START_S = 30.0
END_S = 5.0


class Parser:
    """Reads one input at a time. An async context manager; leaving it ends the process."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._jobs = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def parse(self, job: Job) -> AsyncGenerator[Outcome]:
        """The documents of an input as they are read. A process that dies or hangs becomes the last, Broken."""
        if len(job.data) > job.limits.archive_bytes:
            size = f"is {len(job.data)} bytes, at most {job.limits.archive_bytes} are read; divide it"
            yield Broken(name=job.name, code="too_large", message=size)
            return
        left = job.limits.answer_bytes
        whole = False
        try:
            process = await self._start()
            await asyncio.wait_for(self._write(process, framed(job)), START_S + job.limits.wall_s)
            while True:
                frame = await asyncio.wait_for(self._frame(process, left), job.limits.wall_s)
                left -= len(frame)
                answer = answer_decoder.decode(frame)
                if isinstance(answer, Done):
                    whole = True
                    return
                yield answer
                if isinstance(answer, Broken) and answer.code == "memory":
                    return
        except TimeoutError:
            yield Broken(name=job.name, code="timeout", message=_slow(job))
        except (asyncio.IncompleteReadError, ConnectionError):
            yield await self._post_mortem(job)
        except (_AnswerTooLarge, msgspec.DecodeError) as error:
            yield Broken(name=job.name, code="too_large", message=f"gave too much or nonsense: {error}")
        finally:
            if not whole:
                await self._end()

    async def _start(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._jobs >= JOBS_PER_PROCESS:
            await self._end()
        if self._process is None:
            self._jobs = 0
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-B", "-P", "-m", "proofdesk.knowledge.ingest.child",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LANG": "C.UTF-8"},
                cwd="/", close_fds=True, start_new_session=True,
            )  # fmt: skip
        self._jobs += 1
        return self._process

    @staticmethod
    async def _write(process: asyncio.subprocess.Process, data: bytes) -> None:
        assert process.stdin is not None
        process.stdin.write(data)
        await process.stdin.drain()

    @staticmethod
    async def _frame(process: asyncio.subprocess.Process, most: int) -> bytes:
        assert process.stdout is not None
        size: int = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))[0]
        if size > most:
            raise _AnswerTooLarge(f"more than {most} bytes of text")
        return await process.stdout.readexactly(size)

    async def _post_mortem(self, job: Job) -> Broken:
        assert self._process is not None
        ended = await self._process.wait()
        if -ended in (signal.SIGXCPU, signal.SIGKILL):
            return Broken(name=job.name, code="timeout", message=_slow(job))
        return Broken(
            name=job.name, code="memory", message=f"ended its reader (exit {ended}); it is damaged or far too large"
        )

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        try:
            await asyncio.wait_for(process.communicate(), END_S)
        except (TimeoutError, ConnectionError):
            await process.wait()


class _AnswerTooLarge(Exception):
    """The reader sent more than it may."""


def _slow(job: Job) -> str:
    return f"was not read within {job.limits.cpu_s} s of computing or {job.limits.wall_s:g} s; divide it"
