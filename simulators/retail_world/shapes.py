"""What the world's HTTP face takes and gives, as types: the OpenAPI document is generated from these."""

import msgspec


class Address(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    address1: str
    address2: str
    city: str
    state: str
    country: str
    zip: str


class Name(msgspec.Struct, kw_only=True):
    first_name: str
    last_name: str


class PaymentMethod(msgspec.Struct, kw_only=True):
    id: str
    source: str
    brand: str | msgspec.UnsetType = msgspec.UNSET
    last_four: str | msgspec.UnsetType = msgspec.UNSET
    balance: float | msgspec.UnsetType = msgspec.UNSET


class User(msgspec.Struct, kw_only=True):
    user_id: str
    name: Name
    email: str
    address: Address
    payment_methods: dict[str, PaymentMethod]
    orders: list[str]


class UserFound(msgspec.Struct, kw_only=True):
    user_id: str


class OrderItem(msgspec.Struct, kw_only=True):
    name: str
    product_id: str
    item_id: str
    price: float
    options: dict[str, str]


class Payment(msgspec.Struct, kw_only=True):
    transaction_type: str
    amount: float
    payment_method_id: str


class Fulfillment(msgspec.Struct, kw_only=True):
    tracking_id: list[str]
    item_ids: list[str]


class Order(msgspec.Struct, kw_only=True):
    """`total_minor`: what was paid at first, in cents. The fields after it exist once something was asked for."""

    order_id: str
    user_id: str
    address: Address
    items: list[OrderItem]
    fulfillments: list[Fulfillment]
    status: str
    payment_history: list[Payment]
    total_minor: int
    currency: str
    cancel_reason: str | msgspec.UnsetType = msgspec.UNSET
    return_items: list[str] | msgspec.UnsetType = msgspec.UNSET
    return_payment_method_id: str | msgspec.UnsetType = msgspec.UNSET
    exchange_items: list[str] | msgspec.UnsetType = msgspec.UNSET
    exchange_new_items: list[str] | msgspec.UnsetType = msgspec.UNSET
    exchange_payment_method_id: str | msgspec.UnsetType = msgspec.UNSET
    exchange_price_difference: float | msgspec.UnsetType = msgspec.UNSET


class Variant(msgspec.Struct, kw_only=True):
    item_id: str
    options: dict[str, str]
    available: bool
    price: float


class Product(msgspec.Struct, kw_only=True):
    name: str
    product_id: str
    variants: dict[str, Variant]


class Quote(msgspec.Struct, kw_only=True):
    """What a change would cost: `difference_minor` cents (negative: back to the customer), `amount_minor` its size."""

    difference_minor: int
    amount_minor: int
    words: str
    lines: list[str]


class CancelBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    reason: str


class ItemsBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    item_ids: list[str]
    new_item_ids: list[str]
    payment_method_id: str


class ReturnBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    item_ids: list[str]
    payment_method_id: str


class PaymentBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    payment_method_id: str
