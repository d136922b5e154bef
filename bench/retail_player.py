"""Plays rows of a benchmark world against the product in this process: one tenant, one world over HTTP."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec

from bench.retail_requester import MAX_ANSWERS, answer
from bench.serving import serving
from proofdesk.app import House, open_house
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.load_tenant import load_tenant
from proofdesk.flows.resolve import advance
from proofdesk.flows.state import State
from proofdesk.settings import Settings
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import TicketRow
from simulators.retail_world.api import RetailApi
from simulators.retail_world.world import Base, World

WORLD = Path(__file__).parent / "worlds" / "retail"
MAX_TURNS = MAX_ANSWERS + 3


async def play_rows(
    tenant: str, endpoint: Endpoint, home: Path, tables: dict[str, Any], rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """One result a row: outcome, changed paths, the reading, the plan and the reason."""
    api = RetailApi(World(Base(tables)))
    async with serving(api) as url:
        env = {"RETAIL_URL": url, "RETAIL_READ_TOKEN": "world-read", "RETAIL_WRITE_TOKEN": "world-write"}
        async with open_house(Settings(home=home), endpoint, env=env, pool_size=4) as house:
            with tempfile.TemporaryDirectory() as folder:
                root = _tenant_folder(Path(folder) / "tenant", tenant)
                await load_tenant(house.shell, root, loaded_by="bench", env=env, encoder=house.encoder)
            async with httpx.AsyncClient(
                base_url=url, headers={"Authorization": "Bearer world-control"}, timeout=30
            ) as control:
                await _warm_up(house, tenant)
                return [await _play(house, tenant, control, row) for row in rows]


def _tenant_folder(target: Path, tenant: str) -> Path:
    shutil.copytree(WORLD, target)
    settings = target / "tenant.yaml"
    settings.write_text(settings.read_text().replace("tenant: retail\n", f"tenant: {tenant}\n"), encoding="utf-8")
    return target


async def _warm_up(house: House, tenant: str) -> None:
    """Load the encoder and build the runtime, so that the first ticket is measured like every other."""
    runtime = await house.shell.tenants.get(tenant)
    if runtime.model is not None:
        runtime.model.triage("warm up")


async def _play(house: House, tenant: str, control: httpx.AsyncClient, row: dict[str, Any]) -> dict[str, Any]:
    (await control.post("/control/reset")).raise_for_status()
    spent, questions, said = 0.0, 0, []
    ticket_id: UUID | None = None
    text = row["ticket"]
    for turn in range(MAX_TURNS):
        started = time.perf_counter()
        ticket_id = await _say(house, tenant, row["id"], turn, text, ticket_id)
        await advance(house.shell, tenant, ticket_id)
        spent += time.perf_counter() - started
        ticket, last = await _look(house, tenant, ticket_id)
        state = msgspec.convert(ticket.state, State)
        if ticket.status != "waiting_requester":
            break
        if state.waiting_for != "confirm":
            if questions == MAX_ANSWERS:
                break
            questions += 1
        kind, options = _asked(state)
        text = answer(row["ticket"], state.waiting_for, kind, options)
        said.append({"question": last, "answer": text})
    changed = (await control.get("/control/diff")).raise_for_status().json()["changed"]
    digest = (await control.get("/control/state_sha256")).raise_for_status().json()["state_sha256"]
    return {
        "id": row["id"],
        "outcome": ticket.status,
        "reason": await _reason(house, tenant, ticket),
        "questions": questions,
        "dialogue": said,
        "reading": msgspec.to_builtins(state.reading),
        "plan": [{"procedure": r.run.procedure, "status": r.status, "path": r.run.trail} for r in state.requests],
        "changed": changed,
        "state_sha256": digest,
        "ms": round(spent * 1000, 2),
    }


async def _say(house: House, tenant: str, row_id: str, turn: int, text: str, ticket_id: UUID | None) -> UUID:
    runtime = await house.shell.tenants.get(tenant)
    received = await receive(
        house.shell,
        runtime,
        Incoming(
            channel="api",
            delivery_id=f"{row_id}/{turn}",
            sender=f"{row_id}@unknown.example",
            subject="",
            text=text,
            ticket_id=ticket_id,
        ),
    )
    assert isinstance(received, Received), received
    return received.ticket_id


async def _look(house: House, tenant: str, ticket_id: UUID) -> tuple[TicketRow, str]:
    async with tenant_transaction(house.shell.pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        messages = await t.messages(conn, tenant=tenant, ticket_id=ticket_id)
    assert ticket is not None
    return ticket, messages[-1].text


async def _reason(house: House, tenant: str, ticket: TicketRow) -> str:
    async with tenant_transaction(house.shell.pool, tenant) as conn:
        handoff = await t.handoff_of(conn, tenant=tenant, ticket_id=ticket.ticket_id)
    return handoff.packet["why_it_stopped"] if handoff else ""


def _asked(state: State) -> tuple[str, tuple[str, ...]]:
    """What kind of value the open question is about, and what it offers."""
    if state.waiting_for in ("identity", "code"):
        return "identity", ()
    for request in state.reading.requests if state.reading else ():
        for doubt in request.doubts:
            if doubt.question:
                return doubt.slot, doubt.options
    return "", ()
