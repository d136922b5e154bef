"""Keeps the parts of one process running side by side until a signal, and ends them in order within STOP_LIMIT_S."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import structlog

from proofdesk.cli.output import UserError
from proofdesk.settings import Settings
from proofdesk.store.errors import StoreError

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.store.embedded import EmbeddedServer
    from proofdesk.store.endpoint import Endpoint

STOP_LIMIT_S = 23.0
"""The queue lets jobs under way finish for 20 s; a service manager usually kills after 30 s."""
WEB_STOP_LIMIT_S = 5
WATCH_EVERY_S = 0.5
OWN_LIMIT_S = 20.0
WORKER_DEATHS = 20
WORKER_DEATHS_WITHIN_S = 120.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
BACKLOG = 512

log = structlog.get_logger("up")
Part = Callable[[], Coroutine[Any, Any, None]]


class Backoff:
    """Pauses between restarts, growing while the part keeps dying; gives up after WORKER_DEATHS within their time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deaths: list[float] = []

    def died(self) -> float | None:
        """The pause before the next start in seconds, None when it is hopeless."""
        now = self._clock()
        self._deaths = [at for at in self._deaths if now - at < WORKER_DEATHS_WITHIN_S] + [now]
        if len(self._deaths) > WORKER_DEATHS:
            return None
        return min(FIRST_PAUSE_S * 1.5 ** (len(self._deaths) - 1), LONGEST_PAUSE_S)


@contextlib.contextmanager
def stop_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def side_by_side(parts: Sequence[Part], stop: asyncio.Event) -> None:
    """Run every part until `stop` is set or one ends; then cancel all and wait. Raises what a part failed with."""
    waiting = asyncio.create_task(stop.wait())
    tasks = [asyncio.create_task(part()) for part in parts]
    try:
        await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        for task in tasks:
            task.cancel()
        _, stuck = await asyncio.wait(tasks, timeout=STOP_LIMIT_S)
        if stuck:
            log.error("parts did not stop in time", count=len(stuck))
    for task in tasks:
        failure = None if task in stuck or task.cancelled() else task.exception()
        if failure is not None:
            raise failure


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UserError with what to do when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"port {port} of {host} is in use: stop what listens there or choose --port") from error
        raise UserError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve_web(house: "House", listener: socket.socket, settings: Settings) -> None:
    """The HTTP API on `listener` until cancelled; requests under way get WEB_STOP_LIMIT_S."""
    import uvicorn

    from proofdesk.app import engine_pool
    from proofdesk.ledger.notes import encode_vkey
    from proofdesk.web import create_app

    class Server(uvicorn.Server):
        """Signals are ours: the whole process stops in order, not the web part alone."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    async with AsyncExitStack() as stack:
        pool = await engine_pool(house, stack)
        app = create_app(house.shell, pool, settings, vkey=encode_vkey(house.keys.log.public))
        server = Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=WEB_STOP_LIMIT_S,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise


async def keep_working(house: "House", name: str) -> None:
    """The worker of this process; started again when it dies. Raises what it died of when that is hopeless."""
    from proofdesk.app import run_worker

    backoff = Backoff()
    while True:
        failure: Exception
        try:
            await run_worker(house, name)
            return
        except ExceptionGroup as group:
            failure = group
        except Exception as error:  # noqa: BLE001 - whatever it died of, a worker is started again or the process ends
            failure = error
        pause_s = backoff.died()
        if pause_s is None:
            raise failure
        log.error("worker died, starting it again", name=name, pause_s=pause_s, exc_info=failure)
        await asyncio.sleep(pause_s)


async def watch_database(server: "EmbeddedServer") -> None:
    """Raises the reason when the embedded server could not be brought back."""
    restarts = server.restarts
    while server.failure is None:
        if server.restarts != restarts:
            log.warning("the embedded database was restarted", restarts=server.restarts)
            restarts = server.restarts
        await asyncio.sleep(WATCH_EVERY_S)
    raise server.failure


async def watch_parent(pid: int) -> None:
    """Ends (and with it the process) when the parent is gone: a worker nobody supervises must not stay behind."""
    while os.getppid() == pid:  # noqa: ASYNC110 - the system has no event for it
        await asyncio.sleep(WATCH_EVERY_S)
    log.warning("the supervising process is gone, stopping")


def own_database(settings: Settings) -> "tuple[Endpoint, EmbeddedServer | None]":
    """Start the database and own it: a short command may hold it right now. Raises StoreError when another `up` does.

    With a database of somebody else's (PROOFDESK_DATABASE_URL) there is no server of ours.
    """
    from proofdesk.app import open_database

    deadline = time.monotonic() + OWN_LIMIT_S
    while True:
        endpoint, server = open_database(settings)
        if server is None or server.owned:
            return endpoint, server
        if time.monotonic() > deadline:
            raise StoreError(
                f"{settings.home}: another process runs this database (a second `proofdesk up`?). "
                "Use `proofdesk worker` or `proofdesk web` beside it, or another --home"
            )
        time.sleep(WATCH_EVERY_S)


@contextlib.asynccontextmanager
async def open_serving_house(settings: Settings, endpoint: "Endpoint") -> AsyncIterator["House"]:
    """A house whose encoder is loaded: the first ticket must not wait for it."""
    from proofdesk.app import open_house

    async with open_house(settings, endpoint) as house:
        if house.encoder is not None:
            await asyncio.to_thread(house.encoder.one, "warm up")
        yield house
