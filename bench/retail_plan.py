"""The retail world without its HTTP face: identity, records and a plan executor straight on the world's state."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from proofdesk.core.reading import Claim, Reading, Request
from proofdesk.core.records import Address, Line, Method, Order, Product, Records, Requester, Variant
from proofdesk.language.reading import Profile, SlotProfile
from proofdesk.procedures.document import ProcedureDoc
from simulators.retail_world.world import Record, World, WriteRefused
from simulators.retail_world.writes import write

Call = tuple[str, dict[str, Any]]


def load_profiles(folder: Path) -> list[Profile]:
    """The understanding part of every procedure file of a world."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        doc = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), ProcedureDoc)
        slots = {
            name: SlotProfile(
                type=slot.type,
                ask=slot.ask,
                values={value: tuple(words) for value, words in slot.values.items()},
                of=slot.of,
                optional=slot.optional,
                allow=tuple(slot.allow),
                otherwise=slot.otherwise,
            )
            for name, slot in doc.slots.items()
        }
        found.append(
            Profile(
                procedure=doc.procedure,
                kind=doc.kind,
                examples=tuple(doc.understand.examples),
                acts=tuple(doc.understand.acts),
                serves={kind: tuple(statuses) for kind, statuses in doc.understand.serves.items()},
                slots=slots,
            )
        )
    return found


def authenticate(world: World, claims: Sequence[Claim]) -> str:
    """The one account that e-mail, or name and postcode, or user id and postcode prove; "" where none or several."""
    said = {kind: [c.value for c in claims if c.kind == kind] for kind in ("email", "name", "postcode", "requester_id")}
    found = {world.base.by_email[e.casefold()] for e in said["email"] if e.casefold() in world.base.by_email}
    for name in said["name"]:
        first, _, last = name.casefold().rpartition(" ")
        for postcode in said["postcode"]:
            found.update(world.base.by_name_zip.get((first, last, postcode), ()))
    for requester_id in said["requester_id"]:
        user = world.find("users", requester_id)
        if user is not None and user["address"]["zip"] in said["postcode"]:
            found.add(requester_id)
    return found.pop() if len(found) == 1 else ""


def records_of(world: World, user_id: str) -> Records:
    user = world.get("users", user_id)
    orders = [world.get("orders", order_id) for order_id in user["orders"]]
    products = dict.fromkeys(line["product_id"] for order in orders for line in order["items"])
    return Records(
        requester=Requester(
            id=user_id,
            given_name=user["name"]["first_name"],
            family_name=user["name"]["last_name"],
            emails=(user["email"],),
            address=_address(user["address"]),
            methods=tuple(
                Method(
                    id=method["id"],
                    kind=method["source"],
                    brand=method.get("brand", ""),
                    last4=method.get("last_four", ""),
                    balance_minor=round(method["balance"] * 100) if "balance" in method else None,
                )
                for method in user["payment_methods"].values()
            ),
        ),
        orders=tuple(_order(order) for order in orders),
        products=tuple(_product(world.get("products", product)) for product in products),
    )


def calls_of(reading: Reading, user_id: str) -> list[Call]:
    """The writes a reading stands for, in its order."""
    return [_call(request, user_id) for request in reading.requests]


def carry_out(world: World, calls: Sequence[Call]) -> str:
    """All of the plan, tried on a copy first: "" when done, else the code of the refusal with nothing written."""
    trial = world.fork()
    try:
        for name, arguments in calls:
            write(trial, name, arguments)
    except WriteRefused as refusal:
        return refusal.code
    for name, arguments in calls:
        write(world, name, arguments)
    return ""


def _call(request: Request, user_id: str) -> Call:
    slots = {name: slot.value for name, slot in request.slots.items()}
    order = {"order_id": slots["order"]} if "order" in slots else {}
    match request.procedure:
        case "cancel_order":
            return "cancel_pending_order", order | {"reason": slots["reason"]}
        case "return_items":
            return "return_delivered_order_items", order | {
                "item_ids": slots["items"],
                "payment_method_id": slots["method"],
            }
        case "modify_order_items" | "exchange_items":
            name = "modify_pending_order_items" if request.procedure[0] == "m" else "exchange_delivered_order_items"
            items = {
                "item_ids": [change["line_id"] for change in slots["changes"]],
                "new_item_ids": [change["variant_id"] for change in slots["changes"]],
            }
            return name, order | items | {"payment_method_id": slots["method"]}
        case "modify_order_payment":
            return "modify_pending_order_payment", order | {"payment_method_id": slots["method"]}
        case "modify_order_address":
            return "modify_pending_order_address", order | _world_address(slots["address"])
        case "modify_account_address":
            return "modify_user_address", {"user_id": user_id} | _world_address(slots["address"])
        case other:
            raise ValueError(f"no write is known for {other}")


def _world_address(value: dict[str, str]) -> dict[str, str]:
    names = {"line1": "address1", "line2": "address2", "region": "state", "postcode": "zip"}
    return {names.get(field, field): text for field, text in value.items()}


def _address(raw: Record) -> Address:
    return Address(
        line1=raw["address1"],
        line2=raw["address2"],
        city=raw["city"],
        region=raw["state"],
        postcode=raw["zip"],
        country=raw["country"],
    )


def _order(raw: Record) -> Order:
    lines = tuple(
        Line(
            id=line["item_id"],
            product_id=line["product_id"],
            name=line["name"],
            options=line["options"],
            price_minor=round(line["price"] * 100),
        )
        for line in raw["items"]
    )
    return Order(
        id=raw["order_id"],
        status=raw["status"],
        lines=lines,
        address=_address(raw["address"]),
        method_ids=tuple(dict.fromkeys(paid["payment_method_id"] for paid in raw["payment_history"])),
        total_minor=round(raw["payment_history"][0]["amount"] * 100),
    )


def _product(raw: Record) -> Product:
    variants = tuple(
        Variant(
            id=item,
            product_id=raw["product_id"],
            options=variant["options"],
            price_minor=round(variant["price"] * 100),
            available=variant["available"],
        )
        for item, variant in raw["variants"].items()
    )
    return Product(id=raw["product_id"], name=raw["name"], variants=variants)
