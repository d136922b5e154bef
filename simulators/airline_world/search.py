"""Flights between two airports on one date, direct or with one stop, that can still be booked."""

from datetime import date, timedelta

from simulators.airline_world.views import cents, segment_id
from simulators.airline_world.world import Record, World

_NEXT_DAY = "+1"


def direct(world: World, args: Record) -> Record:
    found = [{"segments": [one]} for one in _flights(world, args["origin"], args["destination"], args["date"])]
    return {"journeys": found}


def one_stop(world: World, args: Record) -> Record:
    """A second flight leaves later than the first one arrives, the next day where the first arrives then."""
    found = []
    for first_from, via in sorted(world.base.by_route):
        if first_from != args["origin"] or via == args["destination"]:
            continue
        for first in _flights(world, first_from, via, args["date"]):
            later = first["arrives"].endswith(_NEXT_DAY)
            day = _day_after(args["date"]) if later else args["date"]
            arrival = first["arrives"].removesuffix(_NEXT_DAY)
            seconds = _flights(world, via, args["destination"], day)
            found += [{"segments": [first, second]} for second in seconds if second["departs"] >= arrival]
    return {"journeys": found}


def flight_status(world: World, args: Record) -> Record:
    return {"status": world.on_date(args["flight_number"], args["date"])["status"]}


def _flights(world: World, origin: str, destination: str, day: str) -> list[Record]:
    found = []
    for number in world.base.by_route.get((origin, destination), ()):
        flight = world.get("flights", number)
        known = flight["dates"].get(day, {})
        if known.get("status") == "available":
            found.append(
                {
                    "segment_id": segment_id(number, day),
                    "flight_number": number,
                    "origin": origin,
                    "destination": destination,
                    "date": day,
                    "departs": flight["scheduled_departure_time_est"],
                    "arrives": flight["scheduled_arrival_time_est"],
                    "seats": known["available_seats"],
                    "prices_minor": {cabin: cents(price) for cabin, price in known["prices"].items()},
                }
            )
    return found


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
