"""`python -m simulators.mail --imap-port 0 --smtp-port 0`: prints one JSON line with the ports, runs until ended."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys

from simulators.mail.server import MailSimulator


async def _run(smtp_port: int, imap_port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with MailSimulator(smtp_port=smtp_port, imap_port=imap_port) as mail:
        ready = {"host": mail.host, "smtp_port": mail.smtp_port, "imap_port": mail.imap_port, "password": mail.password}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulators.mail", description="A mail server in memory, on loopback.")
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument("--imap-port", type=int, default=0)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(options.smtp_port, options.imap_port))


if __name__ == "__main__":
    main()
