"""The six writes of the airline world. Each checks everything first and changes only afterwards."""

from collections.abc import Callable, Sequence
from typing import Any

from simulators.airline_world.world import CABINS, Record, World, WriteRefused

INSURANCE_PRICE = 30
BAG_PRICE = 50
BOOKING_IDS = ("HATHAT", "HATHAU", "HATHAV")
CERTIFICATE_IDS = ("certificate_3221322", "certificate_3221323", "certificate_3221324")
"""A world gives out so many new ids and no more."""


def book_reservation(  # noqa: PLR0913 - a booking is made of these
    world: World, *, user_id: str, origin: str, destination: str, flight_type: str, cabin: str,
    flights: Sequence[Record], passengers: Sequence[Record], payment_methods: Sequence[Record], total_baggages: int,
    nonfree_baggages: int, insurance: str,
) -> Record:  # fmt: skip
    world.get("users", user_id)
    booked = booked_segments(world, flights, cabin, len(passengers))
    price = booking_price(booked, len(passengers), nonfree_baggages, insurance)
    for paid in payment_methods:
        method = _method(world, user_id, paid["payment_id"])
        if method["source"] != "credit_card" and method["amount"] < paid["amount"]:
            raise WriteRefused("insufficient_balance", f"{paid['payment_id']} does not cover its part")
    if sum(paid["amount"] for paid in payment_methods) != price:
        raise WriteRefused("payment_not_exact", f"the payments must add up to {price}")
    reservation_id = _free(world, BOOKING_IDS)
    for paid in payment_methods:
        _take(world, user_id, paid)
    for segment in booked:
        day = world.edit("flights", segment["flight_number"])["dates"][segment["date"]]
        day["available_seats"][cabin] -= len(passengers)
    user = world.edit("users", user_id)
    user["reservations"].append(reservation_id)
    record = {
        "reservation_id": reservation_id,
        "user_id": user_id,
        "origin": origin,
        "destination": destination,
        "flight_type": flight_type,
        "cabin": cabin,
        "flights": booked,
        "passengers": [dict(passenger) for passenger in passengers],
        "payment_history": [dict(paid) for paid in payment_methods],
        "created_at": world.base.clock,
        "total_baggages": total_baggages,
        "nonfree_baggages": nonfree_baggages,
        "insurance": insurance,
    }
    return world.add("reservations", reservation_id, record)


def cancel_reservation(world: World, *, reservation_id: str) -> Record:
    world.get("reservations", reservation_id)
    reservation = world.edit("reservations", reservation_id)
    refunds = [{"payment_id": p["payment_id"], "amount": -p["amount"]} for p in reservation["payment_history"]]
    reservation["payment_history"].extend(refunds)
    reservation["status"] = "cancelled"
    return reservation


def update_reservation_flights(
    world: World, *, reservation_id: str, cabin: str, flights: Sequence[Record], payment_id: str
) -> Record:
    reservation = world.get("reservations", reservation_id)
    seats = len(reservation["passengers"])
    new = [_kept(reservation, wanted, cabin) or _seats(world, wanted, cabin, seats) for wanted in flights]
    before = sum(segment["price"] for segment in reservation["flights"])
    charge = seats * (sum(segment["price"] for segment in new) - before)
    _chargeable(world, reservation["user_id"], payment_id, charge)
    reservation = world.edit("reservations", reservation_id)
    reservation["flights"] = new
    reservation["cabin"] = cabin
    _charge(world, reservation, payment_id, charge)
    return reservation


def update_reservation_baggages(
    world: World, *, reservation_id: str, total_baggages: int, nonfree_baggages: int, payment_id: str
) -> Record:
    reservation = world.get("reservations", reservation_id)
    charge = BAG_PRICE * max(0, nonfree_baggages - reservation["nonfree_baggages"])
    _chargeable(world, reservation["user_id"], payment_id, charge)
    reservation = world.edit("reservations", reservation_id)
    reservation["total_baggages"] = total_baggages
    reservation["nonfree_baggages"] = nonfree_baggages
    _charge(world, reservation, payment_id, charge)
    return reservation


def update_reservation_passengers(world: World, *, reservation_id: str, passengers: Sequence[Record]) -> Record:
    if len(passengers) != len(world.get("reservations", reservation_id)["passengers"]):
        raise WriteRefused("number_of_passengers", "the number of passengers cannot change")
    reservation = world.edit("reservations", reservation_id)
    reservation["passengers"] = [dict(passenger) for passenger in passengers]
    return reservation


def send_certificate(world: World, *, user_id: str, amount: int) -> Record:
    methods = world.get("users", user_id)["payment_methods"]
    number = next((one for one in CERTIFICATE_IDS if one not in methods), "")
    if not number:
        raise WriteRefused("no_id_left", "this world gives out no more certificates")
    user = world.edit("users", user_id)
    user["payment_methods"][number] = {"source": "certificate", "amount": amount, "id": number}
    return user


WRITES: dict[str, Callable[..., Record]] = {
    function.__name__: function
    for function in (
        book_reservation,
        cancel_reservation,
        send_certificate,
        update_reservation_baggages,
        update_reservation_flights,
        update_reservation_passengers,
    )
}


def write(world: World, name: str, arguments: dict[str, Any]) -> Record:
    """Carry out the write called `name`, counting it. Raises WriteRefused with nothing changed."""
    return world.carry_out(WRITES, name, arguments)


def booked_segments(world: World, flights: Sequence[Record], cabin: str, passengers: int) -> list[Record]:
    """The segments of a new booking at today's prices. Raises WriteRefused where one cannot be booked."""
    return [_seats(world, wanted, cabin, passengers) for wanted in flights]


def booking_price(segments: Sequence[Record], passengers: int, nonfree_baggages: int, insurance: str) -> int:
    price = passengers * sum(segment["price"] for segment in segments) + BAG_PRICE * nonfree_baggages
    return int(price + (INSURANCE_PRICE * passengers if insurance == "yes" else 0))


def _seats(world: World, wanted: Record, cabin: str, passengers: int) -> Record:
    """The segment of a new booking at today's price; refused where it cannot be booked."""
    number, date = wanted["flight_number"], wanted["date"]
    flight, day = world.get("flights", number), world.on_date(number, date)
    if day["status"] != "available":
        raise WriteRefused("flight_not_available", f"{number} on {date} is {day['status']}")
    if cabin not in CABINS:
        raise WriteRefused("cabin_unknown", f"the cabin must be one of: {', '.join(CABINS)}")
    if day["available_seats"][cabin] < passengers:
        raise WriteRefused("no_seats", f"{number} on {date} has not enough seats in {cabin}")
    return {
        "flight_number": number,
        "origin": flight["origin"],
        "destination": flight["destination"],
        "date": date,
        "price": day["prices"][cabin],
    }


def _kept(reservation: Record, wanted: Record, cabin: str) -> Record | None:
    """The booked segment itself where it stays, with the price it was booked at."""
    if cabin != reservation["cabin"]:
        return None
    key = (wanted["flight_number"], wanted["date"])
    return next((dict(s) for s in reservation["flights"] if (s["flight_number"], s["date"]) == key), None)


def _method(world: World, user_id: str, payment_id: str) -> Record:
    method: Record | None = world.get("users", user_id)["payment_methods"].get(payment_id)
    if method is None:
        raise WriteRefused("payment_method_not_found", "that payment method is not on this account")
    return method


def _chargeable(world: World, user_id: str, payment_id: str, charge: float) -> None:
    method = _method(world, user_id, payment_id)
    if method["source"] == "certificate":
        raise WriteRefused("certificate_not_allowed", "a change cannot be paid with a certificate")
    if method["source"] == "gift_card" and method["amount"] < charge:
        raise WriteRefused("insufficient_balance", "the gift card does not cover the charge")


def _charge(world: World, reservation: Record, payment_id: str, charge: float) -> None:
    """A negative charge is a refund."""
    method = _method(world, reservation["user_id"], payment_id)
    if method["source"] == "gift_card" and charge:
        world.edit("users", reservation["user_id"])["payment_methods"][payment_id]["amount"] -= charge
    if charge:
        reservation["payment_history"].append({"payment_id": payment_id, "amount": charge})


def _take(world: World, user_id: str, paid: Record) -> None:
    methods = world.edit("users", user_id)["payment_methods"]
    method = methods[paid["payment_id"]]
    if method["source"] == "gift_card":
        method["amount"] -= paid["amount"]
    elif method["source"] == "certificate":
        del methods[paid["payment_id"]]


def _free(world: World, ids: Sequence[str]) -> str:
    for one in ids:
        if world.find("reservations", one) is None:
            return one
    raise WriteRefused("no_id_left", "this world gives out no more reservation ids")
