"""What a company's own systems say about one requester, in words every company shares.

A tenant's `records.yaml` maps the answers of its back office into these values (see docs/reference). The
reading of a ticket, the slots of a procedure and the policy see only these, never a vendor's shape.
Money is integer minor units of `currency`.
"""

from typing import Any

import msgspec


class Address(msgspec.Struct, frozen=True, kw_only=True):
    line1: str
    line2: str = ""
    city: str
    region: str = ""
    postcode: str
    country: str = ""


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay. `kind` is the back office's word ("gift_card", "paypal", "credit_card")."""

    id: str
    kind: str
    brand: str = ""
    last4: str = ""
    balance_minor: int | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order; `id` is the back office's item id and may occur twice in one order."""

    id: str
    product_id: str
    name: str
    options: dict[str, str] = {}
    price_minor: int
    quantity: int = 1


class Order(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    status: str
    lines: tuple[Line, ...] = ()
    address: Address | None = None
    method_ids: tuple[str, ...] = ()
    """Methods of its payments, the original one first."""
    total_minor: int = 0
    currency: str = "USD"
    placed_at: str = ""
    """ISO 8601 instant, empty where the back office keeps none."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    plan_id: str
    plan_name: str
    status: str
    seats: int = 1
    price_minor: int = 0
    currency: str = "USD"
    renews_at: str = ""


class Requester(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    given_name: str = ""
    family_name: str = ""
    emails: tuple[str, ...] = ()
    address: Address | None = None
    methods: tuple[Method, ...] = ()
    account_id: str = ""
    tier: str = "standard"
    jurisdiction: str = ""
    extra: dict[str, Any] = {}
    """Further fields a tenant's mapping names, for conditions in its procedures."""


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    product_id: str
    options: dict[str, str] = {}
    price_minor: int
    available: bool = True


class Product(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    variants: tuple[Variant, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    price_minor: int
    currency: str = "USD"


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of one authenticated requester, plus the part of the catalogue their lines touch."""

    requester: Requester
    orders: tuple[Order, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    products: tuple[Product, ...] = ()
    plans: tuple[Plan, ...] = ()
    minor_digits: int = 2
