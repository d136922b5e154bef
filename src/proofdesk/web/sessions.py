"""Sessions of the result page: in memory, short, and worth no more than the API key they were opened with."""

import hashlib
import secrets
import time
from collections import OrderedDict

import msgspec

COOKIE = "proofdesk_session"
LIFE_S = 8 * 3600.0
MOST = 1_000


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The key is checked again at every view, so a revoked key ends its sessions."""

    prefix: str
    secret_hash: bytes
    until: float


class Sessions:
    def __init__(self) -> None:
        self._held: OrderedDict[bytes, Session] = OrderedDict()

    def open(self, prefix: str, secret_hash: bytes) -> str:
        """A new session id for the cookie. Beyond the limit the oldest session ends."""
        session_id = secrets.token_urlsafe(32)
        until = time.monotonic() + LIFE_S
        self._held[_digest(session_id)] = Session(prefix=prefix, secret_hash=secret_hash, until=until)
        while len(self._held) > MOST:
            self._held.popitem(last=False)
        return session_id

    def find(self, session_id: str) -> Session | None:
        found = self._held.get(_digest(session_id))
        if found is None or time.monotonic() >= found.until:
            self._held.pop(_digest(session_id), None)
            return None
        return found

    def close(self, session_id: str) -> None:
        self._held.pop(_digest(session_id), None)


def _digest(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode()).digest()
