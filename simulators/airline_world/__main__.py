"""`python -m simulators.airline_world --db DB.json --port 0`: serve a fresh world on loopback and print its URL."""

import sys

from simulators.airline_world.api import AirlineApi
from simulators.airline_world.world import TABLES, Base, World
from simulators.world.serve import serve_world

if __name__ == "__main__":
    sys.exit(serve_world("simulators.airline_world", TABLES, lambda tables: AirlineApi(World(Base(tables)))))
