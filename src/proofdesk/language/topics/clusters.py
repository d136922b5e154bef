"""Groups of like texts, their number unknown: average linkage, cut where likeness is no longer chance, then refined.

The cut: unrelated texts have a cosine of about 0 +- 1/sqrt(d), d the effective dimensions of the collection; two
groups are joined while their mean cosine exceeds CHANCE such deviations. So a loose collection is cut looser and
no number is tuned to a collection. Then every text is read by a kernel classifier trained on the groups of all
OTHER texts (closed-form leave-one-out, see intents.kernel) and moves where it is read, a few times over.
"""

import numpy as np
from numpy.typing import NDArray

from proofdesk.language.intents.kernel import gaussian, invert
from proofdesk.language.topics.space import Floats, unit

Labels = NDArray[np.int64]
CHANCE = 1.65
"""Of 100 unrelated pairs about 5 are as alike as this by chance (one-sided normal)."""
SMALLEST_SHARE, SMALLEST = 0.008, 4
"""A group smaller than this share of all rows, or than this many, joins its nearest neighbours."""
GAMMA, RIDGE = 1.0, 0.1
ROUNDS = 3
FREE = -1
STRONG = 0.34
"""A group with this share of an anchor's rows belongs to it: the rest of them may be the odd wordings."""


class Reader:
    """The kernel classifier over the clustered rows: `inverse` of their kernel matrix serves every labelling."""

    def __init__(self, rows: Floats) -> None:
        self.rows = rows
        self.inverse = invert(gaussian(rows, rows, GAMMA), RIDGE)

    def left_out(self, labels: Labels, groups: int) -> Floats:
        """(n, groups): how each row is read when its own label is not known."""
        targets = _targets(labels, groups)
        out: Floats = targets - (self.inverse @ targets) / np.diag(self.inverse)[:, None]
        return out

    def weights(self, labels: Labels, groups: int) -> Floats:
        out: Floats = self.inverse @ _targets(labels, groups)
        return out

    def read(self, rows: Floats, weights: Floats) -> Floats:
        """(m, groups): scores of other rows; about 1 is certain, 0 and less is nothing known."""
        parts = [gaussian(rows[i : i + 512], self.rows, GAMMA) @ weights for i in range(0, len(rows), 512)]
        return np.concatenate(parts) if parts else np.zeros((0, weights.shape[1]), np.float32)


def smallest_of(rows: int) -> int:
    return max(SMALLEST, int(np.ceil(SMALLEST_SHARE * rows)))


def group(rows: Floats, dimensions: float, reader: Reader, anchors: Labels | None = None) -> Labels:
    """Labels 0..k-1 of `rows` (n, d of unit length), largest group first. Deterministic.

    `anchors[i]` >= 0 binds row i: rows of one anchor end in one group, rows of two anchors never do.
    """
    bound = np.full(len(rows), FREE) if anchors is None else anchors
    held = bound != FREE
    labels = joined(rows, linked(rows, 1.0 - CHANCE / dimensions**0.5), held)
    if held.any():
        labels = joined(rows, _bound(rows, labels, bound), held)
    for _ in range(ROUNDS):
        groups = int(labels.max()) + 1
        if groups < 2:
            break
        moved = reader.left_out(labels, groups).argmax(axis=1)
        moved = ordered(np.where(held, labels, moved))
        if np.array_equal(moved, labels):
            break
        labels = moved
    return joined(rows, labels, held)


def _bound(rows: Floats, labels: Labels, anchors: Labels) -> Labels:
    """Groups that hold much of an anchor become its own; a group that holds much of several is divided by likeness."""
    held = np.flatnonzero(anchors != FREE)
    count = int(anchors.max()) + 1
    near = Reader(rows[held])
    likeness = near.read(rows, near.weights(anchors[held], count))
    present = np.zeros((int(labels.max()) + 1, count))
    np.add.at(present, (labels[held], anchors[held]), 1)
    strong = (present > 0) & ((present >= STRONG * present.sum(axis=0)) | (present == present.max(axis=0)))
    out = labels + count
    for label in np.flatnonzero(strong.any(axis=1)):
        members, owners = labels == label, np.flatnonzero(strong[label])
        out[members] = owners[likeness[members][:, owners].argmax(axis=1)]
    out[held] = anchors[held]
    return ordered(out)


def linked(rows: Floats, distance: float) -> Labels:
    """Average linkage on cosine distance, cut at `distance` (scipy's nearest-neighbour chain: n^2 memory and time)."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(rows) < 2:
        return np.zeros(len(rows), np.int64)
    return ordered(fcluster(linkage(_distances(rows), "average"), distance, "distance"))


def _distances(rows: Floats) -> NDArray[np.float64]:
    """1 - cosine of every pair, condensed as scipy wants it; a row of zeros is far from everything."""
    out, at = np.empty(len(rows) * (len(rows) - 1) // 2), 0
    for i in range(len(rows) - 1):
        out[at : at + len(rows) - 1 - i] = 1.0 - rows[i + 1 :] @ rows[i]
        at += len(rows) - 1 - i
    return np.maximum(out, 0.0, out=out)


def joined(rows: Floats, labels: Labels, held: NDArray[np.bool_] | None = None) -> Labels:
    """Groups that are too small end, smallest first: each of their rows goes to the nearest centre left.

    A group with a row that is `held` (bound by an anchor) stays, however small.
    """
    least, labels = smallest_of(len(rows)), ordered(labels)
    while True:
        sizes = np.bincount(labels).astype(np.float64)
        if held is not None:
            sizes[labels[held]] = np.inf
        if len(sizes) < 2 or sizes.min() >= least:
            return labels
        ending = int(sizes.argmin())
        likeness = rows[labels == ending] @ centres_of(rows, labels).T
        likeness[:, ending] = -np.inf
        labels = labels.copy()
        labels[labels == ending] = likeness.argmax(axis=1)
        labels = ordered(labels)


def centres_of(rows: Floats, labels: Labels) -> Floats:
    total = np.zeros((int(labels.max()) + 1, rows.shape[1]), np.float32)
    np.add.at(total, labels, rows)
    return unit(total)


def ordered(labels: Labels) -> Labels:
    """0..k-1 by size, then by first appearance: the same grouping gives the same numbers."""
    _, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return np.asarray(rank[inverse.reshape(-1)], np.int64)


def _targets(labels: Labels, groups: int) -> Floats:
    targets = np.full((len(labels), groups), -1.0 / max(groups - 1, 1), np.float32)
    targets[np.arange(len(labels)), labels] = 1.0
    return targets
