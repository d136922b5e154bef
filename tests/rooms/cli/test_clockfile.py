"""The product clock of a home goes on where it was, whatever speed it is started with next."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from proofdesk.cli.clockfile import ClockRun, carry_on, read_clock, write_clock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPEEDS = st.one_of(st.just(1.0), st.floats(1.5, 1_000_000))
STEP = st.integers(1, 3_600)


@given(st.lists(st.tuples(SPEEDS, STEP), min_size=1, max_size=6))
def test_product_time_never_goes_back_nor_jumps_over_restarts(runs: list[tuple[float, int]]) -> None:
    clock, wall = ClockRun(), START
    for speed, seconds in runs:
        before = clock.at(wall)
        clock = carry_on(clock, speed, wall)
        assert abs(clock.at(wall) - before) < timedelta(seconds=1)
        wall += timedelta(seconds=seconds)
        assert clock.at(wall) > before


def test_real_time_stays_real_time() -> None:
    assert carry_on(ClockRun(), 1.0, START) == ClockRun()


def test_after_a_fast_run_real_time_is_nearly_real() -> None:
    fast = carry_on(ClockRun(), 100_000.0, START)
    wall = START + timedelta(seconds=15)
    back = carry_on(fast, 1.0, wall)
    assert 1.0 < back.speed < 1.01


def test_the_file_keeps_the_clock_and_real_time_needs_none(tmp_path: Path) -> None:
    write_clock(tmp_path, ClockRun())
    assert not list(tmp_path.iterdir())
    clock = carry_on(ClockRun(), 60.0, START)
    write_clock(tmp_path, clock)
    assert read_clock(tmp_path) == clock
