"""UUIDv7 (RFC 9562 §5.7): time-ordered ids made in the shell, never in the database and never in the core."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_counter = 0


def new_id() -> UUID:
    """A fresh id. Ids of one process are strictly increasing (12-bit counter within a millisecond)."""
    global _last_ms, _counter  # noqa: PLW0603 - one counter per process is the point
    with _lock:
        ms = time.time_ns() // 1_000_000
        if ms > _last_ms:
            _last_ms, _counter = ms, 0
        else:
            _counter += 1
            if _counter > 0xFFF:
                _last_ms, _counter = _last_ms + 1, 0
        ms, counter = _last_ms, _counter
    tail = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=(ms & (2**48 - 1)) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | tail)
