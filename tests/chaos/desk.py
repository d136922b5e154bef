"""A desk of real processes that chaos may befall: database, back office, mail server and workers."""

import asyncio
import contextlib
import imaplib
import json
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from bench.processes import OfficeControl, temporary_home
from bench.throughput import tenant_folder
from bench.tickets import Ticket, tickets
from proofdesk.app import House, open_database, open_house
from proofdesk.connectors.channel.email.thread import read_message_id
from proofdesk.flows.approve import ApprovalDecided, decide_approval
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.load_tenant import load_tenant
from proofdesk.flows.people import save_person
from proofdesk.flows.self_check import self_check
from proofdesk.settings import Settings
from proofdesk.store import tables as t
from proofdesk.store.embedded import EmbeddedServer
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.pool import tenant_transaction
from tests.chaos.fork_server import DATABASE, TENANT
from tests.chaos.forks import Fork, ForkServer
from tests.database import fresh_database

SUPPLY = 400
SCALE = 4
"""Orders enough for the longest run, each used once."""
LEASE_S = "1.5"
APPROVER = "ada"
SUPPORT = "help@larkfield.example"
EMAIL = f"""
email:
  address: {SUPPORT}
  imap: "env:MAIL_IMAP"
  smtp: "env:MAIL_SMTP"
  user: {SUPPORT}
  password: "env:MAIL_PASSWORD"
  imap_security: plain
  smtp_security: plain
  smtp_login: false
"""
DEAR_MINOR = 20_000
APPROVED = f"""
@id("dear-refund")
forbid (principal, action == Action::"refunds.create", resource)
when {{ context.amount_minor > {DEAR_MINOR} && !context.approved }};
"""
COMPLAINTS_CHARS = 40_000
CONCURRENCY = 8
"""Tickets a worker is at at once (the setting's default), so the messages it may be sending when it dies."""
DONE = ("solved", "closed")


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What all tests share. `endpoint` is the template: the tenant is loaded there, nothing has happened yet."""

    home: Path
    server: EmbeddedServer
    endpoint: Endpoint
    forks: ForkServer
    office: OfficeControl


class Chaos:
    """Sends tickets, plays the requester and the approver, and judges the end."""

    def __init__(self, stage: Stage, house: House, env: Mapping[str, str], log: Path) -> None:
        self.server = stage.server
        self.house = house
        self.office = stage.office
        self.env = dict(env)
        self._forks = stage.forks
        self._log = log
        state = stage.office.state()
        self._supply = list(_once(tickets(state), SUPPLY))
        self._dear = {order for order, each in state["orders"].items() if each["refundable_minor"] > DEAR_MINOR}
        self._sent: dict[UUID, Ticket] = {}
        self.workers: list[Fork] = []
        self.approves = True
        self._deliveries = 0

    @property
    def sent(self) -> int:
        return len(self._sent)

    async def cut_off(self, pid: int) -> None:
        """End the database connections of a process, as a server does whose client no longer answers."""
        ports = _local_ports(pid)
        async with await psycopg.AsyncConnection.connect(self.house.endpoint.admin_conninfo(), autocommit=True) as conn:
            await conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where client_port = any(%s)", (ports,)
            )

    def start(self, target: str, *args: str, **env: str) -> Fork:
        return self._forks.start(target, *args, env={**self.env, **env}, errors=self._log)

    def worker(self, **env: str) -> Fork:
        worker = self.start("worker", **env)
        self.workers.append(worker)
        return worker

    def stop_workers(self) -> None:
        for worker in self.workers:
            worker.end()
        self.workers.clear()

    def next_tickets(self, count: int, *, dear: bool = False) -> list[Ticket]:
        """The next of the bench's mix; `dear`: the next refunds that need an approval."""
        chosen = [ticket for ticket in self._supply if not dear or self._needs_approval(ticket)][:count]
        assert len(chosen) == count, "the supply is used up"
        for ticket in chosen:
            self._supply.remove(ticket)
        return chosen

    def _needs_approval(self, ticket: Ticket) -> bool:
        return ticket.kind == "refund" and ticket.order in self._dear

    async def send(self, count: int, *, dear: bool = False) -> None:
        for ticket in self.next_tickets(count, dear=dear):
            self._deliveries += 1
            await self.send_one(ticket, f"d{self._deliveries}")

    async def send_one(self, ticket: Ticket, delivery_id: str) -> UUID:
        ticket_id = await self._receive(ticket.sender, ticket.text, delivery_id, None)
        self._sent[ticket_id] = ticket
        return ticket_id

    async def _receive(self, sender: str, text: str, delivery_id: str, ticket_id: UUID | None) -> UUID:
        incoming = Incoming(
            channel="email",
            delivery_id=delivery_id,
            sender=sender,
            verified=True,
            subject="My order",
            text=text,
            ticket_id=ticket_id,
        )
        runtime = await self.house.shell.tenants.get(TENANT)
        while True:
            # The database may be down at this moment: the sender delivers again, under the same id.
            try:
                received = await receive(self.house.shell, runtime, incoming)
            except (StoreUnavailable, psycopg.OperationalError):
                await asyncio.sleep(0.1)
                continue
            assert isinstance(received, Received), received
            return received.ticket_id

    async def open(self) -> dict[UUID, str]:
        """Tickets of ours that are not done, by status."""
        try:
            async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
                cursor = await conn.execute(
                    "select ticket_id, status, version from ticket where ticket_id = any(%s) and status <> all(%s)",
                    (list(self._sent), list(DONE)),
                )
                rows = await cursor.fetchall()
        except (StoreUnavailable, psycopg.OperationalError):
            return dict.fromkeys(self._sent, "unknown")
        for row in rows:
            await self._play(UUID(str(row["ticket_id"])), row["status"], row["version"])
        return {UUID(str(row["ticket_id"])): row["status"] for row in rows}

    async def _play(self, ticket_id: UUID, status: str, version: int) -> None:
        if status == "waiting_requester":
            await self._receive(self._sent[ticket_id].sender, "yes, please", f"yes-{ticket_id}-{version}", ticket_id)
        elif status == "waiting_approval":
            async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
                rows = await t.open_approvals(conn, tenant=TENANT, now=self.house.shell.clock.now(), limit=1_000)
            for row in rows if self.approves else ():
                if row.ticket_id == ticket_id:
                    decided = await decide_approval(self.house.shell, TENANT, row.approval_id, "approved", APPROVER)
                    assert isinstance(decided, ApprovalDecided), decided

    async def finish(self, limit_s: float = 60.0) -> None:
        """Until every ticket is done and every leaf numbered."""
        deadline = time.monotonic() + limit_s
        while (left := await self.open()) or await self.one("select count(*) from leaf_pending"):
            assert "handed_off" not in left.values(), await self._handoffs()
            assert time.monotonic() < deadline, f"still open: {left}; {self.complaints()}"
            await asyncio.sleep(0.1)

    async def _handoffs(self) -> list[str]:
        async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
            cursor = await conn.execute("select reason, packet_text from handoff")
            return [f"{row['reason']}: {row['packet_text']}" for row in await cursor.fetchall()]

    def complaints(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-COMPLAINTS_CHARS:]

    async def prove(self, interruptions: int = 0) -> None:
        """0 lost, 0 doubled, the books clean, the ledger without a gap. By the other side's own log.

        `interruptions`: how often a worker or its database went away while messages may have been leaving.
        """
        writes = await asyncio.to_thread(self.office.writes)
        wanted = sorted(ticket.order for ticket in self._sent.values() if ticket.kind != "status")
        written = sorted(write["business"].split()[1] for write in writes["items"])
        assert written == wanted
        assert writes["doubled"] == []
        keys = [write["key"] for write in writes["items"]]
        assert len(keys) == len(set(keys))
        findings = await self_check(self.house.shell.pool, TENANT, self.house.shell.clock.now())
        assert findings == []
        assert await self.one("select coalesce(max(seq) + 1, 0) - count(*) from leaf_seq") == 0
        assert await self.one("select count(*) from leaf") == await self.one("select count(*) from leaf_seq")
        bought = sum(ticket.kind != "status" for ticket in self._sent.values())
        assert await self.one("select count(*) from billable_event where sign = 1") == bought
        # Each approval that was asked for was used once; none was asked for twice.
        assert await self.one("select count(*) from approval where used_at is null") == 0
        assert await self.one("select count(*) - count(distinct ticket_id) from approval") == 0
        await self._prove_mail(interruptions)

    async def _prove_mail(self, interruptions: int) -> None:
        """By the mail server's own mailboxes: every reply arrived; none twice, but for the one place where SMTP itself
        is at-least-once. A message the server took whose yes we never heard, or could not write down, is sent again
        under its Message-ID: at most the messages one worker was sending, for each interruption."""
        arrived = Counter(await asyncio.to_thread(self._arrived))
        async with tenant_transaction(self.house.shell.pool, TENANT) as conn:
            cursor = await conn.execute("select effect_key, state from effect where kind = 'reply'")
            replies = {row["effect_key"]: row["state"] for row in await cursor.fetchall()}
        assert set(replies.values()) == {"confirmed"}
        assert set(arrived) == set(replies), "every reply arrived, and nothing else did"
        assert arrived.total() - len(arrived) <= interruptions * CONCURRENCY

    def _arrived(self) -> list[str]:
        """The key in the Message-ID of every mail in every requester's mailbox."""
        host, port = self.env["MAIL_IMAP"].split(":")
        found = []
        for address in {ticket.sender for ticket in self._sent.values()}:
            with imaplib.IMAP4(host, int(port), timeout=10) as imap:
                imap.login(address, self.env["MAIL_PASSWORD"])
                imap.select("INBOX", readonly=True)
                for line in imap.uid("FETCH", "1:*", "(UID BODY.PEEK[])")[1]:
                    if isinstance(line, tuple):
                        own = read_message_id(message_from_bytes(line[1])["Message-ID"], SUPPORT.partition("@")[2])
                        assert own is not None and own.tenant == TENANT
                        found.append(own.key)
        return found

    async def one(self, query: str) -> int:
        async with await psycopg.AsyncConnection.connect(self.house.endpoint.admin_conninfo()) as conn:
            cursor = await conn.execute(query.encode())
            row = await cursor.fetchone()
        return int(row[0]) if row else 0

    async def kill_database(self) -> None:
        """kill -9 of the postmaster; our own supervisor in this process starts it again."""
        os.kill(self.server.pid, signal.SIGKILL)
        before = self.server.restarts
        deadline = time.monotonic() + 40
        while self.server.restarts == before:
            assert time.monotonic() < deadline, self.server.failure
            await asyncio.sleep(0.1)


def _local_ports(pid: int) -> list[int]:
    """Local TCP ports of the sockets a process holds open (proc(5))."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return [int(line.split()[1].rpartition(":")[2], 16) for line in lines if line.split()[9] in sockets]


def _once(supply: Iterator[Ticket], limit: int) -> Iterator[Ticket]:
    """Every order only once, so that each business effect may be there exactly once."""
    seen: set[str] = set()
    for ticket in supply:
        if len(seen) == limit:
            return
        if ticket.order not in seen:
            seen.add(ticket.order)
            yield ticket


@contextlib.contextmanager
def open_stage() -> Iterator[Stage]:
    with temporary_home("proofdesk-chaos-") as home, ForkServer() as forks:
        log = home / "shared.log"
        backoffice = forks.start("backoffice", "--port", "0", "--scale", str(SCALE), env={}, errors=log)
        endpoint, server = open_database(Settings(home=home))
        assert server is not None
        try:
            office = OfficeControl(backoffice.first_line())
            asyncio.run(_load(home, endpoint, office))
            yield Stage(home=home, server=server, endpoint=endpoint, forks=forks, office=office)
        finally:
            server.stop()
            backoffice.end()


async def _load(home: Path, endpoint: Endpoint, office: OfficeControl) -> None:
    # Of the mail server only the names are read here: every test has its own.
    env = {**office.env, "MAIL_IMAP": "127.0.0.1:1", "MAIL_SMTP": "127.0.0.1:1", "MAIL_PASSWORD": "unused"}
    async with open_house(Settings(home=home), endpoint, env=env) as house:
        with tempfile.TemporaryDirectory() as folder:
            root = _tenant(Path(folder) / "tenant")
            await load_tenant(house.shell, root, loaded_by="test", env=env, encoder=None)
        await save_person(house.shell, TENANT, APPROVER, ["approver"], by="test")


@contextlib.contextmanager
def mail_server(forks: ForkServer, log: Path) -> Iterator[dict[str, str]]:
    process = forks.start("mail", env={}, errors=log)
    try:
        ready: dict[str, Any] = json.loads(process.first_line())
        host = ready["host"]
        yield {
            "MAIL_IMAP": f"{host}:{ready['imap_port']}",
            "MAIL_SMTP": f"{host}:{ready['smtp_port']}",
            "MAIL_PASSWORD": ready["password"],
        }
    finally:
        process.end()


@contextlib.asynccontextmanager
async def chaos_desk(stage: Stage) -> AsyncIterator[Chaos]:
    """A fresh database, back office and mail server. At the end all is thrown away as it is."""
    with fresh_database(stage.endpoint) as endpoint:
        folder = stage.home / endpoint.database
        folder.mkdir()
        log = folder / "worker.log"
        await asyncio.to_thread(stage.office.reset)
        with mail_server(stage.forks, log) as mail:
            settings = Settings(home=stage.home, witness_dir=folder / "witness")
            env = {
                **stage.office.env,
                **mail,
                "PROOFDESK_HOME": str(stage.home),
                "PROOFDESK_WITNESS_DIR": str(folder / "witness"),
                "PROOFDESK_LEASE_S": LEASE_S,
                DATABASE: endpoint.database,
            }
            async with open_house(settings, endpoint, env=env) as house:
                chaos = Chaos(stage, house, env, log)
                try:
                    yield chaos
                finally:
                    chaos.stop_workers()


def _tenant(target: Path) -> Path:
    root = tenant_folder(target)
    with (root / "tenant.yaml").open("a", encoding="utf-8") as file:
        file.write(EMAIL)
    with (root / "policy.cedar").open("a", encoding="utf-8") as file:
        file.write(APPROVED)
    return root
