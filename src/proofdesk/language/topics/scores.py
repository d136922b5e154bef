"""How well topics agree with given labels; unassigned rows are not forgiven."""

from collections.abc import Hashable, Sequence

from proofdesk.core.statistics.agreement import Agreement
from proofdesk.core.statistics.agreement import agreement as agreement_of

UNASSIGNED = -1


def agreement(truth: Sequence[Hashable], found: Sequence[Hashable]) -> Agreement:
    """Each UNASSIGNED row of `found` counts as a group of its own, so as a wrong one but for chance."""
    alone = [(place,) if label == UNASSIGNED else label for place, label in enumerate(found)]
    return agreement_of(truth, alone)
