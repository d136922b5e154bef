import json
import os
import pathlib
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.policy import ActionRequest, Allowed, Denied, NeedsApproval
from proofdesk.policy import CedarGate, PolicyRefused, policy_hash, schema_text
from proofdesk.policy.faults import find_faults
from proofdesk.policy.gate import Engine
from proofdesk.ports import PolicyGate

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHARED = pathlib.Path(os.environ.get("PROOFDESK_SHARED", ROOT.parent / "shared"))
SCHEMA = schema_text(["orders.cancel", "orders.refund"])
POLICY = """
@id("small") permit(principal, action == Action::"orders.refund", resource) when { context.amount_minor <= 100 };
@id("large") permit(principal, action, resource) when { context.approved && context.amount_minor <= 900 };
@id("legal") forbid(principal, action, resource) when { context.signals.contains("legal_threat") };
@id("own_words") forbid(principal, action, resource) when { context.requester_args.contains("iban") };
"""


def request(**changes: object) -> ActionRequest:
    given_request = ActionRequest(
        tenant="t1",
        procedure="refund_order",
        capability="orders.refund",
        args_hash="00",
        arg_provenance={"order_id": "record", "note": "requester"},
        amount_minor=50,
        requester_id="u1",
        authenticated_by="verified_sender",
        account_id="a1",
        budget_limit_minor=1000,
    )
    return msgspec.structs.replace(given_request, **changes)


@pytest.fixture(scope="module")
def gate() -> CedarGate:
    return CedarGate(POLICY, SCHEMA)


def test_the_gate_is_a_policy_gate(gate: CedarGate) -> None:
    door: PolicyGate = gate
    assert re.fullmatch("[0-9a-f]{64}", door.policy_hash)


def test_a_permit_allows_and_is_named(gate: CedarGate) -> None:
    assert gate.judge(request()) == Allowed(policy_hash=gate.policy_hash, reasons=("small",))


def test_more_needs_a_second_person_and_too_much_stays_denied(gate: CedarGate) -> None:
    assert isinstance(gate.judge(request(amount_minor=500)), NeedsApproval)
    assert isinstance(gate.judge(request(amount_minor=500, approved=True)), Allowed)
    denied = gate.judge(request(amount_minor=901))
    assert isinstance(denied, Denied) and denied.kind == "not_permitted"


def test_a_forbid_wins_over_permit_and_approval(gate: CedarGate) -> None:
    for approved in (False, True):
        denied = gate.judge(request(signals=("legal_threat",), approved=approved))
        assert denied == Denied(policy_hash=gate.policy_hash, reasons=("legal",), kind="forbidden")


def test_words_of_the_requester_cannot_become_an_account_number(gate: CedarGate) -> None:
    assert isinstance(gate.judge(request(arg_provenance={"iban": "record"})), Allowed)
    for approved in (False, True):
        assert isinstance(gate.judge(request(arg_provenance={"iban": "requester"}, approved=approved)), Denied)


def test_a_forbid_that_fails_denies() -> None:
    overflow = "forbid(principal, action, resource) when { context.amount_minor * 9223372036854775807 > 1 };"
    gate = CedarGate(POLICY + overflow, SCHEMA)
    denied = gate.judge(request(amount_minor=50))
    assert isinstance(denied, Denied) and denied.kind == "error" and "overflow" in denied.reasons[0]


@pytest.mark.parametrize(
    "bad",
    [
        {"amount_minor": 50.0},
        {"amount_minor": True},
        {"amount_minor": 2**63},
        {"confidence_ppm": 0.99},
        {"capability": "orders.unknown"},
        {"currency": None},
        {"tier": "\ud800"},
        {"signals": (1,)},
        {"arg_provenance": {"iban": "made_up"}},
    ],
)
def test_a_request_that_does_not_fit_is_denied_as_an_error(gate: CedarGate, bad: dict) -> None:
    denied = gate.judge(request(**bad))
    assert isinstance(denied, Denied) and denied.kind == "error" and denied.reasons


@given(text=st.text(max_size=40))
def test_ids_are_data_and_never_policy(text: str) -> None:
    gate = CedarGate('permit(principal == Procedure::"good", action, resource == Account::"a1");', SCHEMA)
    evil = request(procedure=text, account_id="a1")
    expected = Allowed if text == "good" else Denied
    assert isinstance(gate.judge(evil), expected)
    assert isinstance(gate.judge(request(procedure="good", account_id=text)), Allowed if text == "a1" else Denied)


def test_injection_through_ids_is_impossible(gate: CedarGate) -> None:
    strict = CedarGate('permit(principal == Procedure::"good", action, resource);', SCHEMA)
    for text in ('x"; permit(principal,action,resource);//', 'good", Procedure::"x', "good\n", 'good"', "Good"):
        assert isinstance(strict.judge(request(procedure=text)), Denied)


def test_faults_of_a_policy_are_placed() -> None:
    text = (
        '@id("a;b") // ; not an end\n'
        'permit(principal, action, resource) when { context.tier == "gold; plus" };\n'
        "\n"
        '@id("typo")\n'
        "forbid(principal, action, resource)\n"
        "when { context.amount_miner > 5 };\n"
        'permit(principal, action == Action::"orders.cancle", resource);\n'
        "forbid(principal, action, resource) when { context.currency > 5 };\n"
    )
    with pytest.raises(PolicyRefused) as refused:
        CedarGate(text, SCHEMA, file="shop.cedar")
    places = [(f.line, f.column, f.policy) for f in refused.value.faults]
    assert (6, 16, "typo") in places
    assert any(line == 7 for line, _, _ in places)
    assert any(line == 8 for line, _, _ in places)
    assert "shop.cedar:6:16: typo: " in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("permit(principal, action\nresource);", 2, 1),
        ("permit(principal, action, resource);\npermit(principal, action, resource) when { 1.5 };", 2, 46),
        ("permit(principal, action, resource)", 1, 35),
        ("permit(principal, action, resource);\n@id(", 2, 4),
    ],
)
def test_faults_of_syntax_are_placed(text: str, line: int, column: int) -> None:
    faults = find_faults(text, SCHEMA, "p.cedar")
    assert [(f.line, f.column) for f in faults] == [(line, column)]


def test_a_broken_schema_is_refused_with_its_place() -> None:
    (fault,) = find_faults(POLICY, "entity A;\nentity B in [Nowhere];", "p.cedar")
    assert (fault.file, fault.line) == ("schema.cedarschema", 2)


def test_limits_refuse_huge_policies() -> None:
    assert "larger" in find_faults(" " * 300_000, SCHEMA, "p")[0].message
    many = "permit(principal, action, resource);" * 1_001
    assert "1000 policies" in find_faults(many, SCHEMA, "p")[0].message


def test_capability_names_cannot_carry_policy_text() -> None:
    with pytest.raises(ValueError, match="letters"):
        schema_text(['x" appliesTo { principal: [Procedure] }; //'])


def test_the_hash_covers_policy_and_schema() -> None:
    hashes = {policy_hash(POLICY, SCHEMA), policy_hash(POLICY + " ", SCHEMA), policy_hash(POLICY, SCHEMA + " ")}
    assert len(hashes) == 3
    assert policy_hash("a\r\nb", "s") == policy_hash("a\nb", "s")


def test_the_policy_of_the_documentation_loads_and_does_what_it_says() -> None:
    page = (ROOT / "docs/reference/policy.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```cedar\n(.*?)```", page, re.DOTALL)
    gate = CedarGate(text, SCHEMA)
    sure = {"confidence_ppm": 980_000, "budget_limit_minor": 50_000}
    assert isinstance(gate.judge(request(**sure)), Allowed)
    assert isinstance(gate.judge(request(**sure, amount_minor=20_000)), NeedsApproval)
    assert isinstance(gate.judge(request(**sure, budget_spent_minor=49_990)), Denied)
    assert isinstance(gate.judge(request(**sure, signals=("regulator_complaint",))), Denied)
    assert isinstance(gate.judge(request(**sure, arg_provenance={"iban": "requester"}, approved=True)), Denied)
    assert isinstance(gate.judge(request(**sure, authenticated_by="name_postcode")), NeedsApproval)


def _vectors() -> list[pathlib.Path]:
    return sorted((SHARED / "vectors/cedar/tests").glob("**/*.json"))


@pytest.mark.skipif(not _vectors(), reason="the shared Cedar vectors are not here (PROOFDESK_SHARED)")
def test_decisions_agree_with_the_cedar_integration_tests() -> None:
    base = SHARED / "vectors/cedar"
    asked = 0
    for path in _vectors():
        case = json.loads(path.read_text(encoding="utf-8"))
        texts = {k: (base / case[k]).read_text(encoding="utf-8") for k in ("policies", "entities", "schema")}
        faults = find_faults(texts["policies"], texts["schema"], path.name)
        assert (not faults) == case["shouldValidate"], path
        engine = Engine(texts["policies"], texts["schema"], texts["entities"])
        for one in case["requests"]:
            ruling = engine.rule({k: one[k] for k in ("principal", "action", "resource", "context")})
            assert ruling.decision == one["decision"], (path, one["description"])
            assert len(ruling.errors) == len(one["errors"]), (path, one["description"])
            assert ruling.allows == (one["decision"] == "allow" and not one["errors"])
            asked += 1
    assert asked == 74
