"""One worker process for benches and chaos tests: attaches to the database of PROOFDESK_HOME and works until killed."""

import asyncio
import contextlib
import os
import signal
import sys

from proofdesk.app import open_database, open_house, run_worker
from proofdesk.settings import Settings, load_settings
from proofdesk.store.endpoint import Endpoint


async def work(settings: Settings, endpoint: Endpoint, *, warm: bool) -> None:
    async with open_house(settings, endpoint) as house:
        if warm and house.encoder is not None:
            await asyncio.to_thread(house.encoder.one, "warm")
        running = asyncio.create_task(run_worker(house, f"worker-{os.getpid()}"))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        with contextlib.suppress(asyncio.CancelledError):
            await running


if __name__ == "__main__":
    chosen = load_settings()
    asyncio.run(work(chosen, open_database(chosen)[0], warm="--cold" not in sys.argv))
