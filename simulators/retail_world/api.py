"""The retail world over HTTP."""

from simulators.retail_world.routes import ROUTES
from simulators.retail_world.world import World
from simulators.world.api import WorldApi


class RetailApi(WorldApi):
    def __init__(self, world: World) -> None:
        super().__init__(world, "Retail world", ROUTES)
