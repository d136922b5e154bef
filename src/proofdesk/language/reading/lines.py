"""Which lines of which order a frame means, and what they should become."""

from collections.abc import Mapping, Sequence

import msgspec

from proofdesk.core.reading import Doubt
from proofdesk.core.records import Line, Order, Product
from proofdesk.language.reading.frame import Item
from proofdesk.language.reading.tokens import phrase
from proofdesk.language.reading.variants import Chosen, Wanted, choose_variant, shown
from proofdesk.language.reading.vocabulary import ValueSense


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one order by position."""

    order: Order
    places: tuple[int, ...]


def pick_lines(
    orders: Sequence[Order], item: Item, taken: Mapping[str, set[int]], slot: str, settled: Mapping[str, str]
) -> tuple[Picked, ...] | Doubt:
    """The lines `item` means among `orders`; the question that would settle it where that is not one reading.

    `taken`: order id -> line positions other items already mean. `settled`: question -> option chosen.
    """
    found: list[Picked] = []
    for order in orders:
        free = [i for i in range(len(order.lines)) if i not in taken.get(order.id, set())]
        places = tuple(i for i in free if _fits(order.lines[i], item))
        if places:
            found.append(Picked(order=order, places=places))
    name = item.head_text or "item"
    if not found:
        offered = tuple(dict.fromkeys(line.name for order in orders for line in order.lines))
        question = f"I cannot find that {name} in your order. Which item?"
        return Doubt(kind="missing", slot=slot, question=question, options=offered)
    if item.count == "all" and (len(orders) == 1 or item.heads):
        return tuple(found)
    if len(found) > 1:
        return _which(found, name, slot, settled)
    places, lines = found[0].places, found[0].order.lines
    if isinstance(item.count, int) and item.count > 1:
        return tuple(found) if len(places) == item.count else _which(found, name, slot, settled)
    if any(lines[i].id != lines[places[0]].id for i in places):
        return _which(found, name, slot, settled)
    return (Picked(order=found[0].order, places=places[:1]),)


def change_of(line: Line, item: Item, product: Product | None, slot: str, settled: Mapping[str, str]) -> Chosen | Doubt:
    """The variant `line` should become."""
    if product is None:
        return Doubt(
            kind="unsupported", slot=slot, question=f"The {line.name} is no longer in the catalogue. What instead?"
        )
    hard = _constraints(line, item, product, slot)
    if isinstance(hard, Doubt):
        return hard
    wanted = Wanted(hard=hard, variant_id=item.target_id, rank=item.rank, settled=settled)
    return choose_variant(product, line, wanted, slot)


def _constraints(line: Line, item: Item, product: Product, slot: str) -> dict[str, frozenset[str]] | Doubt:
    hard: dict[str, frozenset[str]] = {}
    known = {option for variant in product.variants for option in variant.options}
    for option, value in (item.target_literal or {}).items():
        named = next((name for name in known if name.casefold() == option), "")
        values = {
            v.options[named]
            for v in product.variants
            if named in v.options and phrase(v.options[named]) == phrase(value)
        }
        if not values:
            question = f"{line.name} does not come with {option} {value}. What would you like instead?"
            return Doubt(kind="unsupported", slot=slot, question=question)
        hard[named] = frozenset(values)
    for senses in item.target:
        mine = {sense for sense in senses if sense.product_id == product.id}
        options = {sense.option for sense in mine}
        if len(options) != 1 or (option := options.pop()) in hard:
            words = ", ".join(sorted({sense.value for sense in senses}))
            question = f"What does “{words}” mean for your {line.name}? It has {', '.join(sorted(known))}."
            return Doubt(kind="ambiguous", slot=slot, question=question)
        hard[option] = frozenset(sense.value for sense in mine)
    for option in item.same_options:
        if option in hard or option not in line.options:
            return Doubt(
                kind="conflict", slot=slot, question=f"Should the {option} of your {line.name} change or stay?"
            )
        hard[option] = frozenset({line.options[option]})
    return hard


def _fits(line: Line, item: Item) -> bool:
    if item.line_id and line.id != item.line_id:
        return False
    if item.heads and line.product_id not in item.heads:
        return False
    options = {name.casefold(): value for name, value in line.options.items()}
    for option, value in (item.source_literal or {}).items():
        if option not in options or phrase(options[option]) != phrase(value):
            return False
    return all(_has(line, senses) for senses in item.source)


def _has(line: Line, senses: Sequence[ValueSense]) -> bool:
    return any(s.product_id == line.product_id and line.options.get(s.option) == s.value for s in senses)


def _which(found: Sequence[Picked], name: str, slot: str, settled: Mapping[str, str]) -> tuple[Picked, ...] | Doubt:
    question = f"Which {name} do you mean?"
    choices = {
        f"{picked.order.id}: {picked.order.lines[i].name} ({shown(picked.order.lines[i].options)})": (picked.order, i)
        for picked in found
        for i in picked.places
    }
    if (chosen := choices.get(settled.get(question, ""))) is not None:
        return (Picked(order=chosen[0], places=(chosen[1],)),)
    return Doubt(kind="ambiguous", slot=slot, question=question, options=tuple(choices))
