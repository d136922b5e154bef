"""What a change or a return would cost, tried on a copy of the world so that a refusal is known beforehand."""

from typing import Any

from simulators.retail_world.world import Record, World
from simulators.retail_world.writes import write


def quote_changes(world: World, args: dict[str, Any]) -> Record:
    """Refused for the same reasons as the write it stands for."""
    order = world.get("orders", args["order_id"])
    name = "exchange_delivered_order_items" if order["status"] == "delivered" else "modify_pending_order_items"
    write(world.fork(), name, args)
    lines, difference = [], 0.0
    for old, new in zip(args["item_ids"], args["new_item_ids"], strict=True):
        line = next(line for line in order["items"] if line["item_id"] == old)
        variant = world.variant(new)
        assert variant is not None
        difference += variant["price"] - line["price"]
        step = f"{variant['price'] - line['price']:+.2f}"
        lines.append(f"{line['name']} ({_shown(line['options'])}) to ({_shown(variant['options'])}), {step} USD")
    return _quote(round(difference * 100), lines)


def quote_return(world: World, args: dict[str, Any]) -> Record:
    order = world.get("orders", args["order_id"])
    write(world.fork(), "return_delivered_order_items", args)
    left = list(order["items"])
    lines, total = [], 0.0
    for item in args["item_ids"]:
        line = next(line for line in left if line["item_id"] == item)
        left.remove(line)
        total += line["price"]
        lines.append(f"{line['name']} ({_shown(line['options'])}), {line['price']:.2f} USD")
    return _quote(-round(total * 100), lines)


def _quote(difference: int, lines: list[str]) -> Record:
    amount = f"{abs(difference) / 100:.2f} USD"
    words = "none" if not difference else f"{amount} to pay" if difference > 0 else f"{amount} back to you"
    return {"difference_minor": difference, "amount_minor": abs(difference), "words": words, "lines": lines}


def _shown(options: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items())
