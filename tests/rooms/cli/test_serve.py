"""The parts of a process: run side by side, ended together, restarted with growing pauses; logs without secrets."""

import asyncio
import json
import os

import pytest
import structlog

from proofdesk.cli.logs import set_up_logs
from proofdesk.cli.run import explained
from proofdesk.cli.serve import (
    LONGEST_PAUSE_S,
    WORKER_DEATHS,
    WORKER_DEATHS_WITHIN_S,
    Backoff,
    side_by_side,
    watch_parent,
)
from proofdesk.store.errors import StoreError


async def test_stopping_ends_every_part_in_order() -> None:
    ended: list[str] = []

    async def part(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, stop.set)
    await side_by_side([lambda: part("web"), lambda: part("worker")], stop)
    assert sorted(ended) == ["web", "worker"]


async def test_one_part_that_fails_ends_the_others_and_says_why() -> None:
    ended: list[str] = []

    async def failing() -> None:
        raise StoreError("the embedded PostgreSQL is down")

    async def lasting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("web")

    with pytest.raises(StoreError, match="is down"):
        await side_by_side([failing, lasting], asyncio.Event())
    assert ended == ["web"]


async def test_a_worker_without_its_parent_ends() -> None:
    await asyncio.wait_for(watch_parent(os.getpid()), 5)  # we are not our own parent


def test_pauses_grow_and_hopeless_parts_are_given_up() -> None:
    now = [0.0]
    backoff = Backoff(lambda: now[0])
    pauses = [backoff.died() for _ in range(WORKER_DEATHS + 1)]
    assert pauses[-1] is None
    known = [pause for pause in pauses if pause is not None]
    assert known == sorted(known)
    assert known[-1] == LONGEST_PAUSE_S
    now[0] += WORKER_DEATHS_WITHIN_S
    assert backoff.died() == known[0]


def test_an_error_in_a_group_of_one_is_explained() -> None:
    assert explained(ExceptionGroup("parts", [StoreError("no database")])) == "no database"
    assert explained(ValueError("a fault of ours")) is None


def test_logs_are_json_and_quote_no_exception(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "worker-7")
    try:
        raise ValueError("mail of ada@example.com")
    except ValueError as error:
        structlog.get_logger("up").error("worker died", exc_info=error)
    line = capsys.readouterr().err.strip()
    event = json.loads(line)
    assert (event["event"], event["process"], event["failure"]["type"]) == ("worker died", "worker-7", "ValueError")
    assert "ada@example.com" not in line
