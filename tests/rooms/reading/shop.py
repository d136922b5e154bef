"""An invented shop for reading tests: its procedures, one customer with orders, their catalogue."""

from proofdesk.core.records import Address, Line, Method, Order, Product, Records, Requester, Variant
from proofdesk.language.reading import Profile, Reader, SlotProfile, TenantWords

HOME = Address(line1="7 Quay Row", city="Larkton", region="LT", postcode="70707", country="LK")
OFFICE = Address(line1="21 Mill Lane", line2="Floor 3", city="Dunmere", region="DM", postcode="80808", country="LK")

LAMPS = Product(
    id="p-lamp",
    name="Reading Lamp",
    variants=(
        Variant(id="910001", product_id="p-lamp", options={"color": "amber", "brightness": "low"}, price_minor=1000),
        Variant(id="910002", product_id="p-lamp", options={"color": "violet", "brightness": "low"}, price_minor=1200),
        Variant(id="910003", product_id="p-lamp", options={"color": "violet", "brightness": "high"}, price_minor=1500),
        Variant(id="910004", product_id="p-lamp", options={"color": "teal", "brightness": "high"}, price_minor=1700),
        Variant(
            id="910005",
            product_id="p-lamp",
            options={"color": "teal", "brightness": "low"},
            price_minor=900,
            available=False,
        ),
    ),
)
MUGS = Product(
    id="p-mug",
    name="Travel Mug",
    variants=(
        Variant(id="920001", product_id="p-mug", options={"size": "S", "lid": "screw"}, price_minor=800),
        Variant(id="920002", product_id="p-mug", options={"size": "L", "lid": "screw"}, price_minor=950),
        Variant(id="920003", product_id="p-mug", options={"size": "L", "lid": "flip"}, price_minor=990),
    ),
)


def line(product: Product, variant_id: str) -> Line:
    variant = next(one for one in product.variants if one.id == variant_id)
    return Line(
        id=variant.id,
        product_id=product.id,
        name=product.name,
        options=variant.options,
        price_minor=variant.price_minor,
    )


RECORDS = Records(
    requester=Requester(
        id="ada_quill_11",
        given_name="Ada",
        family_name="Quill",
        emails=("ada@quill.example",),
        address=HOME,
        methods=(
            Method(id="card_55501", kind="credit_card", brand="visa", last4="4411"),
            Method(id="voucher_7", kind="gift_card", balance_minor=5000),
        ),
    ),
    orders=(
        Order(
            id="#L100200", status="pending", lines=(line(LAMPS, "910001"), line(MUGS, "920001")), address=HOME,
            method_ids=("card_55501",), total_minor=1800,
        ),
        Order(
            id="#L100300", status="delivered", address=OFFICE, method_ids=("voucher_7",), total_minor=2950,
            lines=(line(LAMPS, "910002"), line(MUGS, "920001"), line(MUGS, "920002")),
        ),
        Order(
            id="#L100400", status="pending", lines=(line(MUGS, "920003"),), address=OFFICE, method_ids=("card_55501",),
        ),
    ),
    products=(LAMPS, MUGS),
)  # fmt: skip

ORDER = SlotProfile(type="order", ask="Which order?")
METHOD = SlotProfile(type="method", ask="Which payment method?")
ADDRESS = SlotProfile(type="address", ask="Which address?")
PROFILES = (
    Profile(
        procedure="cancel_order",
        acts=("cancel", "call off", "storniere"),
        serves={"order": ("pending",)},
        slots={
            "order": ORDER,
            "reason": SlotProfile(
                type="enum",
                ask="Why?",
                values={
                    "no longer needed": ("do not need", "don't need"),
                    "ordered by mistake": ("by mistake", "accidentally"),
                },
            ),
        },
    ),
    Profile(
        procedure="return_items",
        acts=("return", "send back"),
        serves={"order": ("delivered",)},
        slots={"order": ORDER, "items": SlotProfile(type="lines", of="order"), "method": METHOD},
    ),
    Profile(
        procedure="change_items",
        acts=("change", "exchange", "modify"),
        serves={"order": ("pending",)},
        slots={"order": ORDER, "changes": SlotProfile(type="line_changes", of="order"), "method": METHOD},
    ),
    Profile(
        procedure="exchange_items",
        acts=("exchange", "swap"),
        serves={"order": ("delivered",)},
        slots={"order": ORDER, "changes": SlotProfile(type="line_changes", of="order"), "method": METHOD},
    ),
    Profile(
        procedure="change_payment",
        acts=("change payment",),
        serves={"order": ("pending",)},
        slots={"order": ORDER, "method": METHOD},
    ),
    Profile(
        procedure="change_address",
        acts=("change address", "change shipping address"),
        serves={"order": ("pending",)},
        slots={"order": ORDER, "address": ADDRESS},
    ),
)
TENANT = TenantWords(
    products={"Travel Mug": ("tumbler",)},
    values={"S": ("small",), "L": ("large",)},
    payments={"gift_card": ("gift card", "store credit"), "credit_card": ("credit card",)},
    statuses={"delivered": ("received",)},
)


def reader() -> Reader:
    return Reader(PROFILES, TENANT)
