"""Operations on orders, money, goods and parcels."""

from collections import Counter

from examples.backoffice.api import Call, operation, read
from examples.backoffice.model import (
    CancelOrder,
    ChangeLines,
    Exchange,
    Line,
    LineChange,
    Method,
    NewAddress,
    NewRefund,
    Order,
    OrderList,
    Product,
    ProductList,
    Refund,
    RefundList,
    RequestReturn,
    Return,
    ShipmentList,
    UseMethod,
    Variant,
)
from examples.backoffice.world import No, World

_ORDER = ("orders", "order_id")
operation("getOrder", "GET /orders/{order_id}", scope="orders:read", answer=Order)(read(*_ORDER))
operation("getProduct", "GET /products/{product_id}", scope="products:read", answer=Product)(
    read("products", "product_id")
)
operation("getRefund", "GET /refunds/{refund_id}", scope="refunds:read", answer=Refund)(read("refunds", "refund_id"))
operation("getReturn", "GET /returns/{return_id}", scope="orders:read", answer=Return)(read("returns", "return_id"))
operation("getExchange", "GET /exchanges/{exchange_id}", scope="orders:read", answer=Exchange)(
    read("exchanges", "exchange_id")
)


@operation("listProducts", "GET /products", scope="products:read", answer=ProductList)
def list_products(call: Call) -> ProductList:
    """The whole catalogue."""
    return ProductList(items=list(call.world.products.values()))


@operation("listCustomerOrders", "GET /customers/{customer_id}/orders", scope="orders:read", answer=OrderList)
def list_customer_orders(call: Call) -> OrderList:
    """All orders of a customer, oldest first."""
    customer = call.world.get("customers", call.path["customer_id"])
    return OrderList(items=[call.world.orders[order_id] for order_id in customer.order_ids])


@operation("listShipments", "GET /orders/{order_id}/shipments", scope="orders:read", answer=ShipmentList)
def list_shipments(call: Call) -> ShipmentList:
    """Parcels of an order with their tracking ids."""
    order = call.world.get("orders", call.path["order_id"])
    return ShipmentList(items=call.world.shipments.get(order.id, []))


@operation("listOrderRefunds", "GET /orders/{order_id}/refunds", scope="refunds:read", answer=RefundList)
def list_order_refunds(call: Call) -> RefundList:
    """Refunds of an order, oldest first."""
    order = call.world.get("orders", call.path["order_id"])
    return RefundList(items=[refund for refund in call.world.refunds.values() if refund.order_id == order.id])


def _in_state(call: Call, *states: str) -> Order:
    order: Order = call.world.get("orders", call.path["order_id"])
    if order.status not in states:
        raise No(409, "wrong_status", f"order {order.id} is {order.status}, not {' or '.join(states)}")
    return order


def _original(world: World, order: Order) -> Method:
    return world.method(order.customer_id, order.payments[0].method_id)


@operation("cancelOrder", "POST /orders/{order_id}/cancel", scope="orders:write", answer=Order, body=CancelOrder,
           subject=_ORDER, business=lambda call: f"cancel {call.path['order_id']}")  # fmt: skip
def cancel_order(call: Call) -> Order:
    """Cancel a pending order; what was paid goes back to the original method."""
    order = _in_state(call, "pending")
    paid = order.paid_minor
    order.status = "cancelled"
    order.cancel_reason = call.body.reason
    if paid:
        _refund(call.world, order, paid, "order cancelled")
    order.version += 1
    return order


def _refund(world: World, order: Order, amount_minor: int, reason: str) -> Refund:
    method = _original(world, order)
    world.move(order, method, -amount_minor)
    refund = Refund(
        id=world.new_id("RF"),
        order_id=order.id,
        amount_minor=amount_minor,
        currency=order.currency,
        method_id=method.id,
        reason=reason,
        created_at=world.now(),
    )
    world.refunds[refund.id] = refund
    return refund


@operation("createRefund", "POST /refunds", scope="refunds:write", answer=Refund, body=NewRefund, status=201,
           business=lambda call: f"refund {call.body.order_id} {call.body.amount_minor}")  # fmt: skip
def create_refund(call: Call) -> Refund:
    """Give money back for a shipped or delivered order, never more than was paid, to the original method."""
    order: Order = call.world.get("orders", call.body.order_id)
    if order.status not in ("shipped", "delivered"):
        raise No(409, "wrong_status", f"order {order.id} is {order.status}, not shipped or delivered")
    if call.body.currency != order.currency:
        raise No(422, "wrong_currency", f"order {order.id} is in {order.currency}")
    if call.body.amount_minor > order.refundable_minor:
        raise No(409, "refund_exceeds_paid", f"at most {order.refundable_minor} can be refunded")
    refund = _refund(call.world, order, call.body.amount_minor, call.body.reason)
    order.version += 1
    return refund


@operation("changeOrderAddress", "PUT /orders/{order_id}/address", scope="orders:write", answer=Order,
           body=NewAddress, subject=_ORDER, business=lambda call: f"address {call.path['order_id']}")  # fmt: skip
def change_order_address(call: Call) -> Order:
    """Send a pending order elsewhere, within the same country."""
    order = _in_state(call, "pending")
    if call.body.address.country != order.address.country:
        raise No(422, "other_country", "an order cannot move to another country")
    order.address = call.body.address
    order.version += 1
    return order


@operation("changeOrderMethod", "PUT /orders/{order_id}/method", scope="orders:write", answer=Order, body=UseMethod,
           subject=_ORDER, business=lambda call: f"method {call.path['order_id']} {call.body.method_id}")  # fmt: skip
def change_order_method(call: Call) -> Order:
    """Pay a pending order with another method; the first payment is given back."""
    order = _in_state(call, "pending")
    old = _original(call.world, order)
    new = call.world.method(order.customer_id, call.body.method_id)
    if new.id == old.id or len(order.payments) != 1:
        raise No(409, "method_not_changeable", f"order {order.id} cannot change to {new.id}")
    paid = order.paid_minor
    call.world.move(order, new, paid)
    call.world.move(order, old, -paid)
    order.version += 1
    return order


def _changes(world: World, order: Order, changes: list[LineChange]) -> list[tuple[Line, Variant]]:
    lines = {line.id: line for line in order.lines}
    pairs = []
    for change in changes:
        line = lines.pop(change.line_id, None)
        if line is None:
            raise No(422, "unknown_line", f"{change.line_id} is no line of order {order.id}, or is listed twice")
        variant = next((v for v in world.products[line.product_id].variants if v.id == change.variant_id), None)
        if variant is None:
            raise No(422, "unknown_variant", f"{change.variant_id} is no variant of {line.name}")
        if not variant.available:
            raise No(409, "not_available", f"{change.variant_id} is not available")
        if variant.id == line.variant_id:
            raise No(422, "same_variant", f"line {line.id} is that variant already")
        pairs.append((line, variant))
    return pairs


def _change_words(call: Call) -> str:
    return " ".join(sorted(f"{change.line_id}>{change.variant_id}" for change in call.body.changes))


@operation("changeOrderLines", "POST /orders/{order_id}/change-lines", scope="orders:write", answer=Order,
           body=ChangeLines, subject=_ORDER,
           business=lambda call: f"lines {call.path['order_id']} {_change_words(call)}")  # fmt: skip
def change_order_lines(call: Call) -> Order:
    """Swap lines of a pending order for other variants of the same product; the difference is settled at once."""
    order = _in_state(call, "pending")
    method = call.world.method(order.customer_id, call.body.method_id)
    pairs = _changes(call.world, order, call.body.changes)
    call.world.move(order, method, sum(variant.price_minor - line.price_minor for line, variant in pairs))
    for line, variant in pairs:
        line.variant_id, line.options, line.price_minor = variant.id, variant.options, variant.price_minor
    call.world.settle(order)
    order.version += 1
    return order


@operation("requestReturn", "POST /orders/{order_id}/returns", scope="orders:write", answer=Return,
           body=RequestReturn, subject=_ORDER, status=201,
           business=lambda call: f"return {call.path['order_id']} {' '.join(sorted(call.body.line_ids))}")  # fmt: skip
def request_return(call: Call) -> Return:
    """Announce a return; the money follows when the goods are back. To the original method or a gift card."""
    order = _in_state(call, "delivered")
    method = call.world.method(order.customer_id, call.body.method_id)
    if method.id != _original(call.world, order).id and method.kind != "gift_card":
        raise No(422, "method_not_allowed", "a return goes to the original method or a gift card")
    wanted = Counter(call.body.line_ids)
    lines = [line for line in order.lines if wanted[line.id]]
    if len(lines) != sum(wanted.values()):
        raise No(422, "unknown_line", f"not every line belongs to order {order.id}, or one is listed twice")
    made = Return(
        id=call.world.new_id("RT"),
        order_id=order.id,
        line_ids=sorted(call.body.line_ids),
        method_id=method.id,
        reason=call.body.reason,
        refund_minor=sum(line.price_minor for line in lines),
        created_at=call.world.now(),
    )
    call.world.returns[made.id] = made
    order.status = "return_requested"
    call.world.settle(order)
    order.version += 1
    return made


@operation("requestExchange", "POST /orders/{order_id}/exchanges", scope="orders:write", answer=Exchange,
           body=ChangeLines, subject=_ORDER, status=201,
           business=lambda call: f"exchange {call.path['order_id']} {_change_words(call)}")  # fmt: skip
def request_exchange(call: Call) -> Exchange:
    """Announce an exchange of delivered lines; the difference is settled when the goods are back."""
    order = _in_state(call, "delivered")
    method = call.world.method(order.customer_id, call.body.method_id)
    pairs = _changes(call.world, order, call.body.changes)
    difference = sum(variant.price_minor - line.price_minor for line, variant in pairs)
    if method.balance_minor is not None and difference > method.balance_minor:
        raise No(409, "gift_card_too_small", f"{method.id} holds less than {difference}")
    made = Exchange(
        id=call.world.new_id("EX"),
        order_id=order.id,
        changes=call.body.changes,
        method_id=method.id,
        difference_minor=difference,
        created_at=call.world.now(),
    )
    call.world.exchanges[made.id] = made
    order.status = "exchange_requested"
    call.world.settle(order)
    order.version += 1
    return made
