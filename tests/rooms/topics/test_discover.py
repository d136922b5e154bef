"""Topics without labels: found, named without personal data, the same on every run, honest about what fits nowhere."""

import itertools

import numpy as np
import pytest

from proofdesk.language.topics import UNASSIGNED, TooManyRows, WordVectors, agreement, discover
from proofdesk.language.topics.clusters import joined, linked, ordered

SUBJECTS = {
    "parcel": ["parcel", "delivery", "shipment"],
    "refund": ["refund", "money back", "reimbursement"],
    "password": ["password", "login", "account access"],
}
FRAMES = {
    "parcel": ["where is my {}", "when will the {} arrive", "my {} is late", "track the {} for me"],
    "refund": ["I want a {}", "please send the {} to my card", "when is my {} paid", "the {} has not come yet"],
    "password": ["I forgot my {}", "reset the {} please", "my {} does not work", "cannot change my {}"],
}
ROWS = [
    (f.format(w) + tail, kind)
    for kind, words in SUBJECTS.items()
    for f, w, tail in itertools.product(FRAMES[kind], words, ["", " today", " thanks"])
]
TEXTS, KINDS = [t for t, _ in ROWS], [k for _, k in ROWS]


def test_wordings_of_the_same_matter_come_together():
    found = discover(TEXTS, WordVectors(TEXTS))
    assert len(found.labels) == len(TEXTS)
    joint = {(kind, label) for kind, label in zip(KINDS, found.labels, strict=True)}
    owners = {label: {k for k, other in joint if other == label} for _, label in joint if label != UNASSIGNED}
    mixed = sum(len(owners[label]) > 1 for label in found.labels if label != UNASSIGNED)
    assert mixed / len(TEXTS) < 0.1
    assert agreement(KINDS, found.labels).nmi > 0.5
    assert sum(topic.size for topic in found.topics) == sum(label != UNASSIGNED for label in found.labels)


def test_the_same_rows_give_the_same_topics_bit_for_bit():
    assert discover(TEXTS, WordVectors(TEXTS)) == discover(TEXTS, WordVectors(TEXTS))


def test_a_text_without_words_stays_unassigned():
    texts = [*TEXTS, "12345 !!", ""]
    found = discover(texts, WordVectors(texts))
    assert found.labels[-2:] == (UNASSIGNED, UNASSIGNED)


@pytest.mark.parametrize("texts", [[], ["only one text"], ["same text"] * 9, ["a b", "c d"]])
def test_tiny_collections_have_an_answer(texts):
    found = discover(texts, WordVectors(texts) if texts else _NoVectors())
    assert len(found.labels) == len(texts) and len(found.topics) <= 1


class _NoVectors:
    blocks = ((1, 1.0),)

    def many(self, texts):
        return np.zeros((len(texts), 1), np.float32)


def test_too_many_rows_are_refused_before_any_work():
    with pytest.raises(TooManyRows, match="fewer days"):
        discover(["x"] * 200_001, _NoVectors())


def test_names_hold_no_personal_data():
    """An address in every text of a topic, a name in few of them, a number in all: none of them in its terms."""
    secret = "jane.doe@example.org"
    texts = [f"{t}, write to {secret}, order 4417 1234, Zebediah says" if i % 40 == 0 else f"{t} {secret} call 4417"
             for i, t in enumerate(TEXTS)]  # fmt: skip
    found = discover(texts, WordVectors(texts))
    shown = {word for topic in found.topics for term in topic.terms for word in term.split()}
    assert shown and not shown & {"jane", "doe", "jane.doe", "example", "org", "4417", "zebediah"}


def test_linkage_cuts_by_mean_likeness_and_small_groups_join_the_nearest():
    east, north = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    rows = np.array([east] * 20 + [north] * 10 + [[0.6, 0.8]] * 2, np.float32)
    labels = linked(rows, 0.1)
    assert np.bincount(labels).tolist() == [20, 10, 2]
    assert joined(rows, labels)[-1] == joined(rows, labels)[25]


def test_numbers_go_by_size_then_by_first_row():
    assert ordered(np.array([7, 3, 3, 5, 7, 7])).tolist() == [0, 1, 1, 2, 0, 0]


def test_agreement_with_labels_matches_hand_computed_values():
    same = agreement("aabb", [1, 1, 0, 0])
    assert (same.accuracy, round(same.nmi, 9), same.ari) == (1.0, 1.0, 1.0)
    half = agreement("aabb", [0, 1, 0, 1])
    assert half.accuracy == 0.5 and abs(half.nmi) < 1e-9 and half.ari == pytest.approx(-0.5)


def test_unassigned_rows_are_never_counted_as_a_topic():
    assert agreement("aabb", [UNASSIGNED, UNASSIGNED, 0, 0]).accuracy == 0.75
