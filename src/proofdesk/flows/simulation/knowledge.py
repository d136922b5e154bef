"""What the model may have learned from: nothing newer than the ticket, nothing made from the ticket itself.

With dated examples the tickets are split into at most MAX_EPOCHS spans of time, each with a model of its own, which
learns only from examples older than the span's first ticket. An example without a date counts as always known, unless
its text or its sources show that it was made from one of the tickets.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from proofdesk.core.procedure import Procedure
from proofdesk.core.simulation.result import LeftOut
from proofdesk.flows.folder import examples_of
from proofdesk.flows.simulation.past import DatedExample, PastTicket
from proofdesk.language.intents import LabelledText

MAX_EPOCHS = 4
SHINGLE = 3
MIN_WORDS = 6
"""Shorter texts leak only when they are the same, word for word."""
ALIKE = 0.8
SHOWN_CHARS = 80
SHOWN_TICKETS = 5
_WORD = re.compile(r"\w+")


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """Places of tickets in the file's order, and what was known before the first of them."""

    places: tuple[int, ...]
    examples: tuple[LabelledText, ...]
    left_out: tuple[LeftOut, ...]


def epochs_of(
    procedures: Mapping[str, Procedure], dated: Sequence[DatedExample], tickets: Sequence[PastTicket]
) -> tuple[Epoch, ...]:
    """At least one, none of them empty. Examples of no procedure in the folder are passed over."""
    pool = _pool(procedures, dated)
    order = sorted(range(len(tickets)), key=lambda place: tickets[place].at)
    starts = _starts([example.at for example in pool if example.at], [tickets[place].at for place in order])
    bounds = [*starts, len(order)]
    return tuple(_epoch(pool, tickets, order[start:end]) for start, end in itertools.pairwise(bounds) if end > start)


def _pool(procedures: Mapping[str, Procedure], dated: Sequence[DatedExample]) -> list[DatedExample]:
    """The folder's examples with the dates and sources known of them, and the further ones."""
    known = {(each.intent, _words(each.text)): each for each in dated if each.intent in procedures}
    pool = []
    for example in examples_of(procedures):
        found = known.pop((example.intent, _words(example.text)), None)
        pool.append(found or DatedExample(text=example.text, intent=example.intent, at=None))
    return pool + list(known.values())


def _starts(dates: Sequence[datetime], times: Sequence[datetime]) -> list[int]:
    """Places in `times` (ascending) where a span begins: at most MAX_EPOCHS, spread over the dates that fall inside."""
    inside = sorted({date for date in dates if times[0] <= date < times[-1]})
    if not inside:
        return [0]
    picked = [inside[len(inside) * step // MAX_EPOCHS] for step in range(1, MAX_EPOCHS)]
    return sorted({0, *(sum(time <= date for time in times) for date in {*picked, inside[-1]})})[:MAX_EPOCHS]


def _epoch(pool: Sequence[DatedExample], tickets: Sequence[PastTicket], places: Sequence[int]) -> Epoch:
    members = [tickets[place] for place in places]
    begins = members[0].at
    made_from: dict[str, list[str]] = {}
    for ticket in members:
        for name in {ticket.id, *ticket.sources}:
            made_from.setdefault(name, []).append(ticket.id)
    alike = _same_text(pool, members)
    kept, left_out = [], []
    for place, example in enumerate(pool):
        own = [ticket for source in example.sources for ticket in made_from.get(source, ())]
        if own:
            left_out.append(_left(example, "made from the ticket", own))
        elif place in alike:
            left_out.append(_left(example, "the ticket's own text", alike[place]))
        elif example.at is not None and example.at >= begins:
            older = [ticket.id for ticket in members if ticket.at <= example.at]
            left_out.append(_left(example, "newer than the ticket", older))
        else:
            kept.append(LabelledText(text=example.text, intent=example.intent))
    return Epoch(places=tuple(places), examples=tuple(kept), left_out=tuple(left_out))


def _left(
    example: DatedExample,
    why: Literal["newer than the ticket", "made from the ticket", "the ticket's own text"],
    tickets: Sequence[str],
) -> LeftOut:
    shown = tuple(dict.fromkeys(tickets))[:SHOWN_TICKETS]
    return LeftOut(intent=example.intent, text=example.text[:SHOWN_CHARS], why=why, tickets=shown)


def _same_text(pool: Sequence[DatedExample], tickets: Sequence[PastTicket]) -> dict[int, list[str]]:
    """Place of an example -> tickets whose text it is, word for word or nearly."""
    exact: dict[tuple[str, ...], list[int]] = {}
    by_shingle: dict[tuple[str, ...], list[int]] = {}
    shingles: dict[int, frozenset[tuple[str, ...]]] = {}
    for place, example in enumerate(pool):
        words = _words(example.text)
        exact.setdefault(words, []).append(place)
        if len(words) >= MIN_WORDS:
            shingles[place] = _shingles(words)
            for shingle in shingles[place]:
                by_shingle.setdefault(shingle, []).append(place)
    found: dict[int, list[str]] = {}
    for ticket in tickets:
        words = _words(ticket.text)
        hits = set(exact.get(words, ()))
        if len(words) >= MIN_WORDS and by_shingle:
            mine = _shingles(words)
            near = {place for shingle in mine for place in by_shingle.get(shingle, ())}
            hits |= {p for p in near if len(mine & shingles[p]) >= ALIKE * len(mine | shingles[p])}
        for place in hits:
            found.setdefault(place, []).append(ticket.id)
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


def _shingles(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(words[place : place + SHINGLE] for place in range(len(words) - SHINGLE + 1))
