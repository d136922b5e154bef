"""`python -m proofdesk.connectors.backoffice.mcp URL`: print the pins of a server's tools."""

import argparse
import asyncio
import os
import sys

from proofdesk.connectors.backoffice.mcp.session import Session, Target, pin
from proofdesk.connectors.http import Limits
from proofdesk.ports import ConnectorError


async def pins(target: Target) -> dict[str, str]:
    """Tool name to pin. Raises ConnectorError."""
    session = Session(target)
    try:
        return {name: pin(tool) for name, tool in sorted((await session.tools()).items())}
    finally:
        await session.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="proofdesk.connectors.backoffice.mcp", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--allow-host", action="append", default=[], help="permit a private address or name")
    parser.add_argument("--auth-env", default="", help="environment variable with the Authorization header's value")
    given = parser.parse_args()
    headers = {"Authorization": os.environ[given.auth_env]} if given.auth_env else {}
    target = Target(name="server", url=given.url, allow_hosts=tuple(given.allow_host), headers=headers, limits=Limits())
    try:
        found = asyncio.run(pins(target))
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in found.items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
