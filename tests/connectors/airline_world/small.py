"""A small invented world in the shape of the airline world's file."""

from typing import Any

ADDRESS = {"address1": "7 Quay Row", "address2": "", "city": "Larkton", "country": "LK", "state": "LT", "zip": "70707"}
NAMES = {"ada": ("Ada", "Quill"), "bo": ("Bo", "Fenn")}


def _day(status: str, economy: int = 4) -> dict[str, Any]:
    if status != "available":
        return {"status": status}
    seats = {"basic_economy": 3, "economy": economy, "business": 1}
    return {
        "status": status,
        "available_seats": seats,
        "prices": {"basic_economy": 50, "economy": 100, "business": 300},
    }


def _flight(number: str, origin: str, destination: str, times: tuple[str, str], days: dict[str, str]) -> dict[str, Any]:
    return {
        "flight_number": number,
        "origin": origin,
        "destination": destination,
        "scheduled_departure_time_est": times[0],
        "scheduled_arrival_time_est": times[1],
        "dates": {day: _day(status) for day, status in days.items()},
    }


def _reservation(number: str, cabin: str, segments: list[tuple[str, str, str, str]], **more: Any) -> dict[str, Any]:
    flights = [
        {"origin": o, "destination": d, "flight_number": n, "date": day, "price": 90} for n, o, d, day in segments
    ]
    people = [{"first_name": first, "last_name": last, "dob": "1990-02-03"} for first, last in NAMES.values()]
    return {
        "reservation_id": number,
        "user_id": "ada_quill_11",
        "origin": segments[0][1],
        "destination": segments[-1][2],
        "flight_type": "one_way",
        "cabin": cabin,
        "flights": flights,
        "passengers": people,
        "payment_history": [{"payment_id": "card_1", "amount": 180 * len(segments)}],
        "created_at": "2024-05-10T10:00:00",
        "total_baggages": 0,
        "nonfree_baggages": 0,
        "insurance": "no",
        **more,
    }


def tables() -> dict[str, Any]:
    up = {"2024-05-15": "landed", "2024-05-20": "available", "2024-05-21": "available"}
    return {
        "flights": {
            "ZZ001": _flight("ZZ001", "SEA", "DEN", ("08:00:00", "11:00:00"), up),
            "ZZ002": _flight("ZZ002", "SEA", "DEN", ("20:00:00", "00:30:00+1"), up),
            "ZZ003": _flight("ZZ003", "DEN", "JFK", ("12:00:00", "16:00:00"), up),
            "ZZ004": _flight("ZZ004", "SEA", "JFK", ("09:00:00", "15:00:00"), {"2024-05-20": "cancelled"}),
        },
        "reservations": {
            "AAAA11": _reservation("AAAA11", "economy", [("ZZ001", "SEA", "DEN", "2024-05-20")]),
            "BBBB22": _reservation("BBBB22", "basic_economy", [("ZZ001", "SEA", "DEN", "2024-05-21")]),
            "CCCC33": _reservation("CCCC33", "economy", [("ZZ004", "SEA", "JFK", "2024-05-20")]),
            "DDDD44": _reservation("DDDD44", "business", [("ZZ001", "SEA", "DEN", "2024-05-15")]),
            "EEEE55": _reservation("EEEE55", "economy", [("ZZ002", "SEA", "DEN", "2024-05-20")], insurance="yes"),
        },
        "users": {
            "ada_quill_11": {
                "name": {"first_name": "Ada", "last_name": "Quill"},
                "address": dict(ADDRESS),
                "email": "Ada@quill.example",
                "dob": "1990-02-03",
                "membership": "silver",
                "saved_passengers": [],
                "payment_methods": {
                    "card_1": {"source": "credit_card", "brand": "visa", "last_four": "4411", "id": "card_1"},
                    "gift_1": {"source": "gift_card", "amount": 70, "id": "gift_1"},
                    "cert_1": {"source": "certificate", "amount": 100, "id": "cert_1"},
                },
                "reservations": ["AAAA11", "BBBB22", "CCCC33", "DDDD44", "EEEE55"],
            }
        },
    }
