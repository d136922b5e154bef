"""By how much a replay on solved tickets flatters: stated beside every simulation."""

from collections.abc import Mapping

import msgspec


class Stratum(msgspec.Struct, frozen=True, kw_only=True):
    """`weight`: its share of all tickets."""

    weight: float
    accuracy: float
    solved: bool


class ReplayBias(msgspec.Struct, frozen=True, kw_only=True):
    solved_only: float | None
    true_mix: float | None
    bias_points: float | None


def replay_bias(strata: Mapping[str, Stratum]) -> ReplayBias:
    solved = _mean([s for s in strata.values() if s.solved])
    everything = _mean(list(strata.values()))
    gap = None if solved is None or everything is None else 100 * (solved - everything)
    return ReplayBias(solved_only=solved, true_mix=everything, bias_points=gap)


def _mean(strata: list[Stratum]) -> float | None:
    weight = sum(s.weight for s in strata)
    return sum(s.weight * s.accuracy for s in strata) / weight if weight else None
