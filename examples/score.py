"""Compare what was expected of the tickets with what happened: a pure function over plain values.

A resolution is judged by the back office's own log of writes and end state, never by what was said.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from examples.backoffice.seed import make_world
from examples.tickets.effects import business, carry_out, matches
from examples.tickets.ticket import Effect, Ticket

SEED = 7
MOST_LISTED = 50
_FREE = frozenset({"reason", "cancel_reason", "region", "writes", "serial"})
"""Fields in which an honest desk may differ: words chosen freely, and what follows from the number of writes."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """How a ticket ended: resolved, informed, refused, asked, escalated; else it is still under way."""

    outcome: str
    reason: str = ""
    waits_for_approval: bool = False


def score(
    tickets: Sequence[Ticket],
    happened: Mapping[str, Happened],
    writes: Sequence[str],
    state: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`writes`: the field `business` of /control/writes, in order. `state`: /control/state, to compare details too.

    wrong_writes must be 0: writes no ticket asked for, writes done twice, and records that ended differently.
    missed: expected effects that did not happen (a person has them to do).
    """
    claimed = _claims(tickets, writes)
    done = {index for index, _ in claimed.values()}
    wrong = [write for place, write in enumerate(writes) if place not in claimed]
    differing = [] if state is None else end_state_differences(
        [claimed[place][1] for place in range(len(writes)) if place in claimed], state
    )  # fmt: skip
    missing = _missing(tickets, done)
    correct = [ticket for ticket in tickets if _is_correct(ticket, happened.get(ticket.id), missing)]
    ended = Counter(h.outcome for h in happened.values())
    escalated = [h for h in happened.values() if h.outcome == "escalated"]
    return {
        "tickets": len(tickets),
        **{name: ended[name] for name in ("resolved", "informed", "refused", "asked", "escalated")},
        "unfinished": len(tickets) - sum(ended[n] for n in ("resolved", "informed", "refused", "asked", "escalated")),
        "escalated_by_reason": dict(Counter(h.reason for h in escalated).most_common()),
        "correct_outcomes": len(correct),
        "right_reasons": _right_reasons(tickets, happened),
        "writes": len(writes),
        "wrong_writes": len(wrong) + len(differing),
        "wrong": [*wrong, *differing][:MOST_LISTED],
        "missed": sum(len(effects) for effects in missing.values()),
        "by_procedure": _by_procedure(tickets, correct),
    }  # fmt: skip


def end_state_differences(effects: Sequence[Effect], state: Mapping[str, Any]) -> list[str]:
    """Places at which `state` is not what these effects, in this order, make of the seeded world."""
    world = make_world(SEED, state["today"])
    for effect in effects:
        carry_out(effect, world)
    return sorted(_differences(msgspec.to_builtins(world), state, "state"))


def _claims(tickets: Sequence[Ticket], writes: Sequence[str]) -> dict[int, tuple[int, Effect]]:
    """Place in the log -> (number of the effect it is, that effect); each effect claims one write."""
    effects = [effect for ticket in tickets for effect in ticket.gold.effects]
    exact = {business(effect): index for index, effect in enumerate(effects)}
    open_ended = [index for words, index in exact.items() if "*" in words]
    claimed: dict[int, tuple[int, Effect]] = {}
    taken: set[int] = set()
    for place, write in enumerate(writes):
        index = exact.get(write)
        if index is None:
            index = next((i for i in open_ended if matches(effects[i], write)), None)
        if index is not None and index not in taken:
            taken.add(index)
            claimed[place] = (index, effects[index])
    return claimed


def _missing(tickets: Sequence[Ticket], done: set[int]) -> dict[str, list[Effect]]:
    missing: dict[str, list[Effect]] = {}
    index = 0
    for ticket in tickets:
        for effect in ticket.gold.effects:
            if index not in done:
                missing.setdefault(ticket.id, []).append(effect)
            index += 1
    return missing


def _is_correct(ticket: Ticket, found: Happened | None, missing: Mapping[str, list[Effect]]) -> bool:
    if found is None:
        return False
    if ticket.gold.approval and found.waits_for_approval:
        return True
    return found.outcome in (ticket.gold.outcome, *ticket.gold.also) and ticket.id not in missing


def _right_reasons(tickets: Sequence[Ticket], happened: Mapping[str, Happened]) -> int:
    """Escalations that were expected, for the reason that was expected."""
    wanted = [ticket for ticket in tickets if ticket.gold.outcome == "escalated" and ticket.id in happened]
    return sum((happened[t.id].outcome, happened[t.id].reason) == ("escalated", t.gold.reason) for t in wanted)


def _by_procedure(tickets: Sequence[Ticket], correct: Sequence[Ticket]) -> dict[str, dict[str, int]]:
    every = Counter(name for ticket in tickets for name in ticket.gold.procedures or ["none"])
    right = Counter(name for ticket in correct for name in ticket.gold.procedures or ["none"])
    return {name: {"tickets": count, "correct": right[name]} for name, count in sorted(every.items())}


def _differences(expected: Any, found: Any, where: str) -> list[str]:
    if isinstance(expected, dict) and isinstance(found, Mapping):
        keys = sorted((expected.keys() | found.keys()) - _FREE)
        return [d for key in keys for d in _differences(expected.get(key), found.get(key), f"{where}.{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = zip(expected, found, strict=True)
        return [d for i, (one, other) in enumerate(pairs) for d in _differences(one, other, f"{where}[{i}]")]
    return [] if expected == found else [f"{where}: expected {expected!r}, found {found!r}"]
