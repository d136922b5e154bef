"""A whole support desk in one process: database, Larkfield's back office over HTTP, the tenant, and the flows."""

import contextlib
import io
import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from bench.serving import serving
from examples.backoffice.faults import Fault
from examples.backoffice.service import BackOffice
from proofdesk.app import House, make_sequencer, open_house
from proofdesk.engine.sequencer import Sequencer
from proofdesk.flows.clock import Clock
from proofdesk.flows.export import Numbered, export_ledger
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.load_tenant import load_tenant
from proofdesk.flows.resolve import advance
from proofdesk.flows.self_check import Finding, self_check
from proofdesk.ledger.notes import encode_vkey
from proofdesk.settings import Settings
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import ADAPTERS, tenant_transaction
from proofdesk.store.rows import TicketRow
from proofdesk_verifier.cli import main as verifier

ROOT = Path(__file__).parents[2]
TENANT = "larkfield"
TOKENS = {"read": frozenset({"*:read"}), "write": frozenset({"*:write"})}


class Wall:
    """A wall clock a test can move."""

    def __init__(self) -> None:
        self.shift_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.shift_s


class Counted:
    """The back office behind a door that counts. A write without a key gets a fresh one, as if keys were unknown to
    the system: carried out as often as it is called."""

    def __init__(self, office: BackOffice) -> None:
        self._office = office
        self.writes: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] != "GET" and not scope["path"].startswith("/control/"):
            self.writes.append(scope["path"])
            if not any(name == b"idempotency-key" for name, _ in scope["headers"]):
                key = f"fresh-{len(self.writes)}".encode()
                scope = {**scope, "headers": [*scope["headers"], (b"idempotency-key", key)]}
        await self._office(scope, receive, send)


class Desk:
    def __init__(
        self, house: House, office: BackOffice, url: str, wall: Wall, sequencer: Sequencer, counted: "Counted"
    ) -> None:
        self.counted = counted
        self.house = house
        self.office = office
        self.url = url
        self.wall = wall
        self.sequencer = sequencer
        self.used_orders: set[str] = set()
        self.tampered = False
        """The test altered the database on purpose: its books cannot be proven any more."""
        self._deliveries = 0

    async def write(self, sender: str, text: str, *, verified: bool = True, ticket: UUID | None = None) -> UUID:
        """A requester's message arrives; the ticket is advanced until it waits."""
        ticket_id = await self.say(sender, text, ticket, verified=verified)
        await self.advance(ticket_id)
        return ticket_id

    async def say(self, sender: str, text: str, ticket: UUID | None = None, *, verified: bool = True) -> UUID:
        """A requester's message arrives, and nobody works on it yet."""
        self._deliveries += 1
        runtime = await self.house.shell.tenants.get(TENANT)
        received = await receive(
            self.house.shell,
            runtime,
            Incoming(
                channel="api",
                delivery_id=f"d{self._deliveries}",
                sender=sender,
                verified=verified,
                subject="Help",
                text=text,
                ticket_id=ticket,
            ),
        )
        assert isinstance(received, Received), received
        return received.ticket_id

    async def advance(self, ticket_id: UUID) -> None:
        await advance(self.house.shell, TENANT, ticket_id)

    async def ticket(self, ticket_id: UUID) -> TicketRow:
        async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
            row = await t.load_ticket(conn, tenant=TENANT, ticket_id=ticket_id)
        assert row is not None
        return row

    async def replies(self, ticket_id: UUID) -> list[str]:
        async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
            rows = await t.messages(conn, tenant=TENANT, ticket_id=ticket_id)
        return [row.text for row in rows if row.direction == "out"]

    async def kinds(self, ticket_id: UUID) -> list[str]:
        async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
            return [leaf.kind for leaf in await t.leaves_of_ticket(conn, tenant=TENANT, ticket_id=ticket_id)]

    async def drain_ledger(self) -> None:
        conn = await AsyncConnection[DictRow].connect(
            self.house.endpoint.conninfo("engine"), autocommit=True, row_factory=dict_row, context=ADAPTERS
        )
        async with conn:
            await self.sequencer.drain(conn)

    async def numbered(self) -> Numbered:
        await self.drain_ledger()
        return Numbered(done=True)

    async def findings(self) -> list[Finding]:
        """What does not add up in the books, everything numbered."""
        await self.drain_ledger()
        return await self_check(self.house.shell.pool, TENANT, self.house.shell.clock.now())

    async def export(self, directory: Path) -> Path:
        await export_ledger(self.house.shell, TENANT, directory, self.numbered)
        return directory

    async def audit(self, directory: Path) -> dict[str, Any]:
        """Export to `directory` and verify that against the pinned key and the witness outside the database."""
        return verify(await self.export(directory), self.vkey, "--witness", str(self.witness))

    @property
    def vkey(self) -> str:
        return encode_vkey(self.house.keys.log.public)

    @property
    def witness(self) -> Path:
        return self.house.settings.home / "witness"

    async def settle(self, ticket_id: UUID) -> TicketRow:
        """Advance over every retry until somebody else has to act."""
        for _ in range(30):
            await self.advance(ticket_id)
            row = await self.ticket(ticket_id)
            if row.status not in ("new", "open"):
                return row
            self.pass_time(timedelta(seconds=70))
        raise AssertionError(f"the ticket never came to rest: {row.state}")

    async def handoff(self, ticket_id: UUID) -> tuple[str, str]:
        """Queue and reason of the ticket's handoff."""
        async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
            row = await t.handoff_of(conn, tenant=TENANT, ticket_id=ticket_id)
        assert row is not None, await self.kinds(ticket_id)
        return row.queue, row.reason

    async def billed(self, ticket_id: UUID) -> list[tuple[int, int]]:
        """(sign, price in minor units) of the ticket's issue."""
        issue_id = (await self.ticket(ticket_id)).issue_id
        async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
            rows = await t.billed_of_issue(conn, tenant=TENANT, issue_id=issue_id)
        return [(row.sign, row.price_minor) for row in rows]

    def pass_time(self, time: timedelta) -> None:
        self.wall.shift_s += time.total_seconds()

    async def set_faults(self, *faults: Fault) -> None:
        """Let these happen in the back office from now on, and no others."""
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{self.url}/control/faults", content=msgspec.json.encode(faults))
        assert answer.status_code == 200, answer.text

    def writes(self) -> list[Any]:
        return list(self.office.world.writes)


def verify(directory: Path, vkey: str, *more: str) -> dict[str, Any]:
    """What the auditor's command says about an export."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = verifier([str(directory), "--vkey", vkey, "--json", *more])
    answer: dict[str, Any] = json.loads(printed.getvalue())
    return {**answer, "exit": code}


def tenant_folder(target: Path) -> Path:
    """The story tenant's files: Larkfield's connector and records, our own small procedures and policy."""
    shutil.copytree(ROOT / "tests/stories/tenant", target)
    for name in ("connector.yaml", "openapi.json", "records.yaml"):
        shutil.copy(ROOT / "examples/larkfield" / name, target / name)
    return target


@asynccontextmanager
async def open_desk(
    endpoint: Endpoint,
    home: Path,
    *,
    today: str = "2026-11-22",
    env: dict[str, str] | None = None,
    tenant_extra: str = "",
    change: Callable[[Path], None] | None = None,
) -> AsyncIterator[Desk]:
    """Everything running against `endpoint`, the tenant loaded; keys and witness below `home`."""
    office = BackOffice(seed=7, today=today, tokens=TOKENS, faults=[])
    wall = Wall()
    counted = Counted(office)
    async with serving(counted) as url:
        env = {**(env or {}), "LARKFIELD_URL": url, "LARKFIELD_READ_TOKEN": "read", "LARKFIELD_WRITE_TOKEN": "write"}
        async with open_house(Settings(home=home), endpoint, env=env, clock=Clock(wall=wall)) as house:
            with tempfile.TemporaryDirectory() as folder:
                root = tenant_folder(Path(folder) / "tenant")
                with (root / "tenant.yaml").open("a", encoding="utf-8") as file:
                    file.write(tenant_extra)
                if change is not None:
                    change(root)
                await load_tenant(house.shell, root, loaded_by="test", env=env, encoder=house.encoder)
            sequencer = make_sequencer(house)
            try:
                yield Desk(house, office, url, wall, sequencer, counted)
            finally:
                sequencer.close()
