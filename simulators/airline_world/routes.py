"""The operations of the airline world's HTTP face."""

from typing import Any

from simulators.airline_world import quotes, search, shapes
from simulators.airline_world.views import offer_view, reservation_view, reservations_of, user_view
from simulators.airline_world.world import Record, World, WriteRefused
from simulators.airline_world.writes import write
from simulators.world.route import Handler, Route


def _by_email(world: World, args: dict[str, Any]) -> Record:
    user_id = world.base.by_email.get(args["email"].casefold(), "")
    if not user_id:
        raise WriteRefused("user_not_found", "nobody has that address")
    return {"user_id": user_id}


def _reservation_write(name: str) -> Handler:
    return lambda world, args: reservation_view(world, write(world, name, args)["reservation_id"])


def _certificate(world: World, args: dict[str, Any]) -> Record:
    write(world, "send_certificate", args)
    return user_view(world, args["user_id"])


_RESERVATION = "/reservations/{reservation_id}"

ROUTES = (
    Route(
        operation="findUserByEmail", method="GET", path="/users/by-email", scope="users:read",
        query=("email",), answer=shapes.UserFound, handler=_by_email,
    ),
    Route(
        operation="getUser", method="GET", path="/users/{user_id}", scope="users:read",
        answer=shapes.User, handler=lambda world, args: user_view(world, args["user_id"]),
    ),
    Route(
        operation="listReservations", method="GET", path="/users/{user_id}/reservations", scope="reservations:read",
        answer=shapes.Reservations, handler=reservations_of,
    ),
    Route(
        operation="getReservation", method="GET", path=_RESERVATION, scope="reservations:read",
        answer=shapes.Reservation, handler=lambda world, args: reservation_view(world, args["reservation_id"]),
    ),
    Route(
        operation="getOffer", method="GET", path="/offers/{offer_id}", scope="flights:read",
        answer=shapes.Offer, handler=offer_view,
    ),
    Route(
        operation="searchDirect", method="GET", path="/flights/direct", scope="flights:read",
        query=("origin", "destination", "date"), answer=shapes.Journeys, handler=search.direct,
    ),
    Route(
        operation="searchOneStop", method="GET", path="/flights/one-stop", scope="flights:read",
        query=("origin", "destination", "date"), answer=shapes.Journeys, handler=search.one_stop,
    ),
    Route(
        operation="getFlightStatus", method="GET", path="/flights/{flight_number}/{date}", scope="flights:read",
        answer=shapes.FlightStatus, handler=search.flight_status,
    ),
    Route(
        operation="quoteCabin", method="POST", path=f"{_RESERVATION}/quote-cabin", scope="reservations:read",
        body=shapes.CabinBody, answer=shapes.Quote, handler=quotes.quote_cabin,
    ),
    Route(
        operation="quoteChanges", method="POST", path=f"{_RESERVATION}/quote-changes", scope="reservations:read",
        body=shapes.ChangesBody, answer=shapes.Quote, handler=quotes.quote_changes,
    ),
    Route(
        operation="quoteBaggages", method="POST", path=f"{_RESERVATION}/quote-baggages", scope="reservations:read",
        body=shapes.BaggagesBody, answer=shapes.Quote, handler=quotes.quote_baggages,
    ),
    Route(
        operation="quoteBooking", method="POST", path="/reservations/quote", scope="reservations:read",
        body=shapes.BookingQuoteBody, answer=shapes.Quote, handler=quotes.quote_booking,
    ),
    Route(
        operation="cancelReservation", method="POST", path=f"{_RESERVATION}/cancel", scope="reservations:write",
        writes=True, answer=shapes.Reservation, handler=_reservation_write("cancel_reservation"),
    ),
    Route(
        operation="updateFlights", method="POST", path=f"{_RESERVATION}/flights", scope="reservations:write",
        writes=True, body=shapes.FlightsBody, answer=shapes.Reservation,
        handler=_reservation_write("update_reservation_flights"),
    ),
    Route(
        operation="updateBaggages", method="POST", path=f"{_RESERVATION}/baggages", scope="reservations:write",
        writes=True, body=shapes.BaggagesBody, answer=shapes.Reservation,
        handler=_reservation_write("update_reservation_baggages"),
    ),
    Route(
        operation="updatePassengers", method="POST", path=f"{_RESERVATION}/passengers", scope="reservations:write",
        writes=True, body=shapes.PassengersBody, answer=shapes.Reservation,
        handler=_reservation_write("update_reservation_passengers"),
    ),
    Route(
        operation="bookReservation", method="POST", path="/reservations", scope="reservations:write", writes=True,
        body=shapes.BookingBody, answer=shapes.Reservation, handler=_reservation_write("book_reservation"),
    ),
    Route(
        operation="sendCertificate", method="POST", path="/users/{user_id}/certificates", scope="users:write",
        writes=True, body=shapes.CertificateBody, answer=shapes.User, handler=_certificate,
    ),
)  # fmt: skip
