"""Named points at which a chaos test lets a process kill or pause itself; nothing in a running product."""

import os
import signal
from collections.abc import Callable

CRASH_AT = "PROOFDESK_CRASH_AT"
PAUSE_AT = "PROOFDESK_PAUSE_AT"


def _no_crash(_: str) -> None:
    return None


def _signal_at(wanted: str, number: signal.Signals) -> Callable[[str], None]:
    name, _, count = wanted.partition(":")
    left = [int(count or "1")]

    def point(here: str) -> None:
        if here == name:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), number)

    return point


def _chosen() -> Callable[[str], None]:
    for variable, number in ((CRASH_AT, signal.SIGKILL), (PAUSE_AT, signal.SIGSTOP)):
        if wanted := os.environ.get(variable):
            return _signal_at(wanted, number)
    return _no_crash


_point = _chosen()


def crash_point(here: str) -> None:
    """A named point of a flow step. With PROOFDESK_CRASH_AT=name[:n] the process kills itself there at the n-th time,
    with PROOFDESK_PAUSE_AT it stands still until it is continued (chaos tests)."""
    _point(here)


def choose_point() -> None:
    """Read the environment again: a forked process has one of its own."""
    global _point  # noqa: PLW0603 - chosen once per process
    _point = _chosen()
