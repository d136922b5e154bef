"""A desk of real processes that chaos may befall: database, back office, mail server and workers."""

import asyncio
import contextlib
import imaplib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from bench.processes import Office, end, first_line, start, start_worker, temporary_home
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
from proofdesk.store.errors import StoreUnavailable
from proofdesk.store.pool import tenant_transaction

TENANT = "larkfield"
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
APPROVED = """
@id("dear-refund")
forbid (principal, action == Action::"refunds.create", resource)
when { context.amount_minor > 20000 && !context.approved };
"""
COMPLAINTS_CHARS = 40_000
CONCURRENCY = 8
"""Tickets a worker is at at once (the setting's default), so the messages it may be sending when it dies."""
DONE = ("solved", "closed")


class Chaos:
    """Sends tickets, plays the requester and the approver, and judges the end."""

    def __init__(
        self, home: Path, server: EmbeddedServer, house: House, office: Office, env: Mapping[str, str]
    ) -> None:
        self.home = home
        self.server = server
        self.house = house
        self.office = office
        self.env = dict(env)
        self._supply = _once(tickets(office.state()))
        self._sent: dict[UUID, Ticket] = {}
        self.workers: list[subprocess.Popen[bytes]] = []
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

    def worker(self, *, wait: bool = True, **env: str) -> "subprocess.Popen[bytes]":
        worker = start_worker(
            self.home, self.office, "--cold", env={"PROOFDESK_LEASE_S": LEASE_S, **self.env, **env}, wait=wait
        )
        self.workers.append(worker)
        return worker

    def stop_workers(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            end(worker)
        self.workers.clear()

    def next_tickets(self, count: int) -> list[Ticket]:
        return [next(self._supply) for _ in range(count)]

    async def send(self, count: int) -> None:
        for ticket in self.next_tickets(count):
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
        log = self.home / "log" / "worker.log"
        return log.read_text(encoding="utf-8", errors="replace")[-COMPLAINTS_CHARS:] if log.exists() else ""

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


def _once(supply: Iterator[Ticket]) -> Iterator[Ticket]:
    """Every order only once, so that each business effect may be there exactly once."""
    seen: set[str] = set()
    for ticket in supply:
        if ticket.order not in seen:
            seen.add(ticket.order)
            yield ticket


@contextlib.contextmanager
def mail_server() -> Iterator[dict[str, str]]:
    process = start("simulators.mail", "--imap-port", "0", "--smtp-port", "0")
    try:
        ready: dict[str, Any] = json.loads(first_line(process))
        host = ready["host"]
        yield {
            "MAIL_IMAP": f"{host}:{ready['imap_port']}",
            "MAIL_SMTP": f"{host}:{ready['smtp_port']}",
            "MAIL_PASSWORD": ready["password"],
        }
    finally:
        end(process)


@contextlib.asynccontextmanager
async def chaos_desk(scale: int = 1) -> AsyncIterator[Chaos]:
    with temporary_home() as home, Office(scale=scale) as office, mail_server() as mail:
        settings = Settings(home=home)
        endpoint, server = await asyncio.to_thread(open_database, settings)
        assert server is not None
        env = {**office.env, **mail}
        try:
            async with open_house(settings, endpoint, env=env) as house:
                with tempfile.TemporaryDirectory() as folder:
                    root = _tenant(Path(folder) / "tenant")
                    await load_tenant(house.shell, root, loaded_by="test", env=env, encoder=None)
                await save_person(house.shell, TENANT, APPROVER, ["approver"], by="test")
                chaos = Chaos(home, server, house, office, env)
                try:
                    yield chaos
                finally:
                    chaos.stop_workers()
        finally:
            await asyncio.to_thread(server.stop)


def _tenant(target: Path) -> Path:
    root = tenant_folder(target)
    with (root / "tenant.yaml").open("a", encoding="utf-8") as file:
        file.write(EMAIL)
    with (root / "policy.cedar").open("a", encoding="utf-8") as file:
        file.write(APPROVED)
    return root
