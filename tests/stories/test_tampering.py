"""A superuser rewrites the ledger in the database, triggers switched off: an export tells the auditor, leaf by leaf.

Outside the database are only the pinned key, the witness directory and one checkpoint that somebody kept.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from proofdesk.app import export
from proofdesk.ledger.canonical import make_leaf
from proofdesk.ledger.notes import encode_vkey
from proofdesk.store.endpoint import Endpoint
from tests.database import fresh_database
from tests.stories.desk import TENANT, Desk, open_desk, verify
from tests.stories.orders import pending_order

pytestmark = pytest.mark.asyncio(loop_scope="module")
TABLES = ("leaf", "leaf_seq", "tree", "checkpoint")
BAD = 12
"""The leaf that is attacked; every one after it is covered too."""


class Crime:
    """One ledger under attack: the database as it was, and what lies outside it."""

    def __init__(self, desk: Desk, admin: psycopg.Connection[Any], kept: Path) -> None:
        self.desk, self.admin, self.kept = desk, admin, kept

    def run(self, *statements: str) -> None:
        for statement in statements:
            self.admin.execute(statement.encode())

    def restore(self) -> None:
        self.run(*(f"truncate {table} cascade" for table in reversed(TABLES)))
        self.run(*(f"insert into {table} overriding system value select * from kept_{table}" for table in TABLES))

    async def verdicts(self, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the auditor hears with the witness, and with nothing but a kept checkpoint."""
        self.desk.sequencer.close()
        directory = folder / "export"
        await export(self.desk.house, TENANT, directory)
        key = encode_vkey(self.desk.house.keys.log.public)
        witness = self.desk.house.settings.home / "witness"
        return (
            verify(directory, key, "--witness", str(witness)),
            verify(directory, key, "--checkpoint", str(self.kept)),
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(database_template: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crime]:
    home = tmp_path_factory.mktemp("tampering")
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, home) as desk:
            for _ in range(3):
                order, customer = pending_order(desk)
                ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
                await desk.write(customer.email, "yes", ticket=ticket_id)
                await desk.drain_ledger()
            with psycopg.connect(endpoint.admin_conninfo(), autocommit=True) as admin:
                admin.execute("set session_replication_role = replica")
                for table in TABLES:
                    admin.execute(f"create table kept_{table} as table {table}".encode())
                row = admin.execute("select note from checkpoint order by size desc limit 1").fetchone()
                assert row is not None
                kept = home / "kept.txt"
                kept.write_text(row[0], encoding="utf-8")
                yield Crime(desk, admin, kept)


@pytest_asyncio.fixture(loop_scope="module")
async def crime(scene: Crime) -> AsyncIterator[Crime]:
    yield scene
    scene.restore()


def leaf_at(seq: int) -> str:
    return f"(select leaf_no from leaf_seq where seq = {seq})"


FAR = 1_000_000
"""Numbers are unique at every moment: whoever renumbers moves the leaves out of the way first."""
RENUMBER_DOWN = (
    f"update leaf_seq set seq = seq + {FAR} where seq > {BAD}",
    f"update leaf_seq set seq = seq - {FAR} - 1 where seq >= {FAR}",
)
RENUMBER_UP = (
    f"update leaf_seq set seq = seq + {FAR} where seq >= {BAD}",
    f"update leaf_seq set seq = seq - {FAR} + 1 where seq >= {FAR}",
)
FORGET_LATER = f"delete from checkpoint where size > {BAD}"


def flipped(place: str) -> str:
    return (
        f"update leaf set canon = set_byte(canon, ({place})::int, get_byte(canon, ({place})::int) # 1) "
        f"where leaf_no = {leaf_at(BAD)}"
    )


async def test_the_untouched_ledger_verifies(crime: Crime, tmp_path: Path) -> None:
    for verdict in await crime.verdicts(tmp_path):
        assert verdict["ok"], verdict
        assert verdict["size"] > 3 * BAD


@pytest.mark.parametrize("place", ["0", "length(canon) / 4", "length(canon) / 2", "length(canon) - 30"])
async def test_a_flipped_byte(crime: Crime, tmp_path: Path, place: str) -> None:
    crime.run(flipped(place))
    witnessed, kept = await crime.verdicts(tmp_path)
    assert (witnessed["ok"], witnessed["first_bad_seq"]) == (False, BAD)
    assert (kept["ok"], kept["first_bad_seq"]) == (False, BAD)


async def test_a_flipped_byte_of_sealed_data(crime: Crime, tmp_path: Path) -> None:
    found = crime.admin.execute(
        "select min(s.seq) from leaf_seq s join leaf l using (leaf_no) where l.ciphertext is not null and s.seq > 5"
    ).fetchone()
    assert found is not None
    crime.run(
        f"update leaf set ciphertext = set_byte(ciphertext, 3, get_byte(ciphertext, 3) # 1) "
        f"where leaf_no = {leaf_at(found[0])}"
    )
    for verdict in await crime.verdicts(tmp_path):
        assert (verdict["ok"], verdict["first_bad_seq"]) == (False, found[0])


async def test_a_deleted_leaf(crime: Crime, tmp_path: Path) -> None:
    crime.run(f"delete from leaf where leaf_no = {leaf_at(BAD)}")
    for verdict in await crime.verdicts(tmp_path):
        assert (verdict["ok"], verdict["first_bad_seq"]) == (False, BAD)


async def test_a_deleted_leaf_with_the_rest_moved_up(crime: Crime, tmp_path: Path) -> None:
    crime.run(
        f"delete from leaf where leaf_no = {leaf_at(BAD)}",
        f"delete from leaf_seq where seq = {BAD}",
        *RENUMBER_DOWN,
        "update tree set size = size - 1",
    )
    witnessed, kept = await crime.verdicts(tmp_path)
    assert (witnessed["ok"], witnessed["first_bad_seq"]) == (False, BAD)
    assert not kept["ok"]


async def test_two_leaves_in_each_others_place(crime: Crime, tmp_path: Path) -> None:
    crime.run(
        f"update leaf_seq set seq = {FAR} where seq = {BAD}",
        f"update leaf_seq set seq = {BAD} where seq = {BAD + 1}",
        f"update leaf_seq set seq = {BAD + 1} where seq = {FAR}",
    )
    witnessed, kept = await crime.verdicts(tmp_path)
    assert (witnessed["ok"], witnessed["first_bad_seq"]) == (False, BAD)
    assert not kept["ok"]


def forged(crime: Crime, body: dict[str, Any]) -> tuple[bytes, bytes]:
    leaf = make_leaf(TENANT, crime.desk.house.shell.clock.now(), "billing.charged", body)
    return leaf.canonical, leaf.leaf_hash


async def test_an_inserted_leaf(crime: Crime, tmp_path: Path) -> None:
    canon, digest = forged(crime, {"issue_id": "x", "price_minor": 99_900})
    crime.run(*RENUMBER_UP)
    crime.admin.execute(
        "with one as (insert into leaf (tenant, ts, kind, canon, leaf_hash) values (%s, %s, 'billing.charged', %s, %s) "
        "returning leaf_no) insert into leaf_seq (tenant, seq, leaf_no) select %s, %s, leaf_no from one",
        (TENANT, json.loads(canon)["ts"], canon, digest, TENANT, BAD),
    )
    witnessed, kept = await crime.verdicts(tmp_path)
    assert (witnessed["ok"], witnessed["first_bad_seq"]) == (False, BAD)
    assert not kept["ok"]


async def test_the_tail_cut_off_with_its_checkpoints(crime: Crime, tmp_path: Path) -> None:
    row = crime.admin.execute("select min(size) from checkpoint").fetchone()
    assert row is not None
    crime.run(
        f"delete from leaf_seq where seq >= {row[0]}",
        f"delete from checkpoint where size > {row[0]}",
        f"update tree set size = {row[0]}",
    )
    for verdict in await crime.verdicts(tmp_path):
        assert (verdict["ok"], verdict["first_bad_seq"]) == (False, row[0])
        assert "truncated" in verdict["reason"]


async def test_a_rewritten_leaf_with_its_hash_restated(crime: Crime, tmp_path: Path) -> None:
    canon, digest = forged(crime, {"issue_id": "x", "price_minor": 1})
    crime.admin.execute(
        f"update leaf set canon = %s, leaf_hash = %s where leaf_no = {leaf_at(BAD)}".encode(), (canon, digest)
    )
    witnessed, kept = await crime.verdicts(tmp_path)
    assert (witnessed["ok"], witnessed["first_bad_seq"]) == (False, BAD)
    assert not kept["ok"]
    assert kept["first_bad_seq"] <= BAD


async def test_the_export_of_a_rewritten_past_carries_a_warning(crime: Crime, tmp_path: Path) -> None:
    crime.run(FORGET_LATER, "update tree set size = 20, range = range[1:1]", "delete from leaf_seq where seq >= 20")
    await crime.verdicts(tmp_path)
    manifest = json.loads((tmp_path / "export/manifest.json").read_text())
    assert "not the witnessed" in manifest["warning"] or "does not extend" in manifest["warning"], manifest


async def test_the_self_check_sees_an_altered_leaf_too(crime: Crime) -> None:
    crime.run(flipped("length(canon) / 2"))
    findings = await crime.desk.findings()
    assert [finding.check for finding in findings][:1] == ["leaf_hash"]
    assert f"seq {BAD}" in findings[0].subject
