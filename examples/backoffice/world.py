"""Larkfield's state, and the rules every operation shares: looking up, versions, the log of writes."""

import datetime as dt
from typing import Any

import msgspec

from examples.backoffice.model import (
    Account,
    Customer,
    Document,
    DocumentLink,
    Exchange,
    Invoice,
    InvoiceCopy,
    Login,
    Method,
    Order,
    PasswordReset,
    Payment,
    Plan,
    Product,
    Record,
    Refund,
    Return,
    Shipment,
    Subscription,
    Workspace,
)


class No(Exception):
    """The service understands and declines."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One committed change. `business`: what it did in business terms, to find doubled effects whatever their key."""

    seq: int
    operation: str
    key: str
    business: str


class World(Record, kw_only=True):
    """Everything the service knows. Plain data, so it can be written to a file and compared."""

    today: str
    customers: dict[str, Customer] = msgspec.field(default_factory=dict)
    accounts: dict[str, Account] = msgspec.field(default_factory=dict)
    orders: dict[str, Order] = msgspec.field(default_factory=dict)
    shipments: dict[str, list[Shipment]] = msgspec.field(default_factory=dict)
    refunds: dict[str, Refund] = msgspec.field(default_factory=dict)
    returns: dict[str, Return] = msgspec.field(default_factory=dict)
    exchanges: dict[str, Exchange] = msgspec.field(default_factory=dict)
    products: dict[str, Product] = msgspec.field(default_factory=dict)
    plans: dict[str, Plan] = msgspec.field(default_factory=dict)
    subscriptions: dict[str, Subscription] = msgspec.field(default_factory=dict)
    invoices: dict[str, Invoice] = msgspec.field(default_factory=dict)
    invoice_copies: dict[str, InvoiceCopy] = msgspec.field(default_factory=dict)
    logins: dict[str, Login] = msgspec.field(default_factory=dict)
    password_resets: dict[str, PasswordReset] = msgspec.field(default_factory=dict)
    workspaces: dict[str, Workspace] = msgspec.field(default_factory=dict)
    documents: dict[str, Document] = msgspec.field(default_factory=dict)
    document_links: dict[str, DocumentLink] = msgspec.field(default_factory=dict)
    serial: int = 5000
    writes: list[Write] = msgspec.field(default_factory=list)

    def get(self, table: str, key: str) -> Any:
        found = getattr(self, table).get(key)
        if found is None:
            name = {"logins": "login"}.get(table, table.rstrip("s"))
            raise No(404, "not_found", f"no {name} {key}")
        return found

    def new_id(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}-{self.serial}"

    def now(self) -> str:
        return f"{self.today}T12:00:00Z"

    def day(self, offset: int) -> str:
        return (dt.date.fromisoformat(self.today) + dt.timedelta(days=offset)).isoformat()

    def method(self, customer_id: str, method_id: str) -> Method:
        customer: Customer = self.get("customers", customer_id)
        for method in customer.methods:
            if method.id == method_id:
                return method
        raise No(422, "unknown_method", f"{method_id} is no method of customer {customer_id}")

    def move(self, order: Order, method: Method, amount_minor: int) -> None:
        """Charge `amount_minor` (or give back, where negative) and note it on the order."""
        if amount_minor == 0:
            return
        if method.balance_minor is not None:
            if amount_minor > method.balance_minor:
                raise No(409, "gift_card_too_small", f"{method.id} holds less than {amount_minor}")
            method.balance_minor -= amount_minor
        kind = "payment" if amount_minor > 0 else "refund"
        order.payments.append(
            Payment(kind=kind, method_id=method.id, amount_minor=abs(amount_minor), at=self.now())  # type: ignore[arg-type]
        )
        self.settle(order)

    @staticmethod
    def settle(order: Order) -> None:
        order.total_minor = sum(line.price_minor for line in order.lines)
        order.paid_minor = sum(p.amount_minor if p.kind == "payment" else -p.amount_minor for p in order.payments)
        order.refundable_minor = order.paid_minor if order.status in ("shipped", "delivered") else 0
