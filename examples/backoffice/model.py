"""The shapes of Larkfield's records and request bodies. Money is in minor units of `currency`."""

from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Line1 = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
Tier = Literal["standard", "plus", "premier"]
OrderStatus = Literal["pending", "shipped", "delivered", "cancelled", "return_requested", "exchange_requested"]
Role = Literal["viewer", "editor", "billing", "admin"]


class Record(msgspec.Struct, kw_only=True):
    """State of the service: mutable, encoded as it is."""


class Address(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    line1: Line1
    line2: str
    city: Line1
    region: str
    postcode: Annotated[str, msgspec.Meta(min_length=3, max_length=12)]
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]


class Method(Record, kw_only=True):
    id: str
    kind: Literal["card", "paypal", "gift_card", "invoice"]
    brand: str | None
    last4: str | None
    balance_minor: int | None


class Customer(Record, kw_only=True):
    id: str
    given_name: str
    family_name: str
    email: str
    language: str
    address: Address
    methods: list[Method]
    account_id: str | None
    tier: Tier
    jurisdiction: str
    currency: str
    order_ids: list[str]
    subscription_ids: list[str]
    workspace_ids: list[str]
    version: int


class Account(Record, kw_only=True):
    id: str
    name: str
    tier: Tier
    jurisdiction: str
    renews_on: str
    annual_value_minor: int
    currency: str
    users: int


class Line(Record, kw_only=True):
    id: str
    product_id: str
    variant_id: str
    name: str
    options: dict[str, str]
    price_minor: int


class Payment(Record, kw_only=True):
    kind: Literal["payment", "refund"]
    method_id: str
    amount_minor: int
    at: str


class Order(Record, kw_only=True):
    id: str
    customer_id: str
    status: OrderStatus
    currency: str
    placed_at: str
    delivered_at: str | None
    address: Address
    lines: list[Line]
    payments: list[Payment]
    total_minor: int
    paid_minor: int
    """Payments minus refunds."""
    refundable_minor: int
    cancel_reason: str | None
    version: int


class Shipment(Record, kw_only=True):
    id: str
    order_id: str
    carrier: str
    tracking_id: str
    status: Literal["label_created", "in_transit", "delivered"]
    shipped_at: str
    delivered_at: str | None


class Refund(Record, kw_only=True):
    id: str
    order_id: str
    amount_minor: int
    currency: str
    method_id: str
    reason: str
    created_at: str


class Return(Record, kw_only=True):
    id: str
    order_id: str
    line_ids: list[str]
    method_id: str
    reason: str
    refund_minor: int
    created_at: str


class LineChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    line_id: Id
    variant_id: Id


class Exchange(Record, kw_only=True):
    id: str
    order_id: str
    changes: list[LineChange]
    method_id: str
    difference_minor: int
    created_at: str


class Variant(Record, kw_only=True):
    id: str
    options: dict[str, str]
    price_minor: int
    available: bool


class Product(Record, kw_only=True):
    id: str
    name: str
    variants: list[Variant]


class Plan(Record, kw_only=True):
    id: str
    name: str
    seat_price_minor: int


class Subscription(Record, kw_only=True):
    id: str
    customer_id: str
    workspace_id: str
    plan_id: str
    plan_name: str
    status: Literal["trial", "active", "past_due", "cancelled"]
    seats: int
    seat_price_minor: int
    currency: str
    renews_on: str
    cancels_on: str | None
    version: int


class Invoice(Record, kw_only=True):
    id: str
    subscription_id: str
    period: str
    issued_on: str
    seats: int
    total_minor: int
    currency: str
    status: Literal["paid", "open"]


class InvoiceCopy(Record, kw_only=True):
    id: str
    invoice_id: str
    sent_to: str
    created_at: str


class Login(Record, kw_only=True):
    customer_id: str
    state: Literal["active", "locked", "disabled"]
    locked_reason: str | None
    reset_requests: list[str]
    version: int


class PasswordReset(Record, kw_only=True):
    id: str
    customer_id: str
    sent_to: str
    created_at: str


class Member(Record, kw_only=True):
    customer_id: str
    email: str
    role: Role


class Workspace(Record, kw_only=True):
    id: str
    name: str
    owner_id: str
    members: list[Member]
    version: int


class Document(Record, kw_only=True):
    id: str
    title: str
    access: Literal["public", "under_agreement"]


class DocumentLink(Record, kw_only=True):
    id: str
    document_id: str
    customer_id: str
    url: str
    expires_on: str


class OrderList(Record, kw_only=True):
    items: list[Order]


class SubscriptionList(Record, kw_only=True):
    items: list[Subscription]


class InvoiceList(Record, kw_only=True):
    items: list[Invoice]


class CopyList(Record, kw_only=True):
    items: list[InvoiceCopy]


class RefundList(Record, kw_only=True):
    items: list[Refund]


class ShipmentList(Record, kw_only=True):
    items: list[Shipment]


class ProductList(Record, kw_only=True):
    items: list[Product]


class PlanList(Record, kw_only=True):
    items: list[Plan]


class DocumentList(Record, kw_only=True):
    items: list[Document]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body."""


class CancelOrder(Body, frozen=True, kw_only=True):
    reason: Literal["no_longer_needed", "ordered_by_mistake", "too_slow", "other"]


class ChangeLines(Body, frozen=True, kw_only=True):
    changes: Annotated[list[LineChange], msgspec.Meta(min_length=1, max_length=50)]
    method_id: Id


class UseMethod(Body, frozen=True, kw_only=True):
    method_id: Id


class NewAddress(Body, frozen=True, kw_only=True):
    address: Address


class RequestReturn(Body, frozen=True, kw_only=True):
    line_ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=50)]
    method_id: Id
    reason: Literal["damaged", "wrong_item", "not_as_described", "no_longer_wanted", "other"]


class NewRefund(Body, frozen=True, kw_only=True):
    order_id: Id
    amount_minor: Amount
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ChangePlan(Body, frozen=True, kw_only=True):
    plan_id: Id


class ChangeSeats(Body, frozen=True, kw_only=True):
    seats: Annotated[int, msgspec.Meta(ge=1, le=500)]


class CancelSubscription(Body, frozen=True, kw_only=True):
    at: Literal["period_end"]


class SendCopy(Body, frozen=True, kw_only=True):
    email: Annotated[str, msgspec.Meta(min_length=3, max_length=200)]


class GrantRole(Body, frozen=True, kw_only=True):
    role: Role


class IssueLink(Body, frozen=True, kw_only=True):
    customer_id: Id
