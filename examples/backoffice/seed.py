"""A whole, consistent Larkfield from one number. Same seed and day, same world.

Kinds are dealt out by position, not by chance, so that every kind named in the README exists for every seed.
"""

import datetime as dt
import itertools
import random
from collections.abc import Iterator
from typing import Literal

from examples.backoffice import words
from examples.backoffice.model import (
    Account,
    Address,
    Customer,
    Document,
    Invoice,
    Line,
    Login,
    Member,
    Method,
    Order,
    Payment,
    Plan,
    Product,
    Refund,
    Shipment,
    Subscription,
    Variant,
    Workspace,
)
from examples.backoffice.world import World

CUSTOMERS = 120
ORDERS = 260
SUBSCRIPTIONS = 70
_TIERS = ("standard", "standard", "standard", "plus", "plus", "premier")
_STATUSES = ("pending", "delivered", "delivered", "shipped", "delivered", "pending", "delivered", "cancelled")
_LOGINS: dict[int, tuple[Literal["active", "locked", "disabled"], str | None]] = {
    9: ("locked", "wrong_passwords"), 19: ("locked", "suspected_fraud"), 29: ("disabled", None),
}  # fmt: skip
_DAYS_AGO = {"pending": (1, 2, 0), "shipped": (5, 4, 6), "delivered": (12, 9, 20, 34, 75, 140), "cancelled": (15, 30)}


def make_world(seed: int, today: str, scale: int = 1) -> World:
    """`today`: ISO date all dates are counted from. `scale`: that many times the customers and orders."""
    chance = random.Random(seed)
    world = World(today=today)
    _catalogue(world, chance)
    _accounts(world, chance)
    _customers(world, chance, CUSTOMERS * scale)
    for number in range(ORDERS * scale):
        _order(world, chance, number)
    for number in range(SUBSCRIPTIONS):
        _subscription(world, chance, number)
    for doc_id, title, access in words.DOCUMENTS:
        world.documents[doc_id] = Document(id=doc_id, title=title, access=access)  # type: ignore[arg-type]
    return world


def _catalogue(world: World, chance: random.Random) -> None:
    for number, (name, base, options) in enumerate(words.CATALOGUE, 101):
        product = Product(id=f"P-{number}", name=name, variants=[])
        for index, chosen in enumerate(itertools.product(*(values.items() for values in options.values())), 1):
            product.variants.append(
                Variant(
                    id=f"V-{number}{index:02d}",
                    options=dict(zip(options, (value for value, _ in chosen), strict=True)),
                    price_minor=base + sum(extra for _, extra in chosen),
                    available=index == 1 or chance.random() > 0.15,
                )
            )
        world.products[product.id] = product
    for plan_id, name, price in words.PLANS:
        world.plans[plan_id] = Plan(id=plan_id, name=name, seat_price_minor=price)


def _accounts(world: World, chance: random.Random) -> None:
    for number, name in enumerate(words.COMPANIES):
        place = words.PLACES[(number * 3) % len(words.PLACES)]
        world.accounts[f"A-{301 + number}"] = Account(
            id=f"A-{301 + number}",
            name=name,
            tier=("plus", "premier", "standard")[number % 3],
            jurisdiction=place[6],
            renews_on=world.day(20 + 31 * number),
            annual_value_minor=chance.randrange(200, 9000) * 1000,
            currency=place[5],
            users=12 + 37 * number,
        )


def _customers(world: World, chance: random.Random, count: int) -> None:
    accounts = list(world.accounts.values())
    used: set[tuple[str, str]] = set()
    for number in range(count):
        country, region, city, pattern, language, currency, jurisdiction = words.PLACES[number % len(words.PLACES)]
        given, family = _fresh_name(chance, language, used)
        if number == 15:
            # Two people of one name in different places: a name alone must not identify anyone.
            first = world.customers["C-1001"]
            given, family = first.given_name, first.family_name
        postcode = "".join(str(chance.randrange(10)) if char == "#" else char for char in pattern)
        street = chance.choice(words.STREETS[language])
        house = chance.randrange(1, 240)
        account = accounts[number % len(accounts)] if number % 3 == 0 else None
        domain = "mail.example" if account is None else _domain(account.name)
        suffix = "" if number != 15 else "2"
        customer = Customer(
            id=f"C-{1001 + number}",
            given_name=given,
            family_name=family,
            email=f"{_ascii(given)}.{_ascii(family)}{suffix}@{domain}",
            language=language,
            address=Address(
                line1=f"{house} {street}" if language in ("en", "fr") else f"{street} {house}",
                line2="Flat 2" if number % 7 == 0 else "",
                city=city,
                region=region,
                postcode=postcode,
                country=country,
            ),
            methods=_methods(chance, number),
            account_id=account.id if account else None,
            tier=account.tier if account else _TIERS[number % len(_TIERS)],  # type: ignore[arg-type]
            jurisdiction=jurisdiction,
            currency=currency,
            order_ids=[],
            subscription_ids=[],
            workspace_ids=[],
            version=1,
        )
        world.customers[customer.id] = customer
        state, reason = _LOGINS.get(number % 40, ("active", None))
        world.logins[customer.id] = Login(
            customer_id=customer.id, state=state, locked_reason=reason, reset_requests=[], version=1
        )


def _fresh_name(chance: random.Random, language: str, used: set[tuple[str, str]]) -> tuple[str, str]:
    pairs = [pair for pair in itertools.product(*words.PEOPLE[language]) if pair not in used]
    if pairs:
        pair = chance.choice(pairs)
    else:
        # A larger world than there are plain names for: people with two given and two family names.
        given, family = words.PEOPLE[language]
        pair = next(pair for pair in _double_names(chance, given, family) if pair not in used)
    used.add(pair)
    return pair


def _double_names(chance: random.Random, given: tuple[str, ...], family: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for _ in range(100_000):
        yield f"{chance.choice(given)} {chance.choice(given)}", f"{chance.choice(family)}-{chance.choice(family)}"


def _methods(chance: random.Random, number: int) -> list[Method]:
    tag = 1001 + number
    card = Method(
        id=f"card_{tag}",
        kind="card",
        brand=chance.choice(("visa", "mastercard")),
        last4=f"{chance.randrange(10_000):04d}",
        balance_minor=None,
    )
    gift = Method(
        id=f"gift_{tag}", kind="gift_card", brand=None, last4=None, balance_minor=chance.randrange(2, 60) * 500
    )
    paypal = Method(id=f"paypal_{tag}", kind="paypal", brand=None, last4=None, balance_minor=None)
    return [[card, gift], [card], [paypal, card], [card, paypal, gift]][number % 4]


def _order(world: World, chance: random.Random, number: int) -> None:
    # Every sixth customer has no order; the others share them unevenly.
    buyers = [c for index, c in enumerate(world.customers.values()) if index % 6 != 5]
    customer = buyers[number % len(buyers)]
    status = _STATUSES[number % len(_STATUSES)]
    ages = _DAYS_AGO[status]
    age = ages[(number // len(_STATUSES)) % len(ages)]
    order_id = f"LF-{20001 + number * 7}"
    lines = _lines(world, chance, order_id, number)
    total = sum(line.price_minor for line in lines)
    cards = [method for method in customer.methods if method.kind == "gift_card"]
    method = cards[0] if cards and (number // len(_STATUSES)) % 3 == 1 else customer.methods[0]
    placed = f"{world.day(-age)}T{8 + number % 11:02d}:15:00Z"
    delivered = f"{world.day(-age + 4)}T14:00:00Z" if status == "delivered" else None
    order = Order(
        id=order_id,
        customer_id=customer.id,
        status=status,  # type: ignore[arg-type]
        currency=customer.currency,
        placed_at=placed,
        delivered_at=delivered,
        address=customer.address,
        lines=lines,
        payments=[Payment(kind="payment", method_id=method.id, amount_minor=total, at=placed)],
        total_minor=total,
        paid_minor=total,
        refundable_minor=0,
        cancel_reason="no_longer_needed" if status == "cancelled" else None,
        version=1,
    )
    if status == "cancelled":
        _refunded(world, order, total)
    elif status == "delivered" and number % 16 == 4:
        _refunded(world, order, order.lines[0].price_minor // 2)
    elif status == "delivered" and number % 32 == 12:
        _refunded(world, order, total)
    world.settle(order)
    world.orders[order.id] = order
    customer.order_ids.append(order.id)
    if status in ("shipped", "delivered"):
        world.shipments[order.id] = [
            Shipment(
                id=f"SH-{number + 1}",
                order_id=order.id,
                carrier=("Postgrove", "Swift Parcel")[number % 2],
                tracking_id=f"SW{chance.randrange(10**9, 10**10)}",
                status="delivered" if delivered else "in_transit",
                shipped_at=f"{world.day(-age + 1)}T09:00:00Z",
                delivered_at=delivered,
            )
        ]


def _refunded(world: World, order: Order, amount_minor: int) -> None:
    order.payments.append(
        Payment(kind="refund", method_id=order.payments[0].method_id, amount_minor=amount_minor, at=world.now())
    )
    refund = Refund(
        id=world.new_id("RF"),
        order_id=order.id,
        amount_minor=amount_minor,
        currency=order.currency,
        method_id=order.payments[0].method_id,
        reason="seeded",
        created_at=world.now(),
    )
    world.refunds[refund.id] = refund


def _lines(world: World, chance: random.Random, order_id: str, number: int) -> list[Line]:
    products = chance.sample(list(world.products.values()), 1 + number % 4)
    chosen = [(product, chance.choice([v for v in product.variants if v.available])) for product in products]
    if number % 10 == 0:
        chosen.append(chosen[0])
    return [
        Line(
            id=f"{order_id}-{index}",
            product_id=product.id,
            variant_id=variant.id,
            name=product.name,
            options=dict(variant.options),
            price_minor=variant.price_minor,
        )
        for index, (product, variant) in enumerate(chosen, 1)
    ]


def _subscription(world: World, chance: random.Random, number: int) -> None:
    customer = list(world.customers.values())[(number * 3) % CUSTOMERS if number < 40 else (number * 3 + 1) % CUSTOMERS]
    plan = list(world.plans.values())[number % 4 if customer.account_id else number % 2]
    status = {5: "past_due", 9: "trial", 13: "cancelled"}.get(number % 14, "active")
    workspace = Workspace(
        id=f"WS-{201 + number}",
        name=f"Workspace {201 + number}",
        owner_id=customer.id,
        members=[Member(customer_id=customer.id, email=customer.email, role="admin")],
        version=1,
    )
    renews_on = world.day(3 + number % 27)
    seats = 1 if plan.id == "plan-solo" else 3 + chance.randrange(8)
    if plan.id != "plan-solo":
        _colleagues(world, workspace, customer, number)
    world.workspaces[workspace.id] = workspace
    customer.workspace_ids.append(workspace.id)
    found = Subscription(
        id=f"SUB-{3001 + number}",
        customer_id=customer.id,
        workspace_id=workspace.id,
        plan_id=plan.id,
        plan_name=plan.name,
        status=status,  # type: ignore[arg-type]
        seats=seats,
        seat_price_minor=plan.seat_price_minor,
        currency=customer.currency,
        renews_on=renews_on,
        cancels_on=world.day(-10)
        if status == "cancelled"
        else world.day(3 + number % 27)
        if number % 17 == 6
        else None,
        version=1,
    )
    world.subscriptions[found.id] = found
    customer.subscription_ids.append(found.id)
    for month in range(0 if status == "trial" else 6, 0, -1):
        issued = world.day(-30 * month)
        invoice_id = f"INV-{issued[:7].replace('-', '')}-{number + 1:03d}"
        world.invoices[invoice_id] = Invoice(
            id=invoice_id,
            subscription_id=found.id,
            period=issued[:7],
            issued_on=issued,
            seats=seats,
            total_minor=seats * plan.seat_price_minor,
            currency=customer.currency,
            status="open" if status == "past_due" and month == 1 else "paid",
        )


def _colleagues(world: World, workspace: Workspace, owner: Customer, number: int) -> None:
    if owner.account_id is None:
        return
    others = [c for c in world.customers.values() if c.account_id == owner.account_id and c.id != owner.id]
    for other, role in zip(others[: number % 3], ("editor", "billing"), strict=False):
        workspace.members.append(Member(customer_id=other.id, email=other.email, role=role))  # type: ignore[arg-type]
        other.workspace_ids.append(workspace.id)


_PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "É": "e", "á": "a", "ñ": "n", " ": "", "ç": "c"}
)


def _ascii(name: str) -> str:
    return name.lower().translate(_PLAIN)


def _domain(company: str) -> str:
    return "".join(char for char in company.lower() if "a" <= char <= "z") + ".example"


def today_utc() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()
