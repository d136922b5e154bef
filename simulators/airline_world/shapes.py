"""What the world's HTTP face takes and gives, as types: the OpenAPI document is generated from these.

Amounts called `…_minor` are cents; the bodies of writes take what the world's file holds.
"""

import msgspec


class Address(msgspec.Struct, kw_only=True):
    address1: str
    address2: str
    city: str
    state: str
    country: str
    zip: str


class Name(msgspec.Struct, kw_only=True):
    first_name: str
    last_name: str


class Person(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    first_name: str
    last_name: str
    dob: str


class PaymentMethod(msgspec.Struct, kw_only=True):
    id: str
    source: str
    brand: str | msgspec.UnsetType = msgspec.UNSET
    last_four: str | msgspec.UnsetType = msgspec.UNSET
    balance_minor: int | msgspec.UnsetType = msgspec.UNSET


class User(msgspec.Struct, kw_only=True):
    user_id: str
    name: Name
    email: str
    address: Address
    dob: str
    payment_methods: dict[str, PaymentMethod]
    saved_passengers: list[Person]
    membership: str
    reservations: list[str]


class UserFound(msgspec.Struct, kw_only=True):
    user_id: str


class Segment(msgspec.Struct, kw_only=True):
    """`offer_id`: what else flies between these airports in this cabin. Times are local."""

    segment_id: str
    offer_id: str
    flight_number: str
    origin: str
    destination: str
    date: str
    departs: str
    arrives: str
    price_minor: int
    status: str
    options: dict[str, str]


class Paid(msgspec.Struct, kw_only=True):
    payment_id: str
    amount_minor: int


class Reservation(msgspec.Struct, kw_only=True):
    """`status`: upcoming, partly flown, flown or cancelled. `total_minor`: everything paid so far."""

    reservation_id: str
    user_id: str
    origin: str
    destination: str
    flight_type: str
    cabin: str
    flights: list[Segment]
    passengers: list[Person]
    payment_history: list[Paid]
    created_at: str
    total_baggages: int
    nonfree_baggages: int
    insurance: str
    status: str
    total_minor: int
    currency: str


class Reservations(msgspec.Struct, kw_only=True):
    reservations: list[Reservation]


class OfferedFlight(msgspec.Struct, kw_only=True):
    segment_id: str
    options: dict[str, str]
    price_minor: int
    available: bool


class Offer(msgspec.Struct, kw_only=True):
    offer_id: str
    name: str
    flights: dict[str, OfferedFlight]


class FoundFlight(msgspec.Struct, kw_only=True):
    segment_id: str
    flight_number: str
    origin: str
    destination: str
    date: str
    departs: str
    arrives: str
    seats: dict[str, int]
    prices_minor: dict[str, int]


class Journey(msgspec.Struct, kw_only=True):
    segments: list[FoundFlight]


class Journeys(msgspec.Struct, kw_only=True):
    journeys: list[Journey]


class FlightStatus(msgspec.Struct, kw_only=True):
    status: str


class FlightReference(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    flight_number: str
    date: str


class Quote(msgspec.Struct, kw_only=True):
    """What a change would cost: `charge_minor` cents (negative: back to the customer), `amount_minor` its size.

    `flights`: the whole list to send with the change, `lines`: the same for people.
    """

    charge_minor: int
    amount_minor: int
    words: str
    flights: list[FlightReference]
    lines: list[str]


class CabinBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    cabin: str
    payment_id: str


class ChangesBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    segment_ids: list[str]
    new_segment_ids: list[str]
    payment_id: str


class FlightsBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    cabin: str
    flights: list[FlightReference]
    payment_id: str


class BaggagesBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    total_baggages: int
    nonfree_baggages: int
    payment_id: str


class PassengersBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    passengers: list[Person]


class CertificateBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    amount: int


class Payment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    payment_id: str
    amount: int


class BookingQuoteBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    cabin: str
    flights: list[FlightReference]
    passengers: list[Person]
    nonfree_baggages: int
    insurance: str


class BookingBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    user_id: str
    origin: str
    destination: str
    flight_type: str
    cabin: str
    flights: list[FlightReference]
    passengers: list[Person]
    payment_methods: list[Payment]
    total_baggages: int
    nonfree_baggages: int
    insurance: str
