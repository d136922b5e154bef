"""The same topic from run to run: which new groups are which earlier topics, what is new, merged or split."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

SAME = 0.5
"""Jaccard overlap, over rows that both runs saw, from which a group is still the earlier topic."""
PARENT = 0.25
"""An earlier topic that gave at least this share of its rows to a group, or made up this share of it, is its parent."""
GROWTH, MIN_GROWTH = 1.5, 10
"""A topic is growing when its share of all rows rose this many times, by at least this many rows."""

Change = Literal["new", "same", "growing", "merged", "split"]


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """`share` of all rows of its run."""

    topic_id: str
    members: frozenset[str]
    share: float


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group of this run. `bound` is the topic that an operator's choice makes it, if any."""

    members: frozenset[str]
    share: float
    bound: str | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """`topic_id` is None for a topic that needs a new id."""

    topic_id: str | None
    change: Change
    parents: tuple[str, ...] = ()


def identify(groups: Sequence[Group], earlier: Sequence[Earlier]) -> list[Identity]:
    """One identity a group, in order. Only rows present in both runs count for the overlap: windows move on.

    An id is given once: to the bound group, else to the group of the greatest overlap of at least SAME.
    """
    seen = frozenset[str]().union(*(g.members for g in groups)) if groups else frozenset[str]()
    then = frozenset[str]().union(*(e.members for e in earlier)) if earlier else frozenset[str]()
    old = {e.topic_id: e.members & seen for e in earlier}
    new = [g.members & then for g in groups]
    taken: dict[int, str] = {i: g.bound for i, g in enumerate(groups) if g.bound is not None}
    for _, place, topic_id in sorted(_overlaps(new, old), key=lambda o: (-o[0], o[1], o[2])):
        if place not in taken and topic_id not in taken.values():
            taken[place] = topic_id
    shares = {e.topic_id: e.share for e in earlier}
    return [_identity(g, n, taken.get(i), old, shares) for i, (g, n) in enumerate(zip(groups, new, strict=True))]


def _overlaps(new: Sequence[frozenset[str]], old: Mapping[str, frozenset[str]]) -> list[tuple[float, int, str]]:
    out = []
    for place, members in enumerate(new):
        for topic_id, before in old.items():
            both = len(members & before)
            if both and both / len(members | before) >= SAME:
                out.append((both / len(members | before), place, topic_id))
    return out


def _identity(
    group: Group,
    members: frozenset[str],
    topic_id: str | None,
    old: Mapping[str, frozenset[str]],
    shares: Mapping[str, float],
) -> Identity:
    given = {t: len(members & before) for t, before in old.items() if members & before and t != topic_id}
    whole = tuple(sorted(t for t, n in given.items() if n / len(old[t]) >= SAME))
    if topic_id is not None:
        if whole:
            return Identity(topic_id=topic_id, change="merged", parents=whole)
        return Identity(topic_id=topic_id, change=_growth(group, shares.get(topic_id)))
    if len(whole) >= 2:
        return Identity(topic_id=None, change="merged", parents=whole)
    parents = [t for t, n in given.items() if n / len(old[t]) >= PARENT or n / len(members) >= PARENT]
    return Identity(topic_id=None, change="split" if parents else "new", parents=tuple(sorted(parents)))


def _growth(group: Group, before: float | None) -> Change:
    if before is None:
        return "new"
    rows = (group.share - before) / max(group.share, 1e-9) * len(group.members)
    return "growing" if group.share >= GROWTH * before and rows >= MIN_GROWTH else "same"
