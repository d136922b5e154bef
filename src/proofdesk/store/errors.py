"""What can go wrong between us and PostgreSQL, in words an operator can act on."""

import psycopg

_GONE_SQLSTATES = frozenset({"57P01", "57P02", "57P03"})
"""admin_shutdown, crash_shutdown, cannot_connect_now (PostgreSQL, appendix A)."""


class StoreError(Exception):
    """The database or its set-up is wrong; the message says what, where and what to do."""


class StoreUnavailable(StoreError):
    """No working connection right now: trying again later may help.

    `uncertain`: the connection broke during COMMIT, so the transaction may have been carried out.
    """

    def __init__(self, message: str, *, uncertain: bool = False) -> None:
        super().__init__(message)
        self.uncertain = uncertain


def is_connection_failure(error: BaseException) -> bool:
    """True when the server is gone, not when it answered no (a deadlock is an OperationalError too)."""
    if isinstance(error, psycopg.InterfaceError):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    return state is None or state.startswith("08") or state in _GONE_SQLSTATES
