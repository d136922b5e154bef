"""`python -m tests.chaos.fork_server`: forks processes that need not import anything any more.

A child is a process like any other: its own memory, connections and death. Nothing that a fork would share is open
before it: no thread, no event loop, no database connection. On standard input is a socket (SOCK_SEQPACKET): a JSON
object per packet, with the child's standard output and standard error as file descriptors. The children end with this
process, and this process with the socket: an interrupted test run leaves nobody behind.
"""

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from bench import worker
from examples.backoffice import __main__ as backoffice
from proofdesk.app import House, open_house
from proofdesk.flows import crash
from proofdesk.flows.approve import decide_approval
from proofdesk.flows.intake import Incoming, receive
from proofdesk.settings import load_settings
from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from simulators.mail import __main__ as mail

TENANT = "larkfield"
DATABASE = "CHAOS_DATABASE"
PACKET_BYTES = 100_000
PR_SET_PDEATHSIG = 1


def _endpoint() -> Endpoint:
    home = load_settings().home
    return msgspec.structs.replace(EmbeddedServer.start(home).endpoint, database=os.environ[DATABASE])


def _work() -> None:
    asyncio.run(worker.work(load_settings(), _endpoint(), warm=False))


async def _take(house: House, sender: str, text: str, delivery_id: str) -> None:
    runtime = await house.shell.tenants.get(TENANT)
    incoming = Incoming(
        channel="email", delivery_id=delivery_id, sender=sender, verified=True, subject="My order", text=text
    )
    await receive(house.shell, runtime, incoming)


async def _decide(house: House, approval_id: str, login: str) -> None:
    await decide_approval(house.shell, TENANT, UUID(approval_id), "approved", login)


def _in_house(act: Callable[..., Any]) -> Callable[[], None]:
    async def run() -> None:
        async with open_house(load_settings(), _endpoint()) as house:
            await act(house, *sys.argv[1:])

    return lambda: asyncio.run(run())


TARGETS: dict[str, Callable[[], object]] = {
    "worker": _work,
    "backoffice": backoffice.main,
    "mail": mail.main,
    "taker": _in_house(_take),
    "decider": _in_house(_decide),
}


def _be(target: str, args: list[str], env: dict[str, str], parent: int) -> int:
    """The child's life; gives its exit code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            return 1
    os.environ.update(env)
    crash.choose_point()
    sys.argv = [target, *args]
    try:
        TARGETS[target]()
    except BaseException:  # noqa: BLE001 - nothing of the child may reach the server's own loop
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _fork(channel: socket.socket, order: dict[str, Any], files: list[int]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        channel.close()
        for number, file in enumerate(files, start=1):
            os.dup2(file, number)
            os.close(file)
        code = _be(order["start"], order["args"], order["env"], parent)
    finally:
        os._exit(code)


def _ended(pid: int) -> int | None:
    """As subprocess has it: minus the signal that killed it. None while it lives."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def main() -> None:
    assert threading.active_count() == 1, "a fork would lose the threads of an import"
    # Ctrl-C reaches the whole group; the children are ended by whoever ordered them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=os.dup(0))
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    os.close(devnull)
    while True:
        packet, files, _, _ = socket.recv_fds(channel, PACKET_BYTES, 2)
        if not packet:
            return
        order = json.loads(packet)
        answer = _fork(channel, order, files) if "start" in order else _ended(order["poll"])
        for file in files:
            os.close(file)
        channel.send(json.dumps(answer).encode())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
