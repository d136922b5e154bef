"""What a command needs to work on one installation: its settings, its database, its house."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from proofdesk.cli.clockfile import read_clock
from proofdesk.cli.output import UserError, fail
from proofdesk.settings import Settings, load_settings

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.store.endpoint import Endpoint

T = TypeVar("T")
DEFAULT_HOME = Path("var/proofdesk")
SYSTEM_HOME = Path("/var/lib/proofdesk")


def settings_of(env: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment and the command line, the home chosen, its clock in force. Raises SettingsError."""
    given = dict(os.environ if env is None else env)
    if not given.get("PROOFDESK_HOME") and overrides.get("home") is None:
        overrides["home"] = default_home(Path.cwd(), root=os.geteuid() == 0)
    settings = load_settings(given, **overrides)
    home = settings.home.absolute()
    witness = (settings.witness_dir or home / "witness").absolute()
    clock = read_clock(home)
    changes: dict[str, object] = {"home": home, "witness_dir": witness}
    if not given.get("PROOFDESK_CLOCK_SPEED") and clock.speed != 1.0:
        changes |= {"clock_speed": clock.speed, "clock_anchor": clock.anchor}
    return _replace(settings, changes)


def _replace(settings: Settings, changes: dict[str, object]) -> Settings:
    import msgspec

    return msgspec.structs.replace(settings, **changes)


def default_home(cwd: Path, *, root: bool) -> Path:
    """./var/proofdesk; for root the system's place when the database's user could not reach this folder."""
    local = cwd / DEFAULT_HOME
    if not root or local.exists():
        return local
    open_to_all = all(folder.stat().st_mode & 0o001 for folder in (cwd, *cwd.parents))
    return local if open_to_all else SYSTEM_HOME


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment that gives another process of this machine the same settings."""
    env = dict(os.environ)
    env["PROOFDESK_HOME"] = str(settings.home)
    env["PROOFDESK_WITNESS_DIR"] = str(settings.witness_dir or settings.home / "witness")
    if settings.database_url:
        env["PROOFDESK_DATABASE_URL"] = settings.database_url
    env["PROOFDESK_CLOCK_SPEED"] = repr(settings.clock_speed)
    if settings.clock_anchor is not None:
        env["PROOFDESK_CLOCK_ANCHOR"] = settings.clock_anchor.astimezone(UTC).isoformat()
    return env


@contextmanager
def database(settings: Settings) -> "Iterator[tuple[Endpoint, bool]]":
    """The database, started for this command where nothing runs it yet; True when it is ours alone."""
    from proofdesk.app import open_database

    endpoint, server = open_database(settings)
    try:
        yield endpoint, server is not None and server.owned
    finally:
        if server is not None:
            server.stop()


def in_house(work: "Callable[[House, bool], Awaitable[T]]", home: Path | None = None) -> T:
    """Run `work` with an open house. Its second argument: nobody else (so no worker) uses the database."""
    settings = settings_of(home=home)

    async def go(endpoint: "Endpoint", alone: bool) -> T:
        from proofdesk.app import open_house

        async with open_house(settings, endpoint, pool_size=4) as house:
            return await work(house, alone)

    with database(settings) as (endpoint, alone):
        return asyncio.run(go(endpoint, alone))


async def tenants_of(house: "House") -> list[str]:
    from proofdesk.app import engine_pool
    from proofdesk.store import tables as t
    from proofdesk.store.pool import connection

    async with AsyncExitStack() as stack:
        pool = await engine_pool(house, stack)
        async with connection(pool) as conn:
            return [row.tenant for row in await t.all_tenants(conn)]


async def the_tenant(house: "House", given: str | None) -> str:
    """The named tenant, or the only one. Raises UserError with the choice."""
    known = await tenants_of(house)
    if given is not None:
        return given if given in known else fail(f"there is no tenant {given}; {_choice(known)}")
    if len(known) == 1:
        return known[0]
    raise UserError(f"--tenant is needed: {_choice(known)}")


def _choice(known: list[str]) -> str:
    return f"loaded are: {', '.join(known)}" if known else "none is loaded yet: proofdesk tenant load DIR"


def parse_id(text: str, what: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        fail(f"{text!r} is no {what} id; it looks like 0198f3c2-7d5e-7c11-9a54-0242ac120002")


async def tenant_of_ticket(house: "House", ticket_id: UUID) -> str:
    """Whose ticket it is: every tenant is asked, as the database shows no tenant another's rows."""
    from proofdesk.store import tables as t
    from proofdesk.store.pool import tenant_transaction

    for tenant in await tenants_of(house):
        async with tenant_transaction(house.shell.pool, tenant) as conn:
            if await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id) is not None:
                return tenant
    raise UserError(f"there is no ticket {ticket_id}; proofdesk ticket list shows those there are")


def wall() -> datetime:
    return datetime.now(UTC)
