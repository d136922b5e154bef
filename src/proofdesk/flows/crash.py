"""Named points at which a chaos test lets a process kill itself; nothing in a running product."""

import os
import signal
from collections.abc import Callable

CRASH_AT = "PROOFDESK_CRASH_AT"


def _no_crash(_: str) -> None:
    return None


def _crash_at(wanted: str) -> Callable[[str], None]:
    name, _, count = wanted.partition(":")
    left = [int(count or "1")]

    def point(here: str) -> None:
        if here == name:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return point


crash_point: Callable[[str], None] = _crash_at(os.environ[CRASH_AT]) if os.environ.get(CRASH_AT) else _no_crash
"""Named points of every flow step. With PROOFDESK_CRASH_AT=name[:n] the process kills itself there (chaos tests)."""
