"""The airline world over HTTP."""

from simulators.airline_world.routes import ROUTES
from simulators.airline_world.world import World
from simulators.world.api import WorldApi


class AirlineApi(WorldApi):
    def __init__(self, world: World) -> None:
        super().__init__(world, "Airline world", ROUTES)
