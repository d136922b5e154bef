"""The command line of a world: serve it fresh on loopback and print its URL."""

import argparse
import asyncio
import json
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvicorn


def serve_world(program: str, tables: Sequence[str], make: Callable[[dict[str, Any]], Any]) -> int:
    """`make` turns the tables of a world's file into its application. The exit code of the program."""
    parser = argparse.ArgumentParser(prog=program, description="Serve a fresh world on loopback.")
    parser.add_argument("--db", type=Path, required=True, help="the world's db.json")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    args = parser.parse_args()
    try:
        app = make(json.loads(args.db.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{args.db}: {error}; give a JSON file of {', '.join(tables)}\n")
        return 2
    listener = socket.create_server(("127.0.0.1", args.port))
    # Accepted connections inherit it; without it each answer waits for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
    return 0
