"""Decides many past tickets by one configuration: one model per span of time, several processes where it pays."""

import asyncio
import gc
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from proofdesk.core.triage import TriageConfig
from proofdesk.flows.folder import Built, build, read_folder, runtime_of
from proofdesk.flows.look import MAX_READ_CHARS
from proofdesk.flows.simulation.batch import BatchModel, ManyModel
from proofdesk.flows.simulation.first import Replayed, first_decision
from proofdesk.flows.simulation.past import PastTicket
from proofdesk.flows.tenancy import Runtime
from proofdesk.language.intents import Encoders, StackedIntentModel, find_encoders, load, save

CHUNK = 250
WORTH_A_PROCESS = 2_000
"""Fewer tickets are decided sooner than another process has started."""
KEPT_ROWS = 60_000
NOWHERE = "http://127.0.0.1:9"

Progress = Callable[[str], None]


class Unset(dict[str, str]):
    """The environment, with an address nobody listens at where a variable is not set: a simulation calls nobody."""

    def __missing__(self, key: str) -> str:
        return NOWHERE

    def get(self, key: str, default: str | None = None) -> str:  # type: ignore[override]
        return super().get(key) or default or NOWHERE


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What another process needs to decide as this one does."""

    folder: Path
    models: tuple[Path, ...]
    config: TriageConfig
    limits_ppm: tuple[int, ...]
    cache: Path | None


class Decider:
    """`models`: one per epoch, in order."""

    def __init__(
        self, built: Built, models: Sequence[ManyModel], config: TriageConfig, limits_ppm: Sequence[int]
    ) -> None:
        self._config = config
        self.models = [BatchModel(model, limits_ppm) for model in models]
        self._runtimes: list[Runtime] = [runtime_of(built, 0, model) for model in self.models]

    async def decide(self, epoch: int, tickets: Sequence[PastTicket]) -> list[Replayed]:
        model, runtime = self.models[epoch], self._runtimes[epoch]
        model.forget()
        model.prepare(ticket.text[:MAX_READ_CHARS] for ticket in tickets)
        return [await first_decision(runtime, self._config, ticket) for ticket in tickets]


async def decide_all(
    decider: Decider, place: Place, epochs: Sequence[Sequence[PastTicket]], *, workers: int, progress: Progress
) -> list[list[Replayed]]:
    """In the order of `epochs`. With `workers` above 1 and enough tickets, in so many processes."""
    chunks = [
        (epoch, list(tickets[start : start + CHUNK]))
        for epoch, tickets in enumerate(epochs)
        for start in range(0, len(tickets), CHUNK)
    ]
    total, done = sum(map(len, epochs)), 0
    found: list[list[Replayed]] = [[] for _ in epochs]
    if workers <= 1 or total < WORTH_A_PROCESS:
        for epoch, chunk in chunks:
            found[epoch] += await decider.decide(epoch, chunk)
            done += len(chunk)
            progress(f"{done:,} of {total:,} tickets")
        return found
    loop = asyncio.get_running_loop()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _begin, (place,)) as pool:
        waiting = [loop.run_in_executor(pool, _decide, epoch, _ENCODE(chunk)) for epoch, chunk in chunks]
        for (epoch, chunk), one in zip(chunks, waiting, strict=True):
            found[epoch] += _REPLAYS.decode(await one)
            done += len(chunk)
            progress(f"{done:,} of {total:,} tickets")
    return found


_ENCODE = msgspec.msgpack.encode
_TICKETS = msgspec.msgpack.Decoder(list[PastTicket])
_REPLAYS = msgspec.msgpack.Decoder(list[Replayed])
"""Between processes: several times faster than pickled."""
_mine: list[Decider] = []
"""The decider of this worker process."""


def _begin(place: Place) -> None:
    built = asyncio.run(build(read_folder(place.folder), environment()))
    encoders = encoders_of(place.cache)
    models = [load(path, encoders.fast, full=encoders.full) for path in place.models]
    _mine[:] = [Decider(built, models, place.config, place.limits_ppm)]
    gc.freeze()  # the configuration lives as long as the process: no collection need look at it


def _decide(epoch: int, tickets: bytes) -> bytes:
    return _ENCODE(asyncio.run(_mine[0].decide(epoch, _TICKETS.decode(tickets))))


def encoders_of(cache: Path | None) -> Encoders:
    return find_encoders("default", rows=KEPT_ROWS, folder=cache)


def saved(models: Sequence[StackedIntentModel], folder: Path) -> tuple[Path, ...]:
    paths = tuple(folder / f"{place}.npz" for place in range(len(models)))
    for model, path in zip(models, paths, strict=True):
        save(model, path)
    return paths


def environment() -> Mapping[str, str]:
    return Unset(os.environ)


def scratch() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="proofdesk-simulate-")
