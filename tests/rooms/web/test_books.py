"""Invoice, proofs and totals over HTTP; the separate verifier agrees with both."""

from pathlib import Path

import msgspec
import pytest

from bench.processes import temporary_home
from proofdesk.flows.proofs import TILE, LedgerInconsistent, Proofs
from proofdesk.ledger.merkle import leaf_hash, verify_inclusion
from proofdesk.ledger.notes import Checkpoint, encode_vkey, open_checkpoint
from proofdesk.store import tables as t
from proofdesk.store.pool import Pool, tenant_transaction
from proofdesk.store.rows import ExportRow
from proofdesk.web.app import API
from proofdesk_verifier.invoice import BillingLeaves, check_invoice
from proofdesk_verifier.leaves import Leaf
from tests.rooms.web.support import LOG_KEY, Server


async def numbered(server: Server, engine_pool: Pool) -> None:
    with temporary_home() as witness:
        await server.number(engine_pool, Path(witness))


async def billing_leaves(server: Server, tenant: str) -> BillingLeaves:
    seen = BillingLeaves()
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        for row in await t.export_page(conn, tenant=tenant, from_seq=0, to_seq=10_000):
            seen.see(leaf_of(row))
    return seen


def leaf_of(row: ExportRow) -> Leaf:
    fields = msgspec.json.decode(row.canon)
    digest = leaf_hash(row.canon)
    return Leaf(
        seq=row.seq,
        ts=fields["ts"],
        kind=fields["kind"],
        tenant=fields["tenant"],
        body=fields["body"],
        digest=digest,
        stated=row.leaf_hash,
        has_subject="subject_ref" in fields,
        erased=False,
        fault="",
    )


async def test_the_preview_is_what_the_verifier_recomputes(server: Server, engine_pool: Pool) -> None:
    tenant = await server.tenant()
    finance, system = await server.key(tenant, "finance"), await server.key(tenant, "requester_api")
    for _ in range(3):
        await server.solved(tenant, verified=True)
    confirmed, reversed_ = await server.solved(tenant), await server.solved(tenant, verified=True)
    await server.solved(tenant)
    await server.client.post(f"{API}/tickets/{confirmed}/confirm", headers=system)
    await server.client.post(f"{API}/tickets/{reversed_}/rating", headers=system, json={"score": 1})
    month = server.shell.clock.now().strftime("%Y-%m")
    early = (await server.client.get(f"{API}/invoice/preview?month={month}", headers=finance)).json()
    assert early["lines"] == [] and early["unnumbered_events"] > 0
    await numbered(server, engine_pool)
    made = (await server.client.get(f"{API}/invoice/preview?month={month}&currency=EUR", headers=finance)).json()
    assert len(made["lines"]) == 5 and len(made["credits"]) == 1
    assert (made["total_minor"], made["currency"], made["tenant"]) == (4 * 99, "EUR", tenant)
    assert {line["grade"] for line in made["lines"]} == {"state_verified", "confirmed"}
    checked = check_invoice(made, await billing_leaves(server, tenant))
    assert checked.ok and checked.variance_minor == 0, checked
    made["lines"][0]["price_minor"] += 1
    made["total_minor"] += 1
    assert not check_invoice(made, await billing_leaves(server, tenant)).ok


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 400, "month"),
        ("?month=2026-13", 400, "month"),
        ("?month=march", 400, "month"),
        ("?month=2026-03&currency=XXQ", 400, "currency"),
        ("?month=2026-03&currency=euro", 400, "currency"),
        ("?month=2026-03&currency=USD", 409, "currency"),
        ("?month=2026-03&extra=1", 400, "extra"),
        ("?month=2026-03&month=2026-04", 400, "month"),
    ],
)
async def test_a_wrong_query_names_its_field(server: Server, query: str, status: int, field: str) -> None:
    finance = await server.key(await server.tenant(), "finance")
    answer = await server.client.get(f"{API}/invoice/preview{query}", headers=finance)
    assert (answer.status_code, answer.json()["error"].get("field")) == (status, field), answer.text


async def test_every_leaf_is_proven_to_the_signed_checkpoint(server: Server, engine_pool: Pool) -> None:
    tenant = await server.tenant()
    auditor = await server.key(tenant, "auditor")
    assert (await server.client.get(f"{API}/ledger/checkpoint", headers=auditor)).status_code == 404
    ticket_id = await server.solved(tenant, verified=True)
    await numbered(server, engine_pool)
    leaves = (await server.client.get(f"{API}/tickets/{ticket_id}/ledger", headers=auditor)).json()["items"]
    for leaf in leaves:
        proof = (await server.client.get(f"{API}/ledger/leaves/{leaf['seq']}/proof", headers=auditor)).json()
        note = proof["checkpoint"]["note"]
        opened = open_checkpoint(note, LOG_KEY.public)
        assert isinstance(opened, Checkpoint)
        assert proof["checkpoint"]["vkey"] == encode_vkey(LOG_KEY.public)
        path = [bytes.fromhex(node) for node in proof["proof"]]
        assert proof["canonical"] == leaf["canonical"]
        assert verify_inclusion(leaf["seq"], opened.size, bytes.fromhex(leaf["leaf_hash"]), path, opened.root)
    beyond = await server.client.get(f"{API}/ledger/leaves/100000/proof", headers=auditor)
    assert beyond.status_code == 404
    for wrong in ("-1", "x", "99999999999999999999"):
        answer = await server.client.get(f"{API}/ledger/leaves/{wrong}/proof", headers=auditor)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "seq")


async def test_proofs_across_tiles_and_tampering(server: Server, engine_pool: Pool, owner_pool: Pool) -> None:
    tenant = await server.tenant()
    count = 2 * TILE + 300
    async with tenant_transaction(server.shell.pool, tenant) as conn:
        await t.append_leaves(
            conn,
            tenant=tenant,
            ticket_id=None,
            ts=["2026-01-01T00:00:00.000000Z"] * count,
            kinds=["test"] * count,
            canons=[b"%d" % n for n in range(count)],
            hashes=[n.to_bytes(32, "big") for n in range(count)],
            subjects=[None] * count,
            ciphertexts=[None] * count,
        )
    await numbered(server, engine_pool)
    proofs = Proofs(server.shell.pool, "key")
    for seq in (0, TILE - 1, TILE, 2 * TILE - 1, 2 * TILE, count):
        proof = await proofs.prove(tenant, seq)
        assert getattr(proof, "seq", None) == seq, proof
    await rewrite_leaf(owner_pool, tenant, bytes(32))
    with pytest.raises(LedgerInconsistent):
        await Proofs(server.shell.pool, "key").prove(tenant, 2 * TILE)
    auditor = await server.key(tenant, "auditor")
    alarm = await server.client.get(f"{API}/ledger/leaves/5/proof", headers=auditor)
    assert (alarm.status_code, alarm.json()["error"]["code"]) == (500, "ledger_inconsistent")
    await rewrite_leaf(owner_pool, tenant, (5).to_bytes(32, "big"))


async def rewrite_leaf(owner_pool: Pool, tenant: str, digest: bytes) -> None:
    async with owner_pool.connection() as conn:
        await conn.execute("alter table leaf disable trigger leaf_append_only")
        await conn.execute("update leaf set leaf_hash = %s where tenant = %s and canon = '5'", (digest, tenant))
        await conn.execute("alter table leaf enable trigger leaf_append_only")


async def test_the_totals(server: Server, engine_pool: Pool) -> None:
    tenant = await server.tenant()
    manager, system = await server.key(tenant, "manager"), await server.key(tenant, "requester_api")
    await server.handed_off(tenant)
    await server.solved(tenant, verified=True)
    back = await server.solved(tenant, verified=True)
    await server.client.post(f"{API}/tickets/{back}/rating", headers=system, json={"score": 1})
    before = (await server.client.get(f"{API}/summary", headers=manager)).json()
    assert (before["verified"], before["charged"], before["credited"]) == (1, 2, 1)
    assert before["open_handoffs"] == [{"reason": "out_of_scope", "handoffs": 1}]
    assert before["tickets"] == [{"status": "handed_off", "tickets": 1}, {"status": "solved", "tickets": 2}]
    assert before["unsequenced_leaves"] == len(await server.kinds(tenant, None)) and before["ledger_size"] == 0
    await numbered(server, engine_pool)
    after = (await server.client.get(f"{API}/summary", headers=manager)).json()
    assert (after["unsequenced_leaves"], after["ledger_size"]) == (0, before["unsequenced_leaves"])
