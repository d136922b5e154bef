"""`python -m simulators.retail_world --db DB.json --port 0`: serve a fresh world on loopback and print its URL."""

import argparse
import asyncio
import json
import socket
import sys
from pathlib import Path

import uvicorn

from simulators.retail_world.api import RetailApi
from simulators.retail_world.world import TABLES, Base, World


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulators.retail_world", description="Serve the retail world on loopback.")
    parser.add_argument("--db", type=Path, required=True, help="the world's db.json")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    args = parser.parse_args()
    try:
        tables = json.loads(args.db.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{args.db}: {error}; give a JSON file of {', '.join(TABLES)}\n")
        return 2
    listener = socket.create_server(("127.0.0.1", args.port))
    # Accepted connections inherit it; without it each answer waits for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(RetailApi(World(Base(tables))), log_level="warning", access_log=False)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
