"""records.yaml: finding, loading and mapping, with a back office held in memory."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.connectors.backoffice.lookups import args_hash
from proofdesk.connectors.backoffice.mapping import MappingError, to_minor
from proofdesk.connectors.backoffice.records import Conflict, Found, NotFound, RecordsMapping
from proofdesk.connectors.yamlfile import FileError
from proofdesk.core.reading import Claim
from proofdesk.core.records import Address, Line, Method, Order, Product, Requester, Variant
from proofdesk.ports import Answer, Capability, ConnectorError, Refused
from tests.connectors.running import Hands

TEXT = """minor_digits: 2
find:
  email: {capability: users.by_email, args: {email: "$email"}, id: "$"}
  name_postcode:
    capability: users.by_name
    args: {first: "$given_name", last: "$family_name", zip: "$postcode"}
    id: "$.id"
  order_postcode:
    capability: orders.read
    args: {order_id: "$order_id"}
    match: {"$.address.zip": "$postcode"}
    id: "$.user"
  order: {capability: orders.read, args: {order_id: "$order_id"}, id: "$.user", proves: ""}
load:
  products: {capability: products.read, each: "$orders[*].items[*].product", distinct: true,
             args: {product_id: "$item"}, keep_s: 60}
  orders: {capability: orders.read, each: "$user.orders", args: {order_id: "$item"}}
  user: {capability: users.read, args: {user_id: "$requester_id"}}
  perks: {capability: perks.read, args: {user_id: "$requester_id"}, optional: true}
map:
  requester:
    id: "$user.id"
    given_name: "$user.name.first"
    emails: ["$user.email", "$user.more[*]"]
    tier: {of: "$perks.level", words: {gold: premier, none: standard}, default: standard}
    jurisdiction: US
    address: {from: "$user.address", line1: "$.street", city: "$.city", postcode: "$.zip"}
    methods: {each: "$user.methods.*", id: "$.id", kind: "$.source", balance_minor: {minor: "$.balance"}}
    extra: {points: "$perks.points"}
  orders:
    each: "$orders"
    id: "$.id"
    status: "$.status"
    address: {from: "$.address", line1: "$.street", city: "$.city", postcode: "$.zip"}
    method_ids: "$.payments[*].method"
    total_minor: {minor: "$.items[*].price", sum: true}
    lines: {each: "$.items", id: "$.item", product_id: "$.product", name: "$.name",
            options: "$.options", price_minor: {minor: "$.price"}}
  products:
    each: "$products"
    id: "$.id"
    name: "$.name"
    variants: {each: "$.variants.*", id: "$.item", product_id: "$^.id", options: "$.options",
               price_minor: {minor: "$.price"}, available: {of: "$.stock", equals: "yes"}}
"""
USERS: dict[str, Any] = {
    "u1": {
        "id": "u1",
        "name": {"first": "Hazel", "last": "van der Beemd"},
        "email": "hazel@mail.example",
        "more": ["h@work.example", "hazel@mail.example"],
        "address": {"street": "4 Orchard Lane", "city": "Leeds", "zip": "LS1 4QD"},
        "methods": {"g": {"id": "g", "source": "gift_card", "balance": 12.5}, "c": {"id": "c", "source": "card"}},
        "orders": ["o1", "o2"],
    },
    "u2": {
        "id": "u2",
        "name": {"first": "Ewan", "last": "Dunmore"},
        "email": "e@mail.example",
        "methods": {},
        "orders": [],
    },
}
ITEMS = [
    {"item": 11, "product": "p1", "name": "Desk", "options": {"width": "120 cm", "fixed": True}, "price": 289.9},
    {"item": 12, "product": "p1", "name": "Desk", "options": {}, "price": "10.07"},
]
ORDERS = {
    "o1": {"id": "o1", "user": "u1", "status": "pending", "address": USERS["u1"]["address"], "items": ITEMS,
           "payments": [{"method": "c"}, {"method": "g"}, {"method": "c"}]},
    "o2": {"id": "o2", "user": "u1", "status": "delivered", "address": None, "items": [], "payments": []},
    "o3": {"id": "o3", "user": "u2", "status": "delivered", "address": None, "items": [], "payments": []},
}  # fmt: skip
PRODUCTS = {
    "p1": {"id": "p1", "name": "Desk", "variants": {"a": {"item": "a", "options": {}, "price": 1, "stock": "yes"}}}
}


def _capability(name: str, *args: str, writes: bool = False) -> Capability:
    schema = {"type": "object", "properties": {arg: {"type": "string"} for arg in args}, "required": list(args)}
    return Capability(name=name, connector="shop", operation=name, scope="x:read", writes=writes, input_schema=schema)


class Shop:
    """A back office in memory."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.users = USERS

    def capabilities(self) -> Mapping[str, Capability]:
        found = [
            _capability("users.by_email", "email"),
            _capability("users.by_name", "first", "last", "zip"),
            _capability("users.read", "user_id"),
            _capability("orders.read", "order_id"),
            _capability("products.read", "product_id"),
            _capability("perks.read", "user_id"),
            _capability("orders.cancel", "order_id", writes=True),
        ]
        return {one.name: one for one in found}

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        self.asked.append((capability, dict(args)))
        found = self._find(capability, args)
        return Refused(code="not_found", message="", status=404) if found is None else Answer(value=found)

    def _find(self, capability: str, args: Mapping[str, Any]) -> Any:
        if capability == "users.by_email":
            return next((user["id"] for user in self.users.values() if user["email"] == args["email"]), None)
        if capability == "users.by_name":
            wanted = (args["first"], args["last"], args["zip"])
            for user in self.users.values():
                if wanted == (user["name"]["first"], user["name"]["last"], user.get("address", {}).get("zip")):
                    return user
            return None
        tables: dict[str, dict[str, Any]] = {"users.read": self.users, "orders.read": ORDERS, "products.read": PRODUCTS}
        return tables.get(capability, {}).get(next(iter(args.values())))


def mapping(tmp_path: Path, text: str = TEXT, hands: Hands | None = None) -> RecordsMapping:
    (tmp_path / "records.yaml").write_text(text)
    return RecordsMapping.load(tmp_path / "records.yaml", Shop().capabilities(), clock=(hands or Hands()).clock())


async def test_records_are_loaded_and_mapped(tmp_path: Path) -> None:
    loaded = await mapping(tmp_path).load_records(Shop(), "u1")
    address = Address(line1="4 Orchard Lane", city="Leeds", postcode="LS1 4QD")
    assert loaded.records.requester == Requester(
        id="u1",
        given_name="Hazel",
        emails=("hazel@mail.example", "h@work.example"),
        tier="standard",
        jurisdiction="US",
        address=address,
        methods=(Method(id="g", kind="gift_card", balance_minor=1250), Method(id="c", kind="card")),
    )
    lines = (
        Line(id="11", product_id="p1", name="Desk", options={"width": "120 cm", "fixed": "true"}, price_minor=28990),
        Line(id="12", product_id="p1", name="Desk", price_minor=1007),
    )
    assert loaded.records.orders == (
        Order(id="o1", status="pending", lines=lines, address=address, method_ids=("c", "g"), total_minor=29997),
        Order(id="o2", status="delivered"),
    )
    variant = Variant(id="a", product_id="p1", price_minor=100, available=True)
    assert loaded.records.products == (Product(id="p1", name="Desk", variants=(variant,)),)


async def test_every_access_is_noted_by_hash_and_catalogue_data_is_kept(tmp_path: Path) -> None:
    hands, shop = Hands(), Shop()
    found = mapping(tmp_path, hands=hands)
    first = await found.load_records(shop, "u1")
    names = [access.capability for access in first.accesses]
    assert sorted(names) == ["orders.read", "orders.read", "perks.read", "products.read", "users.read"]
    assert args_hash({"user_id": "u1"}) in {access.args_hash for access in first.accesses}
    again = await found.load_records(shop, "u1")
    assert [access.cached for access in again.accesses if access.capability == "products.read"] == [True]
    assert again.records == first.records
    hands.at += 61
    later = await found.load_records(shop, "u1")
    assert not any(access.cached for access in later.accesses)
    assert [name for name, _ in shop.asked].count("products.read") == 2


def _claims(**given: str) -> list[Claim]:
    return [Claim(kind=kind, value=value) for kind, value in given.items()]  # type: ignore[arg-type]


async def test_lookups_that_agree_find_the_requester(tmp_path: Path) -> None:
    claims = _claims(email="hazel@mail.example", name="Hazel van der Beemd", postcode="LS1 4QD", order_id="o1")
    found = await mapping(tmp_path).find(Shop(), claims)
    assert isinstance(found, Found)
    assert found.requester_id == "u1"
    assert found.by == ("email", "name_postcode", "order_postcode", "order")
    assert found.proofs == ("email", "name_postcode", "order_postcode")


async def test_what_only_identifies_proves_nothing(tmp_path: Path) -> None:
    found = await mapping(tmp_path).find(Shop(), _claims(order_id="o1", postcode="ls14qd"))
    assert isinstance(found, Found)
    assert found.proofs == ("order_postcode",)
    found = await mapping(tmp_path).find(Shop(), _claims(order_id="o1", postcode="LS9"))
    assert isinstance(found, Found)
    assert (found.by, found.proofs) == (("order",), ())


async def test_claims_that_lead_to_two_people_authenticate_nobody(tmp_path: Path) -> None:
    found = await mapping(tmp_path).find(Shop(), _claims(email="hazel@mail.example", order_id="o3"))
    assert isinstance(found, Conflict)
    assert (found.requester_ids, found.by) == (("u1", "u2"), ("email", "order"))


async def test_nobody_found(tmp_path: Path) -> None:
    assert await mapping(tmp_path).find(Shop(), []) == NotFound()
    found = await mapping(tmp_path).find(Shop(), _claims(email="x@y.example", name="Hazel"))
    assert isinstance(found, NotFound)
    assert found.tried == ("email",)


async def test_a_needed_answer_that_is_refused_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"load\.user: users\.read was refused") as raised:
        await mapping(tmp_path).load_records(Shop(), "u9")
    assert raised.value.permanent


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": {"first": 1.5}}, r"map\.requester\.given_name: must be text"),
        ({"id": "u2"}, r"map\.requester\.id: is not the requester"),
        ({"methods": {"g": {"id": "g"}}}, r"map\.requester\.methods\.kind: the answer has no such value"),
        ({"methods": {"g": {"id": "g", "source": "x", "balance": 1.005}}}, "has more than 2 decimals"),
    ],
)
async def test_answers_that_do_not_fit_name_the_field_and_never_the_value(
    tmp_path: Path, change: dict[str, Any], error: str
) -> None:
    shop = Shop()
    shop.users = {"u1": USERS["u1"] | change}
    with pytest.raises(ConnectorError, match=error) as raised:
        await mapping(tmp_path).load_records(shop, "u1")
    assert "Hazel" not in str(raised.value)


def test_mapping_alone_is_pure(tmp_path: Path) -> None:
    answers = {
        "requester_id": "u2",
        "user": USERS["u2"],
        "orders": [],
        "products": [],
        "perks": {"level": "gold", "points": 3},
    }
    records = mapping(tmp_path).from_answers(answers)
    assert (records.requester.tier, records.requester.extra) == ("premier", {"points": 3})
    with pytest.raises(MappingError, match="a word that is not listed"):
        mapping(tmp_path).from_answers(answers | {"perks": {"level": "iron"}})


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("minor_digits: 2", "minor_digits: 9", "records.yaml:1:1: minor_digits: must be a whole number from 0 to 4"),
        ("minor_digits: 2", "digits: 2", "1:1: digits: unknown key"),
        ("users.by_email", "users.by_mail", "3:11: find.email.capability: no connected system has the capability"),
        ("capability: users.read, ", "capability: orders.cancel, ", "load.user.capability: orders.cancel writes"),
        ("args: {user_id: \"$requester_id\"}}", "args: {user: \"$requester_id\"}}",
         "load.user.args.user: users.read takes"),
        ("args: {email: \"$email\"}", "args: {}", "find.email.args: users.by_email needs the argument email"),
        ("\"$user.orders\"", "\"$usr.orders\"", "load.orders.each: $usr is not known here"),
        ("\"$user.orders\"", "\"$orders.x\"", "these need each other: products, orders"),
        ("id: \"$user.id\"", "id: \"$user.\"", "map.requester.id: '$user.' is not a path at character 6"),
        ("jurisdiction: US", "jurisdictoin: US", "map.requester.jurisdictoin: Requester has no field jurisdictoin"),
        ("status: \"$.status\"", "currency: \"$.c\"", "map.orders: Order needs the field status"),
        ("sum: true", "sum: false", "map.orders.total_minor: a path to many amounts needs `sum: true`"),
        ("\"$.source\"", "\"$.s[*]\"", "map.requester.methods.kind: $.s[*] leads to many values"),
        ("  products:\n    each", "  things:\n    each", "map.things: unknown key"),
    ],
)  # fmt: skip
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, error: str) -> None:
    assert old in TEXT
    with pytest.raises(FileError) as raised:
        mapping(tmp_path, TEXT.replace(old, new))
    assert error in str(raised.value)


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_amounts_convert_exactly(minor: int, digits: int) -> None:
    text = str(Decimal(minor).scaleb(-digits))
    assert to_minor(text, digits, "x") == minor


@given(st.integers(0, 10**9))
def test_json_numbers_convert_exactly(minor: int) -> None:
    assert to_minor(minor / 100, 2, "x") == minor


@pytest.mark.parametrize("amount", [True, None, "12,50", "NaN", "Infinity", "1e400000", float("inf"), [], 1e30])
def test_other_amounts_are_refused(amount: Any) -> None:
    with pytest.raises(MappingError):
        to_minor(amount, 2, "x")
