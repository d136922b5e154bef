"""How the world's records look over HTTP: money in cents, instants with their zone, the state of each segment."""

from datetime import date

from simulators.airline_world.world import ZONE, Record, World, WriteRefused

FLOWN = ("landed", "flying")


def user_view(world: World, user_id: str) -> Record:
    user = world.get("users", user_id)
    methods = {key: _method_view(method) for key, method in user["payment_methods"].items()}
    return user | {"user_id": user_id, "payment_methods": methods}


def _method_view(method: Record) -> Record:
    plain = {name: value for name, value in method.items() if name != "amount"}
    return plain | ({"balance_minor": cents(method["amount"])} if "amount" in method else {})


def reservation_view(world: World, reservation_id: str) -> Record:
    record = world.get("reservations", reservation_id)
    segments = [segment_view(world, segment, record["cabin"]) for segment in record["flights"]]
    paid = [{"payment_id": p["payment_id"], "amount_minor": cents(p["amount"])} for p in record["payment_history"]]
    return record | {
        "flights": segments,
        "payment_history": paid,
        "created_at": record["created_at"] + ZONE,
        "status": _status(world, record, segments),
        "total_minor": sum(p["amount_minor"] for p in paid if p["amount_minor"] > 0),
        "currency": "USD",
    }


def reservations_of(world: World, args: Record) -> Record:
    user = world.get("users", args["user_id"])
    return {"reservations": [reservation_view(world, one) for one in user["reservations"]]}


def segment_view(world: World, segment: Record, cabin: str) -> Record:
    flight = world.get("flights", segment["flight_number"])
    return {
        "segment_id": segment_id(segment["flight_number"], segment["date"]),
        "offer_id": offer_id(flight["origin"], flight["destination"], cabin),
        "flight_number": segment["flight_number"],
        "origin": flight["origin"],
        "destination": flight["destination"],
        "date": segment["date"],
        "departs": flight["scheduled_departure_time_est"],
        "arrives": flight["scheduled_arrival_time_est"],
        "price_minor": cents(segment["price"]),
        "status": world.on_date(segment["flight_number"], segment["date"])["status"],
        "options": options(flight, segment["date"]),
    }


def offer_view(world: World, args: Record) -> Record:
    """What can be booked directly between two airports in one cabin, later than the clock: a product's variants."""
    try:
        origin, destination, cabin = args["offer_id"].split("-")
    except ValueError:
        raise WriteRefused("offer_not_found", "an offer is ORIGIN-DESTINATION-CABIN") from None
    found = {}
    for number in world.base.by_route.get((origin, destination), ()):
        flight = world.get("flights", number)
        for day, known in flight["dates"].items():
            if known["status"] == "available" and cabin in known["prices"]:
                key = segment_id(number, day)
                found[key] = {
                    "segment_id": key,
                    "options": options(flight, day),
                    "price_minor": cents(known["prices"][cabin]),
                    "available": known["available_seats"][cabin] > 0,
                }
    return {"offer_id": args["offer_id"], "name": "segment", "flights": found}


def options(flight: Record, day: str) -> dict[str, str]:
    """A segment's features in the words people use."""
    on = date.fromisoformat(day)
    return {
        "flight number": flight["flight_number"],
        "date": f"{on:%B} {on.day}",
        "departure": flight["scheduled_departure_time_est"][:5],
        "origin": flight["origin"],
        "destination": flight["destination"],
    }


def segment_id(number: str, day: str) -> str:
    return f"{number}@{day}"


def offer_id(origin: str, destination: str, cabin: str) -> str:
    return f"{origin}-{destination}-{cabin}"


def cents(amount: float) -> int:
    return round(amount * 100)


def _status(world: World, record: Record, segments: list[Record]) -> str:
    """cancelled; flown (all of it past); partly flown (some of it has taken off); upcoming."""
    if record.get("status") == "cancelled":
        return "cancelled"
    today = world.base.clock[:10]
    past = [segment["status"] in FLOWN or segment["date"] < today for segment in segments]
    if all(past):
        return "flown"
    return "partly flown" if any(segment["status"] in FLOWN for segment in segments) else "upcoming"
