"""The airline world's state: three tables, the clock, and the indexes its look-ups need."""

from collections.abc import Mapping

from simulators.world import state
from simulators.world.state import Record, WriteRefused

__all__ = ["CABINS", "CLOCK", "TABLES", "Base", "Record", "World", "WriteRefused"]

TABLES = ("flights", "reservations", "users")
CLOCK = "2024-05-15T15:00:00"
"""The instant at which the public world stands still, in its own time zone (ZONE)."""
ZONE = "-05:00"
CABINS = ("basic_economy", "economy", "business")


class Base(state.Base):
    """An airline world as loaded. `clock`: local ISO instant, taken for new bookings and for what is past."""

    names = TABLES

    def __init__(self, tables: Mapping[str, dict[str, Record]], clock: str = CLOCK) -> None:
        super().__init__(tables)
        self.clock = clock
        self.by_email: dict[str, str] = {user["email"].casefold(): key for key, user in tables["users"].items()}
        self.by_route: dict[tuple[str, str], list[str]] = {}
        for number, flight in sorted(tables["flights"].items()):
            self.by_route.setdefault((flight["origin"], flight["destination"]), []).append(number)


class World(state.World):
    """One airline world in play."""

    base: Base

    def on_date(self, number: str, date: str) -> Record:
        """What is known of a flight on one date; WriteRefused where it does not fly then."""
        found = self.get("flights", number)["dates"].get(date)
        if found is None:
            raise WriteRefused("flight_date_not_found", f"{number} does not fly on {date}")
        day: Record = found
        return day
