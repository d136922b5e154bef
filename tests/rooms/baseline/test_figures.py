"""The audit's SQL says what core.metrics says: on the worked examples and on random exports."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proofdesk.core.metrics.first_contact import SolvedTicket, first_contact
from tests.core.vectors import vector
from tests.rooms.baseline.support import AS_OF, audit_of, write

HEADER = ("Ticket ID", "Requester", "Category", "Created", "Solved", "Public agent replies", "Owners", "Reopened at")


def rows_of(tickets: list[SolvedTicket]) -> list[tuple[object, ...]]:
    return [HEADER] + [
        (t.id, t.requester, t.intent, t.created.isoformat(), t.solved.isoformat() if t.solved else "",
         t.public_agent_replies, t.owners, t.reopened.isoformat() if t.reopened else "")
        for t in tickets
    ]  # fmt: skip


def agree(path: Path, tickets: list[SolvedTicket]) -> None:
    expected = first_contact(tickets, AS_OF, timedelta(days=7))
    found = audit_of(write(path, rows_of(tickets))).overall.rates
    for name in ("one_touch", "fcr_ticket", "fcr_issue", "recontact_free"):
        wanted = getattr(expected, name)
        assert (found[name].numerator, found[name].denominator, found[name].excluded, found[name].immature) == (
            wanted.numerator, wanted.denominator, wanted.excluded, wanted.immature,
        ), name  # fmt: skip


def test_the_worked_example_of_first_contact(tmp_path):
    times = ("created", "solved", "reopened")
    tickets = [
        SolvedTicket(**{**row, **{key: datetime.fromisoformat(row[key]) if row[key] else None for key in times}})
        for row in vector("E01")["input"]["tickets"]
    ]
    agree(tmp_path / "e01.csv", tickets)


@pytest.mark.parametrize("seed", range(6))
def test_first_contact_agrees_with_the_core_on_random_exports(tmp_path, seed):
    draw = random.Random(seed)
    start = datetime(2026, 2, 1, tzinfo=UTC)
    tickets = []
    for number in range(400):
        created = start + timedelta(minutes=draw.randrange(45 * 1440))
        solved = created + timedelta(minutes=draw.randrange(1, 6_000)) if draw.random() < 0.85 else None
        reopened = solved + timedelta(minutes=draw.randrange(1, 20_000)) if solved and draw.random() < 0.2 else None
        tickets.append(SolvedTicket(
            id=f"T{number}", requester=f"r{draw.randrange(60)}", intent=draw.choice(["a", "b", "spam"]),
            created=created, solved=solved, public_agent_replies=draw.randrange(4),
            owners=draw.randrange(1, 4), reopened=reopened,
        ))  # fmt: skip
    agree(tmp_path / "random.csv", tickets)


def test_business_hours_over_daylight_saving(tmp_path):
    rows = [
        ("id", "created", "first reply at", "solved"),
        ("1", "2026-03-06T16:30:00-05:00", "2026-03-09T10:15:00-04:00", "2026-03-10T11:00:00-04:00"),
    ]
    found = audit_of(write(tmp_path / "e02.csv", rows)).overall.spreads
    expected = vector("E02")["expected"]
    for name, key in {
        "ttfr_calendar": "ttfr_calendar_h", "ttfr_business": "ttfr_business_h", "ttr_calendar": "ttr_calendar_h",
        "ttr_business": "ttr_business_h",
    }.items():  # fmt: skip
        assert found[name].median == pytest.approx(60 * expected[key]["value"]), name


def test_tickets_still_waiting_are_not_dropped(tmp_path):
    """Three answered within an hour, five not after days: the median is not what the three say."""
    rows = [("id", "created", "first reply at", "status")]
    rows += [(str(n), "2026-03-02T10:00:00Z", "2026-03-02T10:30:00Z", "open") for n in range(3)]
    rows += [(f"w{n}", "2026-03-02T10:00:00Z", "", "open") for n in range(5)]
    found = audit_of(write(tmp_path / "waiting.csv", rows)).overall.spreads["ttfr_calendar"]
    assert (found.n, found.censored, found.median) == (8, 5, None)
    assert found.mean == 30


def test_an_open_ticket_is_young_before_it_is_unsolved(tmp_path):
    rows = [("id", "created", "solved"), ("old", "2026-03-01T00:00:00Z", ""), ("young", "2026-03-19T00:00:00Z", ""),
            ("done", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]  # fmt: skip
    found = audit_of(write(tmp_path / "young.csv", rows)).overall.rates["resolution"]
    assert (found.numerator, found.denominator, found.immature) == (1, 2, 1)


def test_handling_time_is_winsorised_and_never_elapsed_time(tmp_path):
    rows = [("id", "created", "solved", "handle minutes")]
    rows += [(n, "2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z", 5) for n in range(199)]
    rows += [("x", "2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z", 9_000)]
    found = audit_of(write(tmp_path / "handle.csv", rows)).overall.spreads["handle"]
    assert found.mean == pytest.approx(5, abs=0.5)
    bare = audit_of(write(tmp_path / "bare.csv", [row[:3] for row in rows]))
    assert "handle" not in bare.overall.spreads
    assert any("elapsed time is never used" in gap.why for gap in bare.underivable)


def test_without_a_requester_only_an_upper_bound_is_published(tmp_path):
    rows = [("id", "created", "solved", "public agent replies", "reopens")]
    rows += [(n, "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z", 1, 0) for n in range(5)]
    found = audit_of(write(tmp_path / "none.csv", rows))
    assert "fcr_ticket" not in found.overall.rates
    assert found.overall.rates["fcr_reopen_only_upper_bound"].numerator == 5
    assert any(gap.needs == "requester" for gap in found.underivable)
