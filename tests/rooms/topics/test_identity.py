"""Topics keep their ids from run to run, and what is new, merged or split says where it came from."""

from hypothesis import given
from hypothesis import strategies as st

from proofdesk.language.topics.identity import Earlier, Group, identify


def ids(start, stop):
    return frozenset(f"t{i}" for i in range(start, stop))


def before(topic_id, members, share=0.2):
    return Earlier(topic_id=topic_id, members=members, share=share)


def now(members, share=0.2, bound=None):
    return Group(members=members, share=share, bound=bound)


def test_half_of_the_rows_in_common_keep_the_id():
    (one,) = identify([now(ids(0, 15))], [before("A", ids(5, 20))])
    assert (one.topic_id, one.change, one.parents) == ("A", "same", ())


def test_less_gives_a_new_id_with_the_parent():
    found = identify([now(ids(0, 10)), now(ids(10, 20)), now(ids(20, 30))], [before("A", ids(0, 30))])
    assert [(f.topic_id, f.change, f.parents) for f in found] == [(None, "split", ("A",))] * 3


def test_a_group_of_two_whole_topics_is_merged_of_them():
    (one,) = identify([now(ids(0, 20))], [before("A", ids(0, 14)), before("B", ids(14, 20))])
    assert (one.topic_id, one.change, one.parents) == ("A", "merged", ("B",))
    (two,) = identify([now(ids(0, 30))], [before(n, ids(10 * i, 10 * i + 10)) for i, n in enumerate("ABC")])
    assert (two.topic_id, two.change, two.parents) == (None, "merged", ("A", "B", "C"))


def test_rows_of_other_days_do_not_count_against_it():
    (one,) = identify([now(ids(10, 60))], [before("A", ids(0, 20))])
    assert (one.topic_id, one.change) == ("A", "same")
    others = [before("A", ids(0, 20)), before("B", ids(60, 80))]
    found = identify([now(ids(10, 20) | ids(100, 140)), now(ids(70, 90))], others)
    assert [f.topic_id for f in found] == ["A", "B"]


def test_a_group_without_a_past_is_new():
    (one,) = identify([now(ids(50, 60))], [before("A", ids(0, 10))])
    assert (one.topic_id, one.change, one.parents) == (None, "new", ())


def test_growth_needs_both_a_ratio_and_rows():
    (grown,) = identify([now(ids(0, 60), share=0.4)], [before("A", ids(0, 40), share=0.2)])
    assert grown.change == "growing"
    (few,) = identify([now(ids(0, 6), share=0.02)], [before("A", ids(0, 4), share=0.01)])
    assert few.change == "same"


def test_a_bound_group_has_its_id_whatever_overlaps():
    found = identify([now(ids(0, 10)), now(ids(50, 60), bound="A")], [before("A", ids(0, 10))])
    assert found[1].topic_id == "A" and found[0].topic_id is None


sets = st.lists(st.frozensets(st.sampled_from([f"t{i}" for i in range(30)]), min_size=1), max_size=6)


@given(sets, sets)
def test_an_id_is_never_given_twice_and_parents_existed(groups, earlier):
    past = [before(f"T{i}", members) for i, members in enumerate(earlier)]
    found = identify([now(members) for members in groups], past)
    given_ids = [f.topic_id for f in found if f.topic_id]
    assert len(given_ids) == len(set(given_ids))
    assert all(set(f.parents) <= {p.topic_id for p in past} for f in found)
    assert all((f.change in ("merged", "split")) == bool(f.parents) for f in found)
