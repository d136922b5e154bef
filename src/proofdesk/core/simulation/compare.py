"""Two configurations on the same tickets, and how far a replay of solved tickets flatters either of them."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from proofdesk.core.metrics.rate import Rate, rate
from proofdesk.core.metrics.replay_bias import ReplayBias, Stratum, replay_bias
from proofdesk.core.simulation.values import Case, Decided, Verdict, verdict
from proofdesk.core.statistics import Bounds
from proofdesk.core.statistics.comparison import Pairs, paired_interval, paired_score


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that the candidate decides otherwise."""

    id: str
    present: Decided
    candidate: Decided
    present_verdict: Verdict
    candidate_verdict: Verdict


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Paired: `only_candidate` of `pairs` judged tickets only the candidate decides rightly.

    `p` is that of Tango's score test of "the candidate is worse by `margin` or more"; `difference` candidate - present.
    """

    pairs: int
    excluded: int
    only_present: int
    only_candidate: int
    margin: float
    z: float | None
    p: float | None
    difference: float | None
    interval: Bounds | None
    not_worse: bool
    changed: tuple[Changed, ...]


class StratumFigures(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    tickets: int
    right: Rate


class Bias(msgspec.Struct, frozen=True, kw_only=True):
    """`strata` by outcome and channel; `stated` None where a stratum has no labelled ticket: then it says why."""

    strata: tuple[StratumFigures, ...]
    stated: ReplayBias | None
    note: str


def compare(present: Sequence[Case], candidate: Sequence[Case], *, margin: float, alpha: float = 0.05) -> Comparison:
    """Both sequences hold the same tickets in the same order. Raises ValueError where they do not."""
    if [case.id for case in present] != [case.id for case in candidate]:
        raise ValueError("a paired comparison needs the same tickets on both sides")
    both = [(one, other, verdict(one), verdict(other)) for one, other in zip(present, candidate, strict=True)]
    judged = Counter((a == "right", b == "right") for _, _, a, b in both if "unjudged" not in (a, b))
    n, only_present, only_candidate = sum(judged.values()), judged[True, False], judged[False, True]
    changed = tuple(
        Changed(id=one.id, present=one.decided, candidate=other.decided, present_verdict=a, candidate_verdict=b)
        for one, other, a, b in both
        if _matter(one.decided) != _matter(other.decided)
    )
    pairs = Pairs(ai_only=only_candidate, human_only=only_present, n=n) if n else None
    test = paired_score(pairs, margin) if pairs else None
    return Comparison(
        pairs=n, excluded=len(both) - n, only_present=only_present, only_candidate=only_candidate, margin=margin,
        z=test.z if test else None, p=test.p if test else None,
        difference=(only_candidate - only_present) / n if n else None,
        interval=paired_interval(pairs) if pairs else None, not_worse=test is not None and test.p <= alpha,
        changed=changed,
    )  # fmt: skip


def bias(cases: Sequence[Case]) -> Bias:
    """Replays see what was solved; the tickets that never were are the hard ones."""
    groups: dict[tuple[bool, str], list[Case]] = {}
    for case in cases:
        if case.solved is not None:
            groups.setdefault((case.solved, case.channel), []).append(case)
    figures, strata, silent = [], {}, []
    total = sum(map(len, groups.values()))
    for (solved, channel), members in sorted(groups.items()):
        name = f"{'solved' if solved else 'not solved'}, {channel or 'channel not said'}"
        counted = Counter(verdict(case) for case in members)
        right = rate(counted["right"], len(members) - counted["unjudged"], excluded=counted["unjudged"])
        figures.append(StratumFigures(name=name, tickets=len(members), right=right))
        if right.value is None:
            silent.append(name)
        else:
            strata[name] = Stratum(weight=len(members) / total, accuracy=right.value, solved=solved)
    return Bias(strata=tuple(figures), stated=None if silent or not strata else replay_bias(strata),
                note=_note(silent, bool(groups), {solved for solved, _ in groups}))  # fmt: skip


def _note(silent: Sequence[str], any_state: bool, states: set[bool]) -> str:
    if not any_state:
        return "The export does not say which tickets were solved: by how much the replay flatters is not known."
    if silent:
        return f"No ticket with a known outcome in: {'; '.join(silent)}. By how much the replay flatters is not known."
    if states == {True}:
        return "Only solved tickets are in the export: expect the live result to be worse than this one."
    return "By so much a replay of solved tickets alone would have flattered. Shadow decides, a replay only screens."


def _matter(decided: Decided) -> tuple[object, ...]:
    return decided.kind, decided.reason, decided.intents, decided.actions, decided.amount_minor
