"""The example company's tickets replayed: figures against the tickets' gold, unknown never invented, A against B."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from examples.tickets.past import rows_of
from examples.tickets.ticket import load
from proofdesk.cli.commands import app
from proofdesk.core.simulation.values import verdict
from proofdesk.flows.simulation.past import TicketFileError
from proofdesk.flows.simulation.run import Simulated, SimulationOrder, instant_of, simulate

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
LARKFIELD = EXAMPLES / "larkfield"
TICKETS = load(EXAMPLES / "tickets" / "tickets.jsonl")[:90]
AS_OF = datetime(2026, 3, 9, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return rows_of(TICKETS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encodings")


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "past.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


async def run(path: Path, cache: Path, *, candidate: Path | None = None, as_of: datetime = AS_OF) -> Simulated:
    order = SimulationOrder(tickets=path, tenant=LARKFIELD, as_of=as_of, candidate=candidate, cache=cache)
    return await simulate(order, lambda _: None)


async def test_the_decisions_are_those_a_careful_person_takes(tmp_path: Path, rows: list[dict[str, Any]], cache: Path):
    done = await run(written(tmp_path, rows), cache)
    found, rates = done.simulation.present, done.simulation.present.rates
    assert (done.simulation.tickets, done.simulation.immature) == (90, 0)
    assert [row.case.id for row in done.present] == [ticket.id for ticket in TICKETS]
    assert found.wrong == ()
    assert rates["autonomous_right"].denominator > 50
    assert rates["known"].value is not None
    assert rates["known"].value > 0.9
    assert sum(found.encodings.values()) == 90
    assert found.bias.stated is not None
    gold = {ticket.id: ticket.gold for ticket in TICKETS}
    agreed = {"resolved": "act", "informed": "answer", "refused": "refuse", "asked": "ask", "escalated": "hand_over"}
    for row in done.present:
        if row.case.decided.kind != "unknown" and not gold[row.case.id].also:
            expected = agreed[gold[row.case.id].outcome]
            assert row.case.decided.kind in (expected, "ask", "hand_over", "nothing"), row.case.id


async def test_what_the_export_does_not_hold_is_unknown(tmp_path: Path, rows: list[dict[str, Any]], cache: Path):
    bare = [{key: value for key, value in row.items() if key not in ("records", "lookups")} for row in rows[:40]]
    done = await run(written(tmp_path, bare), cache)
    kinds = {row.case.decided.kind for row in done.present}
    assert kinds <= {"unknown", "hand_over", "nothing"}, "without records only signs and thanks can be decided"
    assert done.simulation.present.unknown["records"] > 20
    assert done.simulation.present.rates["intent_right"].denominator > 20
    unsaid = [{key: value for key, value in row.items() if key not in ("lookups", "verified")} for row in rows[:40]]
    unproven = await run(written(tmp_path, unsaid), cache)
    assert unproven.simulation.present.unknown["verified"] > 10
    steps = [row.steps for row in unproven.present if row.case.decided.unknown == ("verified",)]
    assert all("unknown" in step[-1] for step in steps)


async def test_look_ups_that_were_not_recorded(tmp_path: Path, rows: list[dict[str, Any]], cache: Path):
    needy = [row for row in rows if row.get("lookups")][:10]
    assert needy
    done = await run(written(tmp_path, [row | {"lookups": []} for row in needy]), cache)
    unknown = [row for row in done.present if row.case.decided.kind == "unknown"]
    assert unknown
    assert all(verdict(row.case) == "unjudged" for row in unknown)
    assert all(row.steps[-1].startswith("would look up ") for row in unknown)


async def test_a_planted_leak_changes_nothing(tmp_path: Path, rows: list[dict[str, Any]], cache: Path):
    """Labels that lie, planted as examples made from the tickets: the model must not have seen them."""
    honest = await run(written(tmp_path, rows[:30]), cache)
    planted = [
        {"kind": "example", "text": row["text"], "intent": "order_status", "at": "2020-01-01"} for row in rows[:30]
    ]
    leaky = await run(written(tmp_path, rows[:30] + planted), cache)
    assert leaky.simulation.present.model_hashes == honest.simulation.present.model_hashes
    assert len(leaky.simulation.present.left_out) == len(honest.simulation.present.left_out) + 30
    assert [row.case for row in leaky.present] == [row.case for row in honest.present]


async def test_a_candidate_on_the_same_tickets(tmp_path: Path, rows: list[dict[str, Any]], cache: Path):
    candidate = tmp_path / "careful"
    shutil.copytree(LARKFIELD, candidate)
    (candidate / "procedures" / "cancel_order.yaml").unlink()
    done = await run(written(tmp_path, rows), cache, candidate=candidate)
    both = done.simulation.comparison
    assert both is not None
    assert both.only_present > 0
    assert {"cancel_order"} <= {name for each in both.changed for name in each.present.intents}
    assert all("cancel_order" not in each.candidate.intents for each in both.changed)
    assert not both.not_worse
    assert "internal_fault" not in {each.candidate.reason for each in both.changed}
    same = await run(written(tmp_path, rows), cache, candidate=LARKFIELD)
    assert same.simulation.comparison is not None
    assert same.simulation.comparison.changed == ()


async def test_newer_tickets_are_left_out(tmp_path: Path, rows: list[dict[str, Any]], cache: Path):
    path = written(tmp_path, rows)
    done = await run(path, cache, as_of=datetime.fromisoformat(rows[49]["at"]))
    assert (done.simulation.tickets, done.simulation.immature) == (50, 40)
    assert {rate.immature for rate in done.simulation.present.rates.values()} == {40}
    with pytest.raises(TicketFileError, match=r"past\.jsonl: no ticket up to 2025-01-01"):
        await run(path, cache, as_of=instant_of("2025-01-01"))


def test_the_command(tmp_path: Path, rows: list[dict[str, Any]], cache: Path):
    path, page, details = written(tmp_path, rows[:40]), tmp_path / "r.html", tmp_path / "d.jsonl"
    given = ["simulate", "--tickets", str(path), "--tenant", str(LARKFIELD), "--cache", str(cache), "--as-of"]
    gates = tmp_path / "gates.yaml"
    gates.write_text("default: {costs: {human_minor: 600}}\nintents: {cancel_order: {floor_ppm: 990000}}\n")
    more = ["--out", str(page), "--details", str(details), "--gates", str(gates), "--json"]
    done = CliRunner().invoke(app, [*given, "2026-03-31", *more])
    assert done.exit_code == 0, done.output
    value = msgspec.json.decode(done.stdout.splitlines()[-1])
    bounds = {each["intent"]: each["chosen"] for each in value["present"]["thresholds"]}
    assert bounds["cancel_order"] == {"ppm": 990_000, "bound_by": "floor"}
    for rate in value["present"]["rates"].values():
        assert {"numerator", "denominator", "excluded", "immature", "low", "high"} <= rate.keys()
    lines = [msgspec.json.decode(line) for line in details.read_bytes().splitlines()]
    assert [line["case"]["id"] for line in lines] == [row["id"] for row in rows[:40]]
    assert {line["verdict"] for line in lines} <= {"right", "missed", "asked", "unjudged"}
    html = page.read_text(encoding="utf-8")
    assert "How far to trust this" in html
    assert "http://" not in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("option", "value", "fault"),
    [
        ("--as-of", "soon", "--as-of soon: not a date"),
        ("--target", "1.5", "--target must be between 0 and 1"),
        ("--workers", "0", "--workers must be from 1"),
        ("--tenant", "nowhere", "nowhere: no such folder"),
    ],
)
def test_wrong_use(tmp_path: Path, rows: list[dict[str, Any]], option: str, value: str, fault: str):
    from proofdesk.cli.output import UserError

    given = {"--tickets": str(written(tmp_path, rows[:2])), "--tenant": str(LARKFIELD), "--as-of": "2026-03-31"}
    arguments = [word for pair in (given | {option: value}).items() for word in pair]
    done = CliRunner().invoke(app, ["simulate", *arguments])
    assert isinstance(done.exception, UserError)
    assert fault in str(done.exception)
