"""The operations of the retail world's HTTP face."""

from typing import Any

from simulators.retail_world import shapes
from simulators.retail_world.quotes import quote_changes, quote_return
from simulators.retail_world.world import Record, World, WriteRefused
from simulators.retail_world.writes import write
from simulators.world.route import Handler, Route


def order_view(order: Record) -> Record:
    total = round(order["payment_history"][0]["amount"] * 100)
    return order | {"total_minor": total, "currency": "USD"}


def user_view(world: World, user_id: str) -> Record:
    return world.get("users", user_id) | {"user_id": user_id}


def _by_email(world: World, args: dict[str, Any]) -> Record:
    return _found(world.base.by_email.get(args["email"].casefold(), ""))


def _by_name_zip(world: World, args: dict[str, Any]) -> Record:
    who = (args["first_name"].casefold(), args["last_name"].casefold(), args["zip"])
    users = world.base.by_name_zip.get(who, [])
    return _found(users[0] if len(users) == 1 else "")


def _found(user_id: str) -> Record:
    if not user_id:
        raise WriteRefused("user_not_found", "no single user fits")
    return {"user_id": user_id}


def _item(world: World, args: dict[str, Any]) -> Record:
    variant = world.variant(args["item_id"])
    if variant is None:
        raise WriteRefused("item_not_found", f"there is no item {args['item_id']}")
    return variant


def _products(world: World, _args: dict[str, Any]) -> Record:
    return {product["name"]: product_id for product_id, product in world.base.tables["products"].items()}


def _order_write(name: str) -> Handler:
    return lambda world, args: order_view(write(world, name, args))


def _user_address(world: World, args: dict[str, Any]) -> Record:
    write(world, "modify_user_address", args)
    return user_view(world, args["user_id"])


ROUTES = (
    Route(
        operation="findUserByEmail", method="GET", path="/users/by-email", scope="users:read",
        query=("email",), answer=shapes.UserFound, handler=_by_email,
    ),
    Route(
        operation="findUserByNameZip", method="GET", path="/users/by-name", scope="users:read",
        query=("first_name", "last_name", "zip"), answer=shapes.UserFound, handler=_by_name_zip,
    ),
    Route(
        operation="getUser", method="GET", path="/users/{user_id}", scope="users:read",
        answer=shapes.User, handler=lambda world, args: user_view(world, args["user_id"]),
    ),
    Route(
        operation="getOrder", method="GET", path="/orders/{order_id}", scope="orders:read",
        answer=shapes.Order, handler=lambda world, args: order_view(world.get("orders", args["order_id"])),
    ),
    Route(
        operation="listProducts", method="GET", path="/products", scope="products:read",
        answer=dict[str, str], handler=_products,
    ),
    Route(
        operation="getProduct", method="GET", path="/products/{product_id}", scope="products:read",
        answer=shapes.Product, handler=lambda world, args: world.get("products", args["product_id"]),
    ),
    Route(
        operation="getItem", method="GET", path="/items/{item_id}", scope="products:read",
        answer=shapes.Variant, handler=_item,
    ),
    Route(
        operation="quoteChanges", method="POST", path="/orders/{order_id}/quote-changes", scope="orders:read",
        body=shapes.ItemsBody, answer=shapes.Quote, handler=quote_changes,
    ),
    Route(
        operation="quoteReturn", method="POST", path="/orders/{order_id}/quote-return", scope="orders:read",
        body=shapes.ReturnBody, answer=shapes.Quote, handler=quote_return,
    ),
    Route(
        operation="cancelOrder", method="POST", path="/orders/{order_id}/cancel", scope="orders:write", writes=True,
        body=shapes.CancelBody, answer=shapes.Order, handler=_order_write("cancel_pending_order"),
    ),
    Route(
        operation="modifyOrderItems", method="POST", path="/orders/{order_id}/items", scope="orders:write", writes=True,
        body=shapes.ItemsBody, answer=shapes.Order, handler=_order_write("modify_pending_order_items"),
    ),
    Route(
        operation="modifyOrderPayment", method="POST", path="/orders/{order_id}/payment", scope="orders:write",
        writes=True, body=shapes.PaymentBody, answer=shapes.Order,
        handler=_order_write("modify_pending_order_payment"),
    ),
    Route(
        operation="modifyOrderAddress", method="POST", path="/orders/{order_id}/address", scope="orders:write",
        writes=True, body=shapes.Address, answer=shapes.Order, handler=_order_write("modify_pending_order_address"),
    ),
    Route(
        operation="returnOrderItems", method="POST", path="/orders/{order_id}/return", scope="orders:write",
        writes=True, body=shapes.ReturnBody, answer=shapes.Order, handler=_order_write("return_delivered_order_items"),
    ),
    Route(
        operation="exchangeOrderItems", method="POST", path="/orders/{order_id}/exchange", scope="orders:write",
        writes=True, body=shapes.ItemsBody, answer=shapes.Order,
        handler=_order_write("exchange_delivered_order_items"),
    ),
    Route(
        operation="modifyUserAddress", method="POST", path="/users/{user_id}/address", scope="users:write", writes=True,
        body=shapes.Address, answer=shapes.User, handler=_user_address,
    ),
)  # fmt: skip
