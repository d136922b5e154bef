"""The export while another process numbers: it waits for that one, and not for ever."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from proofdesk.app import export
from proofdesk.engine.sequencer import LOCK_KEY
from proofdesk.flows.export import Numbered, export_ledger
from proofdesk.ledger.export import ExportError
from tests.stories.desk import TENANT, Desk, verify
from tests.stories.orders import pending_order


async def test_it_waits_for_the_process_that_leads(desk: Desk, tmp_path: Path) -> None:
    order, customer = pending_order(desk)
    await desk.write(customer.email, f"please cancel my order {order.id}")
    with psycopg.connect(desk.house.endpoint.conninfo("engine"), autocommit=True) as leader:
        leader.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        waiting = asyncio.ensure_future(export(desk.house, TENANT, tmp_path / "asked"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await desk.drain_ledger()
        summary = await waiting
    assert summary.leaves > 5
    assert verify(tmp_path / "asked", desk.vkey, "--witness", str(desk.witness))["ok"]


async def test_it_says_so_when_nobody_numbers(desk: Desk, tmp_path: Path) -> None:
    async def never() -> Numbered:
        return Numbered(done=False)

    with pytest.raises(ExportError, match=r"\d+ entries of larkfield are not numbered and signed after 0.2 s"):
        await export_ledger(desk.house.shell, TENANT, tmp_path / "asked", never, wait_s=0.2)
    assert not (tmp_path / "asked").exists()
