"""`proofdesk knowledge`: a folder in, a cited answer out, a broken file named."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bench.processes import temporary_home
from proofdesk.app import open_database
from proofdesk.settings import load_settings
from proofdesk.store import tables as t
from proofdesk.store.endpoint import Endpoint
from proofdesk.store.pool import open_pool, tenant_transaction
from tests.rooms.cli.running import inside


async def add_tenant(endpoint: Endpoint) -> None:
    async with open_pool(endpoint, "app") as pool, tenant_transaction(pool, "shop") as conn:
        await t.create_tenant(conn, tenant="shop", name="shop", now=datetime.now(UTC))


def test_from_a_folder_to_a_cited_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.yaml").write_text("collection: help\ndocuments: [{files: '*', audience: public}]\n")
    (tmp_path / "returns.md").write_text("# Returns\n\nYou may return items within 30 days.\n")
    with temporary_home() as home:
        settings = msgspec.structs.replace(load_settings({}), home=home)
        endpoint, server = open_database(settings)
        assert server is not None
        try:
            asyncio.run(add_tenant(endpoint))
            monkeypatch.setenv("PROOFDESK_HOME", str(home))
            done = inside("knowledge", "ingest", str(tmp_path), "--json")
            assert (done.code, done.json["added"]) == (0, 1), done.err
            assert "help/returns.md" in inside("knowledge", "list").out
            found = inside("knowledge", "answer", "How many days may I return items?", "--json").json
            assert found["outcome"] == "answered" and "30 days" in found["text"]
            shown = inside("knowledge", "show", found["citations"][0]["section_id"], "--json").json
            assert shown["text"] == found["text"]
            (tmp_path / "broken.pdf").write_bytes(b"no pdf")
            broken = inside("knowledge", "ingest", str(tmp_path))
            assert broken.code == 1 and "help/broken.pdf: does not begin with %PDF-" in broken.out
            assert inside("knowledge", "ingest", str(tmp_path / "nowhere")).code == 2
            assert inside("knowledge", "remove", "help/returns.md").code == 0
            assert inside("knowledge", "answer", "How many days may I return items?", "--json").json["citations"] == []
        finally:
            server.stop()
