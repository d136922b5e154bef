"""The leakage guard: a planted example is caught by its source, by its text and by its date."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from proofdesk.flows.simulation.knowledge import MAX_EPOCHS, epochs_of
from proofdesk.flows.simulation.past import DatedExample, PastTicket
from tests.rooms.simulation.support import procedure

DAY = datetime(2026, 3, 1, tzinfo=UTC)
PROCEDURES = {
    "cancel": procedure("cancel", ("Cancel my order please", "I want to stop the order I made")),
    "reset": procedure("reset", ("I forgot my password",)),
}


def ticket(name: str, text: str, day: int = 0, sources: tuple[str, ...] = ()) -> PastTicket:
    return PastTicket(id=name, at=DAY + timedelta(days=day), text=text, line=1, sources=sources)


def example(text: str, day: int | None = None, sources: tuple[str, ...] = ()) -> DatedExample:
    at = None if day is None else DAY + timedelta(days=day)
    return DatedExample(text=text, intent="cancel", at=at, sources=sources)


def test_undated_examples_that_have_nothing_to_do_with_the_tickets_are_kept():
    (epoch,) = epochs_of(PROCEDURES, (), [ticket("1", "where is my parcel"), ticket("2", "reset it", 3)])
    assert len(epoch.examples) == 3
    assert epoch.left_out == ()
    assert epoch.places == (0, 1)


def test_an_example_made_from_a_ticket_is_left_out_whatever_its_date_says():
    planted = example("quite other words", day=-100, sources=("1",))
    (epoch,) = epochs_of(PROCEDURES, [planted], [ticket("1", "drop LF-1")])
    (left,) = epoch.left_out
    assert (left.why, left.tickets) == ("made from the ticket", ("1",))
    assert "quite other words" not in {each.text for each in epoch.examples}


def test_a_ticket_and_an_example_made_from_the_same_ticket():
    planted = example("quite other words", sources=("0",))
    (epoch,) = epochs_of(PROCEDURES, [planted], [ticket("1", "drop LF-1", sources=("0",))])
    assert [left.why for left in epoch.left_out] == ["made from the ticket"]


def test_the_tickets_own_text_is_found_among_undated_examples():
    """A copy that nobody marked, in the folder itself: other case, other marks, a word changed."""
    texts = ["I WANT to stop the order, I made!", "i forgot my password"]
    (epoch,) = epochs_of(PROCEDURES, (), [ticket(str(place), text) for place, text in enumerate(texts)])
    assert {(left.intent, left.why) for left in epoch.left_out} == {
        ("cancel", "the ticket's own text"),
        ("reset", "the ticket's own text"),
    }
    long = "please stop order LF-1 of last week because I bought the same lamp twice by mistake yesterday evening"
    near = long.replace("evening", "night")
    (epoch,) = epochs_of(PROCEDURES, [example(long)], [ticket("1", near)])
    assert [left.text for left in epoch.left_out] == [long[:80]]


def test_an_example_is_used_only_for_tickets_that_are_newer():
    rows = [ticket("old", "drop LF-1", 0), ticket("new", "drop LF-2", 10)]
    early, late = epochs_of(PROCEDURES, [example("kill the order", day=5)], rows)
    assert (early.places, late.places) == ((0,), (1,))
    assert [left.why for left in early.left_out] == ["newer than the ticket"]
    assert "kill the order" in {each.text for each in late.examples}


def test_a_date_can_be_given_to_an_example_of_the_folder():
    dated = example("Cancel my order please", day=1)
    (epoch,) = epochs_of(PROCEDURES, [dated], [ticket("1", "drop LF-1")])
    assert [left.text for left in epoch.left_out] == ["Cancel my order please"]


def test_examples_of_unknown_procedures_are_passed_over():
    other = DatedExample(text="something", intent="not_there", at=None)
    (epoch,) = epochs_of(PROCEDURES, [other], [ticket("1", "drop LF-1")])
    assert len(epoch.examples) == 3


@given(
    days=st.lists(st.integers(0, 30), min_size=1, max_size=30),
    dates=st.lists(st.integers(-5, 35), max_size=12),
)
def test_no_ticket_ever_sees_a_newer_example(days: list[int], dates: list[int]):
    rows = [ticket(f"t{place}", f"text {place}", day) for place, day in enumerate(days)]
    pool = [example(f"example number {place}", day=day) for place, day in enumerate(dates)]
    known = {each.text: each.at for each in pool}
    epochs = epochs_of(PROCEDURES, pool, rows)
    assert 1 <= len(epochs) <= MAX_EPOCHS
    assert sorted(place for epoch in epochs for place in epoch.places) == list(range(len(rows)))
    for epoch in epochs:
        first = min(rows[place].at for place in epoch.places)
        for each in epoch.examples:
            at = known.get(each.text)
            assert at is None or at < first
    for earlier, later in pairwise(epochs):
        assert max(rows[p].at for p in earlier.places) <= min(rows[p].at for p in later.places)
