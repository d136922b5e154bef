"""The command line: parses, calls a flow, prints. No decisions. Errors are one line: what, where, what to do."""

import os

# Before numpy is imported anywhere: with more threads on busy cores one short text takes up to 50 times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main() -> int:
    """Entry point of `proofdesk`. Gives the exit code: 0 done, 1 a check failed, 2 wrong use or input."""
    from proofdesk.cli.run import run

    return run()
