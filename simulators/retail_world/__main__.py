"""`python -m simulators.retail_world --db DB.json --port 0`: serve a fresh world on loopback and print its URL."""

import sys

from simulators.retail_world.api import RetailApi
from simulators.retail_world.world import TABLES, Base, World
from simulators.world.serve import serve_world

if __name__ == "__main__":
    sys.exit(serve_world("simulators.retail_world", TABLES, lambda tables: RetailApi(World(Base(tables)))))
