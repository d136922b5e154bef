"""Every recorded decision gives the same bytes again, and one that was tampered with says so."""

import ast
import re
from pathlib import Path

import psycopg

from proofdesk.flows import replay
from proofdesk.flows.ids import new_id
from proofdesk.flows.replay import CannotReplay, Difference, Replayed, first_difference, replay_ticket
from tests.stories.desk import TENANT, Desk
from tests.stories.orders import pending_order

SOURCE = Path(replay.__file__).parents[1]


async def replayed(desk: Desk, ticket_id: object) -> Replayed:
    answer = await replay_ticket(desk.house.shell, TENANT, ticket_id)  # type: ignore[arg-type]
    assert isinstance(answer, Replayed)
    return answer


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """Every call in a file, by the last name of what is called."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        (called.attr if isinstance(called := node.func, ast.Attribute) else ast.unparse(called), node) for node in found
    ]


def test_every_kind_of_decision_can_be_replayed() -> None:
    kinds = set()
    for path in SOURCE.rglob("*.py"):
        for name, call in calls(path):
            if name == "decided":
                kind = call.args[0]
            elif name == "Decided" and "from proofdesk.flows.transition import" in path.read_text(encoding="utf-8"):
                kind = next(each.value for each in call.keywords if each.arg == "kind")
            else:
                continue
            assert isinstance(kind, ast.Constant), f"{path}:{call.lineno}: name the kind as a literal"
            kinds.add(kind.value)
    assert kinds == set(replay.KINDS), "register a replay function in flows/replay.py for each kind that is recorded"


ONLY_ORDER = {"decide_severity"}
"""Says which ticket is worked on first, not what becomes of it; it follows from signs and issue type, which are
recorded with the priority."""


OF_PROCEDURES = {"decide_gate", "judge_outcomes"}
"""Judge a procedure over many tickets, not a ticket; the evidence stands in the leaf of the rung they lead to."""


def test_no_judgement_is_made_that_is_not_recorded() -> None:
    """Every pure function of judgement that the flows call is one that replay calls, by itself or by way of another."""
    verdict = re.compile(r"(decide|judge)_[a-z_]+")
    judged, via = set(), {}
    for path in (SOURCE / "flows").glob("*.py"):
        called = {name for name, call in calls(path) if isinstance(call.func, ast.Name) and verdict.fullmatch(name)}
        judged |= called
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                via[node.name] = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    replayed_by = {name for name, _ in calls(Path(replay.__file__))}
    replayed_by |= set().union(*(via.get(name, set()) for name in replayed_by))
    assert judged >= {
        "decide_plan",
        "decide_code",
        "decide_answering",
        "decide_issue",
        "decide_unproven",
        "decide_course",
    }
    assert judged - replayed_by == ONLY_ORDER | OF_PROCEDURES


async def test_a_cancellation_replays_bit_for_bit(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    await desk.write(customer.email, "yes", ticket=ticket_id)
    assert [each.seq for each in (await replayed(desk, ticket_id)).decisions if each.seq is not None] == []
    await desk.drain_ledger()
    answer = await replayed(desk, ticket_id)
    assert answer.agrees, [each for each in answer.decisions if each.outcome != "agrees"]
    assert {"authentication", "priority", "plan", "procedure", "consent", "policy", "resolution"} == {
        each.kind for each in answer.decisions
    }
    seqs = [each.seq for each in answer.decisions]
    assert None not in seqs
    assert seqs == sorted(seqs)  # type: ignore[type-var]


async def test_a_handoff_replays(desk: Desk) -> None:
    _, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, "My lawyer will sue you.")
    answer = await replayed(desk, ticket_id)
    assert answer.agrees
    assert [each.kind for each in answer.decisions] == ["priority", "plan", "handoff"]


async def test_a_tampered_decision_does_not_agree(desk: Desk) -> None:
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    desk.tampered = True
    with psycopg.connect(desk.house.endpoint.admin_conninfo(), autocommit=True) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("update decision set facts_hash = decode(repeat('00', 32), 'hex') where ordinal = 0")
        admin.execute("update decision set output = substring(output for 60) where ordinal = 1")
        admin.execute("delete from decision where ordinal = 2")
    answer = await replayed(desk, ticket_id)
    assert not answer.agrees
    found = {each.ordinal: each.difference.path for each in answer.decisions if each.difference}
    assert found == {0: "facts_hash", 1: "output", 2: "$"}


async def test_the_facts_of_another_decision_do_not_pass(desk: Desk) -> None:
    """Facts, output and hashes of a row replaced by a genuine other decision's: only the ledger can tell."""
    order, customer = pending_order(desk)
    ticket_id = await desk.write(customer.email, f"please cancel my order {order.id}")
    desk.tampered = True
    with psycopg.connect(desk.house.endpoint.admin_conninfo(), autocommit=True) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(
            "update decision d set kind = o.kind, facts = o.facts, facts_hash = o.facts_hash, output = o.output, "
            "output_hash = o.output_hash from decision o where d.ordinal = 0 and o.ordinal = 1 "
            "and o.ticket_id = d.ticket_id"
        )
    answer = await replayed(desk, ticket_id)
    assert [each.difference.path for each in answer.decisions if each.difference] == ["leaf.decision"]


async def test_an_unknown_ticket_is_said_to_be_unknown(desk: Desk) -> None:
    answer = await replay_ticket(desk.house.shell, TENANT, new_id())
    assert isinstance(answer, CannotReplay)
    assert answer.reason == "no_such_ticket"


def test_the_first_difference_is_named_with_both_values() -> None:
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == Difference(
        path="$.a[1].b", recorded="2", recomputed="3"
    )
    assert first_difference([1], [1, 2]).path == "$[1]"
    assert first_difference({"a": 1}, {}) == Difference(path="$.a", recorded="1", recomputed="null")
