"""`python -m examples.backoffice --port 0 --seed 7`: run Larkfield's back office on this machine."""

import argparse
import os
import socket
import sys
from pathlib import Path

import msgspec
import uvicorn

from examples.backoffice.faults import Fault
from examples.backoffice.seed import today_utc
from examples.backoffice.service import BackOffice

READ = frozenset({"*:read"})
WRITE = frozenset({"*:write"})


def main() -> int:
    parser = argparse.ArgumentParser(prog="examples.backoffice", description=__doc__)
    parser.add_argument("--port", type=int, default=8460, help="0 takes a free one; the URL is printed")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--today", default=today_utc(), help="ISO date the seeded dates are counted from")
    parser.add_argument("--faults", type=Path, help="JSON list of faults, see README.md")
    parser.add_argument("--scale", type=int, default=1, help="so many times the customers and orders, at most 20")
    parser.add_argument("--state", type=Path, help="write the final state here when the service ends")
    given = parser.parse_args()
    try:
        faults = msgspec.json.decode(given.faults.read_bytes(), type=list[Fault]) if given.faults else []
    except (OSError, msgspec.DecodeError) as error:
        sys.stderr.write(f"{given.faults}: {error}\n")
        return 2
    tokens = {
        os.environ.get("LARKFIELD_READ_TOKEN", "larkfield-read"): READ,
        os.environ.get("LARKFIELD_WRITE_TOKEN", "larkfield-write"): WRITE,
    }
    app = BackOffice(
        seed=given.seed, today=given.today, tokens=tokens, faults=faults, scale=max(1, min(given.scale, 20))
    )
    listener = socket.create_server(("127.0.0.1", given.port))
    # Accepted connections inherit it; without it each answer waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])
    if given.state:
        given.state.write_bytes(msgspec.json.encode(app.world))
    return 0


if __name__ == "__main__":
    sys.exit(main())
