"""`up`, `web` and `worker`: the processes of an installation."""

import asyncio
import functools
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from proofdesk.cli.clockfile import ClockRun, carry_on, read_clock, write_clock
from proofdesk.cli.house import settings_of, wall
from proofdesk.cli.logs import LEVELS, set_up_logs
from proofdesk.cli.output import fail, print_json, say
from proofdesk.settings import Settings

if TYPE_CHECKING:
    from proofdesk.store.embedded import EmbeddedServer
    from proofdesk.store.endpoint import Endpoint

MAX_WORKERS = 64
Home = Annotated[Path | None, typer.Option(help="Data directory (PROOFDESK_HOME, default ./var/proofdesk).")]
LogLevel = Annotated[str, typer.Option(help="debug, info, warning or error.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")]
Port = Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on (default 8080; 0: a free one).")]


def up(
    host: Host = None,
    port: Port = None,
    workers: Annotated[int | None, typer.Option(min=1, max=MAX_WORKERS, help="Worker processes in all.")] = None,
    clock_speed: Annotated[
        float | None, typer.Option(help="Seconds of product time per second, for demonstrations. Default 1.")
    ] = None,
    home: Home = None,
    log_level: LogLevel = "info",
    json: Json = False,
) -> None:
    """Run everything on this machine: database, web API and workers. Stops on Ctrl-C or SIGTERM."""
    from proofdesk.cli.serve import listen, own_database

    _logs(log_level, "up")
    settings = settings_of(host=host, port=port, workers=workers, home=home)
    if not 1 <= settings.workers <= MAX_WORKERS:
        fail(f"PROOFDESK_WORKERS must be from 1 to {MAX_WORKERS}, not {settings.workers}")
    settings = _with_clock(settings, clock_speed)
    listener = listen(settings.host, settings.port)
    endpoint, server = own_database(settings)
    try:
        asyncio.run(_serve(settings, endpoint, server, listener, json=json))
    finally:
        listener.close()
        if server is not None:
            server.stop()


def web(
    host: Host = None, port: Port = None, home: Home = None, log_level: LogLevel = "info", json: Json = False
) -> None:
    """Run the web API alone, against the database of this home or PROOFDESK_DATABASE_URL."""
    from proofdesk.app import open_database
    from proofdesk.cli.serve import listen

    _logs(log_level, "web")
    settings = settings_of(host=host, port=port, home=home)
    listener = listen(settings.host, settings.port)
    endpoint, server = open_database(settings)
    try:
        asyncio.run(_serve(msgspec.structs.replace(settings, workers=0), endpoint, server, listener, json=json))
    finally:
        listener.close()
        if server is not None:
            server.stop()


def worker(
    name: Annotated[str, typer.Option(help="Name in the logs (default: host and process id).")] = "",
    home: Home = None,
    log_level: LogLevel = "info",
    parent: Annotated[int, typer.Option(hidden=True, help="Stop when this process is no longer the parent.")] = 0,
) -> None:
    """Run one worker alone, on this or another machine, against one database (PROOFDESK_DATABASE_URL)."""
    from proofdesk.app import open_database

    name = name or f"{socket.gethostname()}-{os.getpid()}"
    _logs(log_level, name)
    settings = settings_of(home=home)
    endpoint, server = open_database(settings)
    try:
        asyncio.run(_work(settings, endpoint, server, name, parent))
    finally:
        if server is not None:
            server.stop()


async def _serve(
    settings: Settings, endpoint: "Endpoint", server: "EmbeddedServer | None", listener: socket.socket, *, json: bool
) -> None:
    """Web, and the workers of `settings` (0: none): the first in this process, the others beside it."""
    from proofdesk.cli.processes import keep_process
    from proofdesk.cli.serve import (
        keep_working,
        open_serving_house,
        serve_web,
        side_by_side,
        stop_signals,
        watch_database,
    )

    stop = asyncio.Event()
    with stop_signals(stop):
        async with open_serving_house(settings, endpoint) as house:
            parts = [functools.partial(serve_web, house, listener, settings)]
            if settings.workers:
                parts.append(functools.partial(keep_working, house, "worker-1"))
            parts += [functools.partial(keep_process, f"worker-{n}", settings) for n in range(2, settings.workers + 1)]
            if server is not None and server.owned:
                parts.append(functools.partial(watch_database, server))
            _announce(settings, listener, json=json)
            await side_by_side(parts, stop)


async def _work(
    settings: Settings, endpoint: "Endpoint", server: "EmbeddedServer | None", name: str, parent: int
) -> None:
    from proofdesk.cli.serve import (
        keep_working,
        open_serving_house,
        side_by_side,
        stop_signals,
        watch_database,
        watch_parent,
    )

    stop = asyncio.Event()
    with stop_signals(stop):
        async with open_serving_house(settings, endpoint) as house:
            parts = [functools.partial(keep_working, house, name)]
            if server is not None and server.owned:
                parts.append(functools.partial(watch_database, server))
            if parent:
                parts.append(functools.partial(watch_parent, parent))
            await side_by_side(parts, stop)


def _announce(settings: Settings, listener: socket.socket, *, json: bool) -> None:
    from proofdesk.cli.serve import url_of

    url = url_of(listener)
    if json:
        print_json({"url": url, "home": str(settings.home), "workers": settings.workers, "clock": settings.clock_speed})
        return
    say(f"proofdesk is running at {url} (API description: {url}/api/docs). Ctrl-C stops it.")
    if settings.clock_speed != 1.0:
        product = ClockRun(speed=settings.clock_speed, anchor=settings.clock_anchor).at(wall())
        say(f"NOTE: a demonstration clock: product time is {product:%Y-%m-%d %H:%M} UTC and runs ", end="")
        say(f"{settings.clock_speed:.6g} times as fast as the wall clock. Never in production.")
    say(f"Data: {settings.home}. Next: proofdesk tenant load DIR, then proofdesk key create.")


def _with_clock(settings: Settings, speed: float | None) -> Settings:
    """The clock of this start, kept in the home so that every other process there runs by it."""
    if os.environ.get("PROOFDESK_CLOCK_SPEED") and speed is None:
        write_clock(settings.home, ClockRun(speed=settings.clock_speed, anchor=settings.clock_anchor))
        return settings
    wanted = 1.0 if speed is None else speed
    if not 0 < wanted <= 10_000_000:
        fail(f"--clock-speed must be above 0 and at most 10,000,000, not {wanted:g}")
    clock = carry_on(read_clock(settings.home), wanted, wall())
    write_clock(settings.home, clock)
    return msgspec.structs.replace(settings, clock_speed=clock.speed, clock_anchor=clock.anchor)


def _logs(level: str, process: str) -> None:
    if level not in LEVELS:
        fail(f"--log-level must be one of {', '.join(LEVELS)}, not {level!r}")
    set_up_logs(level, process)
