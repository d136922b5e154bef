"""The back office fails in every way it knows; each action happens once or a person is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from examples.backoffice.faults import Fault, Kind
from proofdesk.store.endpoint import Endpoint
from tests.database import fresh_database
from tests.stories.conftest import prove_books
from tests.stories.desk import Desk, open_desk
from tests.stories.orders import pending_order

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALWAYS = 1_000
KEYED = "idempotency: A, idempotency_header: Idempotency-Key"


def fault(kind: Kind, times: int) -> Fault:
    return Fault(operation="cancelOrder", kind=kind, times=times, retry_after_s=0.02, delay_s=0.02)


async def cancel(desk: Desk, *faults: Fault) -> tuple[str, str, list[str]]:
    """Cancel one order while these faults happen: status of the ticket and of the order, and the leaves."""
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.set_faults(*faults)
    await desk.write(customer.email, "yes", ticket=ticket_id)
    ticket = await desk.settle(ticket_id)
    assert desk.office.doubled() == []
    return ticket.status, desk.office.world.orders[order.id].status, await desk.kinds(ticket_id)


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("kind", ["rate_limited", "error_before", "error_after_commit", "lost_answer", "slow", "stale"])
async def test_a_passing_fault_ends_in_one_effect(shared_desk: Desk, kind: Kind, times: int) -> None:
    before = len(shared_desk.writes())
    status, order, kinds = await cancel(shared_desk, fault(kind, times))
    assert (status, order) == ("solved", "cancelled")
    assert len(shared_desk.writes()) == before + 1
    assert kinds.count("effect.intent") == kinds.count("effect.confirmed") == 1


def patient(root: Path) -> None:
    """One call for each attempt: the connector repeats nothing itself, and its breaker stays closed."""
    path = root / "connector.yaml"
    path.write_text(path.read_text().replace("retries: 2", "retries: 0"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def patient_desk(database_template: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    home = tmp_path_factory.mktemp("patient")
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, home, change=patient) as desk:
            yield desk
            await prove_books(desk, home)


async def test_an_answer_that_never_comes_is_settled_by_reading_back(patient_desk: Desk) -> None:
    before = len(patient_desk.writes())
    status, order, kinds = await cancel(patient_desk, fault("error_after_commit", ALWAYS))
    assert (status, order) == ("solved", "cancelled")
    assert len(patient_desk.writes()) == before + 1
    assert kinds.count("effect.unanswered") == 4
    assert kinds.count("effect.confirmed") == 1


async def test_what_never_arrives_is_said_to_be_uncertain(patient_desk: Desk) -> None:
    status, order, kinds = await cancel(patient_desk, fault("error_before", ALWAYS))
    assert (status, order) == ("handed_off", "pending")
    assert "effect.uncertain" in kinds
    assert "effect.confirmed" not in kinds


def without_key(idempotency: str, root: Path) -> None:
    path = root / "connector.yaml"
    text = path.read_text()
    line = next(line for line in text.splitlines() if line.strip().startswith("orders.cancel:"))
    path.write_text(text.replace(line, line.replace(KEYED, f"idempotency: {idempotency}")))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["C", "D"])
async def keyless_desk(
    request: pytest.FixtureRequest, database_template: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A desk whose back office knows no keys: every call is carried out."""
    home = tmp_path_factory.mktemp("keyless")
    with fresh_database(database_template) as endpoint:
        async with open_desk(endpoint, home, change=lambda root: without_key(request.param, root)) as desk:
            yield desk
            await prove_books(desk, home)


@pytest.mark.parametrize("kind", ["error_after_commit", "lost_answer"])
async def test_without_keys_a_lost_answer_is_looked_up_not_repeated(keyless_desk: Desk, kind: Kind) -> None:
    before = len(keyless_desk.counted.writes)
    status, order, kinds = await cancel(keyless_desk, fault(kind, 1))
    assert (status, order) == ("solved", "cancelled")
    assert len(keyless_desk.counted.writes) == before + 1
    assert "effect.confirmed" in kinds


async def test_without_keys_money_is_not_sent_again_on_a_guess(keyless_desk: Desk) -> None:
    before = len(keyless_desk.counted.writes)
    status, order, kinds = await cancel(keyless_desk, fault("error_before", ALWAYS))
    assert (status, order) == ("handed_off", "pending")
    assert len(keyless_desk.counted.writes) == before + 1
    assert "effect.uncertain" in kinds
