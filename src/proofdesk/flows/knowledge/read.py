"""Inputs to drafts, several at a time: unchanged ones are passed over by their hash, the others read and cleared."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import msgspec

from proofdesk.flows.knowledge.clear import redactor, suspect
from proofdesk.flows.knowledge.gather import Batch, Input, too_large
from proofdesk.knowledge.ingest import Broken, Draft, Job, Limits, Parsed, Parser, draft

READER = "1"
"""Changes when documents are read differently: then even unchanged files are read again."""
PARSERS = 2
WAITING = 8
"""Documents read ahead of the one being written."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A document of an input. `input_sha256`: where the input is this one document, else ''."""

    file: str
    document: Draft | Broken
    input_sha256: str


class End(msgspec.Struct, frozen=True, kw_only=True):
    """An input was read to its end. `same`: it has the hash it had when it was taken in last."""

    file: str
    same: bool


async def read_batch(batch: Batch, hashes: Mapping[str, str], limits: Limits) -> AsyncGenerator[Read | End]:
    """`hashes`: of the inputs as they were taken in last, by file. Documents of one input stay in order."""
    todo = iter(batch.inputs)
    done: asyncio.Queue[Read | End | None] = asyncio.Queue(WAITING)
    clear = redactor(batch.keep)

    async def work() -> None:
        async with Parser() as parser:
            for given in todo:
                async with aclosing(_read(given, parser, hashes, limits)) as found:
                    async for item in found:
                        if isinstance(item, tuple):
                            parsed, digest = item
                            made = await asyncio.to_thread(draft, parsed, clear, suspect)
                            await done.put(Read(file=given.file, document=made, input_sha256=digest))
                        else:
                            await done.put(item)

    async def all_of_it() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(PARSERS, len(batch.inputs))):
                    group.create_task(work())
        finally:
            await done.put(None)

    running = asyncio.create_task(all_of_it())
    try:
        while (item := await done.get()) is not None:
            yield item
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _read(
    given: Input, parser: Parser, hashes: Mapping[str, str], limits: Limits
) -> AsyncGenerator[tuple[Parsed, str] | Read | End]:
    limit = too_large(given, limits)
    if limit is not None:
        message = f"is {given.size} bytes, at most {limit} are read; divide it"
        yield _broken(given, Broken(name=given.file, code="too_large", message=message))
    else:
        try:
            data = await asyncio.to_thread(given.load)
        except OSError as error:
            yield _broken(given, Broken(name=given.file, code="broken", message=f"cannot be read: {error.strerror}"))
        else:
            digest = _digest(data, given)
            if hashes.get(given.file) == digest:
                yield End(file=given.file, same=True)
                return
            job = Job(name=given.file, data=data, meta=given.meta, limits=limits)
            async with aclosing(parser.parse(job)) as outcomes:
                async for outcome in outcomes:
                    if isinstance(outcome, Broken):
                        yield _broken(given, outcome)
                    else:
                        yield outcome, digest if outcome.name == given.file else ""
    yield End(file=given.file, same=False)


def _broken(given: Input, broken: Broken) -> Read:
    return Read(file=given.file, document=broken, input_sha256="")


def _digest(data: bytes, given: Input) -> str:
    said = msgspec.json.encode((READER, given.meta))
    return hashlib.sha256(said + b"\0" + data).hexdigest()
