"""Every kind of decision is made in a story, gives the same bytes again, and is found where it was forged."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from psycopg.rows import dict_row

from examples.backoffice.faults import Fault
from proofdesk.core.gate import KpiContract
from proofdesk.flows.approve import ApprovalDecided, decide_approval
from proofdesk.flows.govern import Signed, sign_contract
from proofdesk.flows.replay import KINDS, Replayed, replay_ticket
from proofdesk.flows.transition import Decided, seal_decision
from proofdesk.ledger.shred import Opened, open_sealed
from proofdesk.store.endpoint import Endpoint
from tests.stories.desk import TENANT
from tests.stories.orders import pending_order, refundable_order
from tests.stories.post import Post, body, open_post
from tests.stories.test_codes import by_code, code_in
from tests.stories.test_faults import ALWAYS, fault, patient
from tests.stories.test_refunds import approver, open_approval

pytestmark = pytest.mark.asyncio(loop_scope="module")


def changed(folder: Path) -> None:
    """One-time codes, one call for each attempt, and a small model that is believed only when it is sure."""
    by_code(folder)
    patient(folder)
    with (folder / "tenant.yaml").open("a", encoding="utf-8") as file:
        file.write("thresholds: {in_scope_ppm: 990000}\n")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def post(database_template: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Post]:
    """Tickets in which every kind of decision was made."""
    async with open_post(database_template, tmp_path_factory.mktemp("post"), change=changed) as running:
        await a_code_and_a_lost_answer(running, fault("error_after_commit", ALWAYS))
        await an_approval(running)
        await running.arrives("stranger@example.org", "What will the weather be in Lisbon on Sunday?", proven=False)
        await running.desk.write("somebody@example.org", "My lawyer will sue you.")
        await in_shadow(running)
        yield running


async def a_code_and_a_lost_answer(post: Post, lost: Fault) -> None:
    """A wrong code, the right one, a yes; the answer of the back office never comes and is read back instead."""
    order, customer = pending_order(post.desk)
    await post.arrives(customer.email, f"please cancel my order {order.id}", proven=False)
    (letter,) = post.letters(customer.email)
    wrong = f"{(int(code_in(body(letter))) + 1) % 10**6:06d}"
    await post.arrives(customer.email, f"The code is {wrong}", proven=False, In_Reply_To=str(letter["Message-ID"]))
    letter = post.letters(customer.email)[-1]
    right = f"The code is {code_in(body(letter))}"
    await post.arrives(customer.email, right, proven=False, In_Reply_To=str(letter["Message-ID"]))
    question = post.letters(customer.email)[-1]
    assert "yes or no" in body(question)
    await post.desk.set_faults(lost)
    await post.arrives(customer.email, "yes", proven=False, In_Reply_To=str(question["Message-ID"]))
    (ticket_id,) = await post.tickets()
    assert (await post.desk.settle(ticket_id)).status == "solved"
    await post.desk.set_faults()


async def an_approval(post: Post) -> None:
    order, customer = refundable_order(post.desk, least=6_000, most=40_000)
    ticket_id = await post.desk.write(customer.email, f"I want a refund for order {order.id}")
    login, approval_id = await approver(post.desk), await open_approval(post.desk, ticket_id)
    assert isinstance(
        await decide_approval(post.desk.house.shell, TENANT, approval_id, "approved", login), ApprovalDecided
    )
    assert (await post.desk.settle(ticket_id)).status == "solved"


async def in_shadow(post: Post) -> None:
    """A contract is signed, so a procedure nobody promoted only says what it would do."""
    login = await approver(post.desk)
    assert isinstance(await sign_contract(post.desk.house.shell, TENANT, KpiContract(), login=login), Signed)
    post.desk.house.shell.rules.clear()
    order, customer = pending_order(post.desk)
    ticket_id = await post.desk.write(customer.email, f"please cancel my order {order.id}")
    assert (await post.desk.handoff(ticket_id))[1] == "shadow"


async def replayed(post: Post, ticket_id: UUID) -> Replayed:
    answer = await replay_ticket(post.desk.house.shell, TENANT, ticket_id)
    assert isinstance(answer, Replayed)
    return answer


async def test_every_decision_of_every_ticket_replays(post: Post) -> None:
    seen: set[str] = set()
    for ticket_id in await post.tickets():
        answer = await replayed(post, ticket_id)
        assert answer.agrees, [each for each in answer.decisions if each.outcome != "agrees"]
        seen |= {each.kind for each in answer.decisions}
    assert seen == set(KINDS)


async def test_what_is_none_of_ours_goes_to_a_person_by_a_recorded_decision(post: Post) -> None:
    tickets = [await post.desk.ticket(ticket_id) for ticket_id in await post.tickets()]
    stranger = next(each for each in tickets if each.sender == "stranger@example.org")
    assert await post.desk.handoff(stranger.ticket_id) == ("general", "out_of_scope")
    kinds = [each.kind for each in (await replayed(post, stranger.ticket_id)).decisions]
    assert kinds == ["answering", "threading", "sender", "authentication", "priority", "unproven", "handoff"]


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_forged_decision_is_found_though_row_and_leaf_agree(post: Post, kind: str) -> None:
    """By somebody who has the key and the database: only deciding it again tells."""
    admin = psycopg.connect(post.desk.house.endpoint.admin_conninfo(), autocommit=True, row_factory=dict_row)
    with admin:
        admin.execute("set session_replication_role = replica")
        row = admin.execute("select * from decision where kind = %s order by at limit 1", (kind,)).fetchone()
        assert row is not None
        ticket = await post.desk.ticket(row["ticket_id"])
        key = await post.desk.house.shell.subjects.key_of(post.desk.house.shell.pool, TENANT, ticket.subject_ref)
        opened = [open_sealed(key, row[name]) for name in ("facts", "output")]
        assert isinstance(opened[0], Opened)
        assert isinstance(opened[1], Opened)
        facts, output = (json.loads(each.plaintext) for each in opened if isinstance(each, Opened))
        made = seal_decision(key, row["ordinal"], Decided(kind=kind, facts=facts, output=forged(output)))
        await put(admin, row, made.output, made.output_hash)
        try:
            answer = await replayed(post, row["ticket_id"])
        finally:
            await put(admin, {**row, "output_hash": made.output_hash}, row["output"], row["output_hash"])
    assert answer.agrees is False
    (found,) = [each for each in answer.decisions if each.outcome == "differs"]
    assert (found.ordinal, found.kind) == (row["ordinal"], kind)
    assert found.difference is not None
    assert found.difference.path.startswith("$")
    assert (await replayed(post, row["ticket_id"])).agrees


async def put(admin: psycopg.Connection[Any], row: dict[str, Any], output: bytes, digest: bytes) -> None:
    """Another output of a decision, in its row and in its leaf."""
    admin.execute(
        "update decision set output = %s, output_hash = %s where decision_id = %s", (output, digest, row["decision_id"])
    )
    changed = admin.execute(
        "update leaf set canon = convert_to(replace(convert_from(canon, 'UTF8'), %s, %s), 'UTF8') "
        "where kind = 'decision' and ticket_id = %s and position(%s in convert_from(canon, 'UTF8')) > 0",
        (row["output_hash"].hex(), digest.hex(), row["ticket_id"], f'"ordinal":{row["ordinal"]},'),
    )
    assert changed.rowcount >= 1


def forged(output: Any) -> Any:
    """Something else of the same shape."""
    match output:
        case bool():
            return not output
        case str():
            return f"{output}x"
        case list():
            return [*output, "forged"]
        case _:
            return {**output, "forged": True}
