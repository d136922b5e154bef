"""Larkfield's folder: it loads as a whole, and its procedures keep their own promises."""

import pathlib

import msgspec
import pytest
import yaml

from proofdesk.connectors.backoffice.openapi import OpenApiConnector
from proofdesk.core.policy import ActionRequest, Allowed, Denied, NeedsApproval
from proofdesk.flows.folder import examples_of, profile_of, read_tenant
from proofdesk.language.intents.examples import LabelledText
from proofdesk.language.reading import load_tenant_words
from proofdesk.policy import CedarGate, schema_text
from proofdesk.ports import Capability
from proofdesk.procedures import Loaded, load, run_tests

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "examples" / "larkfield"
FILES = sorted((FOLDER / "procedures").glob("*.yaml"))
ROLES = {"manager", "agent", "approver", "finance", "auditor"}


@pytest.fixture(scope="module")
def capabilities() -> dict[str, Capability]:
    env = {"LARKFIELD_URL": "http://127.0.0.1:1", "LARKFIELD_READ_TOKEN": "r", "LARKFIELD_WRITE_TOKEN": "w"}
    return dict(OpenApiConnector.load(FOLDER / "connector.yaml", env).capabilities())


@pytest.fixture(scope="module")
def loaded(capabilities: dict[str, Capability]) -> dict[str, Loaded]:
    found = {}
    for path in FILES:
        each = load(path.read_text(encoding="utf-8"), path.name, capabilities)
        assert isinstance(each, Loaded), [str(fault) for fault in each]
        found[each.procedure.id] = each
    return found


@pytest.fixture(scope="module")
def gate(capabilities: dict[str, Capability]) -> CedarGate:
    text = (FOLDER / "policy.cedar").read_text(encoding="utf-8")
    return CedarGate(text, schema_text(capabilities), file="policy.cedar")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_procedure_passes_its_own_tests(path: pathlib.Path, loaded: dict[str, Loaded]) -> None:
    each = loaded[path.stem]
    results = run_tests(each)
    assert [f"{r.name}: {r.differences}" for r in results if not r.passed] == []
    assert len(results) >= 3
    assert len(each.procedure.understand.examples) >= 10
    assert each.procedure.understand.acts


def test_every_writing_capability_has_a_procedure(
    loaded: dict[str, Loaded], capabilities: dict[str, Capability]
) -> None:
    used = {
        step.call.capability
        for each in loaded.values()
        for step in each.procedure.instructions
        if step.__class__.__name__ == "ActStep"
    }
    assert {name for name, one in capabilities.items() if one.writes} == used


def test_examples_are_told_apart(loaded: dict[str, Loaded]) -> None:
    examples = examples_of({name: each.procedure for name, each in loaded.items()})
    by_text: dict[str, LabelledText] = {}
    for example in examples:
        assert example.text.casefold() not in by_text, f"{example.text} is an example of two procedures"
        by_text[example.text.casefold()] = example
    assert len(examples) >= 200


def test_profiles_can_be_made_of_all(loaded: dict[str, Loaded]) -> None:
    for each in loaded.values():
        assert profile_of(each.procedure).acts == each.procedure.understand.acts


def test_the_settings_are_complete() -> None:
    settings = read_tenant(FOLDER / "tenant.yaml").settings
    assert settings.tenant == "larkfield"
    assert settings.queues["default"]
    assert {str(price.unit_price) for price in settings.contract.prices if price.kind == "resolution"} == {"0.99"}


def test_the_words_load_and_name_only_goods_on_sale() -> None:
    from examples.backoffice.words import CATALOGUE

    words = load_tenant_words(FOLDER / "aliases.yaml")
    assert set(words.products) == {name for name, _, _ in CATALOGUE}


def test_people_have_roles_and_no_secrets() -> None:
    people = yaml.safe_load((FOLDER / "people.yaml").read_text(encoding="utf-8"))
    assert all(set(person) == {"login", "roles"} for person in people)
    assert {role for person in people for role in person["roles"]} == ROLES


def asked(capability: str = "refunds.create", **changes: object) -> ActionRequest:
    plain = ActionRequest(
        tenant="larkfield",
        procedure="refund_damaged",
        capability=capability,
        args_hash="00",
        arg_provenance={"order_id": "record", "amount_minor": "derived", "currency": "record"},
        amount_minor=5_000,
        currency="EUR",
        requester_id="C-1001",
        authenticated_by="verified_sender",
        confidence_ppm=990_000,
        budget_limit_minor=200_000,
    )
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize(
    ("tier", "amount", "verdict"),
    [
        ("standard", 10_000, Allowed), ("standard", 10_001, NeedsApproval), ("plus", 20_000, Allowed),
        ("plus", 20_001, NeedsApproval), ("premier", 40_000, Allowed), ("premier", 40_001, NeedsApproval),
        ("premier", 150_001, Denied),
    ],
)  # fmt: skip
def test_refunds_by_tier(gate: CedarGate, tier: str, amount: int, verdict: type) -> None:
    assert isinstance(gate.judge(asked(tier=tier, amount_minor=amount)), verdict)


def test_a_dictated_amount_is_refused_even_with_approval(gate: CedarGate) -> None:
    dictated = asked(arg_provenance={"order_id": "record", "amount_minor": "requester"}, approved=True)
    assert isinstance(gate.judge(dictated), Denied)


def test_the_budget_holds(gate: CedarGate) -> None:
    assert isinstance(gate.judge(asked(budget_spent_minor=195_000)), Allowed)
    assert isinstance(gate.judge(asked(budget_spent_minor=195_001, approved=True)), Denied)


@pytest.mark.parametrize("sign", ["legal_threat", "prompt_injection", "asks_for_human"])
def test_signs_stop_everything(gate: CedarGate, sign: str) -> None:
    assert isinstance(gate.judge(asked(signals=(sign,), approved=True)), Denied)


@pytest.mark.parametrize(
    ("capability", "way", "verdict"),
    [
        ("orders.cancel", "order_postcode", Allowed), ("orders.cancel", "name_postcode", Denied),
        ("orders.change_address", "order_postcode", Denied), ("logins.unlock", "order_postcode", Denied),
        ("logins.unlock", "one_time_code", Allowed), ("logins.unlock", "", Denied),
    ],
)  # fmt: skip
def test_what_each_proof_of_identity_suffices_for(gate: CedarGate, capability: str, way: str, verdict: type) -> None:
    request = asked(capability, authenticated_by=way, amount_minor=0, budget_limit_minor=0)
    assert isinstance(gate.judge(request), verdict)


def test_every_write_can_be_allowed(gate: CedarGate, capabilities: dict[str, Capability]) -> None:
    for name, capability in capabilities.items():
        verdict = gate.judge(asked(name, amount_minor=0, budget_limit_minor=0))
        assert isinstance(verdict, Allowed) == capability.writes, name
