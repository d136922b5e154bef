"""What a change would cost, tried on a copy of the world so that a refusal is known beforehand."""

from simulators.airline_world.views import cents
from simulators.airline_world.world import Record, World, WriteRefused
from simulators.airline_world.writes import (
    booked_segments,
    booking_price,
    update_reservation_baggages,
    update_reservation_flights,
)


def quote_cabin(world: World, args: Record) -> Record:
    """All present flights in another cabin."""
    record = world.get("reservations", args["reservation_id"])
    kept = [_reference(segment) for segment in record["flights"]]
    return _flights_quote(world, record, kept, args["cabin"], args["payment_id"])


def quote_changes(world: World, args: Record) -> Record:
    """Some segments replaced by others of the same two airports, the cabin kept. `segment_ids` and `new_segment_ids`
    belong together place by place; the answer holds the whole new list."""
    record = world.get("reservations", args["reservation_id"])
    if len(args["segment_ids"]) != len(args["new_segment_ids"]):
        raise WriteRefused("lengths_differ", "there must be one new segment for each segment")
    replaced = dict(zip(args["segment_ids"], args["new_segment_ids"], strict=True))
    flights = []
    for segment in record["flights"]:
        reference = _reference(segment)
        new = replaced.pop("@".join(reference.values()), "")
        if new:
            number, _, day = new.partition("@")
            flight = world.get("flights", number)
            if (flight["origin"], flight["destination"]) != (segment["origin"], segment["destination"]):
                raise WriteRefused("other_route", "a segment can only become one between the same airports")
            reference = {"flight_number": number, "date": day}
        flights.append(reference)
    if replaced:
        raise WriteRefused("segment_not_found", "a segment is not in the reservation")
    days = [flight["date"] for flight in flights]
    if days != sorted(days):
        raise WriteRefused("order_of_dates", "the flights would no longer follow each other")
    return _flights_quote(world, record, flights, record["cabin"], args["payment_id"])


def quote_baggages(world: World, args: Record) -> Record:
    before = world.get("reservations", args["reservation_id"])
    after = update_reservation_baggages(world.fork(), **args)
    return _quote(_added(before, after), [], [])


def quote_booking(world: World, args: Record) -> Record:
    """The price of a booking before it is paid."""
    seats = booked_segments(world, args["flights"], args["cabin"], len(args["passengers"]))
    price = booking_price(seats, len(args["passengers"]), args["nonfree_baggages"], args["insurance"])
    lines = [f"{s['flight_number']} {s['origin']} to {s['destination']} on {s['date']}" for s in seats]
    return _quote(cents(price), list(args["flights"]), lines)


def _flights_quote(world: World, record: Record, flights: list[Record], cabin: str, payment_id: str) -> Record:
    after = update_reservation_flights(
        world.fork(), reservation_id=record["reservation_id"], cabin=cabin, flights=flights, payment_id=payment_id
    )
    lines = [
        f"{segment['flight_number']} {segment['origin']} to {segment['destination']} on {segment['date']}"
        for segment in after["flights"]
    ]
    return _quote(_added(record, after), flights, lines)


def _added(before: Record, after: Record) -> int:
    return _paid(after) - _paid(before)


def _paid(record: Record) -> int:
    return sum(cents(entry["amount"]) for entry in record["payment_history"])


def _reference(segment: Record) -> Record:
    return {"flight_number": segment["flight_number"], "date": segment["date"]}


def _quote(charge: int, flights: list[Record], lines: list[str]) -> Record:
    amount = f"{abs(charge) / 100:.2f} USD"
    words = "nothing to pay" if not charge else f"{amount} to pay" if charge > 0 else f"{amount} back to you"
    return {"charge_minor": charge, "amount_minor": abs(charge), "words": words, "flights": flights, "lines": lines}
