"""Product time: it never goes back, and it runs as fast as it is told."""

from datetime import UTC, datetime, timedelta

import pytest

from proofdesk.flows.clock import Clock, iso
from proofdesk.flows.ids import new_id

START = datetime(2026, 1, 1, tzinfo=UTC)


class Wall:
    def __init__(self) -> None:
        self.seconds = START.timestamp()

    def __call__(self) -> float:
        return self.seconds


def test_a_machine_clock_that_goes_back_does_not_take_product_time_along() -> None:
    wall = Wall()
    clock = Clock(wall=wall)
    before = clock.now()
    wall.seconds -= 3600
    assert clock.now() == before
    wall.seconds += 3601
    assert clock.now() == before + timedelta(seconds=1)


def test_a_fast_clock_counts_from_its_anchor() -> None:
    wall = Wall()
    clock = Clock(speed=86_400, anchor=START, wall=wall)
    wall.seconds += 14
    assert clock.now() == START + timedelta(days=14)
    assert clock.wall_seconds(timedelta(days=1)) == 1.0


@pytest.mark.parametrize("speed", [0, -1, 20_000_000])
def test_an_impossible_speed_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="clock speed"):
        Clock(speed=speed)


def test_instants_are_written_in_utc_with_microseconds() -> None:
    assert iso(START) == "2026-01-01T00:00:00.000000Z"


def test_ids_of_one_process_grow_strictly_and_are_version_7() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(set(ids))
    assert {each.version for each in ids} == {7}
