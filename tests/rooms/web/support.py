"""A server without rooms: real database and flows, a tenant that has only its settings; and states to look at."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast
from uuid import UUID

import msgspec
from litestar import Litestar
from litestar.testing import AsyncTestClient

from proofdesk.core.contract import Contract, Price, rule_hash
from proofdesk.core.resolution import EventType
from proofdesk.engine.sequencer import Sequencer
from proofdesk.flows.clock import Clock
from proofdesk.flows.context import Shell
from proofdesk.flows.ids import new_id
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.keys import Keys
from proofdesk.flows.people import IssuedKey, Role, issue_key, save_person
from proofdesk.flows.registry import UnknownTenant
from proofdesk.flows.settle import add_leaf, settle_issue
from proofdesk.flows.state import State
from proofdesk.flows.subjects import Subjects
from proofdesk.flows.tenancy import Runtime, SlaTargets, TenantSettings
from proofdesk.language.issue_type import issue_type
from proofdesk.language.tone import default_model
from proofdesk.ledger.notes import encode_vkey, generate_key
from proofdesk.settings import Settings
from proofdesk.store import tables as t
from proofdesk.store.pool import Pool, tenant_transaction
from proofdesk.web import create_app

CONTRACT = Contract(
    id="c1",
    version=1,
    currency="EUR",
    valid_from=datetime(2020, 1, 1, tzinfo=UTC),
    prices=(Price(kind="resolution", unit_price=Decimal("0.99")),),
)


class OneTenant:
    """Tenants of a test: settings only. What needs rooms fails on the missing attribute."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    async def get(self, tenant: str) -> Runtime:
        if tenant not in self.known:
            raise UnknownTenant(tenant)
        nothing = cast(Any, None)
        settings = TenantSettings(
            tenant=tenant,
            name=tenant,
            currency="EUR",
            authentication=(),
            queues={"default": "all"},
            contract=CONTRACT,
            sla=SlaTargets(),
        )
        return Runtime(
            tenant=tenant,
            revision=1,
            settings=settings,
            back_office=nothing,
            scoped=nothing,
            records=nothing,
            procedures={},
            evaluate=nothing,
            gate=nothing,
            reader=nothing,
            model=None,
            signals=lambda _: (),
            tone_of=default_model().tone,
            issue_type_of=issue_type,
            language_of=lambda _: "en",
            channels={},
        )

    async def rules(self, tenant: str, kind: Literal["procedure", "policy"], rule_hash: str) -> Any:
        raise UnknownTenant(f"{tenant} {kind} {rule_hash}")


class Server:
    """The application over a test client, and short ways to bring tickets where a test needs them."""

    def __init__(self, shell: Shell, tenants: OneTenant, app: Litestar, client: AsyncTestClient[Litestar]) -> None:
        self.shell, self.tenants, self.app, self.client = shell, tenants, app, client

    async def tenant(self) -> str:
        """A new tenant with its contract on record."""
        tenant = f"t{new_id().hex[-12:]}"
        self.tenants.known.add(tenant)
        now = self.shell.clock.now()
        async with tenant_transaction(self.shell.pool, tenant) as conn:
            await t.create_tenant(conn, tenant=tenant, name=tenant, now=now)
            digest = rule_hash(CONTRACT)
            terms = msgspec.to_builtins(CONTRACT)
            await t.add_contract(
                conn, tenant=tenant, contract_id="c1", version=1, terms=terms, rule_hash=digest, now=now
            )
            body: dict[str, object] = {
                "contract_id": "c1",
                "version": 1,
                "price_minor": 99,
                "assisted_price_minor": 0,
                "currency": "EUR",
                "silence_bills": False,
                "silence_window_s": CONTRACT.silence_window_s,
                "reversal_window_s": CONTRACT.reversal_window_s,
                "mode": "accrue",
                "cap_minor": None,
                "minimum_minor": 0,
                "rule_hash": digest,
            }
            await add_leaf(conn, tenant, now, "contract.version", body, None)
        return tenant

    async def key(self, tenant: str, *roles: Role, login: str = "") -> dict[str, str]:
        """Headers of a new key of a person with these roles."""
        login = login or f"p{new_id().hex[-12:]}"
        saved = await save_person(self.shell, tenant, login, roles, by="test")
        assert not hasattr(saved, "code"), saved
        issued = await issue_key(self.shell, tenant, login, by="test")
        assert isinstance(issued, IssuedKey)
        return {"Authorization": f"Bearer {issued.key}"}

    async def ticket(self, tenant: str, text: str = "Where is my order?") -> UUID:
        incoming = Incoming(channel="api", delivery_id=str(new_id()), sender=f"{new_id()}@example.org", text=text)
        received = await receive(self.shell, await self.tenants.get(tenant), incoming)
        assert isinstance(received, Received)
        return UUID(str(received.ticket_id))

    async def put(self, tenant: str, ticket_id: UUID, status: str, state: State | None = None) -> None:
        async with tenant_transaction(self.shell.pool, tenant) as conn:
            row = await t.lock_ticket(conn, tenant=tenant, ticket_id=ticket_id)
            assert row is not None
            now = self.shell.clock.now()
            moved = await t.move(
                conn,
                tenant=tenant,
                ticket_id=ticket_id,
                version=row.version,
                status=status,
                state=row.state if state is None else msgspec.to_builtins(state),
                priority=2,
                head_start_s=0,
                due_at=None if status in ("handed_off", "closed") else now + timedelta(days=1),
                now=now,
                lease_s=0.0,
            )
            assert moved == 1

    async def events(self, tenant: str, ticket_id: UUID, *events: EventType) -> None:
        async with tenant_transaction(self.shell.pool, tenant) as conn:
            row = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
            assert row is not None
            await settle_issue(
                conn,
                tenant,
                issue_id=row.issue_id,
                ticket_id=ticket_id,
                events=events,
                now=self.shell.clock.now(),
            )

    async def solved(self, tenant: str, *, verified: bool = False) -> UUID:
        ticket_id = await self.ticket(tenant)
        proof: tuple[EventType, ...] = ("system_state_verified",) if verified else ()
        await self.events(tenant, ticket_id, "proposed", *proof)
        await self.put(tenant, ticket_id, "solved", State(step="window"))
        return ticket_id

    async def handed_off(self, tenant: str) -> tuple[UUID, UUID]:
        """(ticket, handoff)."""
        ticket_id, handoff_id = await self.ticket(tenant), new_id()
        await self.put(tenant, ticket_id, "handed_off", State(step="window"))
        async with tenant_transaction(self.shell.pool, tenant) as conn:
            await t.add_handoff(
                conn,
                tenant=tenant,
                handoff_id=handoff_id,
                ticket_id=ticket_id,
                queue="all",
                reason="out_of_scope",
                packet={},
                packet_text="a packet",
                sla_due_at=None,
                now=self.shell.clock.now(),
            )
        return ticket_id, handoff_id

    async def waiting_approval(
        self,
        tenant: str,
        *,
        requested_by: str = "worker",
        valid_for: timedelta = timedelta(hours=1),
        ticket_id: UUID | None = None,
    ) -> tuple[UUID, UUID]:
        """(ticket, approval)."""
        ticket_id, approval_id = ticket_id or await self.ticket(tenant), new_id()
        waiting = State(step="execute", waiting_for="approval", approval_id=str(approval_id))
        await self.put(tenant, ticket_id, "waiting_approval", waiting)
        now = self.shell.clock.now()
        async with tenant_transaction(self.shell.pool, tenant) as conn:
            await t.request_approval(
                conn,
                tenant=tenant,
                approval_id=approval_id,
                ticket_id=ticket_id,
                action_hash="a" * 64,
                capability="payments.refund",
                args={"order_id": "1"},
                amount_minor=500,
                currency="EUR",
                policy_hash="b" * 64,
                requested_by=requested_by,
                now=now,
                expires_at=now + valid_for,
            )
        return ticket_id, approval_id

    async def kinds(self, tenant: str, ticket_id: UUID | None) -> list[str]:
        async with tenant_transaction(self.shell.pool, tenant) as conn:
            if ticket_id is not None:
                return [leaf.kind for leaf in await t.leaves_of_ticket(conn, tenant=tenant, ticket_id=ticket_id)]
            cursor = await conn.execute("select kind from leaf where tenant = %s order by leaf_no", (tenant,))
            return [row["kind"] for row in await cursor.fetchall()]

    async def number(self, engine_pool: Pool, witness: Path) -> None:
        """Number and sign every leaf written so far."""
        sequencer = Sequencer(self.shell.keys.log, witness, self.shell.clock, every_s=0.1, checkpoint_every_s=1.0)
        try:
            async with engine_pool.connection() as conn:
                await sequencer.drain(conn)
        finally:
            sequencer.close()


def make_shell(pool: Pool, tenants: OneTenant) -> Shell:
    keys = Keys(log=LOG_KEY, master=bytes(range(32)), codes=bytes(32))
    return Shell(
        pool=pool,
        tenants=cast(Any, tenants),
        subjects=Subjects(keys.master, keys.codes),
        keys=keys,
        clock=Clock(),
    )


LOG_KEY = generate_key("proofdesk")
"""One per run: a database keeps checkpoints of one key."""


def make_app(shell: Shell, engine_pool: Pool, settings: Settings | None = None) -> Litestar:
    return create_app(shell, engine_pool, settings or Settings(), vkey=encode_vkey(LOG_KEY.public))
