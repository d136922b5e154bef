"""How many agents a live queue needs: Erlang C, and Erlang A where people hang up.

Arrivals per second, handling time and patience in seconds. For queues that wait (e-mail) use backlog flow instead.
"""

from math import ceil, exp
from typing import Final

import msgspec

MAX_AGENTS: Final = 10_000
_TAIL: Final = 1e-14
"""States of the waiting line less likely than this, past the peak, are left out."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    calls: float
    interval_s: float
    aht_s: float

    @property
    def erlangs(self) -> float:
        return self.calls / self.interval_s * self.aht_s


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    p_wait: float
    service_level: float
    """Share answered within the target time."""
    asa_s: float | None
    """Average speed of answer; None where the line grows without end."""
    occupancy: float


class ImpatientQueue(msgspec.Struct, frozen=True, kw_only=True):
    p_wait: float
    abandon: float
    mean_wait_s: float
    occupancy: float


def erlang_c(load: Load, agents: int, within_s: float) -> Queue:
    """With as many erlangs as agents or more there is no service level, and no division error."""
    a = load.erlangs
    if agents <= a:
        return Queue(p_wait=1.0, service_level=0.0, asa_s=None, occupancy=1.0)
    blocked = 1.0
    for i in range(1, agents + 1):
        blocked = a * blocked / (i + a * blocked)
    p_wait = blocked / (1 - a / agents * (1 - blocked))
    return Queue(
        p_wait=p_wait, service_level=1 - p_wait * exp(-(agents - a) * within_s / load.aht_s),
        asa_s=p_wait * load.aht_s / (agents - a), occupancy=a / agents,
    )  # fmt: skip


def agents_needed(load: Load, *, share: float, within_s: float) -> int:
    """Fewest agents that answer `share` of contacts in time. Raises ValueError beyond MAX_AGENTS."""
    for agents in range(max(1, int(load.erlangs)), MAX_AGENTS + 1):
        if erlang_c(load, agents, within_s).service_level >= share:
            return agents
    raise ValueError(f"no staffing up to {MAX_AGENTS} agents answers {share:.0%} within {within_s} s")


def scheduled(agents: int, shrinkage: float) -> int:
    """Agents to schedule so that `agents` are there."""
    if not 0 <= shrinkage < 1:
        raise ValueError(f"a shrinkage of {shrinkage} is not between 0 and 1")
    return ceil(agents / (1 - shrinkage))


def erlang_a(load: Load, agents: int, patience_s: float) -> ImpatientQueue:
    """Birth-death chain with death rate min(k, n)/AHT + max(k-n, 0)/patience."""
    arrivals = load.calls / load.interval_s
    weights, weight, peak, k = [1.0], 1.0, 1.0, 0
    while k < agents or weight > _TAIL * peak:
        k += 1
        weight *= arrivals / (min(k, agents) / load.aht_s + max(k - agents, 0) / patience_s)
        peak = max(peak, weight)
        weights.append(weight)
    total = sum(weights)
    waiting = sum((k - agents) * w for k, w in enumerate(weights) if k > agents) / total
    abandon = waiting / (patience_s * arrivals)
    return ImpatientQueue(
        p_wait=sum(weights[agents:]) / total, abandon=abandon, mean_wait_s=waiting / arrivals,
        occupancy=arrivals * (1 - abandon) * load.aht_s / agents,
    )  # fmt: skip
