"""Plays rows of a benchmark world against the product in this process: one tenant, one world over HTTP."""

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import yaml

from bench.serving import serving
from bench.world_requester import MAX_ANSWERS, answer
from bench.world_spec import BenchWorld
from proofdesk.app import House, open_house
from proofdesk.flows.clock import Clock
from proofdesk.flows.intake import Incoming, Received, receive
from proofdesk.flows.load_tenant import load_tenant
from proofdesk.flows.resolve import advance
from proofdesk.flows.state import State
from proofdesk.language.reading import TenantWords
from proofdesk.settings import Settings
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import TicketRow
from simulators.world.api import CONTROL_TOKEN, READ_TOKEN, WRITE_TOKEN

MAX_TURNS = MAX_ANSWERS + 3


async def play_rows(
    spec: BenchWorld,
    words: TenantWords,
    tenant: str,
    endpoint: Endpoint,
    home: Path,
    tables: dict[str, Any],
    rows: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """One result a row: outcome, changed paths, the reading, the plan and the reason."""
    async with serving(spec.api(spec.world(spec.base(tables)))) as url:
        prefix = spec.name.upper()
        env = {f"{prefix}_URL": url, f"{prefix}_READ_TOKEN": READ_TOKEN, f"{prefix}_WRITE_TOKEN": WRITE_TOKEN}
        now = spec.now
        clock = Clock(wall=now.timestamp) if now is not None else None
        async with open_house(Settings(home=home), endpoint, env=env, pool_size=4, clock=clock) as house:
            with tempfile.TemporaryDirectory() as folder:
                root = _tenant_folder(spec, words, Path(folder) / "tenant", tenant)
                await load_tenant(house.shell, root, loaded_by="bench", env=env, encoder=house.encoder)
            async with httpx.AsyncClient(
                base_url=url, headers={"Authorization": f"Bearer {CONTROL_TOKEN}"}, timeout=30
            ) as control:
                await _warm_up(house, tenant)
                return [await _play(spec, house, tenant, control, row) for row in rows]


def _tenant_folder(spec: BenchWorld, words: TenantWords, target: Path, tenant: str) -> Path:
    shutil.copytree(spec.folder, target)
    plain = json.loads(msgspec.json.encode(words))
    (target / "aliases.yaml").write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    settings = target / "tenant.yaml"
    settings.write_text(settings.read_text().replace(f"tenant: {spec.name}\n", f"tenant: {tenant}\n"), encoding="utf-8")
    return target


async def _warm_up(house: House, tenant: str) -> None:
    """Load the encoder and build the runtime, so that the first ticket is measured like every other."""
    runtime = await house.shell.tenants.get(tenant)
    if runtime.model is not None:
        runtime.model.triage("warm up")


async def _play(
    spec: BenchWorld, house: House, tenant: str, control: httpx.AsyncClient, row: dict[str, Any]
) -> dict[str, Any]:
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
        text = answer(row["ticket"], state.waiting_for, spec.kinds.get(kind), options)
        said.append({"question": last, "answer": text})
    changed = (await control.get("/control/diff")).raise_for_status().json()["changed"]
    digest = (await control.get("/control/state_sha256")).raise_for_status().json()["state_sha256"]
    return {
        "id": row["id"],
        "outcome": ticket.status,
        "reason": await _reason(house, tenant, ticket, state),
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


async def _reason(house: House, tenant: str, ticket: TicketRow, state: State) -> str:
    """Why it stopped where a person has it now; else what was refused."""
    async with tenant_transaction(house.shell.pool, tenant) as conn:
        handoff = await t.handoff_of(conn, tenant=tenant, ticket_id=ticket.ticket_id)
    if handoff is not None:
        return str(handoff.packet["why_it_stopped"])
    return "; ".join(f"{request.run.procedure}: {request.reason}" for request in state.requests if request.reason)


def _asked(state: State) -> tuple[str, tuple[str, ...]]:
    """What kind of value the open question is about, and what it offers."""
    if state.waiting_for in ("identity", "code"):
        return "identity", ()
    for request in state.reading.requests if state.reading else ():
        for doubt in request.doubts:
            if doubt.question:
                return doubt.slot, doubt.options
    return "", ()
