"""Faults on request: what real services do now and then, done on purpose."""

from typing import Annotated, Literal

import msgspec

Kind = Literal["rate_limited", "error_before", "error_after_commit", "lost_answer", "slow", "stale", "wrong_answer"]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind` for the next `times` calls of `operation` ("*": any), after letting `skip` pass.

    rate_limited: 429 with Retry-After. error_before: 500, nothing done. error_after_commit: done, then 500.
    lost_answer: done, then the connection ends. slow: waits delay_s first. stale: the record changed meanwhile,
    so If-Match fails. wrong_answer: done, but the answer does not fit the document.
    """

    operation: str
    kind: Kind
    times: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    skip: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    retry_after_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    delay_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0


class Faults:
    """The faults still due, counted down as they happen."""

    def __init__(self, faults: list[Fault]) -> None:
        self._due = [[fault, fault.skip, fault.times] for fault in faults]

    def next_for(self, operation: str) -> Fault | None:
        for entry in self._due:
            fault, skip, left = entry
            assert isinstance(fault, Fault) and isinstance(skip, int) and isinstance(left, int)
            if fault.operation not in ("*", operation) or left == 0:
                continue
            if skip:
                entry[1] = skip - 1
                continue
            entry[2] = left - 1
            return fault
        return None
