"""What an operator or a procedure says binds: examples of one topic stay together, those of two apart."""

import numpy as np
import pytest

from proofdesk.language.topics import FREE, WordVectors, discover
from proofdesk.language.topics.clusters import Reader, group
from proofdesk.language.topics.space import fit_space, unit
from tests.rooms.topics.test_discover import KINDS, TEXTS


def cloud(centres, each, spread, seed):
    rng = np.random.default_rng(seed)
    return unit(np.concatenate([c + spread * rng.normal(size=(each, len(c))) for c in centres]).astype(np.float32))


AXES = np.eye(6)


def test_rows_of_one_anchor_share_a_group_though_they_lie_apart():
    rows = cloud(AXES[:3], 20, 0.1, 1)
    anchors = np.full(60, FREE)
    anchors[[0, 1, 2, 20, 21, 22]] = 0
    labels = group(rows, 5.0, Reader(rows), anchors)
    assert len(set(labels[:40])) == 1 and labels[40] != labels[0]


def test_rows_of_two_anchors_never_share_a_group_though_they_lie_together():
    rows = cloud(AXES[:2], 20, 0.1, 2)
    anchors = np.full(40, FREE)
    anchors[[0, 1]], anchors[[10, 11]] = 0, 1
    labels = group(rows, 5.0, Reader(rows), anchors)
    assert labels[0] == labels[1] != labels[10] == labels[11]


def test_an_anchor_of_one_row_keeps_its_group():
    rows = cloud(AXES[:2], 20, 0.1, 3)
    anchors = np.full(40, FREE)
    anchors[5] = 0
    labels = group(rows, 5.0, Reader(rows), anchors)
    assert len(labels) == 40 and (labels == labels[5]).sum() >= 1


def test_topics_say_which_anchor_they_are():
    anchors = [FREE] * len(TEXTS)
    for kind_number, kind in enumerate(("password", "refund")):
        for i in [i for i, k in enumerate(KINDS) if k == kind][::4]:
            anchors[i] = kind_number
    found = discover(TEXTS, WordVectors(TEXTS), anchors=anchors)
    owners = [topic.anchor for topic in found.topics if topic.anchor is not None]
    assert sorted(owners) == [0, 1]
    for i, anchor in enumerate(anchors):
        if anchor != FREE:
            assert found.topics[found.labels[i]].anchor == anchor


def test_blocks_must_make_up_the_vectors():
    with pytest.raises(ValueError, match="widths"):
        fit_space(np.ones((3, 4), np.float32), ((3, 1.0),))
